"""Pages of an Ogg file around FLAC frames, from few numbers (spec 6.10.5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nlac._errors import CorruptStream
from nlac._typing import I64, Samples
from nlac.audio.flac.frames.columns import NUM_COLUMNS, Column
from nlac.audio.flac.frames.pieces import (
    OGG_FLAC,
    PLAIN_FLAC,
    FlacFrames,
    FrameBuilder,
    Piece,
    write_piece,
)
from nlac.audio.flac.ogg import Page
from nlac.audio.packing import CODED

# in PAGE_FLAGS: the position is another one than the frames tell
_OTHER_POSITION = 0x80
_POSITION = struct.Struct("<q")
_PAGES_IN_PIECE = 1 << 16
_FULL = 255
_PATH = "metadata.flac frames"


def page_pieces(pages: Sequence[Page], frames: I64) -> list[bytes] | None:
    """Contents of the items that tell how frames lie in pages.

    Parameters
    ----------
    pages : sequence of Page
        All pages behind those of the head.
    frames : ndarray, shape (count, 2)
        Bytes and samples of every frame.

    Returns
    -------
    list of bytes, or None
        None if the frames do not lie in these pages one by one.
    """
    segments = np.frombuffer(b"".join(page.segments for page in pages), np.uint8)
    ends = np.flatnonzero(segments < _FULL)
    totals = np.cumsum(segments, dtype=np.int64)[ends] if len(ends) else np.empty(0, np.int64)
    if any(page.flags & _OTHER_POSITION for page in pages):
        return None
    if len(ends) == len(frames) + 1:
        # ffmpeg ends with a packet of no bytes
        frames = np.append(frames, [[0, 0]], axis=0)
    if (len(segments) and segments[-1] == _FULL) or not np.array_equal(
        totals, np.cumsum(frames[:, 0])
    ):
        return None
    samples = np.cumsum(frames[:, 1]).tolist()
    pieces, ended = [], 0
    for start in range(0, len(pages), _PAGES_IN_PIECE):
        counts, flags, positions = bytearray(), bytearray(), bytearray()
        for page in pages[start : start + _PAGES_IN_PIECE]:
            ending = sum(size < _FULL for size in page.segments)
            ended += ending
            is_other = page.position != (samples[ended - 1] if ending else -1)
            counts.append(len(page.segments))
            flags.append(page.flags | _OTHER_POSITION * is_other)
            if is_other:
                positions += _POSITION.pack(page.position)
        columns = np.zeros((NUM_COLUMNS, max(len(counts), len(positions))), np.uint8)
        lengths = np.zeros(NUM_COLUMNS, np.int64)
        for column, data in (
            (Column.PAGE_SEGMENTS, counts),
            (Column.PAGE_FLAGS, flags),
            (Column.PAGE_POSITION, positions),
        ):
            columns[column, : len(data)] = np.frombuffer(data, np.uint8)
            lengths[column] = len(data)
        pieces.append(write_piece(columns, lengths))
    return pieces


@dataclass(frozen=True, slots=True)
class OggFrames:
    """FLAC frames in the pages of an Ogg file: how its samples are packed.

    Attributes
    ----------
    pieces : sequence of bytes
        Contents of the items.
    bits_per_sample, channels : int
        Format of the stream.
    serial : int
        Number of the Ogg stream.
    first_page : int
        Number of the first page behind the head.
    """

    pieces: Sequence[bytes]
    bits_per_sample: int
    channels: int
    serial: int
    first_page: int

    def to_bytes(self) -> bytes:
        """Return the packing as the recipe has it (spec 6.3.2)."""
        numbers = struct.pack("<3I", len(self.pieces), self.serial, self.first_page)
        return bytes((CODED, OGG_FLAC)) + numbers

    def packer(self, *, exact: bool = True) -> PagePacker:
        """Return what makes the pages from samples; see `Packing.packer`."""
        builder = FrameBuilder(self.pieces, self.bits_per_sample, self.channels, exact=exact)
        return PagePacker(builder, self)


def parse_packing(
    data: bytes, pieces: Sequence[bytes], bits_per_sample: int, channels: int
) -> FlacFrames | OggFrames:
    """Read the packing of coded frames in a recipe (spec 6.3.2).

    Raises
    ------
    CorruptStream
        It is damaged, or there is another number of pieces.
    """
    path = "metadata.recipe"
    if len(data) not in (6, 14) or data[1] != (PLAIN_FLAC if len(data) == 6 else OGG_FLAC):
        raise CorruptStream("unknown kind of coded frames", path=path)
    numbers = struct.unpack_from(f"<{len(data) // 4}I", data, 2)
    if numbers[0] != len(pieces):
        raise CorruptStream(f"{len(pieces)} items of frames instead of {numbers[0]}", path=path)
    if len(data) == 6:
        return FlacFrames(pieces, bits_per_sample, channels)
    return OggFrames(pieces, bits_per_sample, channels, numbers[1], numbers[2])


class PagePacker:
    """Makes the bytes between head and tail of FLAC in Ogg; see `Packer`."""

    def __init__(self, builder: FrameBuilder, frames: OggFrames) -> None:
        self._builder = builder
        self._serial = frames.serial
        self._number = frames.first_page
        self._pages = self._page_columns(frames.pieces)
        self._next: tuple[int, int, int | None] | None = next(self._pages, None)
        # what waits for a page, and the samples up to each packet's end in it
        self._segments = bytearray()
        self._body = bytearray()
        self._ends: list[int] = []
        self._samples = 0

    def pack(self, samples: Samples) -> Iterator[bytes]:
        """Yield the pages that are complete with these samples."""
        for data, places in self._builder.build(samples):
            start = 0
            for end, length in places.tolist():
                full, last = divmod(end - start, _FULL)
                self._segments += bytes([_FULL] * full + [last])
                self._samples += length
                self._ends.append(self._samples)
                start = end
            self._body += data
            while self._next is not None and self._next[0] <= len(self._segments):
                yield self._page(*self._next)
            if self._next is None and self._segments:
                raise CorruptStream("there are more frames than pages", path=_PATH)

    def end(self) -> Iterator[bytes]:
        """Yield the pages that hold nothing, after a check that everything was used."""
        self._builder.end()
        if self._next is not None and self._next[0] == len(self._segments) + 1:
            # a packet of no bytes behind the last frame
            self._segments.append(0)
            self._ends.append(self._samples)
        while self._next is not None and self._next[0] <= len(self._segments):
            yield self._page(*self._next)
        if self._next is not None or self._segments:
            raise CorruptStream("the pages have another length than the frames", path=_PATH)

    def _page(self, count: int, flags: int, position: int | None) -> bytes:
        segments = bytes(self._segments[:count])
        del self._segments[:count]
        size, ending = sum(segments), sum(segment < _FULL for segment in segments)
        body = bytes(self._body[:size])
        del self._body[:size]
        if position is None:
            position = self._ends[ending - 1] if ending else -1
        del self._ends[:ending]
        page = Page(flags, position, self._serial, self._number, segments)
        # numbers have 32 bits
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._next = next(self._pages, None)
        return page.to_bytes(body)

    def _page_columns(self, pieces: Sequence[bytes]) -> Iterator[tuple[int, int, int | None]]:
        """Segments, flags, and an unexpected position, of all pages in order."""
        for data in pieces:
            piece = Piece.parse(data)
            positions = piece.column(Column.PAGE_POSITION)
            place = 0
            for count, flags in zip(
                piece.column(Column.PAGE_SEGMENTS), piece.column(Column.PAGE_FLAGS), strict=True
            ):
                position = None
                if flags & _OTHER_POSITION:
                    if place + _POSITION.size > len(positions):
                        raise CorruptStream("a position is missing", path=_PATH)
                    (position,) = _POSITION.unpack_from(positions, place)
                    place += _POSITION.size
                yield count, flags & ~_OTHER_POSITION, position
            if place != len(positions):
                raise CorruptStream("bytes are left in the column page_position", path=_PATH)
