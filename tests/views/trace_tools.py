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


def traced(samples: NDArray[np.generic], sample_rate: int = 8000, **options: object) -> StreamTrace:
    """Encode samples, and open the stream."""
    return open_trace(encoded(samples, sample_rate, **options))


def encoded(samples: NDArray[np.generic], sample_rate: int = 8000, **options: object) -> bytes:
    """Bytes of a stream."""
    target = io.BytesIO()
    nlac.write(target, samples, sample_rate, **options)
    return target.getvalue()
