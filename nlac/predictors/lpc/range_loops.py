"""The `lpc` loops with the range coder: scales and shapes adapt sample by sample.

The encoder is here, the decoder in `range_decoding`. They run the kernels of
`nlac.predictors.lpc.kernels` in the same order, and differ only in the coder, between prediction
and learning.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.bits import end_bits, put_bits
from nlac.entropy.distributions import TAIL
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.range_kernels import (
    FULL,
    ZERO,
    encode_interval,
    seal,
)
from nlac.entropy.small_residuals import SMALL_CELLS, context_of, learn
from nlac.entropy.value_kernels import index_bits, rank_of, value
from nlac.entropy.value_sets import PLAIN, SOFT
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i32, load_i64
from nlac.predictors.lpc.kernels import (
    COARSE,
    SCALE_CELLS,
    ScaleCell,
    adapt,
    distribution_of,
    interval,
    locate,
    scale_of,
    schedule_of,
    tables_of,
    value_set_of,
)
from nlac.predictors.lpc.plan import LineCell
from nlac.predictors.lpc.small_intervals import interval_of, is_small
from nlac.predictors.lpc.windows import predict


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
                location = predict(
                    cell, coefficients, rows + 4 * load_i64(line, LineCell.ROW), t
                )
                state = states + 8 * SCALE_CELLS * c
                place, scale = scale_of(state)
                entry = value_set_of(cell, values, ranks)
                shape = load_i64(state, ScaleCell.SHAPE + place)
                low_bits = max(0, (scale >> 4) - entry.fine)
                size = 1 << low_bits
                sample = load_i32(samples, load_i64(line, LineCell.PCM) + at)
                if is_small(state, entry, scale):
                    rank, base = sample, (location + 128) >> 8
                    if rank < entry.first or rank > entry.last:
                        return -1, -1
                    distribution = distribution_of(cumulative, down, shape, scale, location)
                    cells_here = context_of(small + 8 * SMALL_CELLS * c, location)
                    below, above = interval_of(cells_here, entry, distribution, base, rank)
                    left, right = below.mixed, above.mixed
                    if right <= left:
                        left, right = np.int64(0), np.int64(TAIL)
                        count = index_bits(entry.last - entry.first)
                        raw_pos, acc, fill = put_bits(
                            raw, raw_pos, acc, fill, rank - entry.first, count
                        )
                    learn(cells_here, below, above, rank - base)
                    pos, lower, rng, held, first = encode_interval(
                        words, pos, lower, rng, held, first, left, right - left
                    )
                    error = abs((sample << 8) - location)
                    adapt(shapes, state, place, error, distribution.mantissa, distribution.shift)
                    continue
                if entry.kind == PLAIN:
                    base = (location + 128) >> 8
                    if scale >= COARSE:
                        location = base << 8
                    rank = sample
                    if rank < entry.first or rank > entry.last:
                        return -1, -1
                    begin = base + (((rank - base) >> low_bits) << low_bits)
                else:
                    rank = rank_of(entry, sample)
                    if rank < entry.first or rank > entry.last or value(entry, rank) != sample:
                        return -1, -1
                    begin = (rank >> low_bits) << low_bits
                distribution = distribution_of(cumulative, down, shape, scale, location)
                left, right = interval(entry, distribution, begin, size)
                if left >= TOTAL - TAIL or right <= TAIL or right <= left:
                    upper = left >= TOTAL - TAIL and entry.kind != SOFT
                    left = np.int64(TOTAL - TAIL) if upper else np.int64(0)
                    right = left + TAIL
                    count = index_bits(entry.last - entry.first)
                    raw_pos, acc, fill = put_bits(
                        raw, raw_pos, acc, fill, rank - entry.first, count
                    )
                elif low_bits > 0:
                    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rank - begin, low_bits)
                pos, lower, rng, held, first = encode_interval(
                    words, pos, lower, rng, held, first, left, right - left
                )
                error = abs((sample << 8) - location)
                adapt(shapes, state, place, error, distribution.mantissa, distribution.shift)
    return seal(words, pos, lower, rng, held, first), end_bits(raw, raw_pos, acc, fill)
