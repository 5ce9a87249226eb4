"""Code the lines of a granule, each with contexts from those around it.

Lines are predicted by size only: from those of lower frequencies, those of the granules before, and
those of the other channel, in multiples of the line's own step (spec, section "Lines").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.binary_decisions import decide, raw_bits
from nlac.kernels.arithmetic import bit_length, log2_fixed
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.predictors.origin.granules import MAX_VALUE, NO_STEP
from nlac.predictors.origin.sizes import line_size

RATE = 6
PAD = 32  # zeros on both sides of a granule's sizes
LINE_SETS = 880
ESCAPE_CONTEXTS = 864
_LEVELS = 24
_UNARY = 18  # sizes from here on are escaped
_PITCH = 20
_MOST_LOW_BITS = 12


class LineLayout(NamedTuple):
    """Where the contexts of lines are.

    Attributes
    ----------
    first, single, escape : int
        Where the contexts begin: all but those of single lines, these, and those of escapes.
    sets : int
        Where the sets of weights begin.
    zone : int
        Lines that share contexts by frequency.
    labels : int
        Number of labels of bands.
    bits : int
        As in `line_size`.
    """

    first: int
    single: int
    escape: int
    sets: int
    zone: int
    labels: int
    bits: int


class LinePlaces(NamedTuple):
    """Band of each line, int64: its step's place, and its label in contexts."""

    band: NDArray[np.int64]
    label: NDArray[np.int64]


@inline_kernel
def _level(size, step):
    """Level of a size in multiples of a step whose logarithm is `step`, Q4: 0 to 23."""
    if size <= 0:
        return np.int64(0)
    level = ((3 * (log2_fixed(size, 4) - step)) >> 5) + 12
    return min(max(level, np.int64(1)), np.int64(_LEVELS - 1))


@inline_kernel
def _three_levels(level):
    """Whether a size is much less than a step, about one, or more."""
    return np.int64(0 if level < 9 else 1 if level < 13 else 2)


@kernel
def _code_size(decisions, layout, size, contexts, sets, escape):
    """Code the magnitude of a line; returns it."""
    a, b, c, d, e, f = contexts
    base, escape_sets = layout.escape, layout.sets + 48 * _UNARY
    count = np.int64(0)
    while count < _UNARY:
        more = decide(
            decisions, 1 if size > count else 0, RATE, sets + 48 * count, a + count, b + count,
            c + count, d + count, e + count, f + 2 * min(count, np.int64(3)),
        )  # fmt: skip
        if not more:
            return count
        count += 1
    rest = size - _UNARY + 1
    bits = bit_length(rest) - 1
    level, zone, second, short = escape
    count = np.int64(0)
    while count < _MOST_LOW_BITS:
        more = decide(
            decisions, 1 if bits > count else 0, RATE, escape_sets + count, base + count,
            base + 16 + level * 16 + count, base + 400 + second * 16 + count,
            base + 432 + short * 16 + count, base + 464 + zone * 16 + count, base + 848 + count,
        )  # fmt: skip
        if not more:
            break
        count += 1
    low = raw_bits(decisions, rest & ((np.int64(1) << count) - 1), count)
    return _UNARY - 1 + ((np.int64(1) << count) | low)


@kernel
def code_lines(decisions, layout, values, steps, places, stride, second, rows, tables):
    """Code the lines of a granule and channel; returns 0 if one is too large, else 1.

    Parameters
    ----------
    decisions : Decisions
    layout : LineLayout
    values : (lines,) int16
        Filled when decoding.
    steps : (bands,) int8 or int16
    places : LinePlaces
    stride : int
        Number of windows whose lines are dealt out in turn; 1 for long blocks.
    second : int
        1 for the second channel, else 0.
    rows : tuple of int
        Addresses of rows of sizes, each `row_length`: of this granule, the two before, and of this
        granule in the channel before.
    tables : SizeTables
    """
    now, before, earlier, beside = rows
    short = np.int64(1 if stride > 1 else 0)
    first = layout.first
    good = np.int64(1)
    for i in range(len(values)):
        at = i + PAD
        store_64(now, at, np.int64(0))
        step = np.int64(steps[places.band[i]])
        if step == NO_STEP:
            values[i] = 0
            continue
        unit = log2_fixed(max(line_size(tables, layout.bits, 1, step), np.int64(1)), 4)
        lower = load_i64(now, at - stride)
        second_lower = load_i64(now, at - 2 * stride)
        third_lower = load_i64(now, at - 3 * stride)
        if i % stride > 0:
            # the same line of the window before
            past, past_below = load_i64(now, at - 1), load_i64(now, at - 1 - stride)
            past_above = far_above = load_i64(before, at)
        else:
            past, past_above = load_i64(before, at), load_i64(before, at + 1)
            past_below, far_above = load_i64(before, at - 1), load_i64(before, at + 2)
        old = load_i64(earlier, at)
        in_frequency = (2 * lower + second_lower) // 3
        in_time = (2 * past + past_above + past_below + old) // 5
        if second:
            across = load_i64(beside, at - 1) + 2 * load_i64(beside, at)
            across = (across + load_i64(beside, at + 1)) >> 2
        else:
            across = (load_i64(earlier, at - 1) + old + load_i64(earlier, at + 1)) // 3
        wide = lower + second_lower + third_lower + past + past_above + past_below
        wide = (wide + far_above + old) >> 3
        near = _level((in_frequency + in_time) >> 1, unit)
        frequency_level, time_level = _level(in_frequency, unit), _level(in_time, unit)
        across_level, wide_level = _level(across, unit), _level(wide, unit)
        last = min(abs(np.int64(values[i - stride])), np.int64(7)) if i >= stride else np.int64(0)
        other = np.int64(0)
        if i >= 2 * stride:
            other = min(abs(np.int64(values[i - 2 * stride])), np.int64(7))
        same = _three_levels(_level(past, unit))
        zone = i // layout.zone
        contexts = (
            first + (frequency_level * _LEVELS + time_level) * _PITCH,
            first + 11520 + ((second * _LEVELS + near) * _LEVELS + zone) * _PITCH,
            first + 34560 + ((second * _LEVELS + across_level) * _LEVELS + near) * _PITCH,
            first + 57600 + ((last * 8 + other) * _LEVELS + time_level) * _PITCH,
            first + 88320 + (wide_level * layout.labels + places.label[i]) * _PITCH,
            layout.single + ((i * 3 + same) * 3 + min(last, np.int64(2))) * 8 + short,
        )
        value = np.int64(values[i])
        size = _code_size(
            decisions, layout, abs(value), contexts, layout.sets + wide_level * 2 + second,
            (wide_level, zone, second, short),
        )  # fmt: skip
        if size > MAX_VALUE:
            good = np.int64(0)
            size = np.int64(MAX_VALUE)
        if size > 0:
            store_64(now, at, line_size(tables, layout.bits, size, step))
            if raw_bits(decisions, 1 if value < 0 else 0, 1):
                size = -size
        values[i] = size
    return good
