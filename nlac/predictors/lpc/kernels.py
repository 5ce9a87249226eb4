"""Steps of the `lpc` loops: each exists once, for encoder and decoder alike.

All compiled, all in int64 (spec, section "lpc block"); arrays are addresses.
Samples lie interleaved with those of the channel's reference, so that the taps
of one prediction are a single contiguous window (own and reference samples in
turn), and so is the long-term window around the earlier occurrence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.distributions import MAX_SCALE, TAIL, cumulative_at
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.value_kernels import boundary
from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import inline_kernel
from nlac.kernels.memory import address, load_i32, load_i64, load_low, store_32, store_64
from nlac.kernels.vectors_i64 import dot_short
from nlac.predictors.lpc.parameters import PAD, LpcParameters
from nlac.predictors.lpc.plan import (
    COEFFICIENTS,
    DELAY,
    FACTOR,
    FIELDS,
    FIRST_COPY,
    HIGHEST,
    LAST_COPY,
    LINE,
    LONG_BEGIN,
    LONG_COEFFICIENTS,
    LONG_ORDER,
    LOWEST,
    ORDER,
    PLACE,
    PRESENT,
    ROW,
    SHIFT,
    WIDTH,
)

CONTEXTS = 12  # a side of the square of scale contexts
MAX_CORRECTION = 24 << 10  # an octave and a half
COARSE = 16 * 7  # from this scale on (8 sample units) locations of plain sets are whole numbers
# a channel's row of adaptive state: three means of |error| (Q12), then for each context
# the scale's correction (1/16 octaves, Q10), the mean of min(|u|, 1) (Q16) and the shape
FAST, MIDDLE, SLOW = 0, 1, 2
CORRECTION, PEAK, SHAPE = 3, 4, 5
STATE = 3 + 3 * CONTEXTS * CONTEXTS


@inline_kernel
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


@inline_kernel
def find_bin(
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


@inline_kernel
def dot(coefficients, row, count):
    """Sum of coefficient times sample over a window of at least two; both are addresses."""
    # the two newest samples may have just been stored: apart from the vector
    # loop, its loads need not wait for them
    blocks = (count - 2) & ~7
    total = dot_short(coefficients, row, blocks)
    for i in range(blocks, count - 2):
        total += load_low(coefficients, i) * load_i32(row, i)
    total += load_low(coefficients, count - 2) * load_i32(row, count - 2)
    return total + load_low(coefficients, count - 1) * load_i32(row, count - 1)


@inline_kernel
def context(state):
    """Scale context of a channel, and the logarithm of its middle mean."""
    middle = log2_fixed(load_i64(state, MIDDLE) + 256, 4)
    a = ((log2_fixed(load_i64(state, FAST) + 256, 4) - middle) >> 3) + CONTEXTS // 2
    b = ((middle - log2_fixed(load_i64(state, SLOW) + 256, 4)) >> 3) + CONTEXTS // 2
    a = min(max(a, 0), CONTEXTS - 1)
    b = min(max(b, 0), CONTEXTS - 1)
    return 3 * (a * CONTEXTS + b), middle


@inline_kernel
def adapt(shapes, state, context, error, mantissa, shift):
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
    entry = load_i64(shapes, peak >> 8)
    shape = (entry & 7) + np.int64(peak < (entry >> 3))
    store_64(state, SHAPE + context, shape)


@inline_kernel
def schedule_of(plan):
    """Numbers of frames, channels and segments, and the addresses of what tells their course."""
    return (
        plan.frames, len(plan.lines), len(plan.cells),
        address(plan.starts), address(plan.cells), address(plan.lines),
    )  # fmt: skip


@inline_kernel
def tables_of(plan):
    """Addresses of the coefficients, the copies, and the values and ranks of lists."""
    return (
        address(plan.coefficients), address(plan.copies), address(plan.values), address(plan.ranks)
    )  # fmt: skip


@inline_kernel
def locate(lines, cells, frames, channels, segment, t, channel):
    """Line and cell of a channel, and its own frame at delayed frame t: -1 if it has none then."""
    line = lines + 8 * LINE * channel
    at = t - load_i64(line, DELAY)
    if at >= frames:
        at = np.int64(-1)
    return line, cells + 8 * FIELDS * (segment * channels + channel), at


@inline_kernel
def predict(cell, coefficients, row, t):
    """Sum of the weighted windows at delayed frame t, in sample units (Q8), within the set's ends.

    `row` is the address of the channel's row of samples.
    """
    here = load_i64(cell, WIDTH) * (PAD + t)
    count = load_i64(cell, ORDER)
    total = np.int64(0)
    if count > 0:
        begin = here + load_i64(cell, PRESENT) - count
        total = dot(coefficients + 8 * load_i64(cell, COEFFICIENTS), row + 4 * begin, count)
    count = load_i64(cell, LONG_ORDER)
    if count > 0:
        begin = here + load_i64(cell, LONG_BEGIN)
        total += dot(coefficients + 8 * load_i64(cell, LONG_COEFFICIENTS), row + 4 * begin, count)
    shift = load_i64(cell, SHIFT)
    half = (np.int64(1) << max(shift, 0)) >> 1
    total = (total + half) >> shift if shift > 0 else total << -shift
    return min(max(total, load_i64(cell, LOWEST)), load_i64(cell, HIGHEST))


@inline_kernel
def scale_of(state):
    """Context of a channel and the scale there."""
    cell, scale = context(state)
    scale += (load_i64(state, CORRECTION + cell) >> 10) - 128
    return cell, min(max(scale, 0), MAX_SCALE)


@inline_kernel
def store_sample(line, copies, rows, t, sample):
    """Put a sample where its own window and the windows of those that refer to it find it."""
    at = PAD + t
    place = load_i64(line, ROW) + load_i64(line, FACTOR) * at + load_i64(line, PLACE)
    store_32(rows, place, sample)
    for i in range(load_i64(line, FIRST_COPY), load_i64(line, LAST_COPY)):
        store_32(rows, load_i64(copies, i) + 2 * at, sample)


def new_state(initial: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the adaptive scales that a block starts from, one row a channel."""
    state = np.zeros((len(initial), STATE), np.int64)
    state[:, [FAST, MIDDLE, SLOW]] = initial[:, None]
    state[:, PEAK::3] = 44448  # a logistic's
    state[:, SHAPE::3] = 2
    return state


def new_rows(layout: LpcParameters) -> NDArray[np.int32]:
    """Return the zeroed sample rows of a block, one a channel."""
    frames = PAD + int(layout.starts[-1]) + 1
    wide = 2 if np.any(layout.reference >= 0) else 1
    return np.zeros((len(layout.reference), wide * frames), np.int32)


def filled_rows(layout: LpcParameters, pcm: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the sample rows of a block that is known: (channels, frames), in coding order."""
    rows = new_rows(layout)
    for c, (reference, own) in enumerate(zip(layout.reference.tolist(), rows, strict=True)):
        width = 2 if reference >= 0 else 1
        for place, channel in ((width - 1, c), (0, reference))[:width]:
            begin = PAD + int(layout.delay[channel])
            own[width * begin + place :: width][: layout.frames] = pcm[channel]
    return rows
