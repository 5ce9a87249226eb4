"""Entropy model of the `cascade` loops: an adaptive mixture of distributions.

For each sample the predictor gives up to `MAX_LOCATIONS` locations (Q8), and the parts of the
mixture lie around them. All kernels here are integer arithmetic in int64; arrays are addresses.

A loop calls, for each sample of a channel::

    mixture_prepare(shared, state, locations)
    left, count, low, low_bits = mixture_code(shared, state, entry, rank)         # encoder
    left, count, rank, raw_at = mixture_decode(shared, state, entry, q, raw, num_raw,
                                               raw_at)                            # decoder
    mixture_learn(shared, state, sample)

- `shared` is the address of `mixture_shared(locations)`, one for all channels and blocks.
- `state` is the address of the channel's row of `mixture_state(...)`. The array must not be moved,
  since rows refer to each other.
- `locations` is the address of int64 Q8, each between the smallest and the largest value of the
  value set, so at most 2**39 in magnitude. The first should be the best.
- `entry` is the `ValueSetEntry` of the sample; it may change from sample to sample.
- The encoder codes ``[left, left + count)`` of 2**24, then `low_bits` raw bits `low`.
- The decoder gets ``count == 0`` for bits that no encoder writes (a damaged block). Otherwise it
  takes ``[left, left + count)`` off the range coder; the raw bits have been read already.

A rank must be in the value set; the interval of any other is undefined.

The model
---------
Each part is a Gaussian around one location. Its width is a running mean of that location's |error|
times a constant; for some parts, also times a gain learned for each context (the ratios of three
such means). The shares are Bayesian weights that move towards the posterior of each sample, so they
converge to the mixture that codes best, not to the best part. Features of the sample turn the
shares, as gates in a mixture of experts do.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.adaptive_mixture_state import (
    CONTEXTS,
    FAST,
    FULL_SHARE,
    GAIN_BITS,
    GAIN_RATE,
    MAX_FEATURE,
    MAX_GAIN,
    MAX_PARTS,
    MIDDLE,
    MIN_GAIN,
    MIXTURE_LANES,
    SHARE_BITS,
    SLOW,
    MixtureCell,
    SharedCell,
    mixture_shared,
    mixture_state,
)
from nlac.entropy.adaptive_mixture_vectors import (
    cumulative_lanes,
    joint_lanes,
    learn_lanes,
    prepare_lanes,
    slope_lanes,
    weigh_lanes,
)
from nlac.entropy.bits import get_bits
from nlac.entropy.distributions import TAIL
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.value_kernels import FINEST, boundary, index_bits, rank_near
from nlac.kernels.arithmetic import bit_length, log2_fixed
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64

__all__ = [
    "ESCAPE",
    "mixture_code",
    "mixture_cumulative",
    "mixture_decode",
    "mixture_learn",
    "mixture_prepare",
    "mixture_shared",
    "mixture_state",
]

ESCAPE = TOTAL - 2 * TAIL  # begin of the interval for ranks without a frequency
FINE = 19  # largest shift of the first part at which a bin holds one value


@kernel
def feature(octaves):
    """Clip a logarithm, in sixteenths of an octave, to the range of features."""
    return min(max(octaves, -MAX_FEATURE), MAX_FEATURE)


@kernel
def mixture_prepare(shared, state, locations):
    """Compute the parts of the mixture for one sample."""
    middle = log2_fixed(load_i64(state, MixtureCell.MEAN + MIDDLE) + (1 << 16), 4)
    fast = log2_fixed(load_i64(state, MixtureCell.MEAN + FAST) + (1 << 16), 4) - middle
    slow = middle - log2_fixed(load_i64(state, MixtureCell.MEAN + SLOW) + (1 << 16), 4)
    a = min(max((fast >> 3) + CONTEXTS // 2, 0), CONTEXTS - 1)
    b = min(max((slow >> 3) + CONTEXTS // 2, 0), CONTEXTS - 1)
    cell = MixtureCell.GAINS + a * CONTEXTS + b
    store_64(state, MixtureCell.CONTEXT, cell)
    gain = load_i64(state, cell) - (1 << GAIN_BITS)
    store_64(state, MixtureCell.FEATURE, feature(fast))
    store_64(state, MixtureCell.FEATURE + 1, feature(slow))
    best, last = load_i64(locations, 0), load_i64(shared, SharedCell.LAST)
    apart = log2_fixed((abs(best - load_i64(locations, last)) << 12) + (1 << 16), 4)
    store_64(state, MixtureCell.FEATURE + 2, feature(apart - middle + 16))
    apart = log2_fixed((abs(best - load_i64(locations, min(1, last))) << 12) + (1 << 16), 4)
    store_64(state, MixtureCell.FEATURE + 3, feature(apart - middle + 16))
    other = load_i64(state, MixtureCell.OTHER)
    if other != 0:
        error = log2_fixed(load_i64(other, MixtureCell.ERROR) + (1 << 16), 4)
        store_64(state, MixtureCell.FEATURE + 4, feature(error - middle))
    error = log2_fixed(load_i64(state, MixtureCell.ERROR) + (1 << 16), 4)
    store_64(state, MixtureCell.FEATURE + 5, feature(error - middle))
    reciprocals = load_i64(shared, SharedCell.RECIPROCALS)
    exponentials = load_i64(shared, SharedCell.EXPONENTIALS)
    groups = load_i64(shared, SharedCell.GROUPS)
    features = state + 8 * MixtureCell.FEATURE
    total = np.int64(0)
    for g in range(groups):
        row = state + 8 * MIXTURE_LANES * g
        total += prepare_lanes(row, features, locations, reciprocals, exponentials, gain)
    narrow = bit_length(total) - SHARE_BITS
    reciprocal = (np.int64(1) << (2 * SHARE_BITS)) // ((total >> narrow) + 1)
    for g in range(groups):
        weigh_lanes(state + 8 * MIXTURE_LANES * g, narrow, reciprocal)


@kernel
def mixture_cumulative(shared, state, edge, slot):
    """Frequency below a boundary (Q8), int64: 0 .. ESCAPE, and monotonic.

    Stores the frequencies of the parts in the cells from `slot` on.
    """
    table = load_i64(shared, SharedCell.TABLE)
    total = np.int64(0)
    for g in range(load_i64(shared, SharedCell.GROUPS)):
        total += cumulative_lanes(state + 8 * MIXTURE_LANES * g, table, edge, slot)
    return total >> 16


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


@kernel
def mixture_code(shared, state, entry, rank):
    """Interval of a rank: its first count and its counts; then the raw bits and their number."""
    low_bits = raw_bits(state, entry)
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
    if right <= left:
        bits = index_bits(entry.last - entry.first)
        return np.int64(ESCAPE), np.int64(2 * TAIL), rank - entry.first, bits
    return left, right - left, rank - begin, low_bits


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
def slope_below(shared, state, edge, slot):
    """`mixture_cumulative`, and 2**24 times the slope of the frequency by the boundary (Q8)."""
    table = load_i64(shared, SharedCell.TABLE)
    total, slope = np.int64(0), np.int64(0)
    for g in range(load_i64(shared, SharedCell.GROUPS)):
        part, part_slope = slope_lanes(state + 8 * MIXTURE_LANES * g, table, edge, slot)
        total += part
        slope += part_slope
    return total >> 16, slope


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


@kernel
def mixture_learn(shared, state, sample):
    """Update the model with a coded sample."""
    groups = load_i64(shared, SharedCell.GROUPS)
    below, above = load_i64(state, MixtureCell.BELOW), load_i64(state, MixtureCell.ABOVE)
    sample = sample << 8
    error = abs(sample - load_i64(state, MixtureCell.LOCATION))
    ratio = (error * load_i64(state, MixtureCell.MANTISSA)) >> load_i64(state, MixtureCell.SHIFT)
    cell = load_i64(state, MixtureCell.CONTEXT)
    gain = load_i64(state, cell)
    gain -= (gain * (min(ratio, 8 << 13) - (1 << 13))) >> (13 + GAIN_RATE)
    store_64(state, cell, min(max(gain, MIN_GAIN), MAX_GAIN))
    store_64(state, MixtureCell.ERROR, error << 12)
    total = np.int64(0)
    for g in range(groups):
        total += joint_lanes(state + 8 * MIXTURE_LANES * g, below, above)
    # weights sum to more than 2**27, so the total has at least 28 bits
    narrow = bit_length(total) - SHARE_BITS
    reciprocal = (np.int64(1) << (2 * SHARE_BITS)) // (total >> narrow)
    seen = load_i64(state, MixtureCell.AGE) + 1
    store_64(state, MixtureCell.AGE, seen)
    age = bit_length(seen)
    leak = 1 if load_i64(state, MixtureCell.SUM) > FULL_SHARE else -1
    features = state + 8 * MixtureCell.FEATURE
    total = np.int64(0)
    for g in range(groups):
        row = state + 8 * MIXTURE_LANES * g
        total += learn_lanes(row, features, narrow, reciprocal, leak, sample, age)
    store_64(state, MixtureCell.SUM, total)
