"""Find the integers that a channel of floats is made of.

The floats may be integers times a power of two, or rounded products of integers and a gain
(`find_gain`). Otherwise `grid_costs` estimates for each grid the bits of integer plane and side
data together. A decoder repeats none of this.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._typing import F64, I64, U32
from nlac.kernels.jit import kernel

EXACT_BITS = 24  # integers up to this size are taken as they are
PLANE_BITS = 31
SMALLEST_GRID, LARGEST_GRID = -149, 128
MAX_MULTIPLIER_BITS = 40
MAX_GAIN_INTEGER = 1 << 23
_PROBE = 64  # smallest magnitudes from which a gain is guessed
_MAX_PROBE_MULTIPLE = 4096
_SEGMENT = 512
_ORDER = 16
_COARSER = 24  # octaves above the finest natural grid that are tried


class FloatFields(NamedTuple):
    """Sign, magnitude and exponent of a channel's floats.

    Attributes
    ----------
    plain : (frames,) bool
        Finite, and not -0.0.
    used : (frames,) bool
        Plain, and not 0.0.
    magnitude, exponent : (used,) int64
        |value| = magnitude * 2**exponent with at most 24 bits of magnitude.
    zeros : (used,) int64
        Trailing zero bits of the magnitude.
    value : (frames,) float64
        The values, 0 where not plain.
    """

    plain: NDArray[np.bool_]
    used: NDArray[np.bool_]
    magnitude: I64
    exponent: I64
    zeros: I64
    value: F64

    def window(self, begin: int, end: int) -> FloatFields:
        """The fields of frames begin .. end - 1."""
        first = np.count_nonzero(self.used[:begin])
        some = slice(first, first + np.count_nonzero(self.used[begin:end]))
        return FloatFields(
            self.plain[begin:end],
            self.used[begin:end],
            self.magnitude[some],
            self.exponent[some],
            self.zeros[some],
            self.value[begin:end],
        )

    @property
    def lowest(self) -> int:
        """Exponent of the lowest bit set anywhere."""
        return int((self.exponent + self.zeros).min())

    @property
    def top(self) -> int:
        """Exponent above the highest bit set anywhere."""
        highest = int(self.exponent.max())
        return highest + int(self.magnitude[self.exponent == highest].max()).bit_length()

    @property
    def span(self) -> int:
        """Bits from the highest to the lowest."""
        return self.top - self.lowest


class GainCandidate(NamedTuple):
    """Values are float32(integers * multiplier * 2**exponent), nearly all of them."""

    multiplier: int
    exponent: int
    integers: I64


def decompose(patterns: U32) -> FloatFields:
    """Split floats into fields.

    Parameters
    ----------
    patterns : (frames,) uint32
        Bit patterns of the floats.
    """
    field = (patterns >> 23) & 255
    plain = (field < 255) & (patterns != 0x80000000)
    used = plain & (patterns != 0)
    bits = patterns[used].astype(np.int64)
    field = (bits >> 23) & 255
    magnitude = (bits & 0x7FFFFF) | ((field > 0).astype(np.int64) << 23)
    lowest = (magnitude & -magnitude).astype(np.float32).view(np.int32)
    with np.errstate(invalid="ignore"):
        value = np.where(plain, patterns.view(np.float32), np.float32(0)).astype(np.float64)
    return FloatFields(
        plain,
        used,
        magnitude,
        np.maximum(field, 1) - 150,
        (lowest >> 23).astype(np.int64) - 127,
        value,
    )


def find_gain(fields: FloatFields) -> GainCandidate | None:
    """Search for a gain of which nearly all values are rounded multiples.

    A common divisor of the smallest magnitudes is a first guess. Each multiple limits the gain to
    an interval; the intersections of ever larger values' intervals refine it.

    Returns
    -------
    GainCandidate or None
        None if no gain fits nine tenths of a sample of the values.
    """
    magnitude = np.abs(fields.value[fields.used])
    probe = magnitude
    if len(magnitude) > _PROBE:
        probe = np.partition(magnitude, _PROBE)[:_PROBE]
    gain = _common_divisor(np.unique(probe))
    top = float(magnitude.max())
    if gain <= 0 or top > (MAX_GAIN_INTEGER - 1) * gain:
        return None
    # half the distance to the neighbouring floats, exactly
    reach = np.ldexp(0.5, fields.exponent.astype(np.int32))
    limit = float(probe.max())
    sample = np.arange(0, len(magnitude), max(1, len(magnitude) // 4096))
    while True:
        chosen = sample[magnitude[sample] <= limit]
        if len(chosen):
            gain, _ = _refine(magnitude[chosen], reach[chosen], gain)
        if limit >= top:
            break
        limit *= 16
    near = np.abs(np.rint(magnitude[sample] / gain) * gain - magnitude[sample])
    if np.mean(near <= 4 * reach[sample]) < 0.9:
        return None
    gain, width = _refine(magnitude, reach, gain)
    integers = np.rint(fields.value / gain)
    if np.abs(integers).max() >= MAX_GAIN_INTEGER:
        return None
    # not at the ends, where products lie halfway between floats
    width *= 7 / 8
    multiplier, exponent = _shortest(gain - width, gain + width)
    return GainCandidate(multiplier, exponent, integers.astype(np.int64))


def _common_divisor(values: F64) -> float:
    """Largest number of which the ascending values are rounded multiples; 0 if there is none.

    The smallest value is taken for each multiple up to `_MAX_PROBE_MULTIPLE` in turn.
    """
    candidates = values[0] / np.arange(1, _MAX_PROBE_MULTIPLE + 1)
    # a few values rule out most candidates
    for some in (values[1:5], values):
        multiples = some[:, None] / candidates
        slack = np.abs(multiples - np.rint(multiples)) <= multiples * 2.0**-22
        candidates = candidates[(slack & (multiples < 1 << 18)).all(axis=0)]
        if not len(candidates):
            return 0.0
    return float(candidates[0])


def _refine(values: F64, reach: F64, gain: float) -> tuple[float, float]:
    """Middle and half width of the gains that the most values agree with, near `gain`."""
    multiples = np.rint(values / gain)
    some = multiples > 0
    low = (values[some] - reach[some]) / multiples[some]
    high = (values[some] + reach[some]) / multiples[some]
    if not len(low):
        return gain, 0.0
    left, right = float(low.max()), float(high.min())
    if left > right:
        # some disagree: take the point where the most intervals overlap
        edges = np.concatenate([low, high])
        step = np.concatenate([np.ones(len(low), np.int64), np.full(len(high), -1)])
        order = np.argsort(edges, kind="stable")
        depth = np.cumsum(step[order])
        best = int(np.argmax(depth))
        left, right = float(edges[order[best]]), float(edges[order[min(best + 1, len(order) - 1)]])
    return (left + right) / 2, (right - left) / 2


def _shortest(low: float, high: float) -> tuple[int, int]:
    """Multiplier and exponent of the shortest binary number in low .. high, or the middle."""
    middle = (low + high) / 2
    fraction, exponent = np.frexp(middle)
    for bits in range(1, MAX_MULTIPLIER_BITS + 1):
        multiplier = round(float(np.ldexp(fraction, bits)))
        number = float(np.ldexp(float(multiplier), int(exponent) - bits))
        if low <= number <= high:
            break
    while multiplier % 2 == 0:
        multiplier //= 2
        bits -= 1
    return multiplier, int(exponent) - bits


class Costs(NamedTuple):
    """Estimated bits of a piece of one channel, for grids and gains of any spacing.

    Attributes
    ----------
    finest : int
        Exponent of the finest possible grid.
    scale : int
        Exponent of the unit of `error`.
    error : (n,) float64
        Mean absolute error of a linear prediction, for each `_SEGMENT` frames.
    grids : (n,) float64
        Bits with each grid from the finest on.
    """

    finest: int
    scale: int
    error: F64
    grids: F64

    def plane(self, steps: F64) -> F64:
        """Bits of integer planes of these spacings, given as base-2 logarithms."""
        step = np.exp2(steps - self.scale)[:, None]
        spread = np.hypot(self.error, 0.3 * step) / step
        bits: F64 = _SEGMENT * np.log2(2 * np.e * spread).sum(axis=1)
        return bits


def grid_costs(fields: FloatFields) -> Costs:
    """Estimate the bits of plane and side data for grids of all spacings."""
    zeros, lowest = int(fields.zeros.min()), fields.lowest
    finest = max(fields.top - PLANE_BITS, SMALLEST_GRID)
    coarsest = max(int(fields.exponent.max()), finest) + _COARSER
    grids = np.arange(finest, min(coarsest, LARGEST_GRID) + 1)
    mean = _prediction_errors(np.ldexp(fields.value, -fields.top))
    costs = Costs(finest, fields.top, mean, np.zeros(0))
    # how many samples of each (exponent, zero bits)
    kinds = np.bincount((fields.exponent + 149) * 24 + fields.zeros)
    which = np.flatnonzero(kinds)
    exponent, end, count = which // 24 - 149, which % 24, kinds[which].astype(np.float64)
    shift = grids[:, None] - exponent
    free = np.minimum(shift, 24) - np.maximum(zeros, lowest - exponent)
    free = np.maximum(free, 0) + 25 * np.arange(len(grids))[:, None]
    # samples with equally many free bits share a binary model: are these bits all 0?
    size = 25 * len(grids)
    every = np.broadcast_to(count, free.shape).ravel()
    total = np.bincount(free.ravel(), every, size).reshape(-1, 25)[:, 1:]
    inexact = np.where(end < shift, count, 0.0).ravel()
    rest = np.bincount(free.ravel(), inexact, size).reshape(-1, 25)[:, 1:]
    side = rest @ np.log2(2.0 ** np.arange(1, 25) - 1) + entropy(rest, total)
    side += 2.0 * (shift > 23) @ count  # the exponent must be coded
    return costs._replace(grids=costs.plane(grids.astype(np.float64)) + side)


def best_path(costs: F64, change: float) -> tuple[list[int], float]:
    """Cheapest path through (steps, states) costs, by dynamic programming (Viterbi).

    Parameters
    ----------
    costs : (steps, states) float64
        Bits of each state at each step.
    change : float
        Bits that every change of state adds.

    Returns
    -------
    (list of int, float)
        State of each step, and total bits.
    """
    total = costs[0].copy()
    came: list[NDArray[np.int64]] = []
    states = np.arange(costs.shape[1])
    for row in costs[1:]:
        best = int(np.argmin(total))
        stay = total <= total[best] + change
        came.append(np.where(stay, states, best))
        total = np.where(stay, total, total[best] + change) + row
    path = [int(np.argmin(total))]
    for step in reversed(came):
        path.append(int(step[path[-1]]))
    return path[::-1], float(total.min())


@kernel(fastmath=True)
def _correlate(value, lags):
    """Autocorrelation at lags 0 .. len(lags) - 1."""
    for k in range(len(lags)):
        total = 0.0
        for t in range(k, len(value)):
            total += value[t] * value[t - k]
        lags[k] = total


@kernel(fastmath=True)
def _mean_errors(value, taps, means):
    """Mean absolute prediction error of each of len(means) pieces; taps are oldest first."""
    order = len(taps)
    frames = len(value)
    for i in range(len(means)):
        begin, end = max(i * frames // len(means), order), (i + 1) * frames // len(means)
        total = 0.0
        for t in range(begin, end):
            error = value[t]
            for k in range(order):
                error -= taps[k] * value[t - order + k]
            total += abs(error)
        means[i] = total / max(end - begin, 1)


def _prediction_errors(value: F64) -> F64:
    """Mean errors, for each `_SEGMENT` frames, of one prediction (autocorrelation method)."""
    order = min(_ORDER, len(value) // 4)
    lags = np.zeros(order + 1)
    _correlate(value, lags)
    matrix = lags[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]
    matrix[np.diag_indices(order)] *= 1 + 1e-9
    taps = np.linalg.solve(matrix, lags[1:])[::-1].copy()
    means = np.zeros(max(1, len(value) // _SEGMENT))
    _mean_errors(value, taps, means)
    return means


def entropy(ones: NDArray[Any], total: NDArray[Any]) -> F64:
    """Bits of the best static codes of binary decisions, summed along the rows."""
    bits = np.zeros(len(ones))
    for count in (ones, total - ones):
        share = np.divide(total, count, out=np.ones_like(total), where=count > 0.5)
        bits += (count * np.log2(share)).sum(axis=1)
    return bits
