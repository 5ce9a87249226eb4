"""Coded channels of a block as they stand in its payload, parsed up to the samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.bitstream.constants import PREDICTOR_LPC
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.parser import CodedBlock
from nlac.codec.decoder.payload import OpenedPayload, open_payload
from nlac.codec.transforms.channels import CODED
from nlac.entropy.value_sets import ValueSet
from nlac.entropy.varint import read_varint
from nlac.predictors.cascade.block import CASCADE, CodedCascade, read_cascade
from nlac.predictors.lpc.block import SlicedBlock, open_sliced, read_coder, read_side_info
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.methods import GENERIC
from nlac.predictors.neural.block import CodedForward, read_forward
from nlac.predictors.neural.kinds import CASCADE_ALONE, FORWARD
from nlac.predictors.origin.head import OriginHead, read_head
from nlac.predictors.origin.kinds import AAC, LAYER3, ORIGIN
from nlac.predictors.prefilter import PREFILTERED, Prefilter, read_prefilters
from nlac.predictors.registry import predictor_by_id

LPC, CASCADES = "lpc", "cascade"
ORIGINS = {LAYER3: "origin (Layer III)", AAC: "origin (AAC-LC)"}


class CodedLpc(NamedTuple):
    """A parsed `lpc` block; channels are in coding order.

    Attributes
    ----------
    coder : int
        `RANGE` or `RICE` of `nlac.predictors.lpc.block`.
    order : list of int
        Place in the block of each channel.
    sets : list of ValueSet
    parameters : LpcParameters
    at : int
        Where the coded samples begin; of no use with slices.
    sliced : SlicedBlock or None
        The block's slices, if it has any.
    """

    coder: int
    order: list[int]
    sets: list[ValueSet]
    parameters: LpcParameters
    at: int
    sliced: SlicedBlock | None = None


class CodedGeneric(NamedTuple):
    """A block of a third party's predictor, whose side information is its own."""

    at: int


@dataclass(frozen=True, slots=True)
class CodedOrigin:
    """A block of what a lossy stream held.

    Attributes
    ----------
    head : OriginHead
    others : CodedChannels or None
        The block of its sections without granules, if there are any. Its frames are those of these
        sections, one after the other.
    """

    head: OriginHead
    others: CodedChannels | None

    def places(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the spans of the block in which frames `begin` to `end` of `others` lie."""
        for span in self.head.other_spans:
            shift = span.begin - span.start
            first, last = max(begin + shift, span.begin), min(end + shift, span.end)
            if first < last:
                yield first, last

    def place(self, frame: int) -> int:
        """Return the frame of the block that a frame of `others` is."""
        return next(self.places(frame, frame + 1))[0]


Body: TypeAlias = CodedLpc | CodedCascade | CodedForward | CodedGeneric | CodedOrigin


@dataclass(frozen=True, slots=True)
class CodedChannels:
    """A block, parsed up to its samples.

    Attributes
    ----------
    block : CodedBlock
    stream : StreamHeader
    opened : OpenedPayload
        Mode, float side information, phases and channel map.
    body : CodedLpc, CodedCascade, CodedForward, CodedGeneric, CodedOrigin or None
        The coded channels; None where there are none.
    has_network : bool
        A network corrects the body's predictions.
    prefilters : list of Prefilter
        One for each coded channel, or none.
    first : list of list of int
        First samples of each coded channel, for its prefilter.
    """

    block: CodedBlock
    stream: StreamHeader
    opened: OpenedPayload
    body: Body | None = None
    has_network: bool = False
    prefilters: list[Prefilter] = field(default_factory=list)
    first: list[list[int]] = field(default_factory=list)

    @property
    def predictor(self) -> str:
        """Name of the predictor that the samples were coded with; empty where there is none."""
        if self.body is None:
            return ""
        entry = predictor_by_id(self.stream.predictor_id)
        if self.has_network or isinstance(self.body, CodedGeneric):
            return entry.name
        if isinstance(self.body, CodedOrigin):
            return ORIGINS[self.body.head.kind]
        return LPC if isinstance(self.body, CodedLpc) else CASCADES

    @property
    def predicted(self) -> CodedChannels | None:
        """What the stream's predictor coded: of an origin block, its `others`."""
        return self.body.others if isinstance(self.body, CodedOrigin) else self

    @property
    def order(self) -> list[int]:
        """Place of each coded channel, in coding order, among those of the block."""
        if isinstance(self.body, CodedLpc | CodedForward):
            return self.body.order
        if isinstance(self.body, CodedCascade):
            return self.body.side_info.order
        return list(range(0 if self.opened.channels is None else self.opened.channels.num_coded))

    @property
    def steps(self) -> NDArray[np.int64]:
        """Samples of each coded channel of the block are so many times what is coded."""
        entries = [] if self.opened.channels is None else self.opened.channels.entries
        return np.array([step for kind, step, _ in entries if kind == CODED], np.int64)

    @property
    def sets(self) -> list[ValueSet]:
        """Value sets of the block."""
        if isinstance(self.body, CodedLpc | CodedForward):
            return self.body.sets
        return self.body.side_info.sets if isinstance(self.body, CodedCascade) else []

    @property
    def links(self) -> tuple[list[int], list[int]]:
        """Reference and delay of each coded channel, in coding order; -1 for no reference."""
        if isinstance(self.body, CodedLpc | CodedForward):
            p = self.body.parameters
            return p.reference.tolist(), p.delay.tolist()
        if isinstance(self.body, CodedCascade):
            side = self.body.side_info
            return list(side.reference), side.schedule.delay.tolist()
        return [-1] * len(self.order), [0] * len(self.order)


def parse_block(block: CodedBlock, stream: StreamHeader) -> CodedChannels:
    """Parse a block up to its samples, as `decode_block` does.

    Raises
    ------
    CorruptStream
        The payload is invalid. The error has no position yet: see
        `nlac.codec.decoder.blocks.placed`.
    UnknownPredictor
        The predictor is not available.
    """
    opened = open_payload(block.payload, block.header.num_frames, stream)
    if opened.channels is None or not opened.channels.num_coded:
        return CodedChannels(block, stream, opened)
    method = predictor_by_id(stream.predictor_id).method
    method.check(stream)
    at = opened.channels.end
    if method is GENERIC:
        return CodedChannels(block, stream, opened, CodedGeneric(at))
    if block.payload[at : at + 1] != bytes([ORIGIN]):
        return _parse_channels(block, stream, opened, at)
    head = read_head(
        block.payload, at, opened.frames, opened.channels.num_coded, stream.bits_per_sample
    )
    others = None
    if head.other_frames:
        own = opened._replace(frames=head.other_frames)
        others = _parse_channels(block, stream, own, head.end)
    return CodedChannels(block, stream, opened, CodedOrigin(head, others))


def _parse_channels(
    block: CodedBlock, stream: StreamHeader, opened: OpenedPayload, at: int
) -> CodedChannels:
    """Parse coded channels, at least one, that begin at a place of the payload."""
    assert opened.channels is not None
    method = predictor_by_id(stream.predictor_id).method
    data, frames, channels = block.payload, opened.frames, opened.channels.num_coded
    is_lpc, sliced = stream.predictor_id == PREDICTOR_LPC, None
    if is_lpc:
        sliced = open_sliced(data, at, frames, channels, stream.coder_id)
    if sliced is not None:
        lpc = CodedLpc(sliced.coder, sliced.order, sliced.sets, sliced.parameters, 0, sliced)
        return CodedChannels(block, stream, opened, lpc, False, sliced.prefilters, sliced.first)
    kind, after = read_varint(data, at)
    prefilters: list[Prefilter] = []
    first: list[list[int]] = []
    if kind == PREFILTERED:
        prefilters, first, at = read_prefilters(data, after, frames, channels)
        kind, after = read_varint(data, at)
    networks = method.takes_model
    body: Body
    if networks and kind == FORWARD:
        body = read_forward(data, after, frames, channels)
        return CodedChannels(block, stream, opened, body, True, prefilters, first)
    if networks and kind == CASCADE_ALONE:
        kind, after = read_varint(data, after)
        if kind != CASCADE:
            raise CorruptStream("not a cascade", path="kind")
        networks = False
    if kind == CASCADE and not is_lpc:
        body = read_cascade(data, after, frames, channels)
        return CodedChannels(block, stream, opened, body, networks, prefilters, first)
    coder, at = read_coder(data, at, stream.coder_id)
    body = CodedLpc(coder, *read_side_info(data, at, frames, channels))
    return CodedChannels(block, stream, opened, body, False, prefilters, first)
