"""Decode a block that holds what a lossy stream held (spec, section "Origin block").

The block is cut into sections. Those of granules or frames are synthesised, and what the synthesis
missed is added; the others, one after the other, are a block of the stream's own predictor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac._typing import U32
from nlac.bitstream.constants import CODER_RICE
from nlac.bitstream.header import StreamHeader
from nlac.entropy.varint import read_signed, read_varint, write_signed, write_varint
from nlac.entropy.words import check_end
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.kinds import ORIGIN
from nlac.predictors.origin.lossy import KINDS, Lossy
from nlac.predictors.origin.output import TOWARDS_ZERO, UNITY_GAIN, Output

MAX_CHANNELS = 2
MIN_BITS, MAX_BITS = 16, 24
_GAINS = UNITY_GAIN // 2, UNITY_GAIN * 2

# decodes a block of the stream's predictor: data, at, frames, channels, stream
DecodeBlock: TypeAlias = Callable[[bytes, int, int, int, StreamHeader], Iterable[NDArray[np.int32]]]


class Section(NamedTuple):
    """A stretch of a block.

    Attributes
    ----------
    frames : int
        Its length.
    shift : int or None
        Samples of the synthesis before it, or None if it has no units.
    gain : int
        Factor of the samples, Q30.
    rounding : int
        How the decoder rounded.
    """

    frames: int
    shift: int | None = None
    gain: int = UNITY_GAIN
    rounding: int = 0


class OtherSpan(NamedTuple):
    """A section without units.

    Attributes
    ----------
    begin, end : int
        Its first frame in the block, and the frame after its last.
    start : int
        Frame `begin` among those of all sections without units.
    """

    begin: int
    end: int
    start: int


class OriginHead(NamedTuple):
    """What a block begins with.

    Attributes
    ----------
    lossy : Lossy
        Kind of the lossy stream.
    table : int
        Number of the table of bands.
    sections : list of Section
    words : (words,) uint32
        Coded units and residuals.
    end : int
        Position of the block of the other sections.
    """

    lossy: Lossy
    table: int
    sections: list[Section]
    words: U32
    end: int

    @property
    def begins(self) -> list[int]:
        """First frame of each section."""
        return [0, *accumulate(each.frames for each in self.sections)][:-1]

    @property
    def other_spans(self) -> list[OtherSpan]:
        """The sections without units."""
        spans, start = [], 0
        for begin, each in zip(self.begins, self.sections, strict=True):
            if each.shift is None:
                spans.append(OtherSpan(begin, begin + each.frames, start))
                start += each.frames
        return spans

    @property
    def other_frames(self) -> int:
        """Frames of the sections without units."""
        return sum(each.frames for each in self.sections if each.shift is None)


def write_head(lossy: Lossy, table: int, sections: Sequence[Section], words: U32) -> bytes:
    """Return the bytes of a block before the block of its sections without units."""
    out = bytearray(write_varint(ORIGIN) + write_varint(lossy.number) + write_varint(table))
    out += write_varint(len(sections))
    for each in sections:
        out += write_varint(each.frames)
        if each.shift is None:
            out += write_varint(0)
            continue
        out += write_varint(1 + each.shift) + write_signed(each.gain - UNITY_GAIN)
        out += write_varint(each.rounding)
    out += write_varint(len(words)) + words.astype("<u4").tobytes()
    return bytes(out)


def read_sections(
    data: bytes, at: int, frames: int, channels: int, bits: int
) -> tuple[Lossy, int, list[Section], int, int]:
    """Parse a block up to its words, which need not be there.

    Returns
    -------
    lossy : Lossy
    table : int
    sections : list of Section
    num_words : int
    at : int
        Where the words begin.

    Raises
    ------
    CorruptStream
        A value is out of bounds.
    """
    _, at = read_varint(data, at)
    if channels > MAX_CHANNELS or not MIN_BITS <= bits <= MAX_BITS:
        raise CorruptStream("channels or bits that lossy streams do not have", path="origin")
    number, at = read_varint(data, at)
    if number >= len(KINDS):
        raise CorruptStream(f"unknown kind {number} of lossy streams", path="origin.kind")
    lossy = KINDS[number]
    table, at = read_varint(data, at)
    if table >= lossy.tables:
        raise CorruptStream(f"unknown table {table}", path="origin.table")
    count, at = read_varint(data, at)
    sections: list[Section] = []
    left = frames
    for i in range(count):
        section, at = _read_section(data, at, lossy, f"origin.sections[{i}]")
        left -= section.frames
        alike = section.shift is None and sections and sections[-1].shift is None
        if left < 0 or alike:
            raise CorruptStream("sections do not fill the block", path="origin.sections")
        sections.append(section)
    if left:
        raise CorruptStream("sections do not fill the block", path="origin.sections")
    num_words, at = read_varint(data, at)
    return lossy, table, sections, num_words, at


def check_coder(stream: StreamHeader) -> None:
    """Raise `CorruptStream` if the stream's coder excludes such blocks."""
    if stream.coder_id == CODER_RICE:
        raise CorruptStream("granules have no Rice codes", path="origin.coder")


def read_head(data: bytes, at: int, frames: int, channels: int, bits: int) -> OriginHead:
    """Parse a block up to the block of its sections without units; `data` ends with it.

    Raises
    ------
    CorruptStream
        A value is out of bounds.
    """
    lossy, table, sections, num_words, at = read_sections(data, at, frames, channels, bits)
    if 4 * num_words > len(data) - at:
        raise CorruptStream("words do not fit", path="origin.words")
    words = np.frombuffer(data, "<u4", num_words, at).astype(np.uint32)
    head = OriginHead(lossy, table, sections, words, at + 4 * num_words)
    if not head.other_frames:
        if head.end != len(data):
            raise CorruptStream("bytes follow the words", path="origin")
    elif data[head.end : head.end + 1] == bytes([ORIGIN]):
        raise CorruptStream("an origin block within another", path="origin.block")
    return head


def _read_section(data: bytes, at: int, lossy: Lossy, path: str) -> tuple[Section, int]:
    frames, at = read_varint(data, at)
    if not frames:
        raise CorruptStream("a section without frames", path=path)
    shift, at = read_varint(data, at)
    if not shift:
        return Section(frames), at
    gain, at = read_signed(data, at)
    rounding, at = read_varint(data, at)
    gain += UNITY_GAIN
    if (
        shift - 1 > lossy.most_shift
        or frames < lossy.least_frames
        or not _GAINS[0] <= gain <= _GAINS[1]
        or rounding > TOWARDS_ZERO
    ):
        raise CorruptStream("a value is out of bounds", path=path)
    return Section(frames, shift - 1, gain, rounding), at


class DecodedSection(NamedTuple):
    """A section with granules or frames.

    Attributes
    ----------
    begin : int
        Its first frame in the block.
    section : Section
    units : Granules or Frames
    synthesised, residuals : (channels, frames) int32
        Their sum is the samples.
    unit_bits, residual_bits : float
        Bits of the words that these took.
    """

    begin: int
    section: Section
    units: Any
    synthesised: NDArray[np.int32]
    residuals: NDArray[np.int32]
    unit_bits: float
    residual_bits: float

    def samples(self) -> NDArray[np.int32]:
        """Return the samples, (channels, frames): less than 2**26 in magnitude."""
        return self.synthesised + self.residuals


def decode_sections(head: OriginHead, channels: int, bits: int) -> Iterator[DecodedSection]:
    """Decode the sections that have granules or frames.

    Yields
    ------
    DecodedSection

    Raises
    ------
    CorruptStream
        The words are not what an encoder writes.
    """
    lossy = head.lossy
    coder = SectionCoder(lossy, head.words, True)
    for begin, section in zip(head.begins, head.sections, strict=True):
        if section.shift is None:
            continue
        marks = [coder.bits]
        shift, frames = section.shift, section.frames
        units = lossy.empty(lossy.units(shift, frames), channels)
        if not coder.units(units, head.table):
            raise CorruptStream("a value of a spectrum is out of bounds", path="origin.units")
        marks.append(coder.bits)
        output = Output(section.gain, section.rounding, bits)
        samples, places = lossy.synthesise(units, head.table, output, shift, frames)
        residuals = np.zeros(samples.shape, np.int32)
        coder.residuals(residuals, places)
        marks.append(coder.bits)
        yield DecodedSection(
            begin, section, units, samples, residuals, marks[1] - marks[0], marks[2] - marks[1]
        )
    taken = coder.finish()
    check_end(head.words, np.zeros(0, np.uint32), taken, 0)


def decode_origin(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader, decode: DecodeBlock
) -> NDArray[np.int32]:
    """Decode a block of kind `ORIGIN`; `data` ends with it.

    Parameters
    ----------
    data : bytes
    at, frames, channels : int
    stream : StreamHeader
    decode : callable
        Decodes the block of the sections without units.

    Returns
    -------
    (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    check_coder(stream)
    head = read_head(data, at, frames, channels, stream.bits_per_sample)
    out = np.empty((channels, frames), np.int32)
    for each in decode_sections(head, channels, stream.bits_per_sample):
        out[:, each.begin : each.begin + each.section.frames] = each.samples()
    if not head.other_frames:
        return out
    others = np.empty((channels, head.other_frames), np.int32)
    done = 0
    for piece in decode(data, head.end, head.other_frames, channels, stream):
        others[:, done : done + piece.shape[1]] = piece
        done += piece.shape[1]
    for begin, end, start in head.other_spans:
        out[:, begin:end] = others[:, start : start + end - begin]
    return out
