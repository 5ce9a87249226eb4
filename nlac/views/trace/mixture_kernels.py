"""Loops over known samples of `cascade`, `cnn` and `gru`, which note what coding them takes.

They run the steps of the coding loops (`nlac.predictors.cascade.loops`,
`nlac.predictors.neural.loops`).
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.adaptive_mixture.coding import interval_of, mixture_code, raw_bits
from nlac.entropy.adaptive_mixture.model import ESCAPE, mixture_learn, mixture_prepare
from nlac.entropy.adaptive_mixture.state import GIVEN, MAX_PARTS, MixtureCell
from nlac.entropy.value_kernels import rank_of
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i32, load_i64
from nlac.predictors.cascade.kernels import (
    PIECE,
    channel_of,
    frame_of,
    row,
    schedule_of,
    set_in_force,
    set_lags,
)
from nlac.predictors.cascade.loops import learn, prepare
from nlac.predictors.neural.features import apply_outputs
from nlac.views.trace.ranks import first_rank
from nlac.views.trace.record import EVERY, WEIGHED


@kernel
def _below(shared, state, entry, low_bits, edge):
    """Counts of the values below a whole number `edge`."""
    rank = first_rank(entry, edge)
    if rank <= entry.first:
        return np.int64(0)
    if rank > entry.last:
        return np.int64(ESCAPE)
    left, right = interval_of(shared, state, entry, rank, low_bits)
    # ranks of a bin are alike to the coder
    within = rank - ((rank >> low_bits) << low_bits)
    return left + ((max(right - left, 0) * within) >> low_bits)


@kernel
def _expect(shared, state, entry, base, edges, expected):
    """Add what the mixture gives to each bin of residuals; `edges` and `expected` are arrays."""
    low_bits = raw_bits(state, entry)
    middle = len(edges) // 2
    start = _below(shared, state, entry, low_bits, base + edges[middle])
    i, before = middle, start
    while i < len(expected) and before < ESCAPE:
        following = _below(shared, state, entry, low_bits, base + edges[i + 1])
        expected[i] += following - before
        i, before = i + 1, following
    i, before = middle, start
    while i > 0 and before > 0:
        i -= 1
        following = _below(shared, state, entry, low_bits, base + edges[i])
        expected[i] += before - following
        before = following


@inline_kernel
def _note(shared, state, entry, sample, location, record, c, at):
    """Note a sample whose mixture is prepared, and compute what `mixture_learn` needs."""
    piece, place = at // PIECE, at % PIECE
    prediction = (location + 128) >> 8
    if place % EVERY == 0:
        _expect(shared, state, entry, prediction, record.edges[c], record.expected[c, piece])
    if place % WEIGHED == 0:
        for i in range(MAX_PARTS):
            record.weights[c, piece, i] += load_i64(state, MixtureCell.WEIGHT + i)
    _, count, _, low_bits = mixture_code(shared, state, entry, rank_of(entry, sample))
    record.predictions[c, at] = prediction
    record.counts[c, at] = count
    record.raw[c, at] = low_bits


@kernel
def trace_cascade(schedule, sets, rows, pcm, record):
    """Note all samples of a block of `cascade`.

    Parameters
    ----------
    schedule : Schedule
    sets : SetTable
    rows : Rows
        Changed in place.
    pcm : (channels, frames) int32
        In coding order, all in their value sets.
    record : Record
        Filled; in coding order.
    """
    block = schedule_of(schedule, sets)
    shared, samples = address(rows.shared), address(pcm)
    for t in range(block.total):
        if t % PIECE == 0:
            set_lags(rows.predictors, block.lags, t)
            rows.progress[0] = t
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            predictor, locations, state = channel_of(rows, c)
            prepare(predictor, locations, rows.num_locations, entry, shared, state, t)
            sample = load_i32(samples, c * block.frames + at)
            _note(shared, state, entry, sample, load_i64(locations, 0), record, c, at)
            learn(predictor, shared, state, sample, t)


@kernel
def trace_network(schedule, sets, rows, powers, pcm, begin, base_output, outputs, record):
    """Note the samples of a span with a network; the arguments are those of `coding_pass`.

    `record` is as in `trace_cascade`.
    """
    block = schedule_of(schedule, sets)
    shared, samples, up = address(rows.shared), address(pcm), address(powers)
    places, place_bytes = address(base_output.placed), 8 * base_output.placed.shape[2]
    first, row_bytes = address(outputs), 2 * outputs.shape[2]
    units, length = address(base_output.means), base_output.means.shape[1]
    for t in range(begin, begin + length):
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            state, place = row(rows.mixtures, c), c * length + t - begin
            locations = places + place * place_bytes
            apply_outputs(
                load_i64(units, place), first + place * row_bytes, load_i64(locations, 0),
                entry.lowest, entry.highest, locations + 8,
                state + 8 * (MixtureCell.MEAN + GIVEN), up,
            )  # fmt: skip
            mixture_prepare(shared, state, locations)
            sample = load_i32(samples, c * block.frames + at)
            _note(shared, state, entry, sample, load_i64(locations, 1), record, c, at)
            mixture_learn(shared, state, sample)
