"""Entropy model of the `cascade` loops: a mixture of distributions, learned as it goes.

For each sample the predictor gives up to `MAX_LOCATIONS` locations (Q8), and
the parts of the mixture lie around them.  All kernels here are integer
arithmetic in int64; arrays are addresses.

How a loop uses it, for each sample of a channel::

    mixture_prepare(shared, state, locations)
    left, count, low, low_bits = mixture_code(shared, state, <set>, rank)         # encoder
    left, count, rank, raw_at = mixture_decode(shared, state, <set>, ranks, lookup, q,
                                               raw, num_raw, raw_at)              # decoder
    mixture_learn(shared, state, sample)

- `shared`: address of `mixture_shared(locations)`, one for all channels and blocks.
- `state`: address of the channel's row of `mixture_state(initial, locations)`.
- `locations`: address of int64 Q8, each within the value set's smallest and
  largest value (so at most 2**39 in size).
- `<set>` is ``kind, step, offset, values, first, last, spread`` as in `lpc_steps.ValueSets`
  (`values`, `ranks` are addresses; the set may change from sample to sample).
- The encoder codes ``[left, left + count)`` of 2**24, then `low_bits` raw bits `low`.
- The decoder gets ``count == 0`` for bits that no encoder writes (a damaged block), else
  it takes ``[left, left + count)``; the raw bits have been read already.

A rank outside `first` .. `last` must not be given; what the encoder codes for one is undefined.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._kernels import kernel
from nlac._memory import load_i32, load_i64, store_64
from nlac.bitstream.bits import get_bits
from nlac.bitstream.distribution import (
    CELLS,
    MAX_SCALE,
    REACH,
    ROW,
    TAIL,
    TOTAL,
    tables,
)
from nlac.codec.lpc_steps import (
    CORRECTION,
    SHAPE,
    STATE,
    adapt,
    boundary,
    context,
    index_bits,
    new_state,
    rank_near,
)

MAX_LOCATIONS = 6
MAX_PARTS = 16
ESCAPE = TOTAL - 2 * TAIL  # where the interval of what has no frequency begins
WEIGHT_BITS = 28
FLOOR = 12  # a share of 2**-12 is spread over all parts, so that none dies out
RATE = 5
FINE = 10  # octaves of the scale index below which a bin holds one value

# `shared`: addresses of the normative tables, then numbers
CUMULATIVE, DOWN, LIMITS, LOCATIONS = 0, 1, 2, 3
SHARED = 4

# a channel's row: what is prepared for a sample, the learned state after it
PART_LOCATION = 0
PART_MANTISSA = PART_LOCATION + MAX_PARTS
PART_SHIFT = PART_MANTISSA + MAX_PARTS
PART_ROW = PART_SHIFT + MAX_PARTS
PART_WEIGHT = PART_ROW + MAX_PARTS  # Q16, in sum at most 2**16
PART_CONTEXT = PART_WEIGHT + MAX_PARTS
FREQUENCIES = PART_CONTEXT + MAX_PARTS  # of each part below three boundaries
BELOW, ABOVE = FREQUENCIES + 3 * MAX_PARTS, FREQUENCIES + 3 * MAX_PARTS + 1
SMALLEST, SLOPE = ABOVE + 1, ABOVE + 2
SHARES = SLOPE + 1  # weights, Q28, that are learned
SCALES = SHARES + MAX_PARTS
ROW_LENGTH = SCALES + MAX_LOCATIONS * STATE


def mixture_shared(locations: int) -> NDArray[np.int64]:
    """Return what all channels share; holds addresses of tables that live as long as the process.

    Parameters
    ----------
    locations : int
        How many predictions a sample has, 1 to `MAX_LOCATIONS`.
    """
    data = tables()
    shared = np.zeros(SHARED, np.int64)
    shared[CUMULATIVE] = data.cumulative.ctypes.data
    shared[DOWN] = data.down.ctypes.data
    shared[LIMITS] = data.shape_limits.ctypes.data
    shared[LOCATIONS] = locations
    return shared


def mixture_state(initial: NDArray[np.int64], locations: int) -> NDArray[np.int64]:
    """Return the state that a block starts from, one row a channel.

    Parameters
    ----------
    initial : (channels,) int64
        First mean of |error| of each channel (Q12), at most 2**44.
    locations : int
        How many predictions a sample has.
    """
    state = np.zeros((len(initial), ROW_LENGTH), np.int64)
    scales = new_state(initial)
    for i in range(locations):
        state[:, SCALES + i * STATE : SCALES + (i + 1) * STATE] = scales
    state[:, SHARES : SHARES + locations] = (1 << WEIGHT_BITS) // locations
    return state


@kernel
def mixture_prepare(shared, state, locations):
    """Lay out the parts of the mixture for one sample."""
    down = load_i64(shared, DOWN)
    smallest = np.int64(MAX_SCALE)
    for i in range(load_i64(shared, LOCATIONS)):
        means = state + 8 * (SCALES + i * STATE)
        cell, scale = context(means)
        scale += (load_i64(means, CORRECTION + cell) >> 10) - 128
        scale = min(max(scale, 0), MAX_SCALE)
        smallest = min(smallest, scale)
        store_64(state, PART_LOCATION + i, load_i64(locations, i))
        store_64(state, PART_MANTISSA + i, load_i64(down, scale & 15))
        store_64(state, PART_SHIFT + i, 7 + (scale >> 4))
        store_64(state, PART_ROW + i, load_i64(means, SHAPE + cell) * ROW)
        store_64(state, PART_CONTEXT + i, cell)
        store_64(state, PART_WEIGHT + i, load_i64(state, SHARES + i) >> (WEIGHT_BITS - 16))
    store_64(state, SMALLEST, smallest)


@kernel
def mixture_cumulative(shared, state, edge, slot):
    """Counts below a boundary (Q8): 0 .. ESCAPE, never falling with it.

    Leaves the frequencies of the parts in `slot`, and the slope for searching.
    """
    cumulative = load_i64(shared, CUMULATIVE)
    total = np.int64(0)
    slope = np.int64(0)
    for i in range(load_i64(shared, LOCATIONS)):
        weight = load_i64(state, PART_WEIGHT + i)
        mantissa = load_i64(state, PART_MANTISSA + i)
        shift = load_i64(state, PART_SHIFT + i)
        position = ((edge - load_i64(state, PART_LOCATION + i)) * mantissa) >> shift
        position = min(max(position, -REACH), REACH) + REACH
        # at the right end: the last cell, at its full width
        cell = min(position >> 8, CELLS - 1)
        at = load_i64(state, PART_ROW + i) + cell
        left = load_i32(cumulative, at)
        width = load_i32(cumulative, at + 1) - left
        below = left + ((width * (position - (cell << 8))) >> 8) - TAIL
        store_64(state, slot + i, below)
        total += weight * below
        slope += (weight * width * mantissa) >> shift
    store_64(state, SLOPE, slope)
    return total >> 16


@kernel
def fill(shared, state, slot, frequency):
    """Set the frequencies of all parts, at the ends of the value set."""
    for i in range(load_i64(shared, LOCATIONS)):
        store_64(state, slot + i, frequency)


@kernel
def mixture_code(shared, state, kind, step, offset, values, first, last, spread, rank):
    """Interval of a rank: first count, counts, and the raw bits with their number."""
    low_bits = max(0, (load_i64(state, SMALLEST) >> 4) - FINE - spread)
    begin = (rank >> low_bits) << low_bits
    end = begin + (1 << low_bits)
    below, above = FREQUENCIES, FREQUENCIES + MAX_PARTS
    store_64(state, BELOW, np.int64(below))
    store_64(state, ABOVE, np.int64(above))
    left = np.int64(0)
    if begin > first:
        edge = boundary(kind, step, offset, values, begin)
        left = mixture_cumulative(shared, state, edge, below)
    else:
        fill(shared, state, below, np.int64(0))
    right = np.int64(ESCAPE)
    if end <= last:
        edge = boundary(kind, step, offset, values, end)
        right = mixture_cumulative(shared, state, edge, above)
    else:
        fill(shared, state, above, np.int64(ESCAPE))
    if right <= left:
        return np.int64(ESCAPE), np.int64(2 * TAIL), rank - first, index_bits(last - first)
    return left, right - left, rank - begin, low_bits


@kernel
def mixture_decode(
    shared, state, kind, step, offset, values, first, last, spread, ranks, lookup, q,
    raw, num_raw, raw_at,
):  # fmt: skip
    """Rank at a quantile: first count and counts of its interval, rank, next raw bit."""
    low_bits = max(0, (load_i64(state, SMALLEST) >> 4) - FINE - spread)
    if q >= ESCAPE:
        count = index_bits(last - first)
        rank = first + np.int64(get_bits(raw, num_raw, raw_at, count))
        if rank > last:
            return np.int64(0), np.int64(0), first, raw_at
        # what the parts gave the value is learned from, and the encoder must have escaped it
        left, count_, low, bits = mixture_code(
            shared, state, kind, step, offset, values, first, last, spread, rank
        )
        return left, (count_ if left == ESCAPE else 0), rank, raw_at + count
    # bins are numbered; `low` is one that begins at or below q, `high` one that begins above
    low, high = first >> low_bits, (last >> low_bits) + 1
    bottom, top = low, high
    left, right = np.int64(0), np.int64(ESCAPE)
    below, above, free = FREQUENCIES, FREQUENCIES + MAX_PARTS, FREQUENCIES + 2 * MAX_PARTS
    y = load_i64(state, PART_LOCATION)
    tries = 0
    while high - low > 1:
        if tries < 12:
            middle = (
                rank_near(kind, step, offset, values, ranks, lookup, first, last, y) >> low_bits
            )
            # y lies in this bin: look at its lower boundary, then at its upper one
            if middle <= low:
                middle = low + 1
            middle = min(middle, high - 1)
        else:
            middle = (low + high) >> 1
        tries += 1
        edge = boundary(kind, step, offset, values, middle << low_bits)
        c = mixture_cumulative(shared, state, edge, free)
        if c <= q:
            low, left, below, free = middle, c, free, below
        else:
            high, right, above, free = middle, c, free, above
        slope = load_i64(state, SLOPE)
        # a step of Newton's method, no farther than the values reach
        far = np.int64(1) << 40
        if slope > 0:
            move = (((q - c) << 24) + (1 << 23)) // slope
            y = edge + min(max(move, -far), far)
        else:
            y = edge + (far if c <= q else -far)
        if tries >= 6 and tries & 1:
            # slow to converge (the density jumps): halve the bracket in between
            middle = ((low + high) >> 1) << low_bits
            y = boundary(kind, step, offset, values, min(max(middle, first + 1), last))
    if low == bottom:
        fill(shared, state, below, np.int64(0))
    if high == top:
        fill(shared, state, above, np.int64(ESCAPE))
    store_64(state, BELOW, np.int64(below))
    store_64(state, ABOVE, np.int64(above))
    rank = (low << low_bits) + np.int64(get_bits(raw, num_raw, raw_at, low_bits))
    if rank < first or rank > last:
        return np.int64(0), np.int64(0), first, raw_at
    return left, right - left, rank, raw_at + low_bits


@kernel
def bit_length(value):
    """Bits of 1 <= value < 2**53."""
    # an IEEE double's exponent; the conversion is exact
    return (np.float64(value).view(np.int64) >> 52) - 1022


@kernel
def mixture_learn(shared, state, sample):
    """Learn from a sample that was coded."""
    count = load_i64(shared, LOCATIONS)
    limits = load_i64(shared, LIMITS)
    below, above = load_i64(state, BELOW), load_i64(state, ABOVE)
    total = np.int64(0)
    for i in range(count):
        likelihood = load_i64(state, above + i) - load_i64(state, below + i) + 1
        joint = (load_i64(state, SHARES + i) * likelihood) >> 8
        total += joint
        store_64(state, below + i, joint)
    # the shares move towards their posterior: joint / total
    width = bit_length(total)
    scaled = total >> (width - 30) if width > 30 else total << (30 - width)
    reciprocal = (np.int64(1) << 59) // scaled
    constant = (np.int64(1) << (WEIGHT_BITS - FLOOR)) // count
    for i in range(count):
        joint = load_i64(state, below + i)
        if width > 30:
            joint >>= width - 30
        else:
            joint <<= 30 - width
        posterior = (joint * reciprocal) >> (59 - WEIGHT_BITS)
        posterior += constant - (posterior >> FLOOR)
        share = load_i64(state, SHARES + i)
        store_64(state, SHARES + i, share + ((posterior - share) >> RATE))
    for i in range(count):
        means = state + 8 * (SCALES + i * STATE)
        error = abs((sample << 8) - load_i64(state, PART_LOCATION + i))
        adapt(
            limits, means, load_i64(state, PART_CONTEXT + i), error,
            load_i64(state, PART_MANTISSA + i), load_i64(state, PART_SHIFT + i),
        )  # fmt: skip
