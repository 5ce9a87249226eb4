"""The model of the adaptive mixture: what it expects, and what it learns (see the package)."""

from __future__ import annotations

import numpy as np

from nlac.entropy.adaptive_mixture.state import (
    CONTEXTS,
    FAST,
    FULL_SHARE,
    GAIN_BITS,
    GAIN_RATE,
    MAX_FEATURE,
    MAX_GAIN,
    MIDDLE,
    MIN_GAIN,
    MIXTURE_LANES,
    SHARE_BITS,
    SLOW,
    MixtureCell,
    SharedCell,
)
from nlac.entropy.adaptive_mixture.vectors import (
    cumulative_lanes,
    joint_lanes,
    learn_lanes,
    prepare_lanes,
    slope_lanes,
    weigh_lanes,
)
from nlac.entropy.distributions import TAIL
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.small_residuals import Edge, context_of, learn
from nlac.kernels.arithmetic import bit_length, log2_fixed
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64

ESCAPE = TOTAL - 2 * TAIL  # begin of the interval for ranks without a frequency


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
def small_learn(state, sample):
    """Update the table of small residuals, if the sample was coded with its help."""
    shape = load_i64(state, MixtureCell.EDGES)
    if shape == 0:
        return
    location = load_i64(state, MixtureCell.LOCATION)
    below = Edge(shape, shape, load_i64(state, MixtureCell.EDGES + 1))
    shape = load_i64(state, MixtureCell.EDGES + 2)
    above = Edge(shape, shape, load_i64(state, MixtureCell.EDGES + 3))
    cells = context_of(state + 8 * MixtureCell.SMALL, location)
    learn(cells, below, above, sample - ((location + 128) >> 8))


@kernel
def mixture_learn(shared, state, sample):
    """Update the model with a coded sample."""
    groups = load_i64(shared, SharedCell.GROUPS)
    below, above = load_i64(state, MixtureCell.BELOW), load_i64(state, MixtureCell.ABOVE)
    small_learn(state, sample)
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
