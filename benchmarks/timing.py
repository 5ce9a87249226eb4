"""What the timings of kernels share: a signal, and the best of several runs."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def chord(frames: int) -> NDArray[np.int32]:
    """A decaying chord with noise, stereo, 16 bits."""
    rng = np.random.default_rng(0)
    t = np.arange(frames) / 44100
    tones = sum(np.sin(2 * np.pi * f * t) / f for f in (220, 277, 330, 440.5, 1320))
    wave = tones * 400_000 * np.exp(-(t % 1.0) * 3)
    both = np.stack([wave, 0.7 * np.roll(wave, 9)]) + rng.normal(0, 40, (2, frames))
    return np.rint(both).clip(-32768, 32767).astype(np.int32)


def best(work: Callable[[], object], runs: int) -> float:
    """Seconds of the quickest of some runs, after one that may compile."""
    work()
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)
