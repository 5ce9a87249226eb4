"""Steps of the `lpc` loops: each exists once, for encoder and decoder alike.

All compiled, all in int64 (spec, section "lpc block"); arrays are addresses.
Samples lie interleaved with those of the channel's reference, so that the taps
of one prediction are a single contiguous window (own and reference samples in
turn), and so is the long-term window around the earlier occurrence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._kernels import kernel
from nlac._memory import load_i64, load_low, store_64
from nlac.bitstream.distribution import SHAPES, TAIL, TOTAL, cumulative_at
from nlac.predictors.layout import PAD, Layout

CONTEXTS = 12  # a side of the square of scale contexts
MAX_CORRECTION = 24 << 10  # an octave and a half
COARSE = 16 * 7  # from this scale on (8 sample units) locations of plain sets are whole numbers
# a channel's row of adaptive state: three means of |error| (Q12), then for each context
# the scale's correction (1/16 octaves, Q10), the mean of min(|u|, 1) (Q16) and the shape
FAST, MIDDLE, SLOW = 0, 1, 2
CORRECTION, PEAK, SHAPE = 3, 4, 5
STATE = 3 + 3 * CONTEXTS * CONTEXTS
GRID_BITS = 24  # fraction of a fractional grid's step and offset


class ValueSets(NamedTuple):
    """Sets of values that occur; a value is known by its rank.

    Attributes
    ----------
    kind : (sets,) int64
        0: every integer, the rank is the value; 1: fractional grid, the value is
        ``(step * rank + offset) >> 24``; 2: a list.
    first, last : (sets,) int64
        Smallest and largest rank.
    step, offset : (sets,) int64
        Of a grid (Q24); of a list, `offset` is its place in `values`.
    lookup : (sets,) int64
        Of a list, the place in `ranks` of its smallest value.
    spread : (sets,) int64
        Whole bits of the least distance between neighbours.
    values : (n,) int64
        The lists, ascending.
    ranks : (m,) int64
        For each value between the ends of a list, the rank of the largest entry not above it.
    """

    kind: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    step: NDArray[np.int64]
    offset: NDArray[np.int64]
    lookup: NDArray[np.int64]
    spread: NDArray[np.int64]
    values: NDArray[np.int64]
    ranks: NDArray[np.int64]


@kernel
def value(kind, step, offset, values, rank):
    """Value of a rank."""
    if kind == 0:
        return rank
    if kind == 1:
        return (step * rank + offset) >> GRID_BITS
    return load_i64(values, offset + rank)


@kernel
def boundary(kind, step, offset, values, rank):
    """Halfway between the values of rank - 1 and rank, Q8."""
    if kind == 0:
        return (rank << 8) - 128
    below = value(kind, step, offset, values, rank - 1)
    return (below + value(kind, step, offset, values, rank)) << 7


@kernel
def rank_near(kind, step, offset, values, ranks, lookup, first, last, y):
    """Rank whose interval holds y (Q8), within first .. last."""
    if kind == 0:
        return min(max((y + 128) >> 8, first), last)
    if kind == 1:
        y = min(max(y, -(1 << 40)), 1 << 40)
        rank = ((y << (GRID_BITS - 8)) - offset) // step
    else:
        low = load_i64(values, offset)
        high = load_i64(values, offset + last)
        rank = load_i64(ranks, lookup + min(max(y >> 8, low), high) - low)
    rank = min(max(rank, first), last)
    while rank > first and y < boundary(kind, step, offset, values, rank):
        rank -= 1
    while rank < last and y >= boundary(kind, step, offset, values, rank + 1):
        rank += 1
    return rank


@kernel
def interval(
    kind, step, offset, values, first, last, cumulative, row, mantissa, shift, mu, begin, size
):
    """Interval of the bin of ranks begin .. begin + size - 1; open to the sides at the ends."""
    left = np.int64(0)
    if begin > first:
        edge = boundary(kind, step, offset, values, begin)
        left = cumulative_at(cumulative, row, edge - mu, mantissa, shift)
    right = np.int64(TOTAL)
    if begin + size <= last:
        edge = boundary(kind, step, offset, values, begin + size)
        right = cumulative_at(cumulative, row, edge - mu, mantissa, shift)
    return left, right


@kernel
def search(
    kind, step, offset, values, first, last, cumulative, row, mantissa, shift, mu, begin, size, q
):
    """Find the bin that holds the quantile q, beginning at a guess; the inverse of `interval`.

    In a tail that no value of the set reaches, the bin nearest to it is returned.
    """
    left, right = interval(
        kind, step, offset, values, first, last, cumulative, row, mantissa, shift, mu, begin, size
    )
    while q < left and left > TAIL:
        begin -= size
        right = left
        left = np.int64(0)
        if begin > first:
            edge = boundary(kind, step, offset, values, begin)
            left = cumulative_at(cumulative, row, edge - mu, mantissa, shift)
    while q >= right and right < TOTAL - TAIL:
        begin += size
        left = right
        right = np.int64(TOTAL)
        if begin + size <= last:
            edge = boundary(kind, step, offset, values, begin + size)
            right = cumulative_at(cumulative, row, edge - mu, mantissa, shift)
    return left, right, begin


@kernel
def dot(coefficients, at, row, begin, count):
    """Sum of coefficient times sample over a window."""
    total = np.int64(0)
    # the two newest samples may have just been stored: apart from the vector
    # loop, its loads need not wait for them
    for i in range(count - 2):
        total += load_low(coefficients, at + i) * load_low(row, begin + i)
    for i in range(max(count - 2, 0), count):
        total += load_low(coefficients, at + i) * load_low(row, begin + i)
    return total


@kernel
def log16(value):
    """16 floor(log2 value) + the next four bits, for 1 <= value < 2**52."""
    # the bits of an IEEE double hold just that; the conversion is exact
    return (np.float64(value).view(np.int64) >> 48) - (1023 << 4)


@kernel
def context(state):
    """Scale context of a channel, and the logarithm of its middle mean."""
    middle = log16(load_i64(state, MIDDLE) + 256)
    a = ((log16(load_i64(state, FAST) + 256) - middle) >> 3) + CONTEXTS // 2
    b = ((middle - log16(load_i64(state, SLOW) + 256)) >> 3) + CONTEXTS // 2
    a = min(max(a, 0), CONTEXTS - 1)
    b = min(max(b, 0), CONTEXTS - 1)
    return 3 * (a * CONTEXTS + b), middle


@kernel
def adapt(limits, state, context, error, mantissa, shift):
    """Learn from |sample - location| (Q8)."""
    wide = error << 4
    mean = load_i64(state, FAST)
    store_64(state, FAST, mean + ((wide - mean) >> 2))
    mean = load_i64(state, MIDDLE)
    store_64(state, MIDDLE, mean + ((wide - mean) >> 4))
    mean = load_i64(state, SLOW)
    store_64(state, SLOW, mean + ((wide - mean) >> 7))
    ratio = min((error * mantissa) >> shift, 8 << 13)
    correction = load_i64(state, CORRECTION + context) + ((ratio - (1 << 13)) >> 5)
    # bounded, or long silence would drive it out of reach
    correction = min(max(correction, -MAX_CORRECTION), MAX_CORRECTION)
    store_64(state, CORRECTION + context, correction)
    peak = load_i64(state, PEAK + context)
    peak += ((min(ratio, 1 << 13) << 3) - peak) >> 8
    store_64(state, PEAK + context, peak)
    shape = 0
    for i in range(SHAPES - 1):
        shape += peak < load_i64(limits, i)
    store_64(state, SHAPE + context, np.int64(shape))


@kernel
def index_bits(span):
    """Bits that hold 0 .. span."""
    count = 0
    while span >> count:
        count += 1
    return count


@kernel
def predict(
    reference, order, offsets, coefficients, long_order, long_offset, lag, shifts, row, cell, c, t
):
    """Sum of the weighted windows of channel c at delayed frame t, in sample units (Q8).

    `row` holds the channel's samples, `cell` is its place in the segment's tables,
    `lag` the segment's.
    """
    width = 1 if reference < 0 else 2
    end = width * (PAD + t)
    if 0 <= reference < c:
        end += 1  # the reference is coded already: its present sample counts
    count = load_i64(order, cell)
    total = dot(coefficients, load_i64(offsets, cell), row, end - count, count)
    count = load_i64(long_order, cell)
    if count > 0:
        begin = width * (PAD + t - lag) - (count >> 1)
        total += dot(coefficients, load_i64(long_offset, cell), row, begin, count)
    shift = load_i64(shifts, cell) - 8
    if shift < 0:
        return total << -shift
    return (total + ((np.int64(1) << shift) >> 1)) >> shift


@kernel
def store_sample(channels, references, rows, stride, c, t, sample):
    """Put a sample where its own window and the windows of those that refer to it find it."""
    at = PAD + t
    if load_i64(references, c) < 0:
        store_64(rows + 8 * c * stride, at, sample)
    else:
        store_64(rows + 8 * c * stride, 2 * at + 1, sample)
    for other in range(channels):
        if load_i64(references, other) == c:
            store_64(rows + 8 * other * stride, 2 * at, sample)


def new_state(initial: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the adaptive scales that a block starts from, one row a channel."""
    state = np.zeros((len(initial), STATE), np.int64)
    state[:, [FAST, MIDDLE, SLOW]] = initial[:, None]
    state[:, PEAK::3] = 44448  # a logistic's
    state[:, SHAPE::3] = 2
    return state


def new_rows(layout: Layout) -> NDArray[np.int64]:
    """Return the zeroed sample rows of a block."""
    frames = PAD + int(layout.starts[-1]) + 1
    wide = 2 if np.any(layout.reference >= 0) else 1
    return np.zeros((len(layout.reference), wide * frames), np.int64)
