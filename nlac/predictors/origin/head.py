"""Side information of a block that holds what a lossy stream held (spec, section "Origin block").

It needs no kernels, so that what a stream was can be told without loading them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from nlac._errors import CorruptStream
from nlac._typing import U32
from nlac.entropy.varint import read_signed, read_varint, write_signed, write_varint
from nlac.predictors.origin.kinds import KINDS, ORIGIN, TOWARDS_ZERO, UNITY_GAIN, LossyKind

MAX_CHANNELS = 2
MIN_BITS, MAX_BITS = 16, 24
_GAINS = UNITY_GAIN // 2, UNITY_GAIN * 2


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
    kind : LossyKind
        Kind of the lossy stream.
    table : int
        Number of the table of bands.
    sections : list of Section
    words : (words,) uint32
        Coded units and residuals.
    end : int
        Position of the block of the other sections.
    """

    kind: LossyKind
    table: int
    sections: list[Section]
    words: U32
    end: int

    def units(self, section: Section) -> int:
        """Return the number of units of a section."""
        return 0 if section.shift is None else self.kind.units(section.shift, section.frames)

    @property
    def begins(self) -> list[int]:
        """First frame of each section."""
        return [0, *accumulate(each.frames for each in self.sections)][:-1]

    @property
    def other_frames(self) -> int:
        """Frames of the sections without units."""
        return sum(each.frames for each in self.sections if each.shift is None)

    @property
    def other_spans(self) -> list[OtherSpan]:
        """The sections without units."""
        spans, start = [], 0
        for begin, each in zip(self.begins, self.sections, strict=True):
            if each.shift is None:
                spans.append(OtherSpan(begin, begin + each.frames, start))
                start += each.frames
        return spans


def write_head(kind: LossyKind, table: int, sections: Sequence[Section], words: U32) -> bytes:
    """Return the bytes of a block before the block of its sections without units."""
    out = bytearray(write_varint(ORIGIN) + write_varint(kind.number) + write_varint(table))
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
) -> tuple[LossyKind, int, list[Section], int, int]:
    """Parse a block up to its words, which need not be there.

    Returns
    -------
    kind : LossyKind
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
    kind = KINDS[number]
    table, at = read_varint(data, at)
    if table >= kind.tables:
        raise CorruptStream(f"unknown table {table}", path="origin.table")
    count, at = read_varint(data, at)
    sections: list[Section] = []
    left = frames
    for i in range(count):
        section, at = _read_section(data, at, kind, f"origin.sections[{i}]")
        left -= section.frames
        alike = section.shift is None and sections and sections[-1].shift is None
        if left < 0 or alike:
            raise CorruptStream("sections do not fill the block", path="origin.sections")
        sections.append(section)
    if left:
        raise CorruptStream("sections do not fill the block", path="origin.sections")
    num_words, at = read_varint(data, at)
    return kind, table, sections, num_words, at


def read_head(data: bytes, at: int, frames: int, channels: int, bits: int) -> OriginHead:
    """Parse a block up to the block of its sections without units; `data` ends with it.

    Raises
    ------
    CorruptStream
        A value is out of bounds.
    """
    kind, table, sections, num_words, at = read_sections(data, at, frames, channels, bits)
    if 4 * num_words > len(data) - at:
        raise CorruptStream("words do not fit", path="origin.words")
    words = np.frombuffer(data, "<u4", num_words, at).astype(np.uint32)
    head = OriginHead(kind, table, sections, words, at + 4 * num_words)
    if not head.other_frames:
        if head.end != len(data):
            raise CorruptStream("bytes follow the words", path="origin")
    elif data[head.end : head.end + 1] == bytes([ORIGIN]):
        raise CorruptStream("an origin block within another", path="origin.block")
    return head


def _read_section(data: bytes, at: int, kind: LossyKind, path: str) -> tuple[Section, int]:
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
        shift - 1 > kind.most_shift
        or frames < kind.least_frames
        or not _GAINS[0] <= gain <= _GAINS[1]
        or rounding > TOWARDS_ZERO
    ):
        raise CorruptStream("a value is out of bounds", path=path)
    return Section(frames, shift - 1, gain, rounding), at
