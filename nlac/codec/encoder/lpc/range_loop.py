"""The `lpc` loop that encodes with the range coder.

It goes over stretches of a segment in three passes: predictions, then interval and raw bits of
each sample, channel by channel, then the coder. The decoder, `nlac.predictors.lpc.range_decoding`,
does all three sample by sample.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from nlac.codec.encoder.lpc.known import STRETCH, predict_stretch, stretch_of
from nlac.entropy.bits import end_bits, put_bits
from nlac.entropy.distributions import TAIL
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.range_kernels import FULL, ZERO, encode_interval, seal
from nlac.entropy.small_residuals import SMALL_CELLS, context_of, learn
from nlac.entropy.value_kernels import index_bits, rank_of, value
from nlac.entropy.value_sets import PLAIN, SOFT
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, keep, load_i32, load_i64, store_64
from nlac.predictors.lpc.kernels import (
    COARSE,
    SCALE_CELLS,
    ScaleCell,
    adapt_context,
    distribution_of,
    following_means,
    interval,
    means_of,
    scale_at,
    schedule_of,
    store_means,
    tables_of,
    value_set_of,
)
from nlac.predictors.lpc.small_intervals import interval_of, is_small_mean


class CodeCell(IntEnum):
    """Cells of a coded sample, int64."""

    LEFT = 0  # begin of its interval
    SIZE = 1  # size of the interval; 0 for no sample
    RAW = 2  # raw bits
    COUNT = 3  # number of raw bits


CODE_CELLS = len(CodeCell)


@inline_kernel
def _code_run(entry, tables, state, small, samples, known, i, count, codes, means, coarse):
    """Part of `code_stretch` from sample i on, while scales are coarse, or while they are not.

    Errors of a run do not depend on its scales, so the means need not wait for them. Returns the
    next sample, -1 if the set lacks this one, and the means.
    """
    cumulative, down, shapes = tables
    while i < count:
        place, scale = scale_at(state, means)
        if (entry.kind == PLAIN and scale >= COARSE) != coarse:
            break
        location, sample = load_i64(known, i), load_i32(samples, i)
        base = (location + 128) >> 8
        if coarse:
            location = base << 8
        shape = load_i64(state, ScaleCell.SHAPE + place)
        rank = sample if entry.kind == PLAIN else rank_of(entry, sample)
        if rank < entry.first or rank > entry.last or value(entry, rank) != sample:
            return np.int64(-1), means
        distribution = distribution_of(cumulative, down, shape, scale, location)
        raw, raw_count, is_escape = np.int64(0), np.int64(0), False
        if not coarse and is_small_mean(means[2], entry, scale):
            cells = context_of(small, location)
            below, above = interval_of(cells, entry, distribution, base, rank)
            left, right = below.mixed, above.mixed
            if right <= left:
                left, right, is_escape = np.int64(0), np.int64(TAIL), True
            learn(cells, below, above, rank - base)
        else:
            raw_count = max(np.int64(0), (scale >> 4) - entry.fine)
            origin = base if entry.kind == PLAIN else np.int64(0)
            begin = origin + (((rank - origin) >> raw_count) << raw_count)
            left, right = interval(entry, distribution, begin, 1 << raw_count)
            raw = rank - begin
            if left >= TOTAL - TAIL or right <= TAIL or right <= left:
                upper = left >= TOTAL - TAIL and entry.kind != SOFT
                left, is_escape = np.int64(TOTAL - TAIL) if upper else np.int64(0), True
                right = left + TAIL
        if is_escape:
            raw, raw_count = rank - entry.first, np.int64(index_bits(entry.last - entry.first))
        code = codes + 8 * CODE_CELLS * i
        store_64(code, CodeCell.LEFT, left)
        store_64(code, CodeCell.SIZE, right - left)
        store_64(code, CodeCell.RAW, raw)
        store_64(code, CodeCell.COUNT, raw_count)
        error = abs((sample << 8) - location)
        means = following_means(means, error)
        adapt_context(shapes, state, place, error, distribution.mantissa, distribution.shift)
        i += 1
    return i, means


@kernel
def code_stretch(entry, tables, state, small, samples, known, count, codes):
    """Intervals and raw bits of `count` samples of a channel; False if its set lacks a sample.

    Parameters
    ----------
    entry : ValueSetEntry
        The value set.
    tables : (int, int, int)
        Addresses of the cumulative frequencies, the mantissas and the shapes of `Tables`.
    state, small : int
        Addresses of the channel's rows of `ScaleCell` and `SmallCell`.
    samples, known : int
        Addresses of the samples, int32, and of their predictions, int64.
    count : int
        Number of samples.
    codes : int
        Address of the rows of `CodeCell`.
    """
    means = means_of(state)
    i = np.int64(0)
    while 0 <= i < count:
        i, means = _code_run(
            entry, tables, state, small, samples, known, i, count, codes, means, True
        )
        if 0 <= i < count:
            i, means = _code_run(
                entry, tables, state, small, samples, known, i, count, codes, means, False
            )
    store_means(state, means)
    return i >= 0


@kernel
def encode_loop(plan, tables, state_rows, contexts, sample_rows, pcm, word_buffer, raw_buffer):
    """Code all samples; returns the numbers of words written to both buffers.

    Parameters
    ----------
    plan : Plan
    tables : Tables
    state_rows : (channels, SCALE_CELLS) int64
        Changed in place.
    contexts : (channels, SMALL_CELLS) int64
        From `new_contexts`; changed in place.
    sample_rows : (channels, n) int32
        They hold the samples already.
    pcm : (channels, frames) int32
        In the order that the plan states.
    word_buffer, raw_buffer : uint32
        For the range coder's words and for raw bits.

    Returns
    -------
    words, raw_words : int
        -1, -1 if a sample is not in its value set.
    """
    frames, channels, segments, starts, cells, lines = schedule_of(plan)
    coefficients, _, values, ranks = tables_of(plan)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    small = address(contexts)
    own_tables = address(tables.cumulative), address(tables.down), address(tables.shapes)
    words, raw = address(word_buffer), address(raw_buffer)
    pos, lower, rng, held, first = 0, ZERO, FULL, 0, ZERO
    raw_pos, acc, fill = 0, ZERO, 0
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
                    codes[c, : end - begin, CodeCell.SIZE] = 0
                good = code_stretch(
                    value_set_of(own.cell, values, ranks), own_tables,
                    states + 8 * SCALE_CELLS * c, small + 8 * SMALL_CELLS * c,
                    own.samples, own.known, own.length,
                    address(codes) + 8 * CODE_CELLS * (STRETCH * c + own.first),
                )  # fmt: skip
                if not good:
                    return -1, -1
            for i in range(end - begin):
                for c in range(channels):
                    code = address(codes) + 8 * CODE_CELLS * (STRETCH * c + i)
                    size = load_i64(code, CodeCell.SIZE)
                    if size == 0:
                        continue
                    pos, lower, rng, held, first = encode_interval(
                        words, pos, lower, rng, held, first, load_i64(code, CodeCell.LEFT), size
                    )
                    raw_pos, acc, fill = put_bits(
                        raw, raw_pos, acc, fill, load_i64(code, CodeCell.RAW),
                        load_i64(code, CodeCell.COUNT),
                    )  # fmt: skip
    keep(locations)
    keep(codes)
    return seal(words, pos, lower, rng, held, first), end_bits(raw, raw_pos, acc, fill)
