"""Read streams from files: element by element, or block by block through the index."""

from __future__ import annotations

import io
import threading
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO

from nlac._errors import ChecksumMismatch, CorruptStream, TruncatedStream
from nlac.bitstream import constants as c
from nlac.bitstream.block import parse_block_header, payload_is_intact
from nlac.bitstream.header import StreamHeader, header_num_bytes, parse_header
from nlac.bitstream.items import accept_embedded
from nlac.bitstream.metadata import MetadataItem, parse_item, parse_item_header
from nlac.bitstream.parser import CodedBlock, Element, parse_stream
from nlac.bitstream.trailer import Trailer, parse_trailer, trailer_num_bytes_from_end

_READ_BYTES = 1 << 20


def read_up_to(file: BinaryIO, length: int) -> bytes:
    """Read `length` bytes of `file`, or fewer at its end.

    The file is read in pieces. So memory is bounded by the file, not by a damaged length field.
    """
    data = file.read(min(length, _READ_BYTES))
    if len(data) == length or not data:
        return data
    pieces = [data]
    missing = length - len(data)
    while missing and (data := file.read(min(missing, _READ_BYTES))):
        pieces.append(data)
        missing -= len(data)
    return b"".join(pieces)


def read_elements(file: BinaryIO) -> Iterator[Element]:
    """Yield the elements of the stream that begins at the position of `file`; never seek.

    Raises
    ------
    FormatError
        At the first damage.
    """
    parser = parse_stream()
    request = next(parser)
    try:
        while True:
            if isinstance(request, int):
                request = parser.send(read_up_to(file, request))
            else:
                yield request
                request = next(parser)
    except StopIteration:
        return


def read_header(file: BinaryIO) -> StreamHeader:
    """Read the header of the stream that begins at the position of `file`.

    Raises
    ------
    FormatError
        Not a stream, of an unknown version, or damaged.
    """
    fixed = read_up_to(file, c.HEADER_FIXED_BYTES)
    return parse_header(fixed + read_up_to(file, header_num_bytes(fixed) - len(fixed)))


def read_trailer(file: BinaryIO) -> Trailer:
    """Read the trailer of a stream that is the whole seekable `file`.

    Raises
    ------
    CorruptStream
        The trailer is missing or damaged, or the file is too short for the blocks of the index.
    """
    trailer = last_trailer(file)
    size = file.seek(0, io.SEEK_END)
    if trailer.end_of_blocks > size - trailer.num_bytes:
        raise CorruptStream(
            "the blocks of the index exceed the stream", offset_bytes=size, path="trailer.index"
        )
    return trailer


def last_trailer(file: BinaryIO) -> Trailer:
    """Trailer that ends where the seekable `file` ends, whatever there is before it.

    Raises
    ------
    CorruptStream
        Missing or damaged.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - c.TRAILER_END_BYTES))
    try:
        length = trailer_num_bytes_from_end(file.read(c.TRAILER_END_BYTES))
        if length > size:
            raise CorruptStream("the trailer is longer than the stream", path="trailer")
        file.seek(size - length)
        trailer = parse_trailer(read_up_to(file, length))
    except CorruptStream as error:
        raise type(error)(error.message, offset_bytes=size, path=error.path) from error
    return trailer


class IndexedReader:
    """Random access to the blocks of a seekable stream, through the index in the trailer.

    Several threads may use one reader.

    Parameters
    ----------
    file : BinaryIO
        Seekable; the stream begins at its beginning.

    Attributes
    ----------
    header : StreamHeader
        Header of the stream.
    trailer : Trailer
        Its trailer.
    leading : tuple of MetadataItem
        Items before the blocks.
    num_bytes : int
        Length of the file.

    Raises
    ------
    FormatError
        Header, leading metadata or trailer are damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        # threads that share the reader must not move the file under each other
        self._lock = threading.Lock()
        self.num_bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        self.header = header = read_header(file)
        self._crc = header.checksum
        # after the header's own errors: a file of another kind has no end mark either
        self.trailer = read_trailer(file)
        if self.trailer.header != header:
            raise CorruptStream("the copy of the header differs from the header", path="trailer")
        self.leading = self._leading()
        accept_embedded(header, self.leading)
        self._frames = [0, *accumulate(e.num_frames for e in self.trailer.index)]
        sizes = (e.num_bytes for e in self.trailer.index)
        self._offsets = list(accumulate(sizes, initial=self.trailer.first_block_offset))

    @property
    def num_frames(self) -> int:
        """Frames of the stream."""
        return self.trailer.num_frames

    @property
    def num_blocks(self) -> int:
        """Blocks of the stream."""
        return len(self.trailer.index)

    def first_frame(self, block_index: int) -> int:
        """First frame of a block."""
        return self._frames[block_index]

    def block_of_frame(self, frame: int) -> int:
        """Index of the block that holds a frame."""
        return bisect_right(self._frames, frame) - 1

    def block(self, block_index: int) -> CodedBlock:
        """Read a block and verify its checksums.

        Raises
        ------
        CorruptStream
            The block is damaged, or differs from the index.
        """
        offset = self._offsets[block_index]
        entry = self.trailer.index[block_index]
        try:
            with self._lock:
                self._file.seek(offset)
                data = read_up_to(self._file, entry.num_bytes)
            if len(data) < entry.num_bytes:
                raise TruncatedStream("stream ends early")
            head = data[: c.BLOCK_HEADER_BYTES]
            header = parse_block_header(head, self.header, self._crc)
            place = (header.block_index, header.first_frame, header.num_frames, header.num_bytes)
            if place != (block_index, self._frames[block_index], entry.num_frames, len(data)):
                raise CorruptStream("the block differs from the index")
            payload = data[c.BLOCK_HEADER_BYTES : -c.CRC_BYTES]
            if not payload_is_intact(head, payload, data[-c.CRC_BYTES :]):
                raise ChecksumMismatch("payload CRC does not match")
        except CorruptStream as error:
            raise type(error)(
                error.message,
                offset_bytes=offset,
                block_index=block_index,
                first_frame=self._frames[block_index],
                sample_rate=self.header.sample_rate,
                path=error.path,
            ) from error
        return CodedBlock(header, payload, offset)

    def _leading(self) -> tuple[MetadataItem, ...]:
        items, num_bytes = [], 0
        for item, _offset in self._items(
            self.header.num_bytes, self.trailer.first_block_offset
        ):
            items.append(item)
            num_bytes += len(item.data)
            if num_bytes > c.MAX_METADATA_BYTES or len(items) > c.MAX_METADATA_ITEMS:
                raise CorruptStream("more metadata than the format allows", path="metadata")
        return tuple(items)

    def trailing(self) -> Iterator[MetadataItem]:
        """Yield the metadata items after the last block, without the parity."""
        for item, _offset in self._trailing():
            if item.item_type == c.ITEM_PARITY:
                # nothing but parity follows
                return
            yield item

    def parity(self) -> tuple[MetadataItem, int] | None:
        """First parity item, and the number of bytes of all; None if there is none."""
        for item, offset in self._trailing():
            if item.item_type == c.ITEM_PARITY:
                return item, self.num_bytes - self.trailer.num_bytes - offset
        return None

    def _trailing(self) -> Iterator[tuple[MetadataItem, int]]:
        stop = self.num_bytes - self.trailer.num_bytes
        for item, offset in self._items(self.trailer.end_of_blocks, stop):
            if item.item_type in (c.ITEM_RECIPE, c.ITEM_FOREIGN_HEAD):
                raise CorruptStream(f"{item.name} follows the blocks", path="metadata")
            yield item, offset

    def _items(self, offset: int, stop: int) -> Iterator[tuple[MetadataItem, int]]:
        """Yield the items between two offsets, each with its own."""
        try:
            while offset < stop:
                with self._lock:
                    self._file.seek(offset)
                    head = read_up_to(self._file, c.METADATA_HEADER_BYTES)
                    if len(head) < c.METADATA_HEADER_BYTES:
                        raise TruncatedStream("stream ends early", path="metadata")
                    header = parse_item_header(head, self._crc)
                    stored = read_up_to(self._file, header.stored_length)
                    crc = self._file.read(c.CRC_BYTES)
                item = parse_item(header, head, stored, crc)
                if offset + header.num_bytes > stop:
                    raise CorruptStream("the item exceeds the metadata", path="metadata")
                yield item, offset
                offset += header.num_bytes
        except CorruptStream as error:
            raise type(error)(error.message, offset_bytes=offset, path=error.path) from error
