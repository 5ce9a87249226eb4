"""Locate a damaged stream in its file: header, trailer, position of the blocks (spec 10.2).

The beginning may be cut off or destroyed, and other bytes may precede or follow the stream. Header
and trailer both hold the header, so either of them suffices. The first block with an intact header
gives the distance of all blocks from the positions in the index. `nlac.bitstream.scan` looks at
what lies between header and trailer.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from itertools import accumulate
from typing import BinaryIO

from nlac._errors import CorruptStream, FormatError
from nlac.bitstream import constants as c
from nlac.bitstream.block import BlockHeader, parse_block_header
from nlac.bitstream.header import StreamHeader, write_header
from nlac.bitstream.mark_search import MarkSearch
from nlac.bitstream.reader import last_trailer, read_header, read_up_to
from nlac.bitstream.trailer import Trailer, parse_trailer, trailer_num_bytes

# false trailers could make the search quadratic: it parses at most the size of the file and so many
# bytes more
_SPARE_SEARCH_BYTES = 1 << 26


@dataclass(slots=True)
class StreamIndex:
    """Index of a trailer: block headers, and their byte offsets in the stream."""

    headers: list[BlockHeader]
    offsets: list[int]

    @classmethod
    def of(cls, trailer: Trailer) -> StreamIndex:
        """Make the index from a trailer."""
        index = trailer.index
        frames = accumulate((entry.num_frames for entry in index), initial=0)
        sizes = (entry.num_bytes for entry in index)
        offsets = list(accumulate(sizes, initial=trailer.first_block_offset))
        headers = [
            BlockHeader(i, first, entry.num_frames, entry.num_bytes - c.BLOCK_OVERHEAD_BYTES)
            for i, (first, entry) in enumerate(zip(frames, index, strict=False))
        ]
        return cls(headers, offsets)

    def has(self, header: BlockHeader) -> bool:
        """Whether the index has this block."""
        i = header.block_index
        return i < len(self.headers) and self.headers[i] == header


@dataclass(slots=True)
class StreamLocation:
    """Location of a stream in its file.

    Attributes
    ----------
    header : StreamHeader
        The header, from the beginning or the copy in the trailer.
    header_offset : int or None
        Byte offset of the header in the file; None if it is not intact.
    trailer : Trailer or None
        The trailer, if intact.
    index : StreamIndex or None
        Index of the trailer.
    trailer_offset : int
        Byte offset of the trailer in the file; the file's size if there is none.
    shift : int
        Byte offset of blocks in the file less their offset in the index; negative if the
        beginning of the stream is missing.
    problems : list of str
        Descriptions of the damage.
    """

    header: StreamHeader
    header_offset: int | None
    trailer: Trailer | None
    index: StreamIndex | None
    trailer_offset: int
    shift: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Byte offset in the file at which elements may begin."""
        if self.header_offset is not None:
            return self.header_offset + self.header.num_bytes
        return max(0, self.shift)


def locate_stream(file: BinaryIO) -> StreamLocation:
    """Locate header and trailer of the stream in a seekable file.

    Raises
    ------
    FormatError
        Neither is intact.
    """
    size = file.seek(0, io.SEEK_END)
    problems: list[str] = []
    trailer, trailer_offset = None, size
    try:
        trailer = last_trailer(file)
        trailer_offset = size - trailer.num_bytes
    except FormatError as error:
        problems.append(str(error))
    header, header_offset, header_error = None, None, None
    file.seek(0)
    try:
        header, header_offset = read_header(file), 0
    except FormatError as error:
        header_error = error
    if header is not None and trailer is not None and trailer.header != header:
        problems.append("the trailer is that of another stream")
        trailer, trailer_offset = None, size
    if trailer is None:
        trailer, trailer_offset = _find_trailer(file, header, header_offset or 0, size)
        if trailer is not None:
            end = trailer_offset + trailer.num_bytes
            problems.append(f"bytes follow the trailer, from byte {end} on")
    if header is None:
        if trailer is not None:
            header = trailer.header
        else:
            assert header_error is not None
            header, header_offset = _find_header(file, size, header_error)
    index = StreamIndex.of(trailer) if trailer is not None else None
    found = StreamLocation(header, header_offset, trailer, index, trailer_offset, 0, problems)
    if trailer is not None and index is not None:
        _take_bearings(file, found, trailer, index)
    if found.header_offset:
        problems.append(f"the stream begins at byte {found.header_offset}")
    elif found.header_offset is None:
        if found.shift < 0:
            problems.append(f"{-found.shift} bytes of the stream's beginning are missing")
        else:
            problems.append(str(header_error))
    return found


def _find_header(
    file: BinaryIO, size: int, error: FormatError
) -> tuple[StreamHeader, int | None]:
    """The first intact header after the beginning of the file, and its offset.

    The offset is None for the copy in a damaged trailer, since no element follows it. Raises
    `error` if there is no header.
    """
    marks, position = MarkSearch(file, c.MAGIC), 1
    while (position := marks.find(position, size)) < size:
        file.seek(position)
        try:
            header = read_header(file)
        except FormatError:
            position += 1
            continue
        file.seek(max(0, position - c.TRAILER_FIXED_BYTES))
        is_copy = file.read(len(c.TRAILER_TAG)) == c.TRAILER_TAG
        return header, None if is_copy else position
    raise error


def _find_trailer(
    file: BinaryIO, header: StreamHeader | None, start: int, size: int
) -> tuple[Trailer | None, int]:
    """The first intact trailer of the stream, to which other bytes were appended."""
    marks, position = MarkSearch(file, c.TRAILER_TAG), start
    searched = 0
    while (position := marks.find(position, size)) < size:
        file.seek(position)
        fixed = file.read(c.TRAILER_FIXED_BYTES)
        try:
            length = trailer_num_bytes(fixed) if len(fixed) == c.TRAILER_FIXED_BYTES else size
            if position + length <= size and searched <= size + _SPARE_SEARCH_BYTES:
                searched += length
                trailer = parse_trailer(fixed + read_up_to(file, length - len(fixed)))
                if header is None or trailer.header == header:
                    return trailer, position
        except CorruptStream:
            pass
        position += 1
    return None, size


def _take_bearings(
    file: BinaryIO, found: StreamLocation, trailer: Trailer, index: StreamIndex
) -> None:
    """Set the shift of the blocks, and find a header that is not at the beginning."""
    header_bytes = write_header(found.header)
    shift = _first_shift(file, found.header, index, found.trailer_offset)
    if shift is not None and shift >= 0:
        file.seek(shift)
        if file.read(len(header_bytes)) == header_bytes:
            found.header_offset = shift
    if found.header_offset is None:
        marks, position = MarkSearch(file, c.MAGIC), 1
        end = found.trailer_offset
        if shift is not None:
            end = min(end, trailer.first_block_offset + shift)
        while (position := marks.find(position, end)) < end:
            file.seek(position)
            if file.read(len(header_bytes)) == header_bytes:
                found.header_offset = position
                break
            position += 1
    if shift is None:
        # no intact block: if there is no room for the blocks, the beginning is missing
        behind = found.trailer_offset - trailer.end_of_blocks
        shift = found.header_offset if found.header_offset is not None else min(0, behind)
    found.shift = shift


def _first_shift(
    file: BinaryIO, header: StreamHeader, index: StreamIndex, end: int
) -> int | None:
    """Offset of the first block with an intact header, less its offset in the index."""
    marks, position, crc = MarkSearch(file, c.BLOCK_SYNC), 0, header.checksum
    while (position := marks.find(position, end)) < end:
        file.seek(position)
        try:
            block = parse_block_header(file.read(c.BLOCK_HEADER_BYTES), header, crc)
            if index.has(block):
                return position - index.offsets[block.block_index]
        except CorruptStream:
            pass
        position += 1
    return None
