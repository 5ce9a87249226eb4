"""The `lpc` loop that encodes with Rice codes; see `nlac.predictors.lpc.rice_loops`.

It goes over stretches of a segment in three passes, as `range_loop` does.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from nlac.codec.encoder.lpc.known import STRETCH, predict_stretch, stretch_of
from nlac.entropy.bits import end_bits, put_bits
from nlac.entropy.range_kernels import ZERO
from nlac.entropy.value_kernels import index_bits, rank_of, value
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep, load_i32, load_i64, store_64
from nlac.predictors.lpc.kernels import (
    SCALE_CELLS,
    ScaleCell,
    schedule_of,
    tables_of,
    value_set_of,
)
from nlac.predictors.lpc.rice_loops import (
    MAX_QUOTIENT,
    following_mean,
    nearest_rank,
    rice_parameter,
)


class CodeCell(IntEnum):
    """Cells of a coded sample, int64."""

    BITS = 0  # the code, first bit lowest
    COUNT = 1  # number of its bits; 0 for no sample


CODE_CELLS = len(CodeCell)
_WORD = (1 << 32) - 1


@kernel
def code_stretch(entry, state, samples, known, count, codes):
    """Code `count` samples of a channel; returns what is inefficient, as `encode_rice` does.

    Parameters
    ----------
    entry : ValueSetEntry
        The value set.
    state : int
        Address of the channel's row of `ScaleCell`.
    samples, known : int
        Addresses of the samples, int32, and of their predictions, int64.
    count : int
        Number of samples.
    codes : int
        Address of the rows of `CodeCell`.

    Returns
    -------
    int
        -1 if a sample is not in the set.
    """
    mean = load_i64(state, ScaleCell.MIDDLE)
    index_count = index_bits(entry.last - entry.first)
    inefficient = np.int64(0)
    for i in range(count):
        sample = load_i32(samples, i)
        base, rank = nearest_rank(entry, load_i64(known, i)), rank_of(entry, sample)
        if rank < entry.first or rank > entry.last or value(entry, rank) != sample:
            return np.int64(-1)
        residual = rank - base
        folded = (residual << 1) ^ (residual >> 63)
        bits = rice_parameter(mean)
        quotient = folded >> bits
        inefficient += (bits < 2) + min(max(quotient - 8, 0), 16)
        ones = min(quotient, MAX_QUOTIENT)
        code, length = (np.int64(1) << ones) - 1, ones + 1 + bits
        if quotient < MAX_QUOTIENT:
            code |= (folded & ((np.int64(1) << bits) - 1)) << (ones + 1)
        else:
            code |= (rank - entry.first) << MAX_QUOTIENT
            length = MAX_QUOTIENT + index_count
        store_64(codes + 8 * CODE_CELLS * i, CodeCell.BITS, code)
        store_64(codes + 8 * CODE_CELLS * i, CodeCell.COUNT, length)
        mean = following_mean(mean, abs(residual))
    store_64(state, ScaleCell.MIDDLE, mean)
    return inefficient


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
    raw_pos, acc, fill, inefficient = 0, ZERO, 0, np.int64(0)
    locations = np.empty((channels, STRETCH), np.int64)
    codes = np.empty((channels, STRETCH, CODE_CELLS), np.int64)
    for k in range(segments):
        segment_end = load_i64(starts, k + 1)
        for begin in range(load_i64(starts, k), segment_end, STRETCH):
            end = min(begin + STRETCH, segment_end)
            predict_stretch(
                lines, cells, channels, k, coefficients, rows, begin, end, address(locations)
            )
            for c in range(channels):
                own = stretch_of(
                    lines, cells, frames, channels, k, c, samples, begin, end, address(locations)
                )
                if own.length < end - begin:
                    # the coder takes no bits, not any bits, where there is no sample
                    codes[c, : end - begin] = 0
                more = code_stretch(
                    value_set_of(own.cell, values, ranks), states + 8 * SCALE_CELLS * c,
                    own.samples, own.known, own.length,
                    address(codes) + 8 * CODE_CELLS * (STRETCH * c + own.first),
                )  # fmt: skip
                if more < 0:
                    return -1, np.int64(0)
                inefficient += more
            for i in range(end - begin):
                for c in range(channels):
                    if raw_pos > limit:
                        return -2, np.int64(0)
                    code = address(codes) + 8 * CODE_CELLS * (STRETCH * c + i)
                    bits = load_i64(code, CodeCell.BITS)
                    count = load_i64(code, CodeCell.COUNT)
                    raw_pos, acc, fill = put_bits(
                        raw, raw_pos, acc, fill, bits & _WORD, min(count, 32)
                    )
                    if count > 32:
                        raw_pos, acc, fill = put_bits(
                            raw, raw_pos, acc, fill, bits >> 32, count - 32
                        )
    keep(locations)
    keep(codes)
    return end_bits(raw, raw_pos, acc, fill), inefficient
