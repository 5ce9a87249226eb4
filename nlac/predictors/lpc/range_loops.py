"""The `lpc` loop that decodes with the range coder: scales and shapes adapt sample by sample.

The encoder's, `nlac.codec.encoder.lpc.range_loop`, makes the same predictions and learns the same.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.bits import get_bits
from nlac.entropy.distributions import TAIL, quantile_distance
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.range_kernels import (
    decode_advance,
    decode_quantile,
    decode_start,
)
from nlac.entropy.small_residuals import SMALL_CELLS, context_of, learn
from nlac.entropy.value_kernels import index_bits, rank_near, value
from nlac.entropy.value_sets import PLAIN, SOFT
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i64, store_32
from nlac.predictors.lpc.kernels import (
    COARSE,
    SCALE_CELLS,
    ScaleCell,
    adapt,
    distribution_of,
    find_bin,
    frequency_below,
    interval,
    locate,
    predict,
    scale_of,
    schedule_of,
    store_sample,
    tables_of,
    value_set_of,
)
from nlac.predictors.lpc.plan import LineCell
from nlac.predictors.lpc.small_intervals import find_rank, interval_of, is_small


@inline_kernel
def _plain_bin(distribution, low, high, begin, size, q):
    """Find the bin of a plain set that holds the quantile q: `find_bin` for this case alone.

    The ranks `low` to `high`, the guess `begin` and the distribution's location are relative to
    the same whole number.
    """
    left, right = np.int64(0), np.int64(TOTAL)
    if begin < low or begin > high:
        # a branch: what follows would wait for the location if this were a minimum
        begin = min(max(begin, low), high)
        begin -= begin & (size - 1)
    if begin > low:
        left = frequency_below(distribution, (begin << 8) - 128)
    if begin + size <= high:
        right = frequency_below(distribution, ((begin + size) << 8) - 128)
    while q < left and left > TAIL:
        begin -= size
        right = left
        left = np.int64(0)
        if begin > low:
            left = frequency_below(distribution, (begin << 8) - 128)
    while q >= right and right < TOTAL - TAIL:
        begin += size
        left = right
        right = np.int64(TOTAL)
        if begin + size <= high:
            right = frequency_below(distribution, ((begin + size) << 8) - 128)
    return left, right, begin


@kernel
def decode_loop(plan, tables, state_rows, contexts, sample_rows, pcm, word_buffer, raw_buffer):
    """Decode all samples into `pcm`.

    Parameters
    ----------
    plan : Plan
    tables : Tables
    state_rows : (channels, SCALE_CELLS) int64
        Changed in place.
    contexts : (channels, SMALL_CELLS) int64
        From `new_contexts`; changed in place.
    sample_rows : (channels, n) int32
        Zeros; the samples are written here as well.
    pcm : (channels, frames) int32
        Receives the samples, in the order that the plan states.
    word_buffer, raw_buffer : uint32
        The range coder's words and raw bits.

    Returns
    -------
    words_taken, bits_taken : int
        -1, -1 if the data is bad.
    """
    frames, channels, segments, starts, cells, lines = schedule_of(plan)
    coefficients, copies, values, ranks = tables_of(plan)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    small = address(contexts)
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
                location = predict(
                    cell, coefficients, rows + 4 * load_i64(line, LineCell.ROW), t
                )
                state = states + 8 * SCALE_CELLS * c
                place, scale = scale_of(state)
                entry = value_set_of(cell, values, ranks)
                shape = load_i64(state, ScaleCell.SHAPE + place)
                low_bits = max(0, (scale >> 4) - entry.fine)
                size = 1 << low_bits
                q = decode_quantile(lower, rng, point)
                if q < 0:
                    return -1, -1
                distance = quantile_distance(
                    cumulative, start, reciprocal, shape, q,
                    load_i64(up, scale & 15), scale >> 4,
                )  # fmt: skip
                if is_small(state, entry, scale):
                    base = (location + 128) >> 8
                    distribution = distribution_of(cumulative, down, shape, scale, location)
                    cells_here = context_of(small + 8 * SMALL_CELLS * c, location)
                    if q >= TOTAL - TAIL:
                        return -1, -1
                    if q < TAIL:
                        count = index_bits(entry.last - entry.first)
                        rank = entry.first + get_bits(raw, num_raw, raw_at, count)
                        raw_at += count
                        if rank > entry.last:
                            return -1, -1
                        below, above = interval_of(cells_here, entry, distribution, base, rank)
                        if below.mixed < above.mixed:
                            return -1, -1
                        left, right = np.int64(0), np.int64(TAIL)
                    else:
                        rank, below, above = find_rank(
                            cells_here, entry, distribution, base,
                            (location + distance + 128) >> 8, q,
                        )  # fmt: skip
                        left, right = below.mixed, above.mixed
                    learn(cells_here, below, above, rank - base)
                    pos, lower, rng, point = decode_advance(
                        words, num_words, pos, lower, rng, point, left, right - left
                    )
                    store_32(samples, load_i64(line, LineCell.PCM) + at, rank)
                    store_sample(line, copies, rows, t, rank)
                    error = abs((rank << 8) - location)
                    adapt(shapes, state, place, error, distribution.mantissa, distribution.shift)
                    continue
                if entry.kind == PLAIN:
                    base = (location + 128) >> 8
                    low, high = entry.first - base, entry.last - base
                    if scale >= COARSE:
                        # nothing here waits for the location: the processor works on the
                        # prediction and on the coded interval at once
                        location = base << 8
                        begin = ((distance + 128) >> (8 + low_bits)) << low_bits
                        relative = distribution_of(cumulative, down, shape, scale, np.int64(0))
                        left, right, begin = _plain_bin(relative, low, high, begin, size, q)
                    else:
                        fraction = location - (base << 8)
                        begin = (distance + fraction + 128) >> 8
                        relative = distribution_of(cumulative, down, shape, scale, fraction)
                        left, right, begin = _plain_bin(relative, low, high, begin, 1, q)
                    begin += base
                else:
                    begin = rank_near(entry, location + distance)
                    begin = (begin >> low_bits) << low_bits
                    distribution = distribution_of(cumulative, down, shape, scale, location)
                    if entry.kind == SOFT and (q < TAIL or q >= TOTAL - TAIL):
                        if q >= TAIL:
                            return -1, -1
                        left, right = np.int64(TAIL), np.int64(TAIL)
                    else:
                        left, right, begin = find_bin(entry, distribution, begin, size, q)
                if q < left or q >= right or left >= TOTAL - TAIL or right <= TAIL:
                    # a tail beyond the table that the set does not end in: the rank follows
                    left = np.int64(TOTAL - TAIL) if q >= TOTAL // 2 else np.int64(0)
                    right = left + TAIL
                    count = index_bits(entry.last - entry.first)
                    rank = entry.first + get_bits(raw, num_raw, raw_at, count)
                    raw_at += count
                    if entry.kind == SOFT and entry.first <= rank <= entry.last:
                        begin = (rank >> low_bits) << low_bits
                        distribution = distribution_of(cumulative, down, shape, scale, location)
                        below, above = interval(entry, distribution, begin, size)
                        if below < above:
                            return -1, -1
                elif low_bits > 0:
                    rank = begin + get_bits(raw, num_raw, raw_at, low_bits)
                    raw_at += low_bits
                else:
                    rank = begin
                if rank < entry.first or rank > entry.last:
                    return -1, -1
                pos, lower, rng, point = decode_advance(
                    words, num_words, pos, lower, rng, point, left, right - left
                )
                sample = value(entry, rank)
                store_32(samples, load_i64(line, LineCell.PCM) + at, sample)
                store_sample(line, copies, rows, t, sample)
                error = abs((sample << 8) - location)
                adapt(shapes, state, place, error, load_i64(down, scale & 15), 7 + (scale >> 4))
    return pos, raw_at
