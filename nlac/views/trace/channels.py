"""Decode the coded channels of a block, and note what predicted them and what they cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.adaptive_mixture.state import MAX_PARTS, MixtureCell
from nlac.entropy.distributions import tables
from nlac.entropy.small_residuals import new_contexts
from nlac.entropy.value_kernels import set_table
from nlac.entropy.words import check_end
from nlac.predictors.cascade.block import CodedCascade
from nlac.predictors.cascade.loops import decode_samples, first_rows
from nlac.predictors.cascade.side_info import first_state
from nlac.predictors.lpc.block import RICE, DecodedSlice
from nlac.predictors.lpc.block import decode_samples as decode_lpc_samples
from nlac.predictors.lpc.kernels import new_rows, new_state
from nlac.predictors.lpc.plan import make_plan
from nlac.predictors.neural.block import CodedForward
from nlac.predictors.neural.models import needed_model
from nlac.predictors.neural.samples import BasePredictor, known_passes, make_runners, powers
from nlac.predictors.neural.samples import decode_samples as decode_network_samples
from nlac.predictors.prefilter import restore
from nlac.views.trace.coded import CodedChannels, CodedGeneric, CodedLpc, CodedOrigin
from nlac.views.trace.generic import PART_NAMES, trace_generic
from nlac.views.trace.lpc_kernels import trace_lpc
from nlac.views.trace.mixture_kernels import trace_cascade, trace_network
from nlac.views.trace.origin import trace_origin
from nlac.views.trace.record import Record, TracedChannels, new_record


def trace_channels(coded: CodedChannels) -> TracedChannels:
    """Decode the coded channels of a block, at least one, and note what coding them takes.

    Raises
    ------
    CorruptStream
        The payload is invalid.
    ModelMismatch
        The model of a network is not available.
    """
    body, mapped = coded.body, coded.opened.channels
    assert body is not None
    assert mapped is not None
    if isinstance(body, CodedOrigin):
        return trace_origin(coded, body, trace_channels(body.others) if body.others else None)
    order = np.array(coded.order, np.int64)
    has_mixture = not isinstance(body, CodedLpc)
    record = new_record(len(order), coded.opened.frames, coded.steps[order], has_mixture)
    names: list[str] = []
    sources = np.full(MAX_PARTS, -1, np.int64)
    if isinstance(body, CodedLpc):
        samples, residuals = _lpc(coded, body, record)
        return TracedChannels(samples, residuals, _in_block_order(record, order), names, sources)
    if isinstance(body, CodedGeneric):
        pcm = trace_generic(coded, body, record)
        names, sources = PART_NAMES, np.arange(MAX_PARTS)
    elif coded.has_network:
        pcm, sources = _network(coded, body, record)
        names = location_names(body)
        names.insert(1, "network")
    else:
        assert isinstance(body, CodedCascade)
        pcm, sources = _cascade(body, record)
        names = location_names(body)
    record = _in_block_order(record, order)
    samples = np.empty_like(pcm)
    samples[order] = pcm
    residuals = np.subtract(samples, record.predictions, dtype=np.int64)
    if coded.prefilters:
        restore(coded.prefilters, coded.first, samples)
    return TracedChannels(samples, residuals, record, names, sources)


def location_names(body: CodedCascade | CodedForward) -> list[str]:
    """Names of the locations of a base predictor, in their order; the best is the first."""
    if isinstance(body, CodedForward):
        return ["online network", "stages", "windows"]
    p = body.parameters
    combiners = [f"final combiner {i + 1}" for i in range(len(p.final_combiners))]
    return [*["online network"] * len(p.online), *combiners, "stages", "first combiner"]


def _in_block_order(record: Record, order: NDArray[np.int64]) -> Record:
    if np.all(np.diff(order) > 0):
        return record
    return record.at(np.argsort(order))


def _decoded(coded: CodedChannels, body: CodedLpc) -> Iterator[DecodedSlice]:
    """The slices of a block, or all of it."""
    if body.sliced is not None:
        yield from body.sliced.decoded(range(len(body.sliced.table.slices)))
        return
    p = body.parameters
    rows = new_rows(p)
    plan = make_plan(p, body.sets, rows.shape[1], body.order)
    pcm = np.empty((len(rows), p.frames), np.int32)
    decode_lpc_samples(plan, body.coder, p.initial_scale, rows, pcm, coded.block.payload, body.at)
    yield DecodedSlice(0, plan, p.initial_scale, coded.first, rows, pcm)


def _lpc(
    coded: CodedChannels, body: CodedLpc, record: Record
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Samples and residuals of a block, in its order; `record` is in coding order."""
    samples = np.empty(record.predictions.shape, np.int32)
    residuals = np.empty(samples.shape, np.int64)
    for each in _decoded(coded, body):
        span = slice(each.start, each.start + each.pcm.shape[1])
        trace_lpc(
            each.plan, tables(), body.coder == RICE, new_state(each.initial_scale),
            new_contexts(len(samples)), each.rows, each.pcm, each.start, record,
        )  # fmt: skip
        predictions = np.empty(each.pcm.shape, np.int32)
        predictions[body.order] = record.predictions[:, span]
        np.subtract(each.pcm, predictions, out=residuals[:, span], dtype=np.int64)
        if coded.prefilters:
            restore(coded.prefilters, each.first, each.pcm)
        samples[:, span] = each.pcm
    return samples, residuals


def _cascade(body: CodedCascade, record: Record) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Samples of a block in coding order, and the location of each part."""
    side, parameters = body.side_info, body.parameters
    pcm = np.zeros(record.predictions.shape, np.int32)
    taken, used = decode_samples(side, parameters, pcm, body.words, body.raw)
    check_end(body.words, body.raw, taken, used)
    state = first_state(side, parameters)
    rows = first_rows(side, parameters, state)
    sources = _sources(rows.mixtures)
    trace_cascade(side.schedule, set_table(side.sets), rows, pcm, record)
    return pcm, sources


def _network(
    coded: CodedChannels, body: CodedCascade | CodedForward, record: Record
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Samples of a block in coding order, and the location of each part."""
    network = needed_model(coded.stream).network
    pcm = np.zeros(record.predictions.shape, np.int32)
    taken, used = decode_network_samples(_start(body), network, pcm, body.words, body.raw)
    check_end(body.words, body.raw, taken, used)
    base = _start(body)
    sources = _sources(base.rows.mixtures)
    runners = make_runners(network, len(pcm), "cpu")
    for begin, output, outputs in known_passes(base, pcm, runners):
        trace_network(
            base.side_info.schedule, base.table, base.rows, powers(), pcm, begin, output, outputs,
            record,
        )  # fmt: skip
    return pcm, sources


def _start(body: CodedCascade | CodedForward) -> BasePredictor:
    if isinstance(body, CodedForward):
        return body.start()
    state = first_state(body.side_info, body.parameters)
    return BasePredictor.start(body.side_info, state, body.parameters)


def _sources(mixtures: NDArray[np.int64]) -> NDArray[np.int64]:
    """Location of each part of a mixture at its start; -1 for parts that it lacks."""
    parts = slice(MixtureCell.SOURCE, MixtureCell.SOURCE + MAX_PARTS)
    least = slice(MixtureCell.LEAST, MixtureCell.LEAST + MAX_PARTS)
    return np.where(mixtures[0, least] > 0, mixtures[0, parts], -1)
