"""Samples that a decoder clipped: what they were, as far as an empty band tells.

An encoder leaves out the highest lines. The excess of clipped samples over the rail is taken so
that the energy there vanishes, and later from the synthesis of what was fitted.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.cholesky import decompose, solve
from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.kernels.jit import kernel

_REACH = 576  # taps of the high-pass filter on either side
_TOGETHER = 200  # clipped samples that are solved for at once
_LOADING = 1e-7
HIGHEST = 0.9895  # part of the bandwidth above which an empty band is too narrow
MOST_CLIPPED = 0.03  # share of samples above which nothing tells their excess


def rails_of(channels: NDArray[np.int32], bits_per_sample: int) -> NDArray[np.int8]:
    """Return 1 where samples are at the upper end of their range, -1 at the lower, else 0."""
    top = (1 << (bits_per_sample - 1)) - 1
    return (channels >= top).astype(np.int8) - (channels <= -top - 1).astype(np.int8)


@cache
def _taps(edge: float) -> Floats:
    """Return the high-pass filter that begins at a part of the bandwidth, from its centre on."""
    distance = np.arange(_REACH)
    phase = np.pi * distance / _REACH
    taper = (
        0.35875
        + 0.48829 * np.cos(phase)
        + 0.14128 * np.cos(2 * phase)
        + 0.01168 * np.cos(3 * phase)
    )
    taps = -edge * np.sinc(edge * distance)
    taps[0] += 1
    return rounded(taps * taper)


@kernel
def _fill(samples: Floats, rails: NDArray[np.int8], taps: Floats) -> None:
    """Move clipped samples of a channel beyond the rails, so that the high-passed energy is least.

    Parameters
    ----------
    samples : (n,) float64
        Changed in place.
    rails : (n,) int8
        Where and at which end they were clipped.
    taps : (D,) float64
        Symmetric filter from its centre on.
    """
    length = len(samples)
    reach = len(taps)
    places = np.empty(_TOGETHER, np.int64)
    matrix = np.empty((_TOGETHER, _TOGETHER))
    right = np.empty(_TOGETHER)
    at = 0
    while at < length:
        count = 0
        while at < length and count < _TOGETHER:
            if rails[at] != 0:
                places[count] = at
                count += 1
            elif count > 0 and at - places[count - 1] > reach // 2:
                break
            at += 1
        for row in range(count):
            place = places[row]
            total = taps[0] * samples[place]
            for distance in range(1, reach):
                if place >= distance:
                    total += taps[distance] * samples[place - distance]
                if place + distance < length:
                    total += taps[distance] * samples[place + distance]
            right[row] = -total
            for column in range(row + 1):
                distance = place - places[column]
                matrix[row, column] = taps[distance] if distance < reach else 0.0
            matrix[row, row] += _LOADING
        # where the matrix is no longer positive, samples stay at the rail
        decompose(matrix, count, 1e-9, 1e9)
        solve(matrix, count, right)
        for row in range(count):
            place = places[row]
            if right[row] * rails[place] > 0:
                samples[place] += right[row]


def unclipped(samples: Floats, rails: NDArray[np.int8], edge: float) -> Floats:
    """Return samples with the clipped ones as the empty band above a frequency tells.

    Parameters
    ----------
    samples, rails : (C, n)
        Samples, and where and at which end they were clipped.
    edge : float
        Where the empty band begins, as a part of the bandwidth; from `HIGHEST` on it tells nothing.
    """
    result = samples.copy()
    if edge < HIGHEST:
        for channel, ends in zip(result, rails, strict=True):
            if ends.any():
                _fill(channel, ends, _taps(edge))
    return result


def replaced(samples: Floats, rails: NDArray[np.int8], given: Floats) -> Floats:
    """Return samples with the clipped ones as a synthesis gives them, where it is beyond."""
    beyond = np.where(rails > 0, np.maximum(given, samples), np.minimum(given, samples))
    return np.where(rails != 0, beyond, samples)
