"""Loops over known samples of `lpc`, which note what coding them takes.

They run the steps of the encoder's loops (`nlac.codec.encoder.lpc.range_loop` and `rice_loop`).
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.lpc.known import STRETCH, predict_stretch, stretch_of
from nlac.codec.encoder.lpc.range_loop import CODE_CELLS, CodeCell, code_stretch
from nlac.codec.encoder.lpc.rice_loop import CODE_CELLS as RICE_CELLS
from nlac.codec.encoder.lpc.rice_loop import CodeCell as RiceCell
from nlac.codec.encoder.lpc.rice_loop import code_stretch as rice_stretch
from nlac.entropy.distributions import TAIL
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.small_residuals import SMALL_CELLS, context_of
from nlac.entropy.value_sets import PLAIN
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, keep, load_i64
from nlac.predictors.cascade.kernels import PIECE
from nlac.predictors.lpc.kernels import (
    COARSE,
    SCALE_CELLS,
    ScaleCell,
    distribution_of,
    interval,
    scale_of,
    schedule_of,
    tables_of,
    value_set_of,
)
from nlac.predictors.lpc.plan import LINE_CELLS, LineCell
from nlac.predictors.lpc.rice_loops import nearest_rank, rice_parameter
from nlac.predictors.lpc.small_intervals import interval_of, is_small
from nlac.views.trace.ranks import first_rank
from nlac.views.trace.record import EVERY


@inline_kernel
def _half(parameter, count):
    """Share (Q40) of `count` residuals of one sign, those nearest to 0, in a Rice code."""
    if parameter == 0:
        return (np.int64(1) << 40) - ((np.int64(1) << 40) >> min(2 * count, 40))
    bits = parameter - 1
    quotient = min(count >> bits, 38)
    rest = count - (quotient << bits)
    whole = (np.int64(1) << 40) - ((np.int64(1) << 40) >> quotient)
    return whole + min(rest, np.int64(1) << bits) * ((np.int64(1) << 39) >> quotient >> bits)


@kernel
def _rice_below(parameter, residual):
    """Counts (of 2**24) of the residuals below one, in a Rice code."""
    # a third of those of parameter 0 are below 0
    negative = (np.int64(1) << 24) // (3 if parameter == 0 else 2)
    share = _half(parameter, abs(residual)) >> 16
    if residual < 0:
        return negative - ((negative * share) >> 24)
    return negative + ((((np.int64(1) << 24) - negative) * share) >> 24)


@kernel
def _expect_rice(entry, state, location, edges, expected):
    """Add what a Rice code gives to each bin of residuals."""
    parameter = rice_parameter(load_i64(state, ScaleCell.MIDDLE))
    base, centre = nearest_rank(entry, location), (location + 128) >> 8
    before = np.int64(0)
    for i in range(len(edges)):
        rank = min(max(first_rank(entry, centre + edges[i]), entry.first), entry.last + 1)
        following = _rice_below(parameter, rank - base)
        if i > 0:
            expected[i - 1] += following - before
        before = following


@kernel
def _range_below(entry, distribution, small, base, low_bits, edge):
    """Counts of the values below a whole number `edge`; `small` are cells of a context, or 0."""
    rank = first_rank(entry, edge)
    if rank <= entry.first:
        return np.int64(0)
    if rank > entry.last:
        return np.int64(TOTAL)
    if small != 0:
        below, _ = interval_of(small, entry, distribution, base, rank)
        return below.mixed
    origin = base if entry.kind == PLAIN else np.int64(0)
    begin = origin + (((rank - origin) >> low_bits) << low_bits)
    left, right = interval(entry, distribution, begin, 1 << low_bits)
    # ranks of a bin are alike to the coder
    return left + ((max(right - left, 0) * (rank - begin)) >> low_bits)


@kernel
def _expect_range(entry, tables, state, contexts, location, edges, expected):
    """Add what the distribution of a sample gives to each bin of residuals."""
    cumulative, down, _ = tables
    place, scale = scale_of(state)
    base = (location + 128) >> 8
    small, low_bits = np.int64(0), np.int64(0)
    if entry.kind == PLAIN and scale >= COARSE:
        location = base << 8
    elif is_small(state, entry, scale):
        small = context_of(contexts, location)
    if small == 0:
        low_bits = max(np.int64(0), (scale >> 4) - entry.fine)
    shape = load_i64(state, ScaleCell.SHAPE + place)
    distribution = distribution_of(cumulative, down, shape, scale, location)
    middle = len(edges) // 2
    start = _range_below(entry, distribution, small, base, low_bits, base + edges[middle])
    i, before = middle, start
    while i < len(expected) and before < TOTAL - TAIL:
        following = _range_below(entry, distribution, small, base, low_bits, base + edges[i + 1])
        expected[i] += following - before
        i, before = i + 1, following
    i, before = middle, start
    while i > 0 and before > TAIL:
        i -= 1
        following = _range_below(entry, distribution, small, base, low_bits, base + edges[i])
        expected[i] += before - following
        before = following


@kernel
def trace_lpc(plan, tables, is_rice, state_rows, contexts, sample_rows, pcm, start, record):
    """Note all samples of a block or slice of `lpc`.

    Parameters
    ----------
    plan : Plan
    tables : Tables
    is_rice : bool
        Whether they were coded with Rice codes.
    state_rows : (channels, SCALE_CELLS) int64
        Changed in place.
    contexts : (channels, SMALL_CELLS) int64
        From `new_contexts`; changed in place.
    sample_rows : (channels, n) int32
        They hold the samples.
    pcm : (channels, frames) int32
        In the order that the plan states, all in their value sets.
    start : int
        First frame in the block.
    record : Record
        Filled from frame `start` on; in coding order.
    """
    frames, channels, segments, starts, cells, lines = schedule_of(plan)
    coefficients, _, values, ranks = tables_of(plan)
    rows, samples, states = address(sample_rows), address(pcm), address(state_rows)
    own_tables = address(tables.cumulative), address(tables.down), address(tables.shapes)
    known = np.empty((channels, STRETCH), np.int64)
    codes = np.empty((STRETCH, max(CODE_CELLS, RICE_CELLS)), np.int64)
    for k in range(segments):
        segment_end = load_i64(starts, k + 1)
        for begin in range(load_i64(starts, k), segment_end, STRETCH):
            end = min(begin + STRETCH, segment_end)
            predict_stretch(
                lines, cells, channels, k, coefficients, rows, begin, end, address(known)
            )
            for c in range(channels):
                own = stretch_of(
                    lines, cells, frames, channels, k, c, samples, begin, end, address(known)
                )
                first = start + begin + own.first
                first -= load_i64(lines + 8 * LINE_CELLS * c, LineCell.DELAY)
                entry = value_set_of(own.cell, values, ranks)
                state, small = states + 8 * SCALE_CELLS * c, address(contexts) + 8 * SMALL_CELLS * c
                done = np.int64(0)
                while done < own.length:
                    at = first + done
                    piece, place = at // PIECE, at % PIECE
                    # to the next one that tells what the model expects
                    count = min(EVERY - place % EVERY, PIECE - place, own.length - done)
                    location = load_i64(own.known, done)
                    edges, expected = record.edges[c], record.expected[c, piece]
                    if place % EVERY == 0 and is_rice:
                        _expect_rice(entry, state, location, edges, expected)
                    elif place % EVERY == 0:
                        _expect_range(entry, own_tables, state, small, location, edges, expected)
                    some, theirs = own.samples + 4 * done, own.known + 8 * done
                    if is_rice:
                        rice_stretch(entry, state, some, theirs, count, address(codes))
                    else:
                        code_stretch(
                            entry, own_tables, state, small, some, theirs, count, address(codes)
                        )
                    for i in range(count):
                        record.predictions[c, at + i] = (load_i64(theirs, i) + 128) >> 8
                        if is_rice:
                            code = address(codes) + 8 * RICE_CELLS * i
                            record.raw[c, at + i] = load_i64(code, RiceCell.COUNT)
                        else:
                            code = address(codes) + 8 * CODE_CELLS * i
                            record.counts[c, at + i] = load_i64(code, CodeCell.SIZE)
                            record.raw[c, at + i] = load_i64(code, CodeCell.COUNT)
                    done += count
    keep(known)
    keep(codes)
