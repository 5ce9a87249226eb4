"""Intervals of ranks in the adaptive mixture, for encoder and decoder (see the package)."""

from __future__ import annotations

import numpy as np

from nlac.entropy.adaptive_mixture.model import (
    ESCAPE,
    mixture_cumulative,
    slope_below,
)
from nlac.entropy.adaptive_mixture.state import (
    MAX_PARTS,
    MIXTURE_LANES,
    SLOW,
    MixtureCell,
    SharedCell,
)
from nlac.entropy.bits import get_bits
from nlac.entropy.distributions import TAIL
from nlac.entropy.small_residuals import (
    SMALL_MEAN,
    context_of,
    first_edge,
    last_edge,
    mixed_edge,
)
from nlac.entropy.value_kernels import FINEST, boundary, index_bits, rank_near
from nlac.entropy.value_sets import PLAIN
from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import load_i64, store_64

FINE = 19  # largest shift of the first part at which a bin holds one value


@kernel
def fill(shared, state, slot, frequency):
    """Store one frequency for all parts, that of an end of the value set."""
    for i in range(MIXTURE_LANES * load_i64(shared, SharedCell.GROUPS)):
        store_64(state, slot + i, frequency)


@kernel
def raw_bits(state, entry):
    """Number of low bits of a rank that are not modelled."""
    mantissa, shift = load_i64(state, MixtureCell.MANTISSA), load_i64(state, MixtureCell.SHIFT)
    width = shift + 16 - bit_length(mantissa)
    return max(0, width - FINE - (entry.fine - FINEST))


@inline_kernel
def is_small(state, entry, low_bits):
    """Whether the table of small residuals helps to code a sample."""
    slow = load_i64(state, MixtureCell.MEAN + SLOW)
    return entry.kind == PLAIN and low_bits == 0 and slow < SMALL_MEAN << 8


@kernel
def small_interval(state, entry, rank, left, right):
    """Interval of a rank, mixed from that of the mixture and from the table; stores both."""
    location = load_i64(state, MixtureCell.LOCATION)
    residual = rank - ((location + 128) >> 8)
    cells = context_of(state + 8 * MixtureCell.SMALL, location)
    below, above = first_edge(), last_edge()
    if rank > entry.first:
        below = mixed_edge(cells, left + TAIL, residual)
    if rank < entry.last:
        above = mixed_edge(cells, right + TAIL, residual + 1)
    store_64(state, MixtureCell.EDGES, below.shape)
    store_64(state, MixtureCell.EDGES + 1, below.table)
    store_64(state, MixtureCell.EDGES + 2, above.shape)
    store_64(state, MixtureCell.EDGES + 3, above.table)
    return below.mixed - TAIL, above.mixed - TAIL


@kernel
def interval_of(shared, state, entry, rank, low_bits):
    """First count of a rank's interval, and the count behind its last."""
    begin = (rank >> low_bits) << low_bits
    end = begin + (1 << low_bits)
    below, above = MixtureCell.SLOTS + 0 * MAX_PARTS, MixtureCell.SLOTS + MAX_PARTS
    store_64(state, MixtureCell.BELOW, np.int64(below))
    store_64(state, MixtureCell.ABOVE, np.int64(above))
    left = np.int64(0)
    if begin > entry.first:
        edge = boundary(entry, begin)
        left = mixture_cumulative(shared, state, edge, below)
    else:
        fill(shared, state, below, np.int64(0))
    right = np.int64(ESCAPE)
    if end <= entry.last:
        edge = boundary(entry, end)
        right = mixture_cumulative(shared, state, edge, above)
    else:
        fill(shared, state, above, np.int64(ESCAPE))
    store_64(state, MixtureCell.EDGES, np.int64(0))
    if is_small(state, entry, low_bits):
        left, right = small_interval(state, entry, rank, left, right)
    return left, right


@kernel
def mixture_code(shared, state, entry, rank):
    """Interval of a rank: its first count and its counts; then the raw bits and their number."""
    low_bits = raw_bits(state, entry)
    left, right = interval_of(shared, state, entry, rank, low_bits)
    if right <= left:
        bits = index_bits(entry.last - entry.first)
        return np.int64(ESCAPE), np.int64(2 * TAIL), rank - entry.first, bits
    return left, right - left, rank - ((rank >> low_bits) << low_bits), low_bits


@kernel
def find_small(shared, state, entry, q):
    """Rank at the quantile q where residuals are small, and the ends of its interval."""
    low, high = entry.first, entry.last
    rank = rank_near(entry, first_guess(shared, state, q))
    step = np.int64(1)
    while True:
        left, right = interval_of(shared, state, entry, rank, np.int64(0))
        if q < left:
            high = rank - 1
            rank = max(rank - step, (low + high) >> 1)
        elif q >= right:
            low = rank + 1
            rank = min(rank + step, (low + high + 1) >> 1)
        else:
            return rank, left, right
        step <<= 1


@kernel
def first_guess(shared, state, q):
    """Value (Q8) at which the search for the quantile q begins."""
    quantiles = load_i64(shared, SharedCell.QUANTILES)
    position = load_i64(quantiles, q >> 12)
    position += ((load_i64(quantiles, (q >> 12) + 1) - position) * (q & 4095)) >> 12
    mantissa, shift = load_i64(state, MixtureCell.MANTISSA), load_i64(state, MixtureCell.SHIFT)
    distance = (position << shift) // mantissa
    return load_i64(state, MixtureCell.LOCATION) + distance


@kernel
def mixture_decode(shared, state, entry, q, raw, num_raw, raw_at):
    """Rank at the quantile q: first count and counts of its interval, rank, next raw bit."""
    low_bits = raw_bits(state, entry)
    if q >= ESCAPE:
        bits = index_bits(entry.last - entry.first)
        rank = entry.first + np.int64(get_bits(raw, num_raw, raw_at, bits))
        if rank > entry.last:
            return np.int64(0), np.int64(0), entry.first, raw_at
        # `mixture_learn` needs the frequencies; the encoder must have escaped this rank as well
        left, count, _, _ = mixture_code(shared, state, entry, rank)
        return left, (count if left == ESCAPE else 0), rank, raw_at + bits
    if is_small(state, entry, low_bits):
        rank, left, right = find_small(shared, state, entry, q)
        return left, right - left, rank, raw_at
    store_64(state, MixtureCell.EDGES, np.int64(0))
    # bins are numbered: `low` begins at or below q, `high` above
    low, high = entry.first >> low_bits, (entry.last >> low_bits) + 1
    bottom, top = low, high
    left, right = np.int64(0), np.int64(ESCAPE)
    below, above = MixtureCell.SLOTS + 0 * MAX_PARTS, MixtureCell.SLOTS + MAX_PARTS
    free, spare = MixtureCell.SLOTS + 2 * MAX_PARTS, MixtureCell.SLOTS + 3 * MAX_PARTS
    far = np.int64(1) << 40
    y = first_guess(shared, state, q)
    tries = 0
    while high - low > 1:
        middle = (low + high) >> 1
        # Newton's method; where it is slow (the density jumps), bisection in between
        if tries < 6 or (tries < 20 and tries & 1):
            middle = rank_near(entry, y)
            middle = min(max(middle >> low_bits, low), high - 1)
        # both boundaries of the bin, unless they are known: the processor computes them at once
        edge = boundary(entry, max(middle, low + 1) << low_bits)
        c, slope = np.int64(0), np.int64(0)
        lower, upper = middle > low, middle + 1 < high
        if upper and (tries > 0 or not lower):
            following = boundary(entry, (middle + 1) << low_bits)
            d, slope = slope_below(shared, state, following, spare)
            if d <= q:
                low, left, below, spare = middle + 1, d, spare, below
                c, edge, lower = d, following, False
            else:
                high, right, above, spare = middle + 1, d, spare, above
                if not lower:
                    c, edge = d, following
        if lower:
            c, slope = slope_below(shared, state, edge, free)
            if c <= q:
                low, left, below, free = middle, c, free, below
            else:
                high, right, above, free = middle, c, free, above
        tries += 1
        if high - low <= 1:
            break
        move = far if c <= q else -far
        if slope > 0:
            move = min(max((((q - c) << 24) + (1 << 23)) // slope, -far), far)
        y = edge + move
    if low == bottom:
        fill(shared, state, below, np.int64(0))
    if high == top:
        fill(shared, state, above, np.int64(ESCAPE))
    store_64(state, MixtureCell.BELOW, np.int64(below))
    store_64(state, MixtureCell.ABOVE, np.int64(above))
    rank = (low << low_bits) + np.int64(get_bits(raw, num_raw, raw_at, low_bits))
    if rank < entry.first or rank > entry.last:
        return np.int64(0), np.int64(0), entry.first, raw_at
    return left, right - left, rank, raw_at + low_bits
