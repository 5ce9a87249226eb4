"""Read streams from files: element by element, or block by block through the index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from nlac._errors import ChecksumMismatch, CorruptStream, FormatError, TruncatedStream
from nlac._files import can_seek
from nlac._ranges import TAIL_BYTES, ByteRanges
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
    return _whole_trailer(ByteRanges(file))


def told_frames(file: BinaryIO) -> int | None:
    """Frames by the trailer of a seekable stream, which is rewound; None if it can't be read."""
    if not can_seek(file):
        return None
    try:
        return read_trailer(file).num_frames
    except FormatError:
        # the damage is met again, and placed better, on the way through the stream
        return None
    finally:
        file.seek(0)


def last_trailer(file: BinaryIO) -> Trailer:
    """Trailer that ends where the seekable `file` ends, whatever there is before it.

    Raises
    ------
    CorruptStream
        Missing or damaged.
    """
    return _last_trailer(ByteRanges(file))


def _whole_trailer(data: ByteRanges) -> Trailer:
    trailer = _last_trailer(data)
    if trailer.end_of_blocks > data.num_bytes - trailer.num_bytes:
        raise CorruptStream(
            "the blocks of the index exceed the stream",
            offset_bytes=data.num_bytes,
            path="trailer.index",
        )
    return trailer


def _last_trailer(data: ByteRanges) -> Trailer:
    size = data.num_bytes
    try:
        tail = data.read_tail()
        length = trailer_num_bytes_from_end(tail)
        if length > size:
            raise CorruptStream("the trailer is longer than the stream", path="trailer")
        if length > len(tail):
            tail = data.read(size - length, length - len(tail)) + tail
        return parse_trailer(tail[-length:])
    except CorruptStream as error:
        raise type(error)(error.message, offset_bytes=size, path=error.path) from error


class IndexedReader:
    """Random access to the blocks of a seekable stream, through the index in the trailer.

    Several threads may use one reader. It asks the file for few ranges: the beginning, the end,
    metadata that exceed the beginning, and then blocks.

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
        self._data = data = ByteRanges(file)
        self.num_bytes = data.num_bytes
        if self.num_bytes <= TAIL_BYTES:
            data.read_tail()
        fixed = data.read_near(0, c.HEADER_FIXED_BYTES)
        self.header = header = parse_header(data.read_near(0, header_num_bytes(fixed)))
        self._crc = header.checksum
        # after the header's own errors: a file of another kind has no end mark either
        self.trailer = _whole_trailer(data)
        if self.trailer.header != header:
            raise CorruptStream("the copy of the header differs from the header", path="trailer")
        self.leading = self._leading()
        accept_embedded(header, self.leading)
        index = self.trailer.index
        self._frames = np.concatenate(([0], np.cumsum(index.num_frames)))
        self._offsets = np.concatenate(([0], np.cumsum(index.num_bytes)))
        self._offsets += self.trailer.first_block_offset

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
        return int(self._frames[block_index])

    def block_of_frame(self, frame: int) -> int:
        """Index of the block that holds a frame."""
        return int(np.searchsorted(self._frames, frame, "right")) - 1

    def block(self, block_index: int) -> CodedBlock:
        """Read a block and verify its checksums.

        Raises
        ------
        CorruptStream
            The block is damaged, or differs from the index.
        """
        return next(self.blocks(block_index, block_index + 1))

    def blocks(self, first: int, stop: int) -> Iterator[CodedBlock]:
        """Read blocks `first` to `stop` as `block` does, several short ones in one request."""
        offsets = self._offsets
        while first < stop:
            # the blocks that end within the bytes of a request, but at least one
            end = int(np.searchsorted(offsets, offsets[first] + _READ_BYTES, "right")) - 1
            end = min(max(end, first + 1), stop)
            start = int(offsets[first])
            data = self._data.read(start, int(offsets[end]) - start)
            for i in range(first, end):
                begin = int(offsets[i])
                yield self._checked(i, begin, data[begin - start : int(offsets[i + 1]) - start])
            first = end

    @property
    def is_near(self) -> bool:
        """Whether bytes here and there cost little, as in a file of this machine."""
        return self._data.is_near

    def payload_beginning(self, block_index: int, length: int | None = None) -> bytes:
        """Read the first bytes of a block's payload, or all of it, as they are; see `block`."""
        start, end = (int(self._offsets[block_index + k]) for k in (0, 1))
        start += c.BLOCK_HEADER_BYTES
        end -= c.CRC_BYTES
        return self._data.read(start, end - start if length is None else min(length, end - start))

    def stored_block(self, block_index: int) -> bytes:
        """Read the bytes of a block as they are, damaged or not."""
        start, end = (int(self._offsets[block_index + k]) for k in (0, 1))
        return self._data.read(start, end - start)

    def _checked(self, block_index: int, offset: int, data: bytes) -> CodedBlock:
        entry = self.trailer.index[block_index]
        try:
            if len(data) < entry.num_bytes:
                raise TruncatedStream("stream ends early")
            head = data[: c.BLOCK_HEADER_BYTES]
            header = parse_block_header(head, self.header, self._crc)
            place = (header.block_index, header.first_frame, header.num_frames, header.num_bytes)
            if place != (block_index, self.first_frame(block_index), entry.num_frames, len(data)):
                raise CorruptStream("the block differs from the index")
            payload = data[c.BLOCK_HEADER_BYTES : -c.CRC_BYTES]
            if not payload_is_intact(head, payload, data[-c.CRC_BYTES :]):
                raise ChecksumMismatch("payload CRC does not match")
        except CorruptStream as error:
            raise type(error)(
                error.message,
                offset_bytes=offset,
                block_index=block_index,
                first_frame=self.first_frame(block_index),
                sample_rate=self.header.sample_rate,
                path=error.path,
            ) from error
        return CodedBlock(header, payload, offset)

    def _leading(self) -> tuple[MetadataItem, ...]:
        items, num_bytes = [], 0
        for item, _offset in self._items(self.header.num_bytes, self.trailer.first_block_offset):
            items.append(item)
            num_bytes += len(item.data)
            if num_bytes > c.MAX_METADATA_BYTES or len(items) > c.MAX_METADATA_ITEMS:
                raise CorruptStream("more metadata than the format allows", path="metadata")
        return tuple(items)

    def trailing(self) -> Iterator[MetadataItem]:
        """Yield the metadata items after the last block, without the parity."""
        return (item for item, _offset in self.trailing_from(self.trailer.end_of_blocks))

    def trailing_from(self, offset: int) -> Iterator[tuple[MetadataItem, int]]:
        """Yield items as `trailing` does, each with its offset, from the one at `offset` on."""
        for item, place in self._trailing(offset):
            if item.item_type == c.ITEM_PARITY:
                # nothing but parity follows
                return
            yield item, place

    def parity(self) -> tuple[MetadataItem, int] | None:
        """First parity item, and the number of bytes of all; None if there is none."""
        for item, offset in self._trailing(self.trailer.end_of_blocks):
            if item.item_type == c.ITEM_PARITY:
                return item, self.num_bytes - self.trailer.num_bytes - offset
        return None

    def _trailing(self, begin: int) -> Iterator[tuple[MetadataItem, int]]:
        stop = self.num_bytes - self.trailer.num_bytes
        for item, offset in self._items(begin, stop):
            if item.item_type in (c.ITEM_RECIPE, c.ITEM_FOREIGN_HEAD):
                raise CorruptStream(f"{item.name} follows the blocks", path="metadata")
            yield item, offset

    def _items(self, offset: int, stop: int) -> Iterator[tuple[MetadataItem, int]]:
        """Yield the items between two offsets, each with its own."""
        try:
            while offset < stop:
                head = self._data.read_near(offset, c.METADATA_HEADER_BYTES, stop)
                if len(head) < c.METADATA_HEADER_BYTES:
                    raise TruncatedStream("stream ends early", path="metadata")
                header = parse_item_header(head, self._crc)
                begin = offset + c.METADATA_HEADER_BYTES
                rest = self._data.read(begin, header.stored_length + c.CRC_BYTES)
                stored, crc = rest[: header.stored_length], rest[header.stored_length :]
                item = parse_item(header, head, stored, crc)
                if offset + header.num_bytes > stop:
                    raise CorruptStream("the item exceeds the metadata", path="metadata")
                yield item, offset
                offset += header.num_bytes
        except CorruptStream as error:
            raise type(error)(error.message, offset_bytes=offset, path=error.path) from error
