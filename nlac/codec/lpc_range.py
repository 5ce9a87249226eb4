"""The `lpc` loops with the range coder: adaptive scales and shapes, sample by sample.

Encoder and decoder take the same steps (`lpc_steps`) in the same order; between
prediction and learning stands the coder.
"""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel
from nlac._memory import address, load_i32, load_i64, store_32
from nlac.bitstream.bits import get_bits, put_bits
from nlac.bitstream.distribution import MAX_SCALE, ROW, TAIL, TOTAL, quantile_distance
from nlac.bitstream.rangecoder import (
    FULL,
    ZERO,
    decode_advance,
    decode_quantile,
    decode_start,
    encode_interval,
    seal,
)
from nlac.codec.lpc_steps import (
    COARSE,
    CORRECTION,
    SHAPE,
    STATE,
    adapt,
    context,
    index_bits,
    interval,
    predict,
    rank_near,
    search,
    store_sample,
    value,
)


@kernel
def encode_loop(layout, sets, tables, state_rows, sample_rows, pcm, word_buffer, raw_buffer):
    """Code all samples; returns the lengths written to the buffers.

    `pcm` is (channels, frames) int32 in coding order. Lengths of -1 tell that a
    sample is not in its value set.
    """
    frames, channels, segments = layout.frames, len(layout.reference), len(layout.lag)
    stride = sample_rows.shape[1]
    references, delays = address(layout.reference), address(layout.delay)
    starts, lags = address(layout.starts), address(layout.lag)
    order, shifts = address(layout.order), address(layout.shift)
    offsets, coefficients = address(layout.offset), address(layout.coefficients)
    long_order, long_offset = address(layout.long_order), address(layout.long_offset)
    value_set, kinds = address(layout.value_set), address(sets.kind)
    firsts, lasts = address(sets.first), address(sets.last)
    steps, set_offsets = address(sets.step), address(sets.offset)
    spreads = address(sets.spread)
    lookups, values, ranks = address(sets.lookup), address(sets.values), address(sets.ranks)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    cumulative, down = address(tables.cumulative), address(tables.down)
    limits = address(tables.shape_limits)
    words, raw = address(word_buffer), address(raw_buffer)
    pos, lower, rng, held, first = 0, ZERO, FULL, 0, ZERO
    raw_pos, acc, fill = 0, ZERO, 0
    for k in range(segments):
        lag = load_i64(lags, k)
        for t in range(load_i64(starts, k), load_i64(starts, k + 1)):
            for c in range(channels):
                at = t - load_i64(delays, c)
                if at < 0 or at >= frames:
                    continue
                cell = k * channels + c
                s = load_i64(value_set, cell)
                kind, step = load_i64(kinds, s), load_i64(steps, s)
                offset, lookup = load_i64(set_offsets, s), load_i64(lookups, s)
                low, high = load_i64(firsts, s), load_i64(lasts, s)
                mu = predict(
                    load_i64(references, c), order, offsets, coefficients, long_order, long_offset,
                    lag, shifts, rows + 8 * c * stride, cell, c, t,
                )
                mu = max(mu, value(kind, step, offset, values, low) << 8)
                mu = min(mu, value(kind, step, offset, values, high) << 8)
                state = states + 8 * c * STATE
                cell, scale = context(state)
                scale += (load_i64(state, CORRECTION + cell) >> 10) - 128
                scale = min(max(scale, 0), MAX_SCALE)
                mantissa, shift = load_i64(down, scale & 15), 7 + (scale >> 4)
                row = load_i64(state, SHAPE + cell) * ROW
                low_bits = max(0, (scale >> 4) - 10 - load_i64(spreads, s))
                size = 1 << low_bits
                sample = load_i32(samples, c * frames + at)
                rank = sample
                if kind > 0:
                    rank = rank_near(
                        kind, step, offset, values, ranks, lookup, low, high, sample << 8
                    )
                if rank < low or rank > high or value(kind, step, offset, values, rank) != sample:
                    return -1, -1
                if kind == 0 and scale >= COARSE:
                    base = (mu + 128) >> 8
                    mu = base << 8
                    begin = base + (((rank - base) >> low_bits) << low_bits)
                else:
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
                store_sample(channels, references, rows, stride, c, t, sample)
                adapt(limits, state, cell, abs((sample << 8) - mu), mantissa, shift)
    if fill > 0:
        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, 0, 32 - fill)
    return seal(words, pos, lower, rng, held, first), raw_pos


@kernel
def decode_loop(layout, sets, tables, state_rows, sample_rows, pcm, word_buffer, raw_buffer):
    """Decode all samples into `pcm`; returns words and raw bits used, or -1, -1 on bad data."""
    frames, channels, segments = layout.frames, len(layout.reference), len(layout.lag)
    stride = sample_rows.shape[1]
    references, delays = address(layout.reference), address(layout.delay)
    starts, lags = address(layout.starts), address(layout.lag)
    order, shifts = address(layout.order), address(layout.shift)
    offsets, coefficients = address(layout.offset), address(layout.coefficients)
    long_order, long_offset = address(layout.long_order), address(layout.long_offset)
    value_set, kinds = address(layout.value_set), address(sets.kind)
    firsts, lasts = address(sets.first), address(sets.last)
    steps, set_offsets = address(sets.step), address(sets.offset)
    spreads = address(sets.spread)
    lookups, values, ranks = address(sets.lookup), address(sets.values), address(sets.ranks)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    cumulative, down = address(tables.cumulative), address(tables.down)
    limits = address(tables.shape_limits)
    start, up = address(tables.start), address(tables.up)
    reciprocal = address(tables.reciprocal)
    words, raw = address(word_buffer), address(raw_buffer)
    num_words, num_raw = len(word_buffer), len(raw_buffer)
    pos, lower, rng, point = decode_start(words, num_words)
    raw_at = 0
    for k in range(segments):
        lag = load_i64(lags, k)
        for t in range(load_i64(starts, k), load_i64(starts, k + 1)):
            for c in range(channels):
                at = t - load_i64(delays, c)
                if at < 0 or at >= frames:
                    continue
                cell = k * channels + c
                s = load_i64(value_set, cell)
                kind, step = load_i64(kinds, s), load_i64(steps, s)
                offset, lookup = load_i64(set_offsets, s), load_i64(lookups, s)
                low, high = load_i64(firsts, s), load_i64(lasts, s)
                mu = predict(
                    load_i64(references, c), order, offsets, coefficients, long_order, long_offset,
                    lag, shifts, rows + 8 * c * stride, cell, c, t,
                )
                mu = max(mu, value(kind, step, offset, values, low) << 8)
                mu = min(mu, value(kind, step, offset, values, high) << 8)
                state = states + 8 * c * STATE
                cell, scale = context(state)
                scale += (load_i64(state, CORRECTION + cell) >> 10) - 128
                scale = min(max(scale, 0), MAX_SCALE)
                mantissa, shift = load_i64(down, scale & 15), 7 + (scale >> 4)
                row = load_i64(state, SHAPE + cell) * ROW
                low_bits = max(0, (scale >> 4) - 10 - load_i64(spreads, s))
                size = 1 << low_bits
                q = decode_quantile(lower, rng, point)
                if q < 0:
                    return -1, -1
                distance = quantile_distance(
                    cumulative, start, reciprocal, load_i64(state, SHAPE + cell), q,
                    load_i64(up, scale & 15), scale >> 4,
                )
                if kind == 0 and scale >= COARSE:
                    # all relative to the location, so that the search need not wait for it:
                    # the processor works on the prediction and on the code word at once
                    base = (mu + 128) >> 8
                    mu = base << 8
                    begin = min(max((distance + 128) >> 8, low - base), high - base)
                    begin = (begin >> low_bits) << low_bits
                    left, right, begin = search(
                        0, 0, 0, values, low - base, high - base,
                        cumulative, row, mantissa, shift, 0, begin, size, q,
                    )
                    begin += base
                else:
                    begin = rank_near(
                        kind, step, offset, values, ranks, lookup, low, high, mu + distance
                    )
                    begin = (begin >> low_bits) << low_bits
                    left, right, begin = search(
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
                else:
                    rank = begin + get_bits(raw, num_raw, raw_at, low_bits)
                    raw_at += low_bits
                if rank < low or rank > high:
                    return -1, -1
                pos, lower, rng, point = decode_advance(
                    words, num_words, pos, lower, rng, point, left, right - left
                )
                sample = value(kind, step, offset, values, rank)
                store_32(samples, c * frames + at, sample)
                store_sample(channels, references, rows, stride, c, t, sample)
                adapt(limits, state, cell, abs((sample << 8) - mu), mantissa, shift)
    return pos, raw_at
