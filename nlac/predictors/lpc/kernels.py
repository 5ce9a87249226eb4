"""Kernels of the `lpc` loops, shared by encoder and decoder.

All arithmetic is in int64 (spec, section "lpc block"); arrays are passed as addresses.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.distributions import MAX_SCALE, ROW, TAIL, cumulative_at
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.value_kernels import boundary, load_set
from nlac.entropy.value_sets import SOFT
from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import inline_kernel
from nlac.kernels.memory import address, load_i64, store_32, store_64
from nlac.predictors.lpc.parameters import PAD, LpcParameters
from nlac.predictors.lpc.plan import LINE_CELLS, SEGMENT_CELLS, LineCell, SegmentCell

CONTEXTS = 12  # side of the square of scale contexts
MAX_CORRECTION = 24 << 10  # an octave and a half
COARSE = 16 * 7  # from this scale on (8 sample units) locations of plain sets are whole numbers


class ScaleCell(IntEnum):
    """Cells of a channel's adaptive state, int64; from CORRECTION on, three for each context."""

    FAST = 0  # means of |error|, Q12
    MIDDLE = 1
    SLOW = 2
    CORRECTION = 3  # of the scale, in 1/16 octaves, Q10
    PEAK = 4  # mean of min(|u|, 1), Q16; u is the error in units of the scale
    SHAPE = 5  # shape of the distribution


SCALE_CELLS = ScaleCell.CORRECTION + 3 * CONTEXTS * CONTEXTS


class Distribution(NamedTuple):
    """A distribution in registers, as `cumulative_at` takes it.

    Attributes
    ----------
    cumulative : int
        Address of the cumulative tables, int32.
    row : int
        Index of the first entry of its shape.
    mantissa, shift : int
        Inverse of the scale.
    location : int
        Q8.
    """

    cumulative: int
    row: int
    mantissa: int
    shift: int
    location: int


@inline_kernel
def distribution_of(cumulative, down, shape, scale, location):
    """Distribution of a shape, a scale index and a location (Q8)."""
    return Distribution(
        cumulative, shape * ROW, load_i64(down, scale & 15), 7 + (scale >> 4), location
    )


@inline_kernel
def frequency_below(distribution, edge):
    """Frequency (of 2**24) below a boundary, Q8."""
    return cumulative_at(
        distribution.cumulative, distribution.row, edge - distribution.location,
        distribution.mantissa, distribution.shift,
    )  # fmt: skip


@inline_kernel
def interval(entry, distribution, begin, size):
    """Interval of the bin of ranks begin .. begin + size - 1, as its two ends.

    The first and the last bin of the set reach to 0 and to 2**24, those of soft sets only to the
    tails: there, any interval may be empty, and escapes.
    """
    tail = np.int64(TAIL) if entry.kind == SOFT else np.int64(0)
    left = tail
    if begin > entry.first:
        left = frequency_below(distribution, boundary(entry, begin))
    right = TOTAL - tail
    if begin + size <= entry.last:
        right = frequency_below(distribution, boundary(entry, begin + size))
    return left, right


@inline_kernel
def find_bin(entry, distribution, begin, size, q):
    """Find the bin that holds the quantile q, from a guess `begin`; the inverse of `interval`.

    Returns the ends of its interval and its first rank. In a tail that no value of the set
    reaches, that is the bin nearest to the tail.
    """
    left, right = interval(entry, distribution, begin, size)
    if entry.kind == SOFT:
        # in steps that double: boundaries may lie far from their values
        low = high = begin
        step = size
        while q < left:
            high = low - size
            low = max(low - step, entry.first - (entry.first - begin) % size)
            left, right = interval(entry, distribution, low, size)
            step += step
        if low == begin:
            while q >= right:
                low = high + size
                high = min(high + step, entry.last - (entry.last - begin) % size)
                left, right = interval(entry, distribution, high, size)
                step += step
        while low < high:
            middle = low + (((high - low) // size + 1) >> 1) * size
            left, right = interval(entry, distribution, middle, size)
            if q < left:
                high = middle - size
            else:
                low = middle
        left, right = interval(entry, distribution, low, size)
        return left, right, low
    while q < left and left > TAIL:
        begin -= size
        right = left
        left = np.int64(0)
        if begin > entry.first:
            left = frequency_below(distribution, boundary(entry, begin))
    while q >= right and right < TOTAL - TAIL:
        begin += size
        left = right
        right = np.int64(TOTAL)
        if begin + size <= entry.last:
            right = frequency_below(distribution, boundary(entry, begin + size))
    return left, right, begin


@inline_kernel
def context(fast, middle_mean, slow):
    """Index of the scale context of three means, times 3; log2 of the middle one, 1/16 octaves."""
    middle = log2_fixed(middle_mean + 256, 4)
    a = ((log2_fixed(fast + 256, 4) - middle) >> 3) + CONTEXTS // 2
    b = ((middle - log2_fixed(slow + 256, 4)) >> 3) + CONTEXTS // 2
    a = min(max(a, 0), CONTEXTS - 1)
    b = min(max(b, 0), CONTEXTS - 1)
    return 3 * (a * CONTEXTS + b), middle


@inline_kernel
def means_of(state):
    """Means of |error| of a channel: fast, middle and slow one."""
    return (
        load_i64(state, ScaleCell.FAST),
        load_i64(state, ScaleCell.MIDDLE),
        load_i64(state, ScaleCell.SLOW),
    )


@inline_kernel
def following_means(means, error):
    """Return the means after an error, |sample - location| in Q8."""
    fast, middle, slow = means
    wide = error << 4
    return fast + ((wide - fast) >> 2), middle + ((wide - middle) >> 4), slow + ((wide - slow) >> 7)


@inline_kernel
def store_means(state, means):
    """Store the means of a channel."""
    fast, middle, slow = means
    store_64(state, ScaleCell.FAST, fast)
    store_64(state, ScaleCell.MIDDLE, middle)
    store_64(state, ScaleCell.SLOW, slow)


@inline_kernel
def adapt(shapes, state, context, error, mantissa, shift):
    """Update means, correction and shape with `error`, |sample - location| in Q8."""
    store_means(state, following_means(means_of(state), error))
    adapt_context(shapes, state, context, error, mantissa, shift)


@inline_kernel
def adapt_context(shapes, state, context, error, mantissa, shift):
    """Update correction and shape of a context as `adapt` does."""
    ratio = min((error * mantissa) >> shift, 8 << 13)
    correction = load_i64(state, ScaleCell.CORRECTION + context) + ((ratio - (1 << 13)) >> 5)
    # without a bound, long silence would drive it too far to come back
    correction = min(max(correction, -MAX_CORRECTION), MAX_CORRECTION)
    store_64(state, ScaleCell.CORRECTION + context, correction)
    peak = load_i64(state, ScaleCell.PEAK + context)
    peak += ((min(ratio, 1 << 13) << 3) - peak) >> 8
    store_64(state, ScaleCell.PEAK + context, peak)
    entry = load_i64(shapes, peak >> 8)
    shape = (entry & 7) + np.int64(peak < (entry >> 3))
    store_64(state, ScaleCell.SHAPE + context, shape)


@inline_kernel
def schedule_of(plan):
    """Numbers of frames, channels and segments; addresses of segment starts, cells and lines."""
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
    """Addresses of a channel's line and cells, and its own frame at delayed frame t.

    The frame is -1 where the channel has no sample at t.
    """
    line = lines + 8 * LINE_CELLS * channel
    at = t - load_i64(line, LineCell.DELAY)
    if at >= frames:
        at = np.int64(-1)
    return line, cells + 8 * SEGMENT_CELLS * (segment * channels + channel), at


@inline_kernel
def value_set_of(cell, values, ranks):
    """Value set of a channel in a segment."""
    return load_set(cell + 8 * SegmentCell.VALUE_SET, values, ranks)


@inline_kernel
def scale_of(state):
    """Context of a channel (see `context`), and the scale index there."""
    return scale_at(state, means_of(state))


@inline_kernel
def scale_at(state, means):
    """Context of a channel with these means, and the scale index there; see `scale_of`."""
    fast, middle, slow = means
    place, scale = context(fast, middle, slow)
    scale += (load_i64(state, ScaleCell.CORRECTION + place) >> 10) - 128
    return place, min(max(scale, 0), MAX_SCALE)


@inline_kernel
def store_sample(line, copies, rows, t, sample):
    """Store a sample in its own row, and in the rows of the channels that refer to it."""
    at = PAD + t
    place = load_i64(line, LineCell.ROW) + load_i64(line, LineCell.PLACE)
    store_32(rows, place + load_i64(line, LineCell.WIDTH) * at, sample)
    for i in range(load_i64(line, LineCell.FIRST_COPY), load_i64(line, LineCell.LAST_COPY)):
        store_32(rows, load_i64(copies, i) + 2 * at, sample)


def new_state(initial_scale: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the adaptive state at the start of a block, (channels, SCALE_CELLS) int64.

    `initial_scale` is the first mean of |error| of each channel, Q12.
    """
    state = np.zeros((len(initial_scale), SCALE_CELLS), np.int64)
    state[:, : ScaleCell.CORRECTION] = initial_scale[:, None]
    state[:, ScaleCell.PEAK :: 3] = 44448  # that of a logistic distribution
    state[:, ScaleCell.SHAPE :: 3] = 2
    return state


def new_rows(parameters: LpcParameters, frames: int | None = None) -> NDArray[np.int32]:
    """Return the zeroed sample rows of a block, or of `frames` frames; one a channel, int32."""
    delay = int(parameters.starts[-1]) - parameters.frames
    frames = PAD + (parameters.frames if frames is None else frames) + delay + 1
    wide = 2 if np.any(parameters.reference >= 0) else 1
    return np.zeros((len(parameters.reference), wide * frames), np.int32)


def clear_rows(rows: NDArray[np.int32], parameters: LpcParameters, frames: int) -> None:
    """Clear what decoding `frames` frames reads of used rows, and does not write before.

    These are the times at which a channel has no sample, as it lags.
    """
    longest = int(parameters.delay.max())
    for reference, row in zip(parameters.reference.tolist(), rows, strict=True):
        width = 2 if reference >= 0 else 1
        for begin in (PAD, PAD + frames):
            row[width * begin : width * (begin + longest)] = 0


def filled_rows(parameters: LpcParameters, pcm: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the sample rows that hold a block, (channels, frames) int32 in coding order."""
    rows = new_rows(parameters)
    fill_rows(rows, parameters, pcm)
    return rows


def fill_rows(
    rows: NDArray[np.int32], parameters: LpcParameters, pcm: NDArray[np.int32]
) -> None:
    """Put `pcm`, (channels, n) int32 in coding order, into zeroed sample rows."""
    count = pcm.shape[1]
    for c, (reference, own) in enumerate(zip(parameters.reference.tolist(), rows, strict=True)):
        width = 2 if reference >= 0 else 1
        for place, channel in ((width - 1, c), (0, reference))[:width]:
            begin = PAD + int(parameters.delay[channel])
            own[width * begin + place :: width][:count] = pcm[channel]
