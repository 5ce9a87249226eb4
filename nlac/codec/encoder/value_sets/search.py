"""Find value sets: grids by Fourier transform of the histogram, lists by counting.

Floating point only proposes a set. Each set is then checked in integers, on every sample.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.value_sets.kernels import common_step, count_values, has_run
from nlac.entropy.bitmap import write_bitmap
from nlac.entropy.value_sets import GRID, GRID_BITS, MAX_SPAN, ValueSet, listed

MIN_GAIN_BITS = 400.0
_REACH = 4096  # values on either side of the mean in the histogram
_LONGEST_RUN = 6  # consecutive values on a grid with a step of 1.2
_FEW = 12  # samples, whose common step is mostly 1 where that of all is
_PEAK = 0.25  # least amplitude of a grid's line in the spectrum of the histogram


def grid_of(samples: NDArray[np.int32]) -> ValueSet | None:
    """Find a grid of step over 1.2, whole or not, that contains every sample.

    Parameters
    ----------
    samples : (frames,) int32
        At least one.

    Returns
    -------
    ValueSet or None
        None if there is no such grid, or it is not found.
    """
    low, high = int(samples.min()), int(samples.max())
    if high - low >= MAX_SPAN or high - low < 16:
        return None
    # a grid has a gap every few values: this rejects nearly every recording quickly
    if has_run(samples, low, np.zeros(high - low + 1, np.bool_), _LONGEST_RUN):
        return None
    counts = _counts(samples, low, high)
    values = low + np.flatnonzero(counts).astype(np.int64)
    gaps = np.diff(values)
    if len(values) < 0.2 * (high - low) and len(gaps) > 2:
        # so sparse that some neighbouring values are neighbours on the grid
        found = _fit(values, float(gaps[gaps < 1.5 * gaps.min()].mean()), int(samples[0]))
        if found is not None and found.ranks_of(values) is not None:
            return found
    # otherwise the values near the mean are dense enough
    centre = int(samples.sum(dtype=np.int64)) // len(samples)
    histogram = np.zeros(2 * _REACH)
    begin = centre - _REACH - low
    piece = counts[max(begin, 0) : max(begin + 2 * _REACH, 0)]
    histogram[max(-begin, 0) :][: len(piece)] = piece
    near = int(piece.sum())
    if near < 64:
        return None
    density = np.convolve(histogram, np.ones(33) / 33, "same")
    # subtract the smooth part of the histogram, which says nothing of a grid
    spectrum = np.abs(np.fft.rfft(histogram - density, 4 * _REACH)) / near
    peak = 64 + int(np.argmax(spectrum[64:]))
    if spectrum[peak] < _PEAK:
        return None
    frequency = peak / (4 * _REACH)
    centre += int(np.argmax(density)) - _REACH
    for step in (1 / frequency, 1 / (1 - frequency)):
        found = _fit(values, step, centre)
        ranks = None if found is None else found.ranks_of(values)
        if found is not None and ranks is not None:
            return _widened(found, ranks, values)
    return None


def _counts(samples: NDArray[np.int32], low: int, high: int) -> NDArray[np.int64]:
    counts = np.zeros(high - low + 1, np.int64)
    count_values(samples, low, counts)
    return counts


def _widened(
    found: ValueSet, ranks: NDArray[np.int64], values: NDArray[np.int64]
) -> ValueSet:
    """The widest grid that contains the values, if the step of `found` is a fraction of its step.

    The line in the spectrum may be a harmonic of the grid's.
    """
    times = int(np.gcd.reduce(ranks - ranks[0]))
    if times < 2:
        return found
    wide = _fit(values, found.step * times / (1 << GRID_BITS), int(values[len(values) // 2]))
    if wide is None or wide.ranks_of(values) is None:
        return found
    return wide


def _fit(values: NDArray[np.int64], step: float, centre: int) -> ValueSet | None:
    """Fit ``floor(a k + b)`` to the values by least squares, outwards from `centre`."""
    reach = 24.0 * step
    inside = values[np.abs(values - centre) <= reach]
    while len(inside) < min(8, len(values)):
        reach *= 1.5
        inside = values[np.abs(values - centre) <= reach]
    # mean phase of the values within a step
    turns = np.exp(2j * np.pi * (inside + 0.5 - centre) / step).mean()
    offset = centre + step * float(np.angle(turns)) / (2 * np.pi)
    while True:
        inside = values[np.abs(values - centre) <= reach]
        ranks = np.round((inside + 0.5 - offset) / step)
        if len(inside) >= 4 and np.ptp(ranks) > 0:
            step, offset = np.polyfit(ranks, inside + 0.5, 1)
            if step < 1.2:
                return None
        if len(inside) == len(values):
            break
        reach *= 1.5
    ranks = np.round((inside + 0.5 - offset) / step)
    # the width of the range of b is concave in a: its maximum by ternary search
    width = 1.0 / max(1.0, float(np.ptp(ranks)))
    below, above = step - 4 * width, step + 4 * width
    for _ in range(60):
        a, b = below + (above - below) / 3, above - (above - below) / 3
        if _room(values, ranks, a)[0] < _room(values, ranks, b)[0]:
            below = a
        else:
            above = b
    step = (below + above) / 2
    room, middle = _room(values, ranks, step)
    if room <= 0:
        return None
    return ValueSet(
        GRID,
        int(ranks.min()),
        int(ranks.max()),
        round(step * (1 << GRID_BITS)),
        round(middle * (1 << GRID_BITS)),
    )


def _room(
    values: NDArray[np.int64], ranks: NDArray[np.float64], step: float
) -> tuple[float, float]:
    """Width and middle of the offsets b for which ``value <= step k + b < value + 1``."""
    rest = values - step * ranks
    low, high = float(rest.max()), float(rest.min()) + 1.0
    return high - low, (low + high) / 2


def integer_grid(samples: NDArray[np.int32]) -> ValueSet | None:
    """Find a grid of a whole step of at least 2, or None."""
    if len(samples) == 0:
        return None
    base, step = int(samples[0]), _common_step(samples)
    if step < 2:
        return None
    offset = base % step
    ranks = (samples.astype(np.int64) - offset) // step
    return ValueSet(
        GRID, int(ranks.min()), int(ranks.max()), step << GRID_BITS, offset << GRID_BITS
    )


def _common_step(samples: NDArray[np.int32]) -> int:
    """Common step of samples, at least one; a few of them tell mostly that it is 1."""
    first, *others = samples[:_FEW].tolist()
    if math.gcd(*(other - first for other in others)) == 1:
        return 1
    return int(common_step(samples))


def grid_gain_bits(entry: ValueSet, count: int) -> float:
    """Bits that a grid saves on `count` samples."""
    return count * math.log2(entry.step / (1 << GRID_BITS))


def integer_grid_gain_bits(samples: NDArray[np.int32], chunk: int = 4096) -> float:
    """Bits that grids of whole steps would save if each chunk had its own."""
    bits = 0.0
    for begin in range(0, len(samples) - chunk + 1, chunk):
        step = _common_step(samples[begin : begin + chunk])
        bits += chunk * math.log2(max(step, 1))
    return bits


def list_of(samples: NDArray[np.int32]) -> tuple[ValueSet, float] | None:
    """List of the values that occur, and its gain in bits less its own size; None if too small."""
    low, high = int(samples.min()), int(samples.max())
    if high - low >= MAX_SPAN or high - low < 16:
        return None
    histogram = _counts(samples, low, high)
    if np.count_nonzero(histogram) > 0.85 * len(histogram):
        return None
    values = np.flatnonzero(histogram).astype(np.int64)
    if len(values) < 3:
        return None
    widths = np.empty(len(values))
    widths[1:-1] = (values[2:] - values[:-2]) / 2
    widths[[0, -1]] = values[1] - values[0], values[-1] - values[-2]
    gain = float(np.sum(histogram[values] * np.log2(widths)))
    if gain < 0.05 * len(histogram):
        return None
    cost = 8.0 * len(write_bitmap((histogram > 0).astype(np.uint8)))
    return (listed(values + low), gain - cost) if gain > cost + MIN_GAIN_BITS else None
