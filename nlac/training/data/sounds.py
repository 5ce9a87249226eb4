"""Sounds of the built-in dataset: tones, chords, sweeps, noises, FM, plucked strings, drums.

Each generator takes a random generator, a number of frames and a sample rate, and returns float64
of shape (frames,) with a peak of about 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]
Generator = Callable[[np.random.Generator, int, int], Wave]


def _time(frames: int, rate: int) -> Wave:
    return np.arange(frames) / rate


def _frequency(rng: np.random.Generator, rate: int, low: float = 55.0, high: float = 0.2) -> float:
    """Random frequency from `low` Hz to a share `high` of the sample rate, even by octaves."""
    return float(np.exp(rng.uniform(np.log(low), np.log(max(2 * low, high * rate)))))


def _peak_one(wave: Wave) -> Wave:
    return wave / max(float(np.abs(wave).max(initial=0.0)), 1e-9)


def sine(rng: np.random.Generator, frames: int, rate: int) -> Wave:
    """A sine of one frequency."""
    phase = rng.uniform(0, 2 * np.pi)
    return np.sin(2 * np.pi * _frequency(rng, rate) * _time(frames, rate) + phase)


def chord(rng: np.random.Generator, frames: int, rate: int) -> Wave:
    """Three or four notes of a scale, with overtones that fade, struck once or more often."""
    t = _time(frames, rate)
    root = _frequency(rng, rate, 80.0, 0.03)
    steps = (0, int(rng.choice([3, 4])), 7, int(rng.choice([10, 11, 12])))[: rng.integers(3, 5)]
    period = rng.uniform(0.5, 2.0)
    envelope = np.exp(-(t % period) * rng.uniform(1.0, 4.0))
    wave = np.zeros(frames)
    for step in steps:
        base = root * 2 ** (step / 12)
        for k in range(1, 8):
            if k * base < 0.45 * rate:
                wave += np.sin(2 * np.pi * k * base * t + rng.uniform(0, 2 * np.pi)) / k**1.5
    return _peak_one(wave * envelope)


def sweep(rng: np.random.Generator, frames: int, rate: int) -> Wave:
    """A sine whose frequency moves evenly by octaves from one place to another."""
    first, last = _frequency(rng, rate), _frequency(rng, rate, high=0.4)
    octaves = np.log2(first) + np.linspace(0, 1, frames) * (np.log2(last) - np.log2(first))
    return np.sin(2 * np.pi * np.cumsum(2.0**octaves) / rate)


def noise(rng: np.random.Generator, frames: int, rate: int) -> Wave:
    """Noise whose power falls by 0 (white), 3 (pink), 6 dB an octave (brown), or between."""
    spectrum = np.fft.rfft(rng.normal(size=frames))
    frequency = np.maximum(np.fft.rfftfreq(frames, 1 / rate), 20.0)
    return _peak_one(np.fft.irfft(spectrum * frequency ** -rng.uniform(0.0, 1.0), frames))


def fm(rng: np.random.Generator, frames: int, rate: int) -> Wave:
    """Frequency modulation: two sines, of which one moves the phase of the other.

    References
    ----------
    J. Chowning, "The synthesis of complex audio spectra by means of frequency modulation" (1973).
    """
    t = _time(frames, rate)
    carrier = _frequency(rng, rate, 80.0, 0.05)
    modulator = carrier * float(rng.choice([0.5, 1.0, 1.41, 2.0, 3.0]))
    index = rng.uniform(0.5, 4.0) * np.exp(-(t % 1.0) * rng.uniform(0.0, 3.0))
    return np.sin(2 * np.pi * carrier * t + index * np.sin(2 * np.pi * modulator * t))


def pluck(rng: np.random.Generator, frames: int, rate: int) -> Wave:
    """Plucked strings: a delay line that is fed back through a mean of two samples.

    References
    ----------
    K. Karplus and A. Strong, "Digital synthesis of plucked-string and drum timbres" (1983).
    """
    wave = np.zeros(frames)
    spacing = max(1, int(rate * rng.uniform(0.2, 0.6)))
    for begin in range(0, frames, spacing):
        period = max(4, int(rate / _frequency(rng, rate, 80.0, 0.05)))
        length = min(frames - begin, 4 * spacing)
        string = np.zeros(length + period + 1)
        string[1 : period + 1] = rng.uniform(-1, 1, period)
        for at in range(period + 1, len(string), period):
            # a period at a time: none of its samples depends on another
            part = string[at : at + period]
            older = string[at - period - 1 : at - period + len(part)]
            part[:] = 0.498 * (older[1 : len(part) + 1] + older[: len(part)])
        wave[begin : begin + length] += string[1 : length + 1]
    return _peak_one(wave)


def drums(rng: np.random.Generator, frames: int, rate: int) -> Wave:
    """A pattern of kick, snare and hi-hat that repeats itself."""
    wave = np.zeros(frames)
    step = max(1, int(rate * rng.uniform(0.1, 0.16)))
    pattern = rng.random((3, 16)) < np.array([[0.3], [0.2], [0.6]])
    pattern[0, 0] = True
    t = _time(min(frames, 3 * step), rate)
    kick = np.sin(2 * np.pi * (45 * t + 6 * (1 - np.exp(-t * 30)))) * np.exp(-t * 12)
    snare = rng.normal(size=len(t)) * 0.4 * np.exp(-t * 25) + np.sin(2 * np.pi * 190 * t) * (
        0.5 * np.exp(-t * 30)
    )
    hat = np.diff(rng.normal(size=len(t)), prepend=0.0) * 0.2 * np.exp(-t * 60)
    for place in range(0, frames, step):
        for hits, hit in zip(pattern[:, place // step % 16], (kick, snare, hat), strict=True):
            if hits:
                end = min(frames, place + len(hit))
                wave[place:end] += hit[: end - place]
    return _peak_one(wave)


KINDS: dict[str, Generator] = {
    "sine": sine,
    "chord": chord,
    "sweep": sweep,
    "noise": noise,
    "fm": fm,
    "pluck": pluck,
    "drums": drums,
}
