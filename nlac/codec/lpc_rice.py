"""The `lpc` loops with Rice codes: integers and shifts alone, for the simplest decoders.

The residual is counted in ranks of the value set from the rank nearest to the
prediction; the Rice parameter follows the running mean of its size.
"""

from __future__ import annotations

from nlac._kernels import kernel
from nlac._memory import address, load_i32, load_i64, store_32, store_64
from nlac.bitstream.bits import get_bits, put_bits
from nlac.bitstream.rangecoder import ZERO
from nlac.codec.lpc_steps import (
    MIDDLE,
    STATE,
    index_bits,
    log16,
    predict,
    rank_near,
    store_sample,
    value,
)

MAX_QUOTIENT = 24  # ones that announce a rank as it is
MAX_PARAMETER = 30


@kernel
def _parameter(state):
    """Fraction of the code without a unary part: about log2 of twice the mean |residual|."""
    return min(log16(max((load_i64(state, MIDDLE) * 31) >> 16, 1)) >> 4, MAX_PARAMETER)


@kernel
def _learn(state, size):
    mean = load_i64(state, MIDDLE)
    store_64(state, MIDDLE, mean + (((size << 12) - mean) >> 4))


@kernel
def encode_rice(layout, sets, state_rows, sample_rows, pcm, raw_buffer):
    """Code all samples; returns the words written.

    -1: a sample is not in its value set; -2: the buffer is too small.
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
    lookups, values, ranks = address(sets.lookup), address(sets.values), address(sets.ranks)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    raw, limit = address(raw_buffer), len(raw_buffer) - 4
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
                sample = load_i32(samples, c * frames + at)
                base = rank_near(kind, step, offset, values, ranks, lookup, low, high, mu)
                rank = sample
                if kind > 0:
                    rank = rank_near(
                        kind, step, offset, values, ranks, lookup, low, high, sample << 8
                    )
                if rank < low or rank > high or value(kind, step, offset, values, rank) != sample:
                    return -1
                if raw_pos > limit:
                    return -2
                residual = rank - base
                folded = (residual << 1) ^ (residual >> 63)
                bits = _parameter(state)
                quotient = folded >> bits
                if quotient < MAX_QUOTIENT:
                    ones = (1 << quotient) - 1
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, ones, quotient + 1)
                    rest = folded & ((1 << bits) - 1)
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rest, bits)
                else:
                    ones = (1 << MAX_QUOTIENT) - 1
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, ones, MAX_QUOTIENT)
                    count = index_bits(high - low)
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rank - low, count)
                store_sample(channels, references, rows, stride, c, t, sample)
                _learn(state, abs(residual))
    if fill > 0:
        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, 0, 32 - fill)
    return raw_pos


@kernel
def decode_rice(layout, sets, state_rows, sample_rows, pcm, raw_buffer):
    """Decode all samples into `pcm`; returns the raw bits used, or -1 on bad data."""
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
    lookups, values, ranks = address(sets.lookup), address(sets.values), address(sets.ranks)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    raw, num_raw = address(raw_buffer), len(raw_buffer)
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
                base = rank_near(kind, step, offset, values, ranks, lookup, low, high, mu)
                bits = _parameter(state)
                ones = get_bits(raw, num_raw, raw_at, MAX_QUOTIENT)
                quotient = 0
                while ones & 1:
                    ones >>= 1
                    quotient += 1
                if quotient < MAX_QUOTIENT:
                    raw_at += quotient + 1
                    folded = (quotient << bits) | get_bits(raw, num_raw, raw_at, bits)
                    raw_at += bits
                    rank = base + ((folded >> 1) ^ -(folded & 1))
                else:
                    raw_at += MAX_QUOTIENT
                    count = index_bits(high - low)
                    rank = low + get_bits(raw, num_raw, raw_at, count)
                    raw_at += count
                if rank < low or rank > high:
                    return -1
                sample = value(kind, step, offset, values, rank)
                store_32(samples, c * frames + at, sample)
                store_sample(channels, references, rows, stride, c, t, sample)
                _learn(state, abs(rank - base))
    return raw_at
