"""The `lpc` loops with the range coder: adaptive scales and shapes, sample by sample.

Encoder and decoder take the same steps (`lpc_steps`) in the same order; between
prediction and learning stands the coder.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.bits import end_bits, get_bits, put_bits
from nlac.entropy.distributions import ROW, TAIL, cumulative_at, quantile_distance
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.range_kernels import (
    FULL,
    ZERO,
    decode_advance,
    decode_quantile,
    decode_start,
    encode_interval,
    seal,
)
from nlac.entropy.value_kernels import index_bits, rank_near, value
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i32, load_i64, store_32
from nlac.predictors.lpc.kernels import (
    COARSE,
    SHAPE,
    STATE,
    adapt,
    find_bin,
    interval,
    locate,
    predict,
    scale_of,
    schedule_of,
    store_sample,
    tables_of,
)
from nlac.predictors.lpc.plan import FINE, FIRST, KIND, LAST, LOOKUP, OFFSET, PCM, STEP
from nlac.predictors.lpc.plan import ROW as LINE_ROW


@kernel
def encode_loop(plan, tables, state_rows, sample_rows, pcm, word_buffer, raw_buffer):
    """Code all samples; returns the lengths written to the buffers.

    `pcm` is (channels, frames) int32, in the order that the plan tells; `sample_rows` hold
    it already.
    Lengths of -1 tell that a sample is not in its value set.
    """
    frames, channels, segments, starts, cells, lines = schedule_of(plan)
    coefficients, _, values, ranks = tables_of(plan)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    cumulative, down = address(tables.cumulative), address(tables.down)
    shapes = address(tables.shapes)
    words, raw = address(word_buffer), address(raw_buffer)
    pos, lower, rng, held, first = 0, ZERO, FULL, 0, ZERO
    raw_pos, acc, fill = 0, ZERO, 0
    for k in range(segments):
        for t in range(load_i64(starts, k), load_i64(starts, k + 1)):
            for c in range(channels):
                line, cell, at = locate(lines, cells, frames, channels, k, t, c)
                if at < 0:
                    continue
                mu = predict(cell, coefficients, rows + 4 * load_i64(line, LINE_ROW), t)
                state = states + 8 * STATE * c
                place, scale = scale_of(state)
                mantissa, shift = load_i64(down, scale & 15), 7 + (scale >> 4)
                row = load_i64(state, SHAPE + place) * ROW
                low_bits = max(0, (scale >> 4) - load_i64(cell, FINE))
                size = 1 << low_bits
                kind, low, high = load_i64(cell, KIND), load_i64(cell, FIRST), load_i64(cell, LAST)
                sample = load_i32(samples, load_i64(line, PCM) + at)
                if kind == 0:
                    base = (mu + 128) >> 8
                    if scale >= COARSE:
                        mu = base << 8
                    rank = sample
                    if rank < low or rank > high:
                        return -1, -1
                    begin = base + (((rank - base) >> low_bits) << low_bits)
                    left, right = interval(
                        0, 0, 0, values, low, high,
                        cumulative, row, mantissa, shift, mu, begin, size,
                    )
                else:
                    step, offset = load_i64(cell, STEP), load_i64(cell, OFFSET)
                    rank = rank_near(
                        kind, step, offset, values, ranks, load_i64(cell, LOOKUP), low, high,
                        sample << 8,
                    )
                    if value(kind, step, offset, values, rank) != sample:
                        return -1, -1
                    begin = (rank >> low_bits) << low_bits
                    left, right = interval(
                        kind, step, offset, values, low, high,
                        cumulative, row, mantissa, shift, mu, begin, size,
                    )
                if left >= TOTAL - TAIL or right <= TAIL:
                    left = np.int64(TOTAL - TAIL) if left >= TOTAL - TAIL else np.int64(0)
                    right = left + TAIL
                    count = index_bits(high - low)
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rank - low, count)
                elif low_bits > 0:
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rank - begin, low_bits)
                pos, lower, rng, held, first = encode_interval(
                    words, pos, lower, rng, held, first, left, right - left
                )
                adapt(shapes, state, place, abs((sample << 8) - mu), mantissa, shift)
    return seal(words, pos, lower, rng, held, first), end_bits(raw, raw_pos, acc, fill)


@inline_kernel
def _plain_bin(cumulative, row, mantissa, shift, low, high, fraction, begin, size, q):
    """Find the bin of a plain set that holds the quantile q: `search`, without its cases.

    Ranks are relative to the location, which is at `fraction` (Q8).
    """
    left, right = np.int64(0), np.int64(TOTAL)
    if begin < low or begin > high:
        # a branch, because what follows would wait for the location if it were a minimum
        begin = min(max(begin, low), high)
        begin -= begin & (size - 1)
    if begin > low:
        edge = (begin << 8) - 128 - fraction
        left = cumulative_at(cumulative, row, edge, mantissa, shift)
    if begin + size <= high:
        edge = ((begin + size) << 8) - 128 - fraction
        right = cumulative_at(cumulative, row, edge, mantissa, shift)
    while q < left and left > TAIL:
        begin -= size
        right = left
        left = np.int64(0)
        if begin > low:
            edge = (begin << 8) - 128 - fraction
            left = cumulative_at(cumulative, row, edge, mantissa, shift)
    while q >= right and right < TOTAL - TAIL:
        begin += size
        left = right
        right = np.int64(TOTAL)
        if begin + size <= high:
            edge = ((begin + size) << 8) - 128 - fraction
            right = cumulative_at(cumulative, row, edge, mantissa, shift)
    return left, right, begin


@kernel
def decode_loop(plan, tables, state_rows, sample_rows, pcm, word_buffer, raw_buffer):
    """Decode all samples into `pcm`; returns words and raw bits used, or -1, -1 on bad data."""
    frames, channels, segments, starts, cells, lines = schedule_of(plan)
    coefficients, copies, values, ranks = tables_of(plan)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    cumulative, down = address(tables.cumulative), address(tables.down)
    shapes, start, up = address(tables.shapes), address(tables.start), address(tables.up)
    reciprocal = address(tables.reciprocal)
    words, raw = address(word_buffer), address(raw_buffer)
    num_words, num_raw = len(word_buffer), len(raw_buffer)
    pos, lower, rng, point = decode_start(words, num_words)
    raw_at = 0
    for k in range(segments):
        for t in range(load_i64(starts, k), load_i64(starts, k + 1)):
            for c in range(channels):
                line, cell, at = locate(lines, cells, frames, channels, k, t, c)
                if at < 0:
                    continue
                mu = predict(cell, coefficients, rows + 4 * load_i64(line, LINE_ROW), t)
                state = states + 8 * STATE * c
                place, scale = scale_of(state)
                mantissa, shift = load_i64(down, scale & 15), 7 + (scale >> 4)
                shape = load_i64(state, SHAPE + place)
                row = shape * ROW
                low_bits = max(0, (scale >> 4) - load_i64(cell, FINE))
                size = 1 << low_bits
                kind, low, high = load_i64(cell, KIND), load_i64(cell, FIRST), load_i64(cell, LAST)
                q = decode_quantile(lower, rng, point)
                if q < 0:
                    return -1, -1
                distance = quantile_distance(
                    cumulative, start, reciprocal, shape, q,
                    load_i64(up, scale & 15), scale >> 4,
                )
                if kind == 0:
                    base = (mu + 128) >> 8
                    if scale >= COARSE:
                        # nothing here waits for the location: the processor works on the
                        # prediction and on the code word at once
                        mu = base << 8
                        begin = ((distance + 128) >> (8 + low_bits)) << low_bits
                        left, right, begin = _plain_bin(
                            cumulative, row, mantissa, shift, low - base, high - base, 0,
                            begin, size, q,
                        )
                    else:
                        fraction = mu - (base << 8)
                        begin = (distance + fraction + 128) >> 8
                        left, right, begin = _plain_bin(
                            cumulative, row, mantissa, shift, low - base, high - base, fraction,
                            begin, 1, q,
                        )
                    begin += base
                else:
                    step, offset = load_i64(cell, STEP), load_i64(cell, OFFSET)
                    begin = rank_near(
                        kind, step, offset, values, ranks, load_i64(cell, LOOKUP), low, high,
                        mu + distance,
                    )
                    begin = (begin >> low_bits) << low_bits
                    left, right, begin = find_bin(
                        kind, step, offset, values, low, high,
                        cumulative, row, mantissa, shift, mu, begin, size, q,
                    )
                if q < left or q >= right or left >= TOTAL - TAIL or right <= TAIL:
                    # a tail beyond the table that the set does not end in: the rank follows
                    left = np.int64(TOTAL - TAIL) if q >= TOTAL // 2 else np.int64(0)
                    right = left + TAIL
                    count = index_bits(high - low)
                    rank = low + get_bits(raw, num_raw, raw_at, count)
                    raw_at += count
                elif low_bits > 0:
                    rank = begin + get_bits(raw, num_raw, raw_at, low_bits)
                    raw_at += low_bits
                else:
                    rank = begin
                if rank < low or rank > high:
                    return -1, -1
                pos, lower, rng, point = decode_advance(
                    words, num_words, pos, lower, rng, point, left, right - left
                )
                sample = rank
                if kind > 0:
                    sample = value(
                        kind, load_i64(cell, STEP), load_i64(cell, OFFSET), values, rank
                    )
                store_32(samples, load_i64(line, PCM) + at, sample)
                store_sample(line, copies, rows, t, sample)
                adapt(shapes, state, place, abs((sample << 8) - mu), mantissa, shift)
    return pos, raw_at
