"""The `lpc` loops with Rice codes: integers and shifts alone, for the simplest decoders.

The residual is counted in ranks of the value set from the rank nearest to the
prediction; the Rice parameter follows the running mean of its size.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.bits import end_bits, get_bits, put_bits
from nlac.entropy.range_kernels import ZERO
from nlac.entropy.value_kernels import index_bits, rank_near, value
from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i32, load_i64, store_32, store_64, trailing_zeros
from nlac.predictors.lpc.kernels import (
    MIDDLE,
    STATE,
    locate,
    predict,
    schedule_of,
    store_sample,
    tables_of,
)
from nlac.predictors.lpc.plan import FIRST, KIND, LAST, LOOKUP, OFFSET, PCM, ROW, STEP

MAX_QUOTIENT = 24  # ones that announce a rank as it is
MAX_PARAMETER = 30


@inline_kernel
def _parameter(state):
    """Fraction of the code without a unary part: about log2 of twice the mean |residual|."""
    return min(log2_fixed(max((load_i64(state, MIDDLE) * 31) >> 16, 1), 4) >> 4, MAX_PARAMETER)


@inline_kernel
def _learn(state, size):
    mean = load_i64(state, MIDDLE)
    store_64(state, MIDDLE, mean + (((size << 12) - mean) >> 4))


@inline_kernel
def _rank(cell, values, ranks, y):
    """Rank nearest to y (Q8) in the value set of a cell, and the rank's value."""
    kind, low, high = load_i64(cell, KIND), load_i64(cell, FIRST), load_i64(cell, LAST)
    if kind == 0:
        return (y + 128) >> 8
    return rank_near(
        kind, load_i64(cell, STEP), load_i64(cell, OFFSET), values, ranks,
        load_i64(cell, LOOKUP), low, high, y,
    )


@inline_kernel
def _value(cell, values, rank):
    kind = load_i64(cell, KIND)
    if kind == 0:
        return rank
    return value(kind, load_i64(cell, STEP), load_i64(cell, OFFSET), values, rank)


@kernel
def encode_rice(plan, state_rows, sample_rows, pcm, raw_buffer):
    """Code all samples; returns the words written, and how many samples took few bits.

    `pcm` is (channels, frames) int32, in the order that the plan tells; `sample_rows` hold
    it already.
    -1: a sample is not in its value set; -2: the buffer is too small.  Few bits are those
    of parameters 0 and 1, at which whole bits are dear.
    """
    frames, channels, segments, starts, cells, lines = schedule_of(plan)
    coefficients, _, values, ranks = tables_of(plan)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    raw, limit = address(raw_buffer), len(raw_buffer) - 4
    raw_pos, acc, fill, dear = 0, ZERO, 0, 0
    for k in range(segments):
        for t in range(load_i64(starts, k), load_i64(starts, k + 1)):
            for c in range(channels):
                line, cell, at = locate(lines, cells, frames, channels, k, t, c)
                if at < 0:
                    continue
                mu = predict(cell, coefficients, rows + 4 * load_i64(line, ROW), t)
                state = states + 8 * STATE * c
                low, high = load_i64(cell, FIRST), load_i64(cell, LAST)
                sample = load_i32(samples, load_i64(line, PCM) + at)
                base = _rank(cell, values, ranks, mu)
                rank = _rank(cell, values, ranks, sample << 8)
                if rank < low or rank > high or _value(cell, values, rank) != sample:
                    return -1, 0
                if raw_pos > limit:
                    return -2, 0
                residual = rank - base
                folded = (residual << 1) ^ (residual >> 63)
                bits = _parameter(state)
                dear += bits < 2
                quotient = folded >> bits
                if quotient < MAX_QUOTIENT:
                    code = (1 << quotient) - 1
                    rest = folded & ((1 << bits) - 1)
                    if quotient + bits < 32:
                        code |= rest << (quotient + 1)
                        count = quotient + 1 + bits
                        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, code, count)
                    else:
                        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, code, quotient + 1)
                        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rest, bits)
                else:
                    ones = (1 << MAX_QUOTIENT) - 1
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, ones, MAX_QUOTIENT)
                    count = index_bits(high - low)
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rank - low, count)
                _learn(state, abs(residual))
    return end_bits(raw, raw_pos, acc, fill), dear


@kernel
def decode_rice(plan, state_rows, sample_rows, pcm, raw_buffer):
    """Decode all samples into `pcm`; returns the raw bits used, or -1 on bad data."""
    frames, channels, segments, starts, cells, lines = schedule_of(plan)
    coefficients, copies, values, ranks = tables_of(plan)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    raw, num_raw = address(raw_buffer), len(raw_buffer)
    raw_at = 0
    for k in range(segments):
        for t in range(load_i64(starts, k), load_i64(starts, k + 1)):
            for c in range(channels):
                line, cell, at = locate(lines, cells, frames, channels, k, t, c)
                if at < 0:
                    continue
                state = states + 8 * STATE * c
                low, high = load_i64(cell, FIRST), load_i64(cell, LAST)
                bits = _parameter(state)
                quotient = trailing_zeros(~get_bits(raw, num_raw, raw_at, MAX_QUOTIENT))
                mu = predict(cell, coefficients, rows + 4 * load_i64(line, ROW), t)
                base = _rank(cell, values, ranks, mu)
                if quotient < MAX_QUOTIENT:
                    raw_at += quotient + 1
                    folded = (quotient << bits) | get_bits(raw, num_raw, raw_at, bits)
                    raw_at += bits
                    residual = (folded >> 1) ^ -(folded & 1)
                    rank = base + residual
                else:
                    raw_at += MAX_QUOTIENT
                    count = index_bits(high - low)
                    rank = low + get_bits(raw, num_raw, raw_at, count)
                    raw_at += count
                    residual = rank - base
                if rank < low or rank > high:
                    return -1
                sample = _value(cell, values, rank)
                store_32(samples, load_i64(line, PCM) + at, sample)
                store_sample(line, copies, rows, t, sample)
                _learn(state, abs(residual))
    return np.int64(raw_at)
