"""Samples at any place of any file are those of the whole file."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import nlac
from nlac.audio.source import open_source
from nlac.views.recording import open_recording

RATE = 8000
FRAMES = 5000


def noise(bits: int, channels: int = 2, frames: int = FRAMES) -> np.ndarray:
    rng = np.random.default_rng(bits)
    top = 1 << (bits - 1)
    return rng.integers(-top, top, (frames, channels)).astype(np.int32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    for name, subtype in [
        ("8.wav", "PCM_U8"),
        ("16.wav", "PCM_16"),
        ("24.aiff", "PCM_24"),
        ("16.flac", "PCM_16"),
        ("24.flac", "PCM_24"),
        ("16.caf", "PCM_16"),
        ("24.au", "PCM_24"),
    ]:
        bits = int(name.split(".")[0])
        soundfile.write(folder / name, noise(bits) << (32 - bits), RATE, subtype=subtype)
    floats = np.linspace(-2, 2, 2 * FRAMES, dtype=np.float32).reshape(-1, 2)
    soundfile.write(folder / "float.wav", floats, RATE, subtype="FLOAT")
    soundfile.write(folder / "lossy.ogg", floats / 4, RATE)
    soundfile.write(folder / "lossy.mp3", floats / 4, RATE)
    nlac.write(
        folder / "mono.nlac",
        noise(16, 1)[:, 0].astype(np.int16),
        RATE,
        preset="fast",
        block_seconds=0.1,
    )
    nlac.write(folder / "24.nlac", noise(24), RATE, bits_per_sample=24, preset="fast")
    nlac.write(folder / "float.nlac", floats, RATE, preset="fast")
    return folder


NAMES = [
    *("8.wav", "16.wav", "24.aiff", "16.flac", "24.flac", "16.caf", "24.au", "float.wav"),
    *("lossy.ogg", "lossy.mp3", "mono.nlac", "24.nlac", "float.nlac"),
]


def whole(path) -> np.ndarray:
    if path.suffix == ".nlac":
        return nlac.read(path, always_2d=True)[0]
    with open_source(path) as source:
        parts = []
        while len(part := source.read(1 << 16)):
            parts.append(part)
    return np.concatenate(parts)


@pytest.mark.parametrize("name", NAMES)
def test_spans_equal_those_of_the_whole_file(files, name):
    expected = whole(files / name)
    with open_recording(files / name) as recording:
        assert recording.frames == len(expected)
        assert recording.sample_rate == RATE
        assert recording.channels == expected.shape[1]
        for start, stop in [(0, 1), (17, 3000), (len(expected) - 5, len(expected) + 5), (-9, 4)]:
            samples = recording.read(start, stop)
            np.testing.assert_array_equal(samples, expected[max(start, 0) : stop])
            assert samples.dtype == recording.dtype
        assert recording.read(40, 40).shape == (0, recording.channels)
        assert recording.read(10**9, 10**9 + 5).shape == (0, recording.channels)


def test_facts_are_those_of_the_file(files):
    with open_recording(files / "8.wav") as recording:
        assert (recording.container, recording.bits_per_sample) == ("wav", 8)
        assert recording.dtype == np.int16
        assert recording.num_bytes == (files / "8.wav").stat().st_size
    with open_recording(files / "float.nlac") as recording:
        assert (recording.container, recording.is_float) == ("nlac", True)
        assert recording.seconds == FRAMES / RATE
    with open_recording(files / "lossy.mp3") as recording:
        assert recording.is_float


@given(st.lists(st.integers(0, 255), min_size=1, max_size=300))
def test_eight_bits_become_floats_around_zero(tmp_path_factory, values):
    """They are unsigned in WAV: 128 is silence, 0 is full scale below, and nothing is rounded."""
    path = tmp_path_factory.getbasetemp() / "eight.wav"
    data = bytes(values)
    sizes = [(36 + len(data)).to_bytes(4, "little"), len(data).to_bytes(4, "little")]
    fmt = bytes.fromhex("10000000 0100 0100 401f0000 401f0000 0100 0800")
    path.write_bytes(b"RIFF" + sizes[0] + b"WAVEfmt " + fmt + b"data" + sizes[1] + data)
    with open_recording(path) as recording:
        floats = recording.read_float(0, recording.frames)
        assert recording.full_scale == 128
    assert floats.dtype == np.float32
    assert floats[:, 0].tolist() == [(value - 128) / 128 for value in values]


def test_threads_get_their_own_spans(files):
    expected = {name: whole(files / name) for name in ("16.flac", "16.wav", "mono.nlac")}
    for name, samples in expected.items():
        wrong = []
        with open_recording(files / name) as recording:

            def take(begin, recording=recording, samples=samples, wrong=wrong):
                for start in range(begin, FRAMES - 100, 130):
                    if not np.array_equal(
                        recording.read(start, start + 100), samples[start : start + 100]
                    ):
                        wrong.append(start)

            threads = [threading.Thread(target=take, args=(7 * i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert not wrong, name


def test_what_is_no_audio_is_refused(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("words " * 100)
    with pytest.raises(nlac.UnsupportedAudio):
        open_recording(path)
    with pytest.raises(FileNotFoundError):
        open_recording(tmp_path / "none.wav")


def test_damaged_flac_is_told(tmp_path, files):
    data = bytearray((files / "24.flac").read_bytes())
    del data[len(data) // 2 :]
    path = tmp_path / "cut.flac"
    path.write_bytes(data)
    with pytest.raises(nlac.UnsupportedAudio), open_recording(path) as recording:
        recording.read(0, recording.frames)
