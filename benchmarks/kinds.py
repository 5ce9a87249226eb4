"""Kinds of audio on which codecs differ, made from recordings or from nothing.

Each kind is one function of this module. `derived` makes those that start from a recording:
resampled, amplified and dithered, decoded from lossy formats, nearly equal channels, and so on;
`synthetic` makes those that do not. All are the same on every run. Resamplers and lossy codecs
are programs (sox, ffmpeg); where one is absent, its kinds are left out.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

Samples = NDArray[np.float64]  # (frames, channels), in units of the source's samples


@dataclass(frozen=True)
class Clip:
    """A clip of one kind.

    Attributes
    ----------
    kind, source : str
        Name of the kind, and of the recording that it was made from ("" for none).
    samples : (frames, channels) int32
        Integers of `bits` bits.
    rate, bits : int
        Samples a second, and 8, 16, 24 or 32.
    """

    kind: str
    source: str
    samples: NDArray[np.int32]
    rate: int
    bits: int

    @property
    def name(self) -> str:
        """Kind and source, to be printed and to name files with."""
        return f"{self.kind}-{self.source}" if self.source else self.kind

    def write(self, folder: Path) -> Path:
        """Write the clip as a WAV file; 8-bit ones are unsigned there."""
        path = folder / f"{self.name}.wav"
        subtype = {8: "PCM_U8", 16: "PCM_16", 24: "PCM_24", 32: "PCM_32"}[self.bits]
        shifted = np.left_shift(self.samples.astype(np.int64), 32 - self.bits).astype(np.int32)
        # others call for the newer `fmt ` chunk, and flac insists for more than two channels
        kind = "WAVEX" if self.bits > 16 or shifted.shape[1] > 2 else "WAV"
        soundfile.write(path, shifted, self.rate, subtype, format=kind)
        return path


BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}


def read(path: Path, seconds: float | None = None) -> Clip:
    """Read a recording as a clip of the kind ``source``; `seconds` are taken from its middle."""
    with soundfile.SoundFile(path) as file:
        bits = BITS[file.subtype]
        wanted = file.frames
        if seconds is not None:
            wanted = min(wanted, int(seconds * file.samplerate))
        file.seek((file.frames - wanted) // 2)
        samples = file.read(wanted, dtype="int32", always_2d=True) >> (32 - bits)
        return Clip("source", path.stem, samples, file.samplerate, bits)


def rounded(x: Samples, bits: int) -> NDArray[np.int32]:
    """Round to integers, and clip to `bits` bits."""
    top = 1 << (bits - 1)
    return np.clip(np.floor(x + 0.5), -top, top - 1).astype(np.int32)


def _random(*words: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


# -- spectra of a wide range ---------------------------------------------------------------------

RATES = (48000, 88200, 96000, 176400, 192000)


def _resampled(x: Samples, rate: int, target: int) -> Samples:
    shared = gcd(rate, target)
    return np.asarray(
        signal.resample_poly(x, target // shared, rate // shared, axis=0, window=("kaiser", 12.0))
    )


def _by_program(clip: Clip, commands: list[list[str]], bits: int) -> NDArray[np.int32] | None:
    """What programs make of a clip, from ``IN`` to ``OUT`` through ``MIDDLE``."""
    if any(shutil.which(command[0]) is None for command in commands):
        return None
    with tempfile.TemporaryDirectory() as folder:
        places = {"IN": str(clip.write(Path(folder))), "OUT": f"{folder}/out.wav"}
        for command in commands:
            words = [places.get(word, word.replace("MIDDLE", f"{folder}/x")) for word in command]
            subprocess.run(words, check=True, capture_output=True)
        return soundfile.read(places["OUT"], dtype="int32", always_2d=True)[0] >> (32 - bits)


_FFMPEG = ["ffmpeg", "-v", "error", "-y", "-bitexact"]


def upsampled(clip: Clip) -> Iterator[Clip]:
    """A recording of 16 bits at a higher rate, in 24 bits; and at 48 kHz in 16 bits."""
    for target in RATES:
        if target <= clip.rate:
            continue
        y = _resampled(clip.samples.astype(float), clip.rate, target)
        if target == 48000:
            yield Clip("up16-48", clip.source, rounded(y, 16), target, 16)
        yield Clip(f"up24-{target // 1000}", clip.source, rounded(256 * y, 24), target, 24)
    commands = {
        "sox": [["sox", "IN", "-b", "24", "-r", "96000", "OUT"]],
        "ffmpeg": [[*_FFMPEG, "-i", "IN", "-ar", "96000", "-c:a", "pcm_s24le", "OUT"]],
        "sox192": [["sox", "IN", "-b", "24", "-r", "192000", "OUT"]],
        "ffmpeg88": [[*_FFMPEG, "-i", "IN", "-ar", "88200", "-c:a", "pcm_s24le", "OUT"]],
    }
    rates = {"sox": 96000, "ffmpeg": 96000, "sox192": 192000, "ffmpeg88": 88200}
    for name, command in commands.items():
        made = _by_program(clip, command, 24)
        if made is not None and clip.rate < rates[name]:
            yield Clip(f"up24-{name}", clip.source, made, rates[name], 24)


def lossy_origin(clip: Clip) -> Iterator[Clip]:
    """What a lossy codec leaves, decoded to 24 bits; and a plain cliff at 16 kHz."""
    for name, options, suffix in (
        ("mp3", ["-c:a", "libmp3lame", "-b:a", "128k"], ".mp3"),
        ("mp3-320", ["-c:a", "libmp3lame", "-b:a", "320k"], ".mp3"),
        ("aac", ["-c:a", "aac", "-b:a", "128k"], ".m4a"),
    ):
        commands = [
            [*_FFMPEG, "-i", "IN", *options, f"MIDDLE{suffix}"],
            [*_FFMPEG, "-i", f"MIDDLE{suffix}", "-c:a", "pcm_s24le", "OUT"],
        ]
        made = _by_program(clip, commands, 24)
        if made is not None:
            yield Clip(f"lossy24-{name}", clip.source, made, clip.rate, 24)
    if clip.rate > 40000:
        taps = signal.firwin(511, 16000, window=("kaiser", 12.0), fs=clip.rate)
        y = signal.fftconvolve(clip.samples * 256.0, taps[:, None], axes=0)[255:-255]
        yield Clip("cliff24", clip.source, rounded(y, 24), clip.rate, 24)


def simple_upsampling(clip: Clip) -> Iterator[Clip]:
    """Twice the rate with zeros between, samples held, and means of neighbours."""
    x = clip.samples
    for name in ("zeros", "held", "linear"):
        y = np.zeros((2 * len(x), x.shape[1]), np.int64)
        y[::2] = x
        if name == "held":
            y[1::2] = x
        elif name == "linear":
            y[1:-1:2] = (x[:-1].astype(np.int64) + x[1:]) >> 1
        yield Clip(f"twice-{name}", clip.source, y.astype(np.int32), 2 * clip.rate, clip.bits)


# -- value grids -----------------------------------------------------------------------------------

GAINS = ((3.0, "rect", 1.0), (4.683, "rect", 1.6), (6.683, "tri", 1.0), (5.022, "rect", 2.4))


def soft_grids(clip: Clip) -> Iterator[Clip]:
    """``x // 8`` times a gain, plus rectangular or triangular dither, rounded."""
    for gain, shape, width in GAINS:
        random = _random("soft", clip.source, gain)
        size = clip.samples.shape
        dither = random.uniform(-0.5, 0.5, size)
        if shape == "tri":
            dither += random.uniform(-0.5, 0.5, size)
        y = (clip.samples // 8) * gain + width * dither
        yield Clip(f"soft-{gain}-{shape}{width}", clip.source, rounded(y, 16), clip.rate, 16)


def hard_grids(clip: Clip) -> Iterator[Clip]:
    """Amplified without dither, low bits unused, and few bits."""
    yield Clip("gain", clip.source, rounded((clip.samples // 8) * 6.683, 16), clip.rate, 16)
    yield Clip("low-bits", clip.source, clip.samples // 16 * 16, clip.rate, clip.bits)
    if clip.bits == 16:
        yield Clip("8-bit", clip.source, clip.samples >> 8, clip.rate, 8)
        yield Clip("24-of-16", clip.source, clip.samples << 8, clip.rate, 24)
        yield Clip("32-of-16", clip.source, clip.samples << 16, clip.rate, 32)


# -- tiny alphabets and near-copies ----------------------------------------------------------------


def near_copies(clip: Clip) -> Iterator[Clip]:
    """Channels that are equal but for their dither, and very quiet recordings."""
    random = _random("near", clip.source)
    x = clip.samples[:, :1] * 0.71
    dither = random.triangular(-1, 0, 1, (len(x), 2))
    yield Clip("near-copies", clip.source, rounded(x + dither, clip.bits), clip.rate, clip.bits)
    yield Clip("copies", clip.source, clip.samples[:, [0, 0]], clip.rate, clip.bits)
    quiet = clip.samples * 0.001
    dither = random.triangular(-1, 0, 1, quiet.shape)
    yield Clip("quiet", clip.source, rounded(quiet + dither, clip.bits), clip.rate, clip.bits)
    fade = np.linspace(1, 0, len(clip.samples))[:, None] ** 8
    dither = random.triangular(-1, 0, 1, clip.samples.shape)
    y = rounded(clip.samples * fade + dither, clip.bits)
    yield Clip("fade", clip.source, y, clip.rate, clip.bits)


def others(clip: Clip) -> Iterator[Clip]:
    """Clipped, mono as stereo, more channels, repeated, at rates it was not made for."""
    x, top = clip.samples, (1 << (clip.bits - 1)) - 1
    loud = 4.0 * top / max(1, int(np.abs(x).max()))
    yield Clip("clipped", clip.source, rounded(x * loud, clip.bits), clip.rate, clip.bits)
    repeated = np.concatenate([x[: len(x) // 4]] * 4)
    yield Clip("loop", clip.source, repeated, clip.rate, clip.bits)
    wide = np.stack([np.roll(x[:, k % x.shape[1]], 11 * k) for k in range(6)], axis=1)
    yield Clip("6-channels", clip.source, wide, clip.rate, clip.bits)
    low = _resampled(x.astype(float), clip.rate, 8000)
    yield Clip("8-kHz", clip.source, rounded(low, clip.bits), 8000, clip.bits)
    high = _resampled(x.astype(float), clip.rate, 384000)[: len(x)]
    yield Clip("384-kHz", clip.source, rounded(high, clip.bits), 384000, clip.bits)


DERIVED: tuple[Callable[[Clip], Iterator[Clip]], ...] = (
    upsampled, lossy_origin, simple_upsampling, soft_grids, hard_grids, near_copies, others,
)  # fmt: skip


def derived(clip: Clip) -> Iterator[Clip]:
    """Yield the clips of all kinds that start from a recording."""
    for make in DERIVED:
        if clip.bits == 16 or make in (near_copies, others, simple_upsampling):
            yield from make(clip)


# -- made from nothing -----------------------------------------------------------------------------


def synthetic(seconds: float = 4.0) -> Iterator[Clip]:
    """Yield noises, tones, clicks and speech-like signals."""
    for make in (_noises, _tones, _events):
        yield from make(seconds)


def _noises(seconds: float) -> Iterator[Clip]:
    random, n = _random("noises"), int(44100 * seconds)
    quiet = {
        "uniform-1": random.integers(-1, 2, (n, 1)),
        "triangular-dither": rounded(random.triangular(-1, 0, 1, (n, 2)), 16),
        "gauss-1": rounded(random.normal(0, 1, (n, 1)), 16),
        "gauss-0.3": rounded(random.normal(0, 0.3, (n, 2)), 16),
        "white-16": random.integers(-32768, 32768, (n, 1)),
        "gauss-1000": rounded(random.normal(0, 1000, (n, 2)), 16),
        "laplace-40": rounded(random.laplace(0, 40, (n, 2)), 16),
    }
    for name, x in quiet.items():
        yield Clip(name, "", x.astype(np.int32), 44100, 16)
    white = random.integers(-(1 << 23), 1 << 23, (n // 2, 2))
    yield Clip("white-24", "", white.astype(np.int32), 96000, 24)
    white = random.integers(-(1 << 31), 1 << 31, (n // 2, 1))
    yield Clip("white-32", "", white.astype(np.int32), 48000, 32)
    brown = np.cumsum(random.normal(0, 30, (n, 2)), axis=0)
    brown -= brown.mean(axis=0)
    yield Clip("brown", "", rounded(brown, 16), 44100, 16)


def _tones(seconds: float) -> Iterator[Clip]:
    n = int(48000 * seconds)
    t = np.arange(n) / 48000
    sines = np.sin(2 * np.pi * 440 * t)[:, None]
    yield Clip("tone-16", "", rounded(29000 * sines, 16), 48000, 16)
    yield Clip("tone-24", "", rounded(7.4e6 * sines, 24), 48000, 24)
    chord = sum(np.sin(2 * np.pi * f * t + f) for f in (220.0, 277.18, 329.63, 440.0))
    yield Clip("chord", "", rounded(6000 * np.stack([chord, np.roll(chord, 40)], 1), 16), 48000, 16)
    chirp = signal.chirp(t, 20, t[-1], 20000, method="logarithmic")[:, None]
    yield Clip("chirp-16", "", rounded(20000 * chirp, 16), 48000, 16)
    yield Clip("chirp-24", "", rounded(5e6 * chirp, 24), 48000, 24)
    square = signal.square(2 * np.pi * 110 * t)[:, None]
    yield Clip("square", "", rounded(9000 * square, 16), 48000, 16)
    yield Clip("square-8", "", rounded(60 * square, 8), 48000, 8)
    saw = signal.sawtooth(2 * np.pi * 131 * t)[:, None]
    yield Clip("sawtooth", "", rounded(9000 * saw, 16), 48000, 16)


def _events(seconds: float) -> Iterator[Clip]:
    random, n = _random("events"), int(22050 * seconds)
    clicks = np.zeros((n, 1))
    clicks[random.integers(0, n, n // 500), 0] = random.normal(0, 9000, n // 500)
    yield Clip("clicks", "", rounded(clicks, 16), 22050, 16)
    gate = (np.arange(n) // 3000 % 3 == 0)[:, None]
    yield Clip("gated-noise", "", rounded(gate * random.normal(0, 3000, (n, 2)), 16), 22050, 16)
    yield Clip("silence", "", np.zeros((n, 2), np.int32), 22050, 16)
    yield Clip("constant", "", np.full((n, 1), 1234, np.int32), 22050, 16)
    pulses = np.zeros(n)
    pulses[np.cumsum(random.integers(170, 210, n // 170))[: n // 220]] = 1
    voice = signal.lfilter([1], [1, -1.6, 0.9], pulses)
    voice = signal.lfilter([1], [1, 0.7, 0.8], voice) * (np.sin(np.arange(n) / 4000) > -0.5)
    voice = 2500 * voice + random.normal(0, 2, n)
    yield Clip("speech-like", "", rounded(voice[:, None], 16), 22050, 16)
    steps = np.repeat(random.integers(-100, 100, n // 50 + 1), 50)[:n, None]
    yield Clip("steps", "", steps.astype(np.int32), 22050, 16)
    ramp = (np.arange(n) % 60000 - 30000)[:, None]
    yield Clip("ramp", "", ramp.astype(np.int32), 22050, 16)
    yield Clip("one-frame", "", np.array([[7, -7]], np.int32), 44100, 16)
    yield Clip("tiny", "", rounded(random.normal(0, 900, (40, 2)), 16), 44100, 16)
