"""Note what predictors of third parties predict, through their parts in Python."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.entropy.mixtures import ESCAPE, ESCAPE_COUNT, MAX_PARTS, WEIGHT_BITS, Mixture
from nlac.entropy.range_coder import TOTAL
from nlac.predictors.base import Part
from nlac.predictors.cascade.kernels import PIECE
from nlac.predictors.generic import decode_generic, split_payload, stream_predictor
from nlac.views.trace.coded import CodedChannels, CodedGeneric
from nlac.views.trace.record import EVERY, WEIGHED, Record

PART_NAMES = [f"part {i + 1}" for i in range(MAX_PARTS)]
_WEIGHT_SHIFT = 28 - WEIGHT_BITS


def trace_generic(coded: CodedChannels, body: CodedGeneric, record: Record) -> NDArray[np.int32]:
    """Decode a block, and run its predictor again over the samples.

    The prediction is the mean of the parts' locations.

    Parameters
    ----------
    coded : CodedChannels
    body : CodedGeneric
    record : Record
        Filled.

    Returns
    -------
    (channels, frames) int32

    Raises
    ------
    CorruptStream
        The payload is damaged.
    """
    stream, payload = coded.stream, coded.block.payload[body.at :]
    channels, frames = record.predictions.shape
    rest = stream.bits_per_sample, stream.sample_rate
    pcm = decode_generic(payload, channels, frames, *rest, stream_predictor(stream))
    ranges, _ = split_payload(payload, channels)
    predictor = stream_predictor(stream)
    predictor.start(channels, *rest)
    try:
        for at in range(frames):
            for c, sample in enumerate(pcm[:, at].tolist()):
                _note(predictor.predict(c), sample, *ranges[c], record, c, at)
                predictor.update(c, sample)
    except Exception as error:
        # it has decoded the same samples just now
        raise CorruptStream(
            f"predictor {predictor.name} fails: {error!r}", path="samples"
        ) from error
    return pcm


def _note(
    parts: Sequence[Part], sample: int, low: int, high: int, record: Record, c: int, at: int
) -> None:
    mean = sum(int(part[0]) * int(part[3]) for part in parts) >> WEIGHT_BITS
    prediction = min(max((mean + 128) >> 8, low), high)
    record.predictions[c, at] = prediction
    piece, place = divmod(at, PIECE)
    if place % WEIGHED == 0:
        for i, part in enumerate(parts):
            record.weights[c, piece, i] += int(part[3]) << _WEIGHT_SHIFT
    if low == high:
        # the zero
        record.expected[c, piece, record.expected.shape[2] // 2] += place % EVERY == 0 and TOTAL
        return
    mixture = Mixture(parts)
    shift = mixture.low_bits
    ends = low >> shift, high >> shift
    if place % EVERY == 0:
        _expect(mixture, prediction, ends, record.edges[c].tolist(), record.expected[c, piece])
    _, count = mixture.interval(sample >> shift, *ends)
    record.counts[c, at] = count or ESCAPE_COUNT
    record.raw[c, at] = shift if count else (high - low).bit_length()


def _expect(
    mixture: Mixture,
    base: int,
    ends: tuple[int, int],
    edges: list[int],
    expected: NDArray[np.int32],
) -> None:
    """Add what a mixture gives to each bin of residuals."""
    shift = mixture.low_bits

    def below(edge: int) -> int:
        number = edge >> shift
        left, count = mixture.interval(number, *ends)
        # values of a bin are alike to the coder
        return left + (count * (edge - (number << shift)) >> shift)

    middle = len(edges) // 2
    start = below(base + edges[middle])
    i, before = middle, start
    while i < len(expected) and before < ESCAPE:
        following = below(base + edges[i + 1])
        expected[i] += following - before
        i, before = i + 1, following
    i, before = middle, start
    while i > 0 and before > 0:
        i -= 1
        following = below(base + edges[i])
        expected[i] += before - following
        before = following
