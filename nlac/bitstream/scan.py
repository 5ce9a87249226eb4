"""Finds what is intact in a damaged stream (spec 10).

A survey reads the file once, from mark to mark. An element counts only if its checksums
are right; where one fails, the search goes on behind it. With an intact index even a
block whose header was destroyed is found, since the index says what the header was.
What to do with the pieces is in `nlac.codec.decoder.recovery`.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import BinaryIO

from nlac._errors import CorruptStream, FormatError
from nlac.bitstream import constants as c
from nlac.bitstream.block import (
    BlockHeader,
    parse_block_header,
    payload_is_intact,
    write_block_header,
)
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import accept_embedded
from nlac.bitstream.metadata import MetadataHeader, MetadataItem, parse_item, parse_item_header
from nlac.bitstream.reader import read_header, read_trailer, read_up_to
from nlac.bitstream.trailer import Trailer, parse_trailer, trailer_num_bytes

_MARKS = re.compile(b"|".join(map(re.escape, (c.BLOCK_SYNC, c.METADATA_TAG, c.TRAILER_TAG))))
_MARK_BYTES = 4
_WINDOW_BYTES = 1 << 20
# searching inside damaged payloads again and again could take quadratic time: after so
# many bytes beyond the size of the file, lengths in intact headers are trusted
_SPARE_SEARCH_BYTES = 1 << 26


@dataclass(slots=True)
class Survey:
    """What a damaged stream still holds.

    Attributes
    ----------
    header : StreamHeader
        From the beginning, or the trailer's copy.
    trailer : Trailer or None
        If it is intact.
    items : list of MetadataItem
        Intact items but for the foreign tail.
    tail : list of int
        Byte offsets of the intact pieces of the foreign tail.
    blocks : list of (int, BlockHeader)
        Byte offsets and headers of the intact blocks, in order.
    num_frames : int
        Frames of the whole stream, lost ones included, as far as can be told.
    problems : list of str
        What is wrong, for people.
    """

    header: StreamHeader
    trailer: Trailer | None
    items: list[MetadataItem] = field(default_factory=list)
    tail: list[int] = field(default_factory=list)
    blocks: list[tuple[int, BlockHeader]] = field(default_factory=list)
    num_frames: int = 0
    problems: list[str] = field(default_factory=list)


def survey_stream(file: BinaryIO) -> Survey:
    """Look through a seekable file.

    Raises
    ------
    FormatError
        Neither the header nor its copy in the trailer is intact, so that nothing can be
        decoded.
    """
    survey = _Surveyor(file).run()
    try:
        accept_embedded(survey.header, survey.items)
    except CorruptStream as error:
        survey.problems.append(str(error))
    return survey


def read_payload(file: BinaryIO, offset: int, header: BlockHeader) -> bytes:
    """Payload of a block that the survey found."""
    file.seek(offset + c.BLOCK_HEADER_BYTES)
    return read_up_to(file, header.payload_length)


def read_tail_piece(file: BinaryIO, offset: int, stream: StreamHeader) -> bytes:
    """Content of a piece of the foreign tail that the survey found."""
    head, header = _item_header_at(file, offset, stream.checksum)
    return _item_at(file, head, header).data


class _Surveyor:
    """The file, what was found in it, and how far the search has come."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        self._problems: list[str] = []
        trailer: Trailer | None = None
        try:
            trailer = read_trailer(file)
        except FormatError as error:
            self._problems.append(str(error))
        file.seek(0)
        try:
            header = read_header(file)
        except FormatError as error:
            if trailer is None:
                raise
            self._problems.append(str(error))
            header = trailer.header
        if trailer is not None and trailer.header != header:
            self._problems.append("trailer belongs to another stream")
            trailer = None
        self._survey = Survey(header, trailer, problems=self._problems)
        self._header = header
        self._crc = header.checksum
        self._next_index = 0
        self._next_frame = 0
        self._known_frames = 0
        self._metadata_bytes = 0
        self._searched = 0
        self._by_offset: dict[int, BlockHeader] = {}
        if trailer is not None:
            self._by_offset = _headers_of(trailer)
        self._offsets = sorted(self._by_offset)
        self._damaged_until = 0

    def run(self) -> Survey:
        position = intact_until = self._header.num_bytes
        end = self._size
        if self._survey.trailer is not None:
            end -= self._survey.trailer.num_bytes
        while position < end:
            after = self._element(position)
            if after is not None:
                self._note_damage(intact_until, position)
                position = intact_until = after
            else:
                position = self._skip(position, end)
        self._note_damage(intact_until, min(position, end))
        self._survey.num_frames = self._total()
        return self._survey

    def _note_damage(self, start: int, stop: int) -> None:
        if start < stop:
            self._problems.append(f"bytes {start} to {stop - 1} are damaged")

    def _element(self, position: int) -> int | None:
        """Offset after the element at `position`, if that is intact."""
        self._damaged_until = position
        self._file.seek(position)
        mark = self._file.read(_MARK_BYTES)
        try:
            if mark == c.BLOCK_SYNC:
                after = self._block(position, self._read_block_header(position))
                if after is not None:
                    return after
            elif mark == c.METADATA_TAG:
                return self._item(position)
            elif mark == c.TRAILER_TAG and self._survey.trailer is None:
                return self._trailer(position)
        except CorruptStream:
            pass
        if position in self._by_offset:
            # what the header must have been, whatever became of it
            after = self._block(position, self._by_offset[position])
            if after is not None:
                self._note_damage(position, position + c.BLOCK_HEADER_BYTES)
            return after
        return None

    def _read_block_header(self, position: int) -> BlockHeader:
        self._file.seek(position)
        head = read_up_to(self._file, c.BLOCK_HEADER_BYTES)
        return parse_block_header(head, self._header, self._crc)

    def _block(self, position: int, header: BlockHeader) -> int | None:
        if not self._is_plausible(header):
            return None
        after = position + header.num_bytes
        self._known_frames = max(self._known_frames, header.first_frame + header.num_frames)
        payload = read_payload(self._file, position, header)
        head = write_block_header(header, self._header)
        if payload_is_intact(head, payload, self._file.read(c.CRC_BYTES)):
            self._survey.blocks.append((position, header))
            self._next_index = header.block_index + 1
            self._next_frame = header.first_frame + header.num_frames
            return after
        self._searched += len(payload)
        self._damaged_until = after
        return None

    def _skip(self, position: int, end: int) -> int:
        """Where to go on after damage at `position`."""
        after = self._damaged_until
        if position < after <= end:
            # if an element follows where the damaged block should end, its length is right
            self._file.seek(after)
            if (
                after == end
                or _MARKS.match(self._file.read(_MARK_BYTES))
                or self._searched > self._size + _SPARE_SEARCH_BYTES
            ):
                return after
        found = self._search(position + 1, end)
        # the index knows blocks whose mark is destroyed
        i = bisect_right(self._offsets, position)
        return min(found, self._offsets[i]) if i < len(self._offsets) else found

    def _is_plausible(self, header: BlockHeader) -> bool:
        """Whether a block may follow the last one; a strange gap is not believed."""
        trailer = self._survey.trailer
        if trailer is not None and header.first_frame + header.num_frames > trailer.num_frames:
            return False
        lost_blocks = header.block_index - self._next_index
        lost_frames = header.first_frame - self._next_frame
        if not 0 <= lost_blocks <= lost_frames <= lost_blocks * self._header.block_length:
            return False
        return trailer is not None or lost_blocks <= c.MAX_GAP_BLOCKS

    def _item(self, position: int) -> int:
        head, header = _item_header_at(self._file, position, self._crc)
        item = _item_at(self._file, head, header)
        after = position + header.num_bytes
        if item.item_type == c.ITEM_FOREIGN_TAIL:
            self._survey.tail.append(position)
            return after
        self._metadata_bytes += header.length
        items = self._survey.items
        if self._metadata_bytes <= c.MAX_METADATA_BYTES and len(items) < c.MAX_METADATA_ITEMS:
            items.append(item)
        return after

    def _trailer(self, position: int) -> int:
        """A trailer that is not at the very end: something was appended to the stream."""
        self._file.seek(position)
        fixed = read_up_to(self._file, c.TRAILER_FIXED_BYTES)
        if len(fixed) < c.TRAILER_FIXED_BYTES:
            raise CorruptStream("stream ends too early")
        length = trailer_num_bytes(fixed)
        trailer = parse_trailer(fixed + read_up_to(self._file, length - len(fixed)))
        if trailer.header != self._header:
            raise CorruptStream("trailer belongs to another stream")
        self._survey.trailer = trailer
        if position + length < self._size:
            self._problems.append(f"bytes from {position + length} on follow the trailer")
        return self._size

    def _search(self, position: int, end: int) -> int:
        while position + _MARK_BYTES <= end:
            self._file.seek(position)
            window = read_up_to(self._file, min(_WINDOW_BYTES, end - position))
            if match := _MARKS.search(window):
                return position + match.start()
            if len(window) < _MARK_BYTES:
                break
            position += len(window) - _MARK_BYTES + 1
        return end

    def _total(self) -> int:
        if self._survey.trailer is not None:
            return self._survey.trailer.num_frames
        told = self._header.num_frames
        limit = self._known_frames + c.MAX_GAP_BLOCKS * self._header.block_length
        return told if told is not None and told <= limit else self._known_frames


def _headers_of(trailer: Trailer) -> dict[int, BlockHeader]:
    """Block headers by byte offset, as the index has them."""
    index = trailer.index
    offsets = accumulate((e.num_bytes for e in index), initial=trailer.first_block_offset)
    frames = accumulate((e.num_frames for e in index), initial=0)
    return {
        offset: BlockHeader(i, first, e.num_frames, e.num_bytes - c.BLOCK_OVERHEAD_BYTES)
        for i, (offset, first, e) in enumerate(zip(offsets, frames, index, strict=False))
    }


def _item_header_at(file: BinaryIO, offset: int, crc: int) -> tuple[bytes, MetadataHeader]:
    file.seek(offset)
    head = read_up_to(file, c.METADATA_HEADER_BYTES)
    return head, parse_item_header(head, crc)


def _item_at(file: BinaryIO, head: bytes, header: MetadataHeader) -> MetadataItem:
    stored = read_up_to(file, header.stored_length)
    return parse_item(header, head, stored, file.read(c.CRC_BYTES))
