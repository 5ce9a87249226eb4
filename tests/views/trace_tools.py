"""Streams for the tests of traces."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

import nlac
from nlac.views.trace import StreamTrace, open_trace


def music(
    frames: int, channels: int = 2, seed: int = 1, level: float = 3000.0
) -> NDArray[np.int16]:
    """Some partials and noise, alike in the channels; (frames, channels)."""
    random = np.random.default_rng(seed)
    t = np.arange(frames)
    tone = sum(np.sin(0.01 * k * t + k) / k for k in (1, 2, 3, 5, 9))
    parts = [tone + 0.05 * random.normal(size=frames) for _ in range(channels)]
    return np.round(level * np.stack(parts, 1)).astype(np.int16)


def listed(frames: int) -> NDArray[np.int16]:
    """Noise of 60 values."""
    random = np.random.default_rng(3)
    values = np.sort(random.choice(20_000, 60, replace=False)) - 10_000
    return values[random.integers(0, 60, (frames, 1))].astype(np.int16)


def dithered(frames: int) -> NDArray[np.int16]:
    """A wave of 13 bits, amplified and dithered: a soft set is the smallest."""
    random = np.random.default_rng(1)
    wave = 2500 * np.sin(np.arange(frames) * 0.013) * np.sin(np.arange(frames) * 0.0004)
    x = np.rint(wave + random.normal(0, 60, frames)) * 6.683
    return np.floor(x + random.uniform(-0.8, 0.8, frames) + 0.5)[:, None].astype(np.int16)


def upsampled(frames: int, channels: int = 2) -> NDArray[np.int32]:
    """Noise without the upper half of its spectrum, 24 bits: prefilters take it."""
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(size=(frames, channels)), axis=0)
    spectrum[len(spectrum) // 2 :] = 0
    x = np.fft.irfft(spectrum, frames, axis=0)
    return np.round(x / np.abs(x).max() * 8_000_000).astype(np.int32)


def lagging(frames: int) -> NDArray[np.int16]:
    """Two channels, of which one hears the other some frames later."""
    x = np.random.default_rng(8).normal(0, 2000, frames + 9)
    return np.round(np.stack([x[9:], x[:-9]], 1)).astype(np.int16)


def traced(samples: NDArray[np.generic], sample_rate: int = 8000, **options: object) -> StreamTrace:
    """Encode samples, and open the stream."""
    return open_trace(encoded(samples, sample_rate, **options))


def encoded(samples: NDArray[np.generic], sample_rate: int = 8000, **options: object) -> bytes:
    """Bytes of a stream."""
    target = io.BytesIO()
    nlac.write(target, samples, sample_rate, **options)
    return target.getvalue()
