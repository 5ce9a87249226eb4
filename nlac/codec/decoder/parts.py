"""Decode parts of blocks: the slices that are wanted, or those that are intact (spec 11.23)."""

from __future__ import annotations

from dataclasses import dataclass

from nlac._errors import CorruptStream
from nlac._typing import Samples
from nlac.bitstream.constants import PREDICTOR_LPC
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.parser import CodedBlock
from nlac.codec.decoder.blocks import Span, decode_one, placed
from nlac.codec.decoder.payload import FLOATS, INTEGERS, join_pieces
from nlac.codec.transforms.channels import ChannelMap
from nlac.entropy.varint import read_varint
from nlac.predictors.lpc.block import SlicedBlock, open_sliced


@dataclass(frozen=True, slots=True)
class SlicedPayload:
    """A payload in slices; from `open_slices`.

    Attributes
    ----------
    stream : StreamHeader
        Header of the stream.
    side : bytes or None
        Float side information, for floats.
    channels : ChannelMap
        Channels of the block.
    block : SlicedBlock
        The coded channels.
    """

    stream: StreamHeader
    side: bytes | None
    channels: ChannelMap
    block: SlicedBlock

    def decode(self, numbers: range) -> Samples:
        """Decode slices that follow each other; returns samples of shape (frames, channels).

        Raises
        ------
        CorruptStream
            The payload is invalid.
        """
        bits = self.stream.bits_per_sample if self.side is None else 32
        shape = (self.block.frames(numbers), self.stream.channels)
        integers = join_pieces(self.channels, self.block.pieces(numbers), shape, bits)
        if self.side is not None:
            from nlac.codec.transforms.floats import join

            return join(integers, self.side)
        return integers

    def intact(self) -> list[range]:
        """Numbers of the slices whose checksums match, those together that follow each other."""
        table, runs = self.block.table, [range(0)]
        for number in range(len(table.slices)):
            if not table.slice_is_intact(self.block.data, number):
                continue
            if runs[-1].stop < number or not runs[-1]:
                runs.append(range(number, number))
            runs[-1] = range(runs[-1].start, number + 1)
        return [run for run in runs if run]


def open_slices(
    payload: bytes, num_frames: int, stream: StreamHeader, length: int | None = None
) -> SlicedPayload | None:
    """Parse a payload up to its slices.

    Parameters
    ----------
    payload : bytes
        Payload of a block, or as much of it as there is.
    num_frames : int
        Frames of the block.
    stream : StreamHeader
        Header of the stream.
    length : int, optional
        Length of the payload, if `payload` may be shorter.

    Returns
    -------
    SlicedPayload, optional
        None if the block has no slices, or none that are decoded by themselves: floats need more
        than a gain, or samples are in phases.

    Raises
    ------
    CorruptStream
        The payload is invalid; what precedes the slices does not match its checksum.
    """
    if stream.predictor_id != PREDICTOR_LPC or stream.predictor_parameters or stream.model_hash:
        return None
    if payload[:1] != bytes([FLOATS if stream.is_float else INTEGERS]):
        return None
    at, side = 1, None
    if stream.is_float:
        from nlac.codec.transforms.floats import is_gain

        num_bytes, at = read_varint(payload, at)
        side = payload[at : at + num_bytes]
        at += num_bytes
        if not is_gain(side, stream.channels):
            return None
    channels = ChannelMap(payload, at, stream.channels)
    if channels.num_coded == 0:
        return None
    block = open_sliced(
        payload, channels.end, num_frames, channels.num_coded, stream.coder_id, length
    )
    return None if block is None else SlicedPayload(stream, side, channels, block)


def decode_part(block: CodedBlock, stream: StreamHeader, start: int, stop: int) -> Span:
    """Decode the slices that hold some frames of a block. All random access comes here.

    Parameters
    ----------
    block : CodedBlock
        The block, its checksums verified.
    stream : StreamHeader
        Header of the stream.
    start, stop : int
        First frame wanted and the frame after the last, counted from the block's first,
        ``0 <= start < stop <= num_frames``.

    Returns
    -------
    Span
        It begins with frame `start` or before, and reaches to `stop` or further; all of the block
        where it has no slices.

    Raises
    ------
    CorruptStream
        The payload is invalid although its checksum matches. The error has the position.
    """
    num_frames = block.header.num_frames
    with placed(block, stream):
        if (start, stop) != (0, num_frames):
            opened = open_slices(block.payload, num_frames, stream)
            if opened is not None:
                table = opened.block.table
                numbers = table.covering(start, stop)
                return Span(table.slices[numbers.start].start, opened.decode(numbers))
    return Span(0, decode_one(block, stream))


def decode_intact(
    payload: bytes, num_frames: int, stream: StreamHeader, length: int
) -> list[Span]:
    """Decode the slices of a damaged block whose checksums match.

    Parameters
    ----------
    payload : bytes
        Payload of a block whose CRC does not match, or as much of it as there is.
    num_frames : int
        Frames of the block.
    stream : StreamHeader
        Header of the stream.
    length : int
        Length of the payload by the header of the block.

    Returns
    -------
    list of Span
        In order; none where the block has no slices, or what precedes them is damaged. None,
        too, where all slices match: then the payload is another block's.
    """
    try:
        opened = open_slices(payload, num_frames, stream, length)
    except CorruptStream:
        return []
    if opened is None:
        return []
    slices = opened.block.table.slices
    spans = []
    for numbers in opened.intact():
        if len(numbers) == len(slices):
            return []
        try:
            spans.append(Span(slices[numbers.start].start, opened.decode(numbers)))
        except CorruptStream:
            continue
    return spans


def damaged_frames(
    payload: bytes, num_frames: int, stream: StreamHeader, length: int
) -> list[range]:
    """Frames of the slices of a damaged block whose checksums do not match; nothing is decoded.

    Parameters
    ----------
    payload, num_frames, stream, length
        As for `decode_intact`.

    Returns
    -------
    list of range
        Frames, counted from the block's first, those of slices together that follow each other.
        None where nothing is known but that the block is damaged: it has no slices, or what
        precedes them is damaged, too, or all of them match, or none.
    """
    try:
        opened = open_slices(payload, num_frames, stream, length)
    except CorruptStream:
        return []
    if opened is None:
        return []
    slices, intact = opened.block.table.slices, opened.intact()
    if not intact:
        return []
    found, done = [], 0
    for numbers in (*intact, range(len(slices), len(slices))):
        if done < numbers.start:
            found.append(range(slices[done].start, slices[numbers.start - 1].stop))
        done = numbers.stop
    return found
