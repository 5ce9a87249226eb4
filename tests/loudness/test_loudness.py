"""Loudness on the signals of EBU Tech 3341 and 3342, beside libebur128 and ffmpeg."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import re
import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import soundfile

import nlac
from nlac._errors import UnsupportedAudio, UsageError
from nlac.loudness import Loudness, LoudnessMeter, measure
from nlac.loudness.filters import channel_weights, interpolation, k_weighting
from nlac.loudness.gating import MOMENTARY_HOPS, album_loudness, decibels

RATE = 48_000
LIBRARY = ctypes.util.find_library("ebur128")
M_AND_I_AND_RANGE, PEAKS = 0b1111, 0b110101


def tone(
    *parts: tuple[float, float], frequency: float = 1000.0, channels: int = 2, rate: int = RATE
) -> np.ndarray:
    """A sine whose level changes: pairs of dBFS and seconds. (frames, channels)."""
    levels = np.concatenate([np.full(round(s * rate), 10 ** (db / 20)) for db, s in parts])
    wave = levels * np.sin(2 * np.pi * frequency * np.arange(len(levels)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


def surround() -> np.ndarray:
    """Case 6 of Tech 3341: 5.0 with levels of their own."""
    levels = 10 ** (np.array([-28.0, -28, -24, -30, -30]) / 20)
    return tone((0, 20), channels=5) * levels


def metered(samples: np.ndarray, rate: int = RATE, mask: int = 0, **options: bool) -> Loudness:
    meter = LoudnessMeter(rate, samples.shape[1], mask, **options)
    meter.push(samples)
    return meter.result()


# name, signal, integrated loudness and range; tolerances of the documents are 0.1 and 1 LU
SIGNALS = {
    "3341-1": (lambda: tone((-23, 20)), -23.0, None),
    "3341-2": (lambda: tone((-33, 20)), -33.0, None),
    "3341-3": (lambda: tone((-36, 10), (-23, 60), (-36, 10)), -23.0, None),
    "3341-4": (
        lambda: tone((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23.0, None
    ),
    "3341-5": (lambda: tone((-26, 20), (-20, 20.1), (-26, 20)), -23.0, None),
    "3341-6": (surround, -23.0, None),
    "3342-1": (lambda: tone((-20, 20), (-30, 20)), None, 10.0),
    "3342-2": (lambda: tone((-20, 20), (-15, 20)), None, 5.0),
    "3342-3": (lambda: tone((-40, 20), (-20, 20)), None, 20.0),
    "3342-4": (lambda: tone((-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)), None, 15.0),
}


@functools.lru_cache(2)
def signal(name: str) -> np.ndarray:
    return SIGNALS[name][0]()


class Ebur128:
    """The library libebur128, for comparison."""

    def __init__(self, samples: np.ndarray, rate: int, mode: int, roles: tuple[int, ...] = ()):
        library = ctypes.CDLL(LIBRARY)
        library.ebur128_init.restype = ctypes.c_void_p
        self._library = library
        channels = samples.shape[1]
        mode = ctypes.c_int(mode)
        self._state = ctypes.c_void_p(library.ebur128_init(channels, ctypes.c_ulong(rate), mode))
        for channel, role in enumerate(roles):
            library.ebur128_set_channel(self._state, channel, role)
        data = np.ascontiguousarray(samples, np.float64)
        pointer = data.ctypes.data_as(ctypes.c_void_p)
        library.ebur128_add_frames_double(self._state, pointer, ctypes.c_size_t(len(data)))

    def value(self, name: str, *arguments: int) -> float:
        out = ctypes.c_double()
        function = getattr(self._library, f"ebur128_{name}")
        assert function(self._state, *arguments, ctypes.byref(out)) == 0
        return out.value


needs_library = pytest.mark.skipif(LIBRARY is None, reason="needs libebur128")
needs_ffmpeg = pytest.mark.skipif(which("ffmpeg") is None, reason="needs ffmpeg")


@pytest.mark.parametrize("name", SIGNALS)
def test_minimum_requirements(name: str) -> None:
    _make, integrated, loudness_range = SIGNALS[name]
    found = metered(signal(name))
    if integrated is not None:
        assert found.integrated == pytest.approx(integrated, abs=0.03)
    if loudness_range is not None:
        assert found.loudness_range == pytest.approx(loudness_range, abs=0.05)
    if LIBRARY is not None:
        theirs = Ebur128(signal(name), RATE, M_AND_I_AND_RANGE)
        assert found.integrated == pytest.approx(theirs.value("loudness_global"), abs=1e-6)
        assert found.loudness_range == pytest.approx(theirs.value("loudness_range"), abs=1e-6)


def test_short_term_loudness_is_steady() -> None:
    """Case 9 of Tech 3341: levels that change, the same over every 3 seconds."""
    found = metered(tone(*[(-20, 1.34), (-30, 1.66)] * 5))
    assert found.max_short_term == pytest.approx(-23.0, abs=0.1)
    assert 10 * np.log10(found.short_term) - 0.691 == pytest.approx(-23.0, abs=0.1)


def faded(frequency: float, amplitude: float, degrees: float, rate: int = RATE) -> np.ndarray:
    """A sine at a phase, with a fade at both ends, as a sudden one is no sine."""
    places = np.arange(rate // 2)
    fade = np.minimum(1, np.minimum(places, places[::-1]) / 2000)
    wave = amplitude * fade * np.sin(2 * np.pi * frequency * places / rate + np.radians(degrees))
    return wave[:, None]


# cases 15 to 19 of Tech 3341: frequency over rate, amplitude, phase, true peak
PEAKS_OF_SINES = {
    "3341-15": (1 / 4, 0.5, 0.0, -6.0),
    "3341-16": (1 / 4, 0.5, 45.0, -6.0),
    "3341-17": (1 / 6, 0.5, 60.0, -6.0),
    "3341-18": (1 / 8, 0.5, 67.5, -6.0),
    "3341-19": (1 / 4, 1.41, 45.0, 3.0),
}


@pytest.mark.parametrize("name", PEAKS_OF_SINES)
def test_true_peaks(name: str) -> None:
    ratio, amplitude, degrees, expected = PEAKS_OF_SINES[name]
    samples = faded(ratio * RATE, amplitude, degrees)
    found = metered(samples)
    peak = decibels(found.true_peak)
    assert -0.4 <= peak - expected <= 0.2
    assert abs(peak - expected) < 0.15
    assert found.sample_peak == np.abs(samples).max()
    if LIBRARY is not None:
        theirs = Ebur128(samples, RATE, PEAKS)
        # it keeps its samples as float32
        assert found.true_peak == pytest.approx(theirs.value("true_peak", 0), rel=1e-5)


def noise(seconds: float, rate: int, channels: int = 2) -> np.ndarray:
    """Noise whose level changes, with clipped peaks."""
    rng = np.random.default_rng(rate)
    count = round(seconds * rate)
    level = 0.1 * np.interp(np.arange(count), np.linspace(0, count, 9), rng.uniform(0.05, 3, 9))
    smooth = np.cumsum(rng.normal(0, 0.3, (count, channels)), axis=0)
    smooth -= np.concatenate([np.zeros((40, channels)), smooth[:-40]])
    return np.clip(level[:, None] * smooth, -1, 1)


@needs_library
@pytest.mark.parametrize(
    "rate", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 88_200, 96_000, 192_000, 384_000]
)
def test_every_rate(rate: int) -> None:
    samples = noise(5 if rate > 100_000 else 8, rate)
    found = metered(samples, rate)
    theirs = Ebur128(samples, rate, M_AND_I_AND_RANGE | PEAKS)
    assert found.integrated == pytest.approx(theirs.value("loudness_global"), abs=1e-6)
    assert found.loudness_range == pytest.approx(theirs.value("loudness_range"), abs=1e-6)
    peak = max(theirs.value("true_peak", channel) for channel in range(2))
    assert found.true_peak == pytest.approx(peak, rel=1e-5)


# 5.1 and 7.1 with their masks, and what libebur128 calls their channels: the LFE is unused
@needs_library
@pytest.mark.parametrize(
    ("mask", "roles"),
    [
        (0x3F, (1, 2, 3, 0, 4, 5)),
        (0x60F, (1, 2, 3, 0, 4, 5)),
        (0x63F, (1, 2, 3, 0, 13, 14, 11, 12)),
        (0, (1, 2, 3, 0, 4, 5)),
        (0, (1, 2, 3, 0, 13, 14, 11, 12)),
    ],
)
def test_surround(mask: int, roles: tuple[int, ...]) -> None:
    samples = noise(4, 16_000, len(roles)) * np.linspace(0.2, 1, len(roles))
    theirs = Ebur128(samples, 16_000, M_AND_I_AND_RANGE, roles)
    found = metered(samples, 16_000, mask)
    assert found.integrated == pytest.approx(theirs.value("loudness_global"), abs=1e-6)


@needs_ffmpeg
@pytest.mark.parametrize("name", ["3341-5", "3342-4", "5.1", "noise"])
def test_ffmpeg_measures_the_same(name: str, tmp_path: Path) -> None:
    rate, filter_ = RATE, "ebur128=metadata=1:peak=true,ametadata=print:file=-"
    if name == "5.1":
        samples = noise(6, 32_000, 6)
        rate = 32_000
    elif name == "noise":
        samples = noise(12, 44_100)
        rate = 44_100
    else:
        samples = signal(name)
    path = tmp_path / "a.wav"
    soundfile.write(path, samples, rate, "FLOAT")
    layout = ["-channel_layout", "5.1"] if name == "5.1" else []
    command = ["ffmpeg", "-v", "error", *layout, "-i", path, "-af", filter_, "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    values = dict(re.findall(r"lavfi\.r128\.(\w+)=(\S+)", told))
    found = metered(samples, rate)
    assert found.integrated == pytest.approx(float(values["I"]), abs=0.05)
    if name == "3342-4":
        # it looks at 3 s every 0.1 s, where others do every second
        assert found.loudness_range == pytest.approx(float(values["LRA"]), abs=0.2)
    peaks = re.findall(r"true_peaks_ch\d+=(\S+)", told)
    theirs = decibels(max(float(peak) for peak in peaks))
    assert decibels(found.true_peak) == pytest.approx(theirs, abs=0.1)


def test_weighting_is_that_of_the_recommendation() -> None:
    """BS.1770-5, tables 1 and 2, at 48 kHz."""
    shelf, high_pass = k_weighting(48_000)
    assert shelf == pytest.approx(
        [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585]
    )
    assert high_pass == pytest.approx([1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621])


def test_interpolation_reaches_no_further_than_the_bound_that_skips_it() -> None:
    samples = noise(1, RATE, 1)
    found = metered(samples).true_peak
    phases = interpolation(4)
    padded = np.concatenate([np.zeros(phases.shape[1] - 1), samples[:, 0]])
    between = [np.abs(np.convolve(padded, phase[::-1], "valid")).max() for phase in phases]
    assert found == pytest.approx(max(*between, np.abs(samples).max()))


def test_pieces_make_no_difference() -> None:
    samples = noise(2, 44_100)
    whole = metered(samples, 44_100)
    meter = LoudnessMeter(44_100, 2)
    for begin in range(0, len(samples), 997):
        meter.push(samples[begin : begin + 997].astype(np.float64))
    found = meter.result()
    assert found.integrated == pytest.approx(whole.integrated, abs=1e-9)
    assert found.true_peak == pytest.approx(whole.true_peak, rel=1e-12)
    assert len(found.momentary) == len(whole.momentary) == 20 - MOMENTARY_HOPS + 1


def test_silence_and_short_sounds_have_no_loudness() -> None:
    for samples in (np.zeros((RATE, 2)), np.zeros((0, 2)), tone((-20, 0.39)), tone((-80, 1))):
        found = metered(samples)
        assert found.integrated is None
        assert found.loudness_range is None
    assert metered(np.zeros((RATE, 2))).max_momentary is None
    assert decibels(0.0) is None
    assert album_loudness([]).integrated is None


def test_an_album_is_its_tracks() -> None:
    tracks = [metered(tone((-20, 10))), metered(tone((-30, 20))), metered(np.zeros((RATE, 2)))]
    album = album_loudness(tracks)
    powers = np.concatenate([tracks[0].momentary, tracks[1].momentary])
    assert album.integrated == pytest.approx(10 * np.log10(powers.mean()) - 0.691)
    assert album.true_peak == max(track.true_peak for track in tracks)
    assert album.loudness_range == pytest.approx(10.0, abs=0.1)


def test_mono_may_be_played_by_two() -> None:
    mono = tone((-20, 1), channels=1)
    once, twice = metered(mono), metered(mono, dual_mono=True)
    assert twice.integrated - once.integrated == pytest.approx(3.01, abs=0.01)
    assert channel_weights(1).tolist() == [1.0]


def test_what_cannot_be_measured_is_told() -> None:
    with pytest.raises(UnsupportedAudio, match="3999 Hz"):
        LoudnessMeter(3999, 2)
    meter = LoudnessMeter(RATE, 2)
    with pytest.raises(UsageError, match="floats"):
        meter.push(np.zeros((4, 2), np.int16))
    with pytest.raises(UsageError, match="shape"):
        meter.push(np.zeros((4, 3)))
    for wrong in (np.nan, np.inf):
        with pytest.raises(UnsupportedAudio, match="no loudness"):
            meter.push(np.full((4, 2), wrong))


def test_files_of_every_kind_measure_alike(tmp_path: Path) -> None:
    samples = noise(2, 44_100)
    integers = np.rint(samples * 32767).astype(np.int16)
    expected = metered(integers / 32768, 44_100)
    wav, flac, stream = (tmp_path / name for name in ("a.wav", "a.flac", "a.nlac"))
    soundfile.write(wav, integers, 44_100)
    soundfile.write(flac, integers, 44_100)
    nlac.write(stream, integers, 44_100, preset="fast")
    calls = []
    for path in (wav, flac, stream, stream.read_bytes()):
        found = measure(path, progress=lambda done, total: calls.append((done, total)))
        assert found.integrated == pytest.approx(expected.integrated, abs=1e-9)
        assert found.true_peak == pytest.approx(expected.true_peak, rel=1e-9)
    assert calls[-1] == (len(samples), len(samples))
    data = bytearray(stream.read_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(nlac.CorruptStream):
        measure(bytes(data))
