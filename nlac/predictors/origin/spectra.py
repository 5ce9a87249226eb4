"""Code granules: block types, steps and lines, each line with contexts from those around it.

Lines are predicted by size only: from those of lower frequencies, those of the granules before, and
those of the other channel, in multiples of the line's own step (spec, section "Lines").
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import decide, raw_bits
from nlac.kernels.arithmetic import bit_length, log2_fixed
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, keep, load_i64, store_64
from nlac.predictors.origin.granules import LINES, MAX_VALUE, NO_STEP, SHORT, SHORT_BANDS
from nlac.predictors.origin.steps import STEP_CONTEXTS, STEP_SETS, code_steps
from nlac.predictors.origin.synthesis import line_size

RATE = 6
_LEVELS = 24
_UNARY = 18  # sizes from here on are escaped
_PITCH = 20
_MOST_LOW_BITS = 12
_PAD = 16  # zeros on both sides of a granule's sizes
_ROW = LINES + 2 * _PAD

# where the contexts of lines begin: six kinds
_LINE = (0, 11520, 34560, 57600, 88320, 107520)
_ESCAPE = (148992, 149008, 149392, 149424, 149456, 149840)
_TYPE = (150000, 150060, 150072, 150087, 150090, 150138)
_PAIR = (150144, 150146, 150150, 150158, 150162, 150163)
_STEPS = 150192
SPECTRUM_CONTEXTS = _STEPS + STEP_CONTEXTS
_ESCAPE_SETS, _TYPE_SETS, _PAIR_SETS, _STEP_SETS = 864, 880, 883, 884
SPECTRUM_SETS = _STEP_SETS + STEP_SETS


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
def _code_size(decisions, size, contexts, sets, escape):
    """Code the magnitude of a line; returns it."""
    a, b, c, d, e, f = contexts
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
            decisions, 1 if bits > count else 0, RATE, _ESCAPE_SETS + count, _ESCAPE[0] + count,
            _ESCAPE[1] + level * 16 + count, _ESCAPE[2] + second * 16 + count,
            _ESCAPE[3] + short * 16 + count, _ESCAPE[4] + zone * 16 + count,
            _ESCAPE[5] + count,
        )  # fmt: skip
        if not more:
            break
        count += 1
    low = raw_bits(decisions, rest & ((np.int64(1) << count) - 1), count)
    return _UNARY - 1 + ((np.int64(1) << count) | low)


@kernel
def _code_lines(decisions, values, steps, band_of, short, second, rows, tables):
    """Code the lines of a granule and channel; returns 0 if one is too large, else 1.

    `rows` has the addresses of rows of sizes: of this granule, the two before, and of this granule
    in the channel before.
    """
    now, before, earlier, beside = rows
    stride = np.int64(3 if short else 1)
    good = np.int64(1)
    for i in range(LINES):
        at = i + _PAD
        store_64(now, at, np.int64(0))
        step = np.int64(steps[band_of[i]])
        if step == NO_STEP:
            values[i] = 0
            continue
        unit = log2_fixed(line_size(tables.mantissas, tables.exponents, tables.roots, 1, step), 4)
        lower = load_i64(now, at - stride)
        second_lower = load_i64(now, at - 2 * stride)
        third_lower = load_i64(now, at - 3 * stride)
        if short and i % 3 > 0:
            # the same line of the window before
            past, past_below = load_i64(now, at - 1), load_i64(now, at - 4)
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
        zone = i // 24
        contexts = (
            _LINE[0] + (frequency_level * _LEVELS + time_level) * _PITCH,
            _LINE[1] + ((second * _LEVELS + near) * _LEVELS + zone) * _PITCH,
            _LINE[2] + ((second * _LEVELS + across_level) * _LEVELS + near) * _PITCH,
            _LINE[3] + ((last * 8 + other) * _LEVELS + time_level) * _PITCH,
            _LINE[4] + (wide_level * 40 + band_of[i]) * _PITCH,
            _LINE[5] + ((i * 3 + same) * 3 + min(last, np.int64(2))) * 8 + short,
        )
        value = np.int64(values[i])
        size = _code_size(
            decisions, abs(value), contexts, wide_level * 2 + second,
            (wide_level, zone, second, short),
        )  # fmt: skip
        if size > MAX_VALUE:
            good = np.int64(0)
            size = np.int64(MAX_VALUE)
        if size > 0:
            store_64(
                now, at,
                line_size(tables.mantissas, tables.exponents, tables.roots, size, step),
            )  # fmt: skip
            if raw_bits(decisions, 1 if value < 0 else 0, 1):
                size = -size
        values[i] = size
    return good


@kernel
def _code_type(decisions, kind, last, older, other, second):
    """Code the block type of a granule and channel; returns it."""
    result = np.int64(0)
    node = np.int64(0)
    for i in range(2):
        bit = decide(
            decisions, (kind >> (1 - i)) & 1, RATE, _TYPE_SETS + node,
            _TYPE[0] + (last * 5 + other) * 3 + node, _TYPE[1] + last * 3 + node,
            _TYPE[2] + other * 3 + node, _TYPE[3] + node,
            _TYPE[4] + (last * 4 + older) * 3 + node, _TYPE[5] + second * 3 + node,
        )  # fmt: skip
        result = result * 2 + bit
        node = 1 + bit
    return result


@kernel
def code_granules(decisions, granules, bands, tables):
    """Code or decode granules; returns 0 if they are out of bounds, else 1.

    Parameters
    ----------
    decisions : Decisions
    granules : Granules
        Filled when decoding.
    bands : Bands
    tables : Layer3Tables
    """
    count, channels = granules.types.shape
    sizes = np.zeros((channels, 3, _ROW), np.int64)
    at_sizes = address(sizes)
    before = np.full((channels, 2, SHORT_BANDS), NO_STEP, np.int8)
    earlier = np.full((channels, 2, SHORT_BANDS), NO_STEP, np.int8)
    empties = np.full((channels, 2, SHORT_BANDS), 3, np.uint8)
    lasts, olders = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    pairs = np.int64(0)
    good = np.int64(1)
    for g in range(count):
        if channels == 2:
            pair = decide(
                decisions, np.int64(granules.mid_side[g]), RATE, _PAIR_SETS, _PAIR[0] + (pairs & 1),
                _PAIR[1] + (pairs & 3), _PAIR[2] + (pairs & 7), _PAIR[3] + lasts[0], _PAIR[4],
                _PAIR[5] + (g & 1) * 8 + (pairs & 7),
            )  # fmt: skip
            pairs = pairs * 2 + pair & 7
            granules.mid_side[g] = pair
        for c in range(channels):
            second = np.int64(1 if c > 0 else 0)
            other = np.int64(granules.types[g, c - 1]) + 1 if c > 0 else np.int64(0)
            kind = _code_type(
                decisions, np.int64(granules.types[g, c]), lasts[c], olders[c], other, second
            )
            granules.types[g, c] = kind
            olders[c] = lasts[c]
            lasts[c] = kind
            short = np.int64(1 if kind == SHORT else 0)
            alike = second
            if c > 0 and (granules.types[g, c - 1] == SHORT) != (kind == SHORT):
                alike = np.int64(2)
            good &= code_steps(
                decisions, _STEPS, _STEP_SETS, granules.steps[g, c], before[c, short],
                earlier[c, short], empties[c, short], granules.steps[g, max(c - 1, 0)], alike,
                (g & 1) + 2 * short,
            )  # fmt: skip
            row = at_sizes + 8 * _ROW * 3 * c
            rows = (
                row + 8 * _ROW * (g % 3), row + 8 * _ROW * ((g + 2) % 3),
                row + 8 * _ROW * ((g + 1) % 3),
                row + 8 * _ROW * (g % 3 - 3 * second),
            )  # fmt: skip
            good &= _code_lines(
                decisions, granules.values[g, c], granules.steps[g, c],
                bands.short if short else bands.long, short, second, rows, tables,
            )  # fmt: skip
    keep(sizes)
    return good
