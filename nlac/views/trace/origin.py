"""Note what granules made of samples, what that missed, and what both cost.

The prediction is the synthesis, and the residual what it missed. The chances of single decisions
are not noted: the bits of a section's granules are shared out among its samples by the sizes of
lines, granule by granule, and those of its residuals by their sizes. The sums are what the words
hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac.api.origin.parts import BlockPlace, Heard, OriginPart, place_parts
from nlac.entropy.adaptive_mixture.state import MAX_PARTS
from nlac.entropy.range_coder import TOTAL
from nlac.predictors.cascade.kernels import PIECE
from nlac.predictors.origin.block import DecodedSection, decode_sections
from nlac.predictors.origin.kinds import LAYER3, LossyKind
from nlac.views.trace.coded import CodedChannels, CodedOrigin
from nlac.views.trace.record import EVERY, WEIGHED, Record, TracedChannels, new_record

_MOST_BITS = 255


def trace_origin(
    coded: CodedChannels, body: CodedOrigin, others: TracedChannels | None
) -> TracedChannels:
    """Decode a block of granules.

    Parameters
    ----------
    coded : CodedChannels
    body : CodedOrigin
        Its body.
    others : TracedChannels or None
        The sections without granules, one after the other.

    Raises
    ------
    CorruptStream
        The payload is invalid.
    """
    names = [] if others is None else others.names
    record = new_record(len(coded.steps), coded.opened.frames, coded.steps, bool(names))
    samples = np.empty(record.predictions.shape, np.int32)
    residuals = np.empty(samples.shape, np.int64)
    heard: list[Heard] = []
    section_bits: list[float] = []
    for each in decode_sections(body.head, len(samples), coded.stream.bits_per_sample):
        begin, end = each.begin, each.begin + each.section.frames
        samples[:, begin:end], residuals[:, begin:end] = each.samples, each.residuals
        record.predictions[:, begin:end] = each.made
        _note_bits(record, begin, end, _shared(each, body.head.kind.lines))
        _expect_as_met(record, residuals, begin, end)
        heard.append(_heard(each, body.head.kind))
        section_bits.append(each.unit_bits + each.residual_bits)
    if others is not None:
        _take(record, samples, residuals, others, body)
    sources = np.full(MAX_PARTS, -1, np.int64) if others is None else others.sources
    return TracedChannels(samples, residuals, record, names, sources, heard, section_bits)


def origin_parts(coded: CodedChannels, traced: TracedChannels | None) -> list[OriginPart]:
    """Return what the sections of a block tell of a lossy stream; none of other blocks."""
    if not isinstance(coded.body, CodedOrigin) or traced is None:
        return []
    header, opened, head = coded.block.header, coded.opened, coded.body.head
    place = BlockPlace(header.first_frame, header.num_frames, opened.phases, opened.offset)
    return place_parts(
        head.kind, head.table, head.sections, traced.section_bits, len(coded.steps), place,
        coded.stream.sample_rate, traced.heard,
    )  # fmt: skip


def _heard(each: DecodedSection, kind: LossyKind) -> Heard:
    units = each.units
    used = np.any(units.values != 0, axis=1).sum(axis=0)
    mixed = units.mid_side if kind is LAYER3 else units.stereo
    missed = int(np.count_nonzero(each.residuals))
    return Heard(used, bool(mixed.any()), missed, each.residuals.size)


def _shared(each: DecodedSection, length: int) -> NDArray[np.float64]:
    """Bits of each sample of a section whose units have that length, (channels, frames)."""
    assert each.section.shift is not None
    lines = _rough_bits(each.units.values).sum(axis=2).T
    owner = (np.arange(each.section.frames) + each.section.shift) // length
    made, missed = lines[:, owner], _rough_bits(each.residuals)
    made *= each.unit_bits / made.sum()
    missed *= each.residual_bits / missed.sum()
    missed += made
    return missed


def _rough_bits(values: NDArray[Any]) -> NDArray[np.float64]:
    """Bits of numbers, very roughly: half a bit of a zero, and more of larger ones."""
    bits: NDArray[np.float64] = 1 + 2 * np.log2(1 + np.abs(values.astype(np.float64)))
    bits[values == 0] = 0.5
    return bits


def _note_bits(record: Record, begin: int, end: int, bits: NDArray[np.float64]) -> None:
    """Note the bits of samples as the intervals of a range coder that would cost as much."""
    whole = np.minimum(np.floor(bits), _MOST_BITS)
    record.raw[:, begin:end] = whole
    record.counts[:, begin:end] = np.maximum(np.rint(TOTAL * 2.0 ** (whole - bits)), 1)


def _expect_as_met(record: Record, residuals: NDArray[np.int64], begin: int, end: int) -> None:
    """Let the residuals of a section be those expected: its coder's chances are not noted."""
    for first, last in _pieces(begin, end):
        piece, share = first // PIECE, _weight(record, first // PIECE, EVERY)
        for c, edges in enumerate(record.edges):
            bins = np.searchsorted(edges, residuals[c, first:last], "right") - 1
            counts = np.bincount(bins, minlength=record.expected.shape[2])
            record.expected[c, piece] += (counts * (share * TOTAL)).astype(np.int32)


def _take(
    record: Record,
    samples: NDArray[np.int32],
    residuals: NDArray[np.int64],
    others: TracedChannels,
    body: CodedOrigin,
) -> None:
    """Put the sections without granules in their places."""
    theirs = others.record
    for begin, end, start in body.head.other_spans:
        own = slice(start, start + end - begin)
        samples[:, begin:end] = others.samples[:, own]
        residuals[:, begin:end] = others.residuals[:, own]
        record.predictions[:, begin:end] = theirs.predictions[:, own]
        record.counts[:, begin:end] = theirs.counts[:, own]
        record.raw[:, begin:end] = theirs.raw[:, own]
        # their pieces are others: what is known of one holds for each of its frames
        for first, last in _pieces(begin, end, start):
            piece, other_piece = first // PIECE, (first - begin + start) // PIECE
            span = last - first
            share = span * _weight(record, piece, EVERY) / _multiples(theirs, other_piece, EVERY)
            record.expected[:, piece] += (theirs.expected[:, other_piece] * share).astype(np.int32)
            if others.names:
                share = span * _weight(record, piece, WEIGHED)
                share /= _multiples(theirs, other_piece, WEIGHED)
                weights = theirs.weights[:, other_piece] * share
                record.weights[:, piece] += weights.astype(np.int64)


def _multiples(record: Record, piece: int, every: int) -> int:
    """Return how many frames of a piece are multiples of `every`, of which its sums are."""
    return -(-_length(record, piece) // every)


def _weight(record: Record, piece: int, every: int) -> float:
    """What a frame counts in the sums of a piece."""
    return _multiples(record, piece, every) / _length(record, piece)


def _length(record: Record, piece: int) -> int:
    frames: int = record.predictions.shape[1]
    return min(PIECE, frames - piece * PIECE)


def _pieces(begin: int, end: int, start: int | None = None) -> Iterator[tuple[int, int]]:
    """Cut a span where pieces begin; also where those do in which it begins at frame `start`."""
    marks = {begin, end, *range(-(-begin // PIECE) * PIECE, end, PIECE)}
    if start is not None:
        marks |= set(range(begin + -start % PIECE, end, PIECE))
    yield from pairwise(sorted(marks))
