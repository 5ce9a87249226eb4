"""Scan a damaged stream for intact elements (spec 10.2).

A scan reads the file from mark to mark. An element counts only if its checksums match; after one
that does not, the search goes on at the next mark. An intact index even recovers blocks with
destroyed headers, since it has the fields of each header. `nlac.bitstream.location` finds header
and trailer. `nlac.codec.decoder.recovery` decodes what was found.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import BinaryIO

from nlac._errors import CorruptStream
from nlac.bitstream import constants as c
from nlac.bitstream.block import (
    BlockHeader,
    parse_block_header,
    payload_is_intact,
    write_block_header,
)
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import accept_embedded
from nlac.bitstream.location import StreamIndex, locate_stream
from nlac.bitstream.mark_search import MarkSearch
from nlac.bitstream.metadata import MetadataHeader, MetadataItem, parse_item, parse_item_header
from nlac.bitstream.reader import read_up_to
from nlac.bitstream.trailer import Trailer

_MARKS = (c.BLOCK_SYNC, c.METADATA_TAG, c.TRAILER_TAG)
_MARK_BYTES = 4
# searching inside damaged elements again and again could take quadratic time: after the size of the
# file and so many bytes more, lengths in intact headers are trusted
_SPARE_SEARCH_BYTES = 1 << 26
# limit on silence for gaps without an index: bytes of samples, or a multiple of the file's size
_SILENCE_BYTES = 1 << 30
_SILENCE_FACTOR = 64


@dataclass(slots=True)
class Scan:
    """Intact elements of a damaged stream.

    Attributes
    ----------
    header : StreamHeader
        The header, from the beginning or the copy in the trailer.
    trailer : Trailer or None
        The trailer, if intact.
    items : list of MetadataItem
        Intact items, without foreign tail and parity.
    tail : list of int
        Byte offsets of the intact pieces of the foreign tail.
    blocks : list of (int, BlockHeader)
        Byte offsets and headers of the intact blocks, in order.
    num_frames : int
        Frames of the whole stream, lost ones included, as far as known.
    problems : list of str
        Descriptions of the damage.
    """

    header: StreamHeader
    trailer: Trailer | None
    items: list[MetadataItem] = field(default_factory=list)
    tail: list[int] = field(default_factory=list)
    blocks: list[tuple[int, BlockHeader]] = field(default_factory=list)
    num_frames: int = 0
    problems: list[str] = field(default_factory=list)


def scan_stream(file: BinaryIO, max_silence: int | None = None) -> Scan:
    """Scan a seekable file for the elements of a damaged stream.

    Parameters
    ----------
    file : BinaryIO
        The file.
    max_silence : int or None
        Upper bound on the bytes of samples in gaps without an index. If None, a gigabyte or 64
        times the size of the file, whichever is more.

    Raises
    ------
    FormatError
        Neither the header nor its copy in the trailer is intact, so that nothing can be
        decoded.
    """
    scan = _Scanner(file, max_silence).run()
    try:
        accept_embedded(scan.header, scan.items)
    except CorruptStream as error:
        scan.problems.append(str(error))
    return scan


def read_payload(file: BinaryIO, offset: int, header: BlockHeader) -> bytes:
    """Read the payload of a block that a scan found."""
    file.seek(offset + c.BLOCK_HEADER_BYTES)
    return read_up_to(file, header.payload_length)


def read_tail_piece(file: BinaryIO, offset: int, stream: StreamHeader) -> bytes:
    """Read a piece of the foreign tail that a scan found."""
    head, header = _item_header_at(file, offset, stream.checksum)
    return _item_at(file, head, header).data


class _Scanner:
    """State of a scan: the file, the elements found, the position."""

    def __init__(self, file: BinaryIO, max_silence: int | None) -> None:
        self._file = file
        self._place = place = locate_stream(file)
        self._header = place.header
        self._crc = place.header.checksum
        self._problems = place.problems
        self._scan = Scan(place.header, place.trailer, problems=self._problems)
        self._end = place.trailer_offset
        self._marks = MarkSearch(file, *_MARKS)
        size = file.seek(0, io.SEEK_END)
        self._budget = size + _SPARE_SEARCH_BYTES
        if max_silence is None:
            max_silence = max(_SILENCE_BYTES, _SILENCE_FACTOR * size)
        # in frames; a forged gap could fill any disk
        self._silence_left = max_silence // self._header.frame_bytes
        self._gap_refused = False
        self._intact: list[tuple[int, int]] = []
        self._next_index = 0
        self._next_frame = 0
        self._known_frames = 0
        self._metadata_bytes = 0
        # end of an element whose header is intact and whose content is not
        self._damaged_until = 0

    def run(self) -> Scan:
        position = self._place.start
        while position < self._end:
            after = self._element(position)
            position = self._skip(position) if after is None else after
        if self._place.index is not None:
            self._find_by_index(self._place.index)
        self._note_damage()
        self._scan.num_frames = self._total()
        return self._scan

    def _note_damage(self) -> None:
        """Report all bytes that belong to no intact element."""
        place = self._place
        done = place.start
        if place.header_offset is None and place.shift == 0:
            # the damaged header is reported already
            done = self._header.num_bytes
        for start, stop in (*sorted(self._intact), (self._end, self._end)):
            if done < start:
                self._problems.append(f"bytes {done} to {start - 1} are damaged")
            done = max(done, stop)

    def _element(self, position: int) -> int | None:
        """Offset after the element at `position` if it is intact, else None."""
        self._damaged_until = position
        self._file.seek(position)
        mark = self._file.read(_MARK_BYTES)
        try:
            if mark == c.BLOCK_SYNC:
                return self._block(position)
            if mark == c.METADATA_TAG:
                return self._item(position)
        except CorruptStream:
            pass
        return None

    def _block(self, position: int) -> int | None:
        self._file.seek(position)
        head = read_up_to(self._file, c.BLOCK_HEADER_BYTES)
        header = parse_block_header(head, self._header, self._crc)
        if not self._is_plausible(header):
            return None
        after = position + header.num_bytes
        self._known_frames = max(self._known_frames, header.first_frame + header.num_frames)
        if after > self._end:
            return None
        self._damaged_until = after
        if not self._payload_is_intact(position, header):
            self._budget -= header.payload_length
            return None
        self._scan.blocks.append((position, header))
        self._intact.append((position, after))
        self._silence_left -= header.first_frame - self._next_frame
        self._next_index = header.block_index + 1
        self._next_frame = header.first_frame + header.num_frames
        return after

    def _payload_is_intact(self, position: int, header: BlockHeader) -> bool:
        payload = read_payload(self._file, position, header)
        head = write_block_header(header, self._header)
        return payload_is_intact(head, payload, self._file.read(c.CRC_BYTES))

    def _skip(self, position: int) -> int:
        """Offset at which the scan goes on after damage at `position`."""
        after = self._damaged_until
        if after > position:
            self._file.seek(after)
            # the length is right if another element follows
            if after == self._end or self._file.read(_MARK_BYTES) in _MARKS or self._budget < 0:
                return after
        return self._marks.find(position + 1, self._end)

    def _is_plausible(self, header: BlockHeader) -> bool:
        """Whether a block may follow the last one: the gap between them is possible."""
        if self._place.index is not None:
            return header.block_index >= self._next_index and self._place.index.has(header)
        lost_blocks = header.block_index - self._next_index
        lost_frames = header.first_frame - self._next_frame
        if not 0 <= lost_blocks <= lost_frames <= lost_blocks * self._header.block_length:
            return False
        if lost_blocks > c.MAX_GAP_BLOCKS:
            return False
        if lost_frames + header.num_frames > self._silence_left and lost_frames:
            if not self._gap_refused:
                self._problems.append(
                    f"a gap of {lost_frames} frames exceeds the limit (see max_output); "
                    "the gap and all after it are left out"
                )
            self._gap_refused = True
            return False
        return True

    def _item(self, position: int) -> int:
        head, header = _item_header_at(self._file, position, self._crc)
        after = position + header.num_bytes
        if after > self._end:
            raise CorruptStream("the item exceeds the stream")
        self._damaged_until = after
        try:
            item = _item_at(self._file, head, header)
        except CorruptStream:
            self._budget -= header.stored_length
            raise
        self._intact.append((position, after))
        if item.item_type == c.ITEM_FOREIGN_TAIL:
            self._scan.tail.append(position)
            return after
        if item.item_type == c.ITEM_PARITY:
            return after
        self._metadata_bytes += header.length
        items = self._scan.items
        if self._metadata_bytes <= c.MAX_METADATA_BYTES and len(items) < c.MAX_METADATA_ITEMS:
            items.append(item)
        return after

    def _find_by_index(self, index: StreamIndex) -> None:
        """Find blocks with destroyed headers at the offsets of the index.

        Blocks between two that were found are shifted against the index by as much as one of
        those two.
        """
        offsets, count = index.offsets, len(index.headers)
        found = {header.block_index: position for position, header in self._scan.blocks}
        lowest, first, shift = self._place.start, 0, self._place.shift
        for stop in (*found, count):
            highest = found.get(stop, self._end)
            # after the last block found, the end of the stream gives the shift
            shifts = dict.fromkeys((shift, highest - offsets[stop]))
            for i in range(first, stop):
                header = index.headers[i]
                for each in shifts:
                    position = offsets[i] + each
                    after = position + header.num_bytes
                    if (
                        lowest <= position
                        and after <= highest
                        and self._payload_is_intact(position, header)
                    ):
                        self._scan.blocks.append((position, header))
                        self._intact.append((position + c.BLOCK_HEADER_BYTES, after))
                        lowest = after
                        break
            if stop < count:
                shift = highest - offsets[stop]
                first, lowest = stop + 1, offsets[stop + 1] + shift
        self._scan.blocks.sort(key=lambda found: found[1].block_index)

    def _total(self) -> int:
        if self._scan.trailer is not None:
            return self._scan.trailer.num_frames
        declared = self._header.num_frames
        if declared is not None and declared > self._known_frames:
            self._problems.append(
                f"frames {self._known_frames} to {declared - 1} are missing; "
                f"the header has {declared}"
            )
        return self._known_frames


def _item_header_at(file: BinaryIO, offset: int, crc: int) -> tuple[bytes, MetadataHeader]:
    file.seek(offset)
    head = read_up_to(file, c.METADATA_HEADER_BYTES)
    return head, parse_item_header(head, crc)


def _item_at(file: BinaryIO, head: bytes, header: MetadataHeader) -> MetadataItem:
    stored = read_up_to(file, header.stored_length)
    return parse_item(header, head, stored, file.read(c.CRC_BYTES))
