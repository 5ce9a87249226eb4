"""The `lpc` loops with Rice codes (Golomb 1966, Rice 1979), for the simplest decoders.

The residual is the distance in ranks from the rank nearest to the prediction. The Rice parameter
follows the running mean of its size. Only integers and shifts are needed.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.bits import end_bits, get_bits, put_bits
from nlac.entropy.range_kernels import ZERO
from nlac.entropy.value_kernels import index_bits, rank_near, rank_of, value
from nlac.entropy.value_sets import PLAIN
from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i32, load_i64, store_64, trailing_zeros
from nlac.predictors.lpc.kernels import (
    SCALE_CELLS,
    ScaleCell,
    locate,
    schedule_of,
    tables_of,
    value_set_of,
)
from nlac.predictors.lpc.plan import LineCell
from nlac.predictors.lpc.views import (
    block_of,
    common_frames,
    has_sample,
    plain_view_of,
    put_sample,
    view_of,
)
from nlac.predictors.lpc.windows import predict, predict_from

MAX_QUOTIENT = 24  # ones that announce an uncoded rank
MAX_PARAMETER = 30


@inline_kernel
def _parameter(state):
    """Rice parameter, the bits below the unary part: about log2 of twice the mean |residual|."""
    mean = load_i64(state, ScaleCell.MIDDLE)
    return min(log2_fixed(max((mean * 31) >> 16, 1), 4) >> 4, MAX_PARAMETER)


@inline_kernel
def _learn(state, size):
    """Update the mean |residual| (Q12) with that of a sample."""
    mean = load_i64(state, ScaleCell.MIDDLE)
    store_64(state, ScaleCell.MIDDLE, mean + (((size << 12) - mean) >> 4))


@inline_kernel
def _rank(entry, y):
    """Rank nearest to y (Q8); of a plain set, also beyond its ends."""
    if entry.kind == PLAIN:
        return (y + 128) >> 8
    return rank_near(entry, y)


@kernel
def encode_rice(plan, state_rows, sample_rows, pcm, raw_buffer):
    """Code all samples; the arguments are those of `encode_loop` with the range coder.

    Returns
    -------
    words : int
        Words written to `raw_buffer`; -1 if a sample is not in its value set, -2 if the buffer is
        too small.
    inefficient : int
        Samples coded with parameter 0 or 1, where whole-bit codes are inefficient; and unary bits
        beyond the eighth of a sample, of which few mean that errors keep to their mean.
    """
    frames, channels, segments, starts, cells, lines = schedule_of(plan)
    coefficients, _, values, ranks = tables_of(plan)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    raw, limit = address(raw_buffer), len(raw_buffer) - 4
    raw_pos, acc, fill, inefficient = 0, ZERO, 0, 0
    for k in range(segments):
        for t in range(load_i64(starts, k), load_i64(starts, k + 1)):
            for c in range(channels):
                line, cell, at = locate(lines, cells, frames, channels, k, t, c)
                if at < 0:
                    continue
                row = rows + 4 * load_i64(line, LineCell.ROW)
                location = predict(cell, coefficients, row, t)
                state = states + 8 * SCALE_CELLS * c
                entry = value_set_of(cell, values, ranks)
                sample = load_i32(samples, load_i64(line, LineCell.PCM) + at)
                base, rank = _rank(entry, location), rank_of(entry, sample)
                if rank < entry.first or rank > entry.last or value(entry, rank) != sample:
                    return -1, 0
                if raw_pos > limit:
                    return -2, 0
                residual = rank - base
                folded = (residual << 1) ^ (residual >> 63)
                bits = _parameter(state)
                inefficient += bits < 2
                quotient = folded >> bits
                inefficient += min(max(quotient - 8, 0), 16)
                if quotient < MAX_QUOTIENT:
                    code = (1 << quotient) - 1
                    rest = folded & ((1 << bits) - 1)
                    if quotient < MAX_QUOTIENT and quotient + bits < 32:
                        code |= rest << (quotient + 1)
                        count = quotient + 1 + bits
                        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, code, count)
                    else:
                        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, code, quotient + 1)
                        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rest, bits)
                else:
                    ones = (1 << MAX_QUOTIENT) - 1
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, ones, MAX_QUOTIENT)
                    count = index_bits(entry.last - entry.first)
                    index = rank - entry.first
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, index, count)
                _learn(state, abs(residual))
    return end_bits(raw, raw_pos, acc, fill), inefficient


@inline_kernel
def _decode_sample(view, raw, num_raw, raw_at, t):
    """Decode a sample, store it and learn from it; returns the next raw bit, -1 for bad data."""
    entry = view.entry
    bits = _parameter(view.state)
    waiting = get_bits(raw, num_raw, raw_at, 32)
    quotient = trailing_zeros(~waiting)
    base = _rank(entry, predict_from(view.window, t))
    if quotient < MAX_QUOTIENT and quotient + bits < 32:
        # as nearly always, all of the code is in these bits
        folded = (quotient << bits) | ((waiting >> (quotient + 1)) & ((1 << bits) - 1))
        raw_at += quotient + 1 + bits
        residual = (folded >> 1) ^ -(folded & 1)
        rank = base + residual
    elif quotient < MAX_QUOTIENT:
        raw_at += quotient + 1
        folded = (quotient << bits) | get_bits(raw, num_raw, raw_at, bits)
        raw_at += bits
        residual = (folded >> 1) ^ -(folded & 1)
        rank = base + residual
    else:
        raw_at += MAX_QUOTIENT
        count = index_bits(entry.last - entry.first)
        rank = entry.first + get_bits(raw, num_raw, raw_at, count)
        raw_at += count
        residual = rank - base
    if rank < entry.first or rank > entry.last:
        return np.int64(-1)
    put_sample(view, t, value(entry, rank))
    _learn(view.state, abs(residual))
    return raw_at


@kernel
def _decode_frames(block, segment, begin, end, raw, num_raw, raw_at):
    """Decode any frames of a segment; returns the next raw bit, -1 for bad data."""
    for t in range(begin, end):
        for c in range(block.channels):
            if has_sample(block, c, t):
                raw_at = _decode_sample(view_of(block, segment, c), raw, num_raw, raw_at, t)
                if raw_at < 0:
                    return raw_at
    return raw_at


@inline_kernel
def _decode_common(views, other, begin, end, raw, num_raw, raw_at):
    """`_decode_frames` for those of `common_frames`; `other` is the number of the last channel."""
    for t in range(begin, end):
        raw_at = _decode_sample(views[0], raw, num_raw, raw_at, t)
        if raw_at >= 0 and other > 0:
            raw_at = _decode_sample(views[1], raw, num_raw, raw_at, t)
        if raw_at < 0:
            return raw_at
    return raw_at


@kernel
def decode_rice(plan, state_rows, sample_rows, pcm, raw_buffer):
    """Decode all samples into `pcm`; returns the raw bits taken, or -1 if the data is bad."""
    block = block_of(plan, state_rows, sample_rows, pcm)
    raw, num_raw = address(raw_buffer), len(raw_buffer)
    raw_at, other = np.int64(0), block.channels - 1
    for k in range(block.segments):
        begin, first, last, end, plain = common_frames(block, k)
        raw_at = _decode_frames(block, k, begin, first, raw, num_raw, raw_at)
        if raw_at >= 0 and first < last:
            if plain:
                views = plain_view_of(block, k, 0), plain_view_of(block, k, other)
                raw_at = _decode_common(views, other, first, last, raw, num_raw, raw_at)
            else:
                views = view_of(block, k, 0), view_of(block, k, other)
                raw_at = _decode_common(views, other, first, last, raw, num_raw, raw_at)
        if raw_at >= 0:
            raw_at = _decode_frames(block, k, last, end, raw, num_raw, raw_at)
        if raw_at < 0:
            return raw_at
    return raw_at
