"""Spectral noise gate: what is hardly louder than the noise of its band is turned down."""

from __future__ import annotations

import math

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64, AnyArray
from nlac.training.signal.spectra import istft, stft

_SIZE = 1024


def noise_gate(
    x: AnyArray,
    noise: AnyArray | None = None,
    reduction_db: float = 20.0,
    threshold_db: float = 6.0,
    quantile: float = 0.1,
    smoothing: int = 3,
) -> F64:
    """Turn down the noise of a recording band by band.

    Parameters
    ----------
    x : (..., times) float array
        Recording.
    noise : (..., times) float array, optional
        A piece of noise alone. If None, the level of the noise of a band is estimated by a low
        quantile of its magnitudes.
    reduction_db : float
        By how many dB noise is turned down, at least 0.
    threshold_db : float
        What is less than so many dB above the noise counts as noise.
    quantile : float
        This share of the magnitudes of a band, more than 0 and less than 1, is noise alone.
    smoothing : int
        Bins and frames over which gains are averaged, which keeps single ones from chirping; odd.

    Returns
    -------
    (..., times) float64 array
    """
    for name, value, good, allowed in (
        ("reduction_db", reduction_db, reduction_db >= 0, "at least 0"),
        ("quantile", quantile, 0 < quantile < 1, "more than 0, less than 1"),
        ("smoothing", smoothing, smoothing >= 1 and smoothing % 2 == 1, "odd, at least 1"),
    ):
        if not good:
            raise UsageError(f"{name}: {value}; {allowed}")
    hop = _SIZE // 4
    spectrum = stft(x, _SIZE, hop)
    magnitude = np.abs(spectrum)
    if noise is None:
        # magnitudes of noise have a Rayleigh distribution: its mean, from its quantile
        ratio = math.sqrt(math.pi / 2) / math.sqrt(-2 * math.log(1 - quantile))
        floor = ratio * np.quantile(magnitude, quantile, axis=-1, keepdims=True)
    else:
        floor = np.abs(stft(noise, _SIZE, hop)).mean(-1, keepdims=True)
    loud = magnitude > floor * 10 ** (threshold_db / 20)
    gain = np.where(loud, 1.0, 10 ** (-reduction_db / 20))
    gain = _averaged(_averaged(gain, smoothing, -1), smoothing, -2)
    return istft(spectrum * gain, hop, np.shape(x)[-1])


def _averaged(values: F64, count: int, axis: int) -> F64:
    """Mean of `count` neighbours along an axis; the ends are repeated."""
    padding = [(0, 0)] * values.ndim
    padding[axis] = (count // 2, count // 2)
    padded = np.pad(values, padding, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, count, axis=axis)
    return windows.mean(-1)  # type: ignore[no-any-return]
