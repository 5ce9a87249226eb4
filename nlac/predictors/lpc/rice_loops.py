"""The `lpc` loops with Rice codes (Golomb 1966, Rice 1979), for the simplest decoders.

The residual is the distance in ranks from the rank nearest to the prediction. The Rice parameter
follows the running mean of its size. Only integers and shifts are needed.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.bits import get_bits
from nlac.entropy.value_kernels import index_bits, rank_near, value
from nlac.entropy.value_sets import PLAIN
from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i64, store_64, trailing_zeros
from nlac.predictors.lpc.kernels import ScaleCell
from nlac.predictors.lpc.views import (
    block_of,
    common_frames,
    has_sample,
    plain_view_of,
    put_sample,
    view_of,
)
from nlac.predictors.lpc.windows import predict_from

MAX_QUOTIENT = 24  # ones that announce an uncoded rank
MAX_PARAMETER = 30


@inline_kernel
def rice_parameter(mean):
    """Rice parameter, the bits below the unary part: about log2 of twice the mean |residual|."""
    return min(log2_fixed(max((mean * 31) >> 16, 1), 4) >> 4, MAX_PARAMETER)


@inline_kernel
def following_mean(mean, size):
    """Return the mean |residual| (Q12) after that of a sample."""
    return mean + (((size << 12) - mean) >> 4)


@inline_kernel
def _parameter(state):
    """`rice_parameter` of a channel."""
    return rice_parameter(load_i64(state, ScaleCell.MIDDLE))


@inline_kernel
def _learn(state, size):
    """Update the mean |residual| of a channel with that of a sample."""
    mean = load_i64(state, ScaleCell.MIDDLE)
    store_64(state, ScaleCell.MIDDLE, following_mean(mean, size))


@inline_kernel
def nearest_rank(entry, y):
    """Rank nearest to y (Q8); of a plain set, also beyond its ends."""
    if entry.kind == PLAIN:
        return (y + 128) >> 8
    return rank_near(entry, y)


@inline_kernel
def _decode_sample(view, raw, num_raw, raw_at, t):
    """Decode a sample, store it and learn from it; returns the next raw bit, -1 for bad data."""
    entry = view.entry
    bits = _parameter(view.state)
    waiting = get_bits(raw, num_raw, raw_at, 32)
    quotient = trailing_zeros(~waiting)
    base = nearest_rank(entry, predict_from(view.window, t))
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
