"""Small arrays in the manner of recordings of many electrodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def electrodes(frames: int = 3000, channels: int = 12, seed: int = 1) -> NDArray[np.int16]:
    """Slow sources that several channels hear, a noise of all, and one of each channel."""
    generator = np.random.default_rng(seed)
    sources = np.cumsum(generator.normal(0, 9, (frames, 3)), axis=0)
    places = np.linspace(0, 2, channels)
    gains = np.exp(-((places - np.arange(3)[:, None]) ** 2))
    wave = sources @ gains + generator.normal(0, 6, (frames, 1))
    wave += generator.normal(0, 2, (frames, channels))
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


def of_type(dtype: str, shape: tuple[int, ...], seed: int = 1) -> NDArray[Any]:
    """Any values of a type, of floats also NaNs, infinities and negative zeros."""
    generator = np.random.default_rng(seed)
    if dtype[-2] == "f":
        array = generator.normal(0, 1, shape).astype(dtype)
        if array.size > 4:
            array.reshape(-1)[:4] = np.nan, -0.0, np.inf, 1e-45
        return array
    limits = np.iinfo(dtype)
    array = generator.integers(limits.min // 64, limits.max // 64, shape).astype(dtype)
    if array.size > 1:
        array.reshape(-1)[:2] = limits.min, limits.max
    return array
