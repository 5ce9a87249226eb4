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
from nlac.kernels.memory import address, load_i64, store_32, store_64, trailing_zeros
from nlac.predictors.lpc.kernels import (
    SCALE_CELLS,
    ScaleCell,
    locate,
    predict,
    schedule_of,
    store_sample,
    tables_of,
    value_set_of,
)
from nlac.predictors.lpc.plan import LineCell

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


@kernel
def decode_rice(plan, state_rows, sample_rows, pcm, raw_buffer):
    """Decode all samples into `pcm`; returns the raw bits taken, or -1 if the data is bad.

    The other arguments are those of `decode_loop` with the range coder.
    """
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
                state = states + 8 * SCALE_CELLS * c
                entry = value_set_of(cell, values, ranks)
                bits = _parameter(state)
                quotient = trailing_zeros(~get_bits(raw, num_raw, raw_at, MAX_QUOTIENT))
                row = rows + 4 * load_i64(line, LineCell.ROW)
                base = nearest_rank(entry, predict(cell, coefficients, row, t))
                if quotient < MAX_QUOTIENT:
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
                    return -1
                sample = value(entry, rank)
                store_32(samples, load_i64(line, LineCell.PCM) + at, sample)
                store_sample(line, copies, rows, t, sample)
                _learn(state, abs(residual))
    return np.int64(raw_at)
