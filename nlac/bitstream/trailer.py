"""Trailer (spec 8): index of all blocks, totals, MD5s; type, write, parse, verify."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nlac._errors import ChecksumMismatch, CorruptStream, NlacError, TruncatedStream
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import StreamHeader, parse_header, write_header
from nlac.entropy.varint import read_varint, varint_num_bytes, write_varint

_FIXED = struct.Struct("<4sIQQIB16s16sQH")
_END = struct.Struct("<II4s")


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An entry of the index: bytes of a block in the stream, and its frames."""

    num_bytes: int
    num_frames: int


@dataclass(frozen=True, slots=True)
class Trailer:
    """Trailer of a stream: index, length, MD5s.

    Attributes
    ----------
    header : StreamHeader
        Copy of the stream header.
    num_frames : int
        Frames in the stream.
    first_block_offset : int
        Byte offset of the first block, or of what follows the metadata if there is no block.
    index : tuple of IndexEntry
        All blocks in order; they are adjacent.
    pcm_md5 : bytes
        MD5 of the samples (spec 9).
    original_md5 : bytes or None
        MD5 of the original file, if the stream has a recipe.
    original_length : int
        Bytes of the original file; 0 without a recipe.
    """

    header: StreamHeader
    num_frames: int
    first_block_offset: int
    index: tuple[IndexEntry, ...]
    pcm_md5: bytes
    original_md5: bytes | None = None
    original_length: int = 0

    @property
    def end_of_blocks(self) -> int:
        """Byte offset after the last block."""
        return self.first_block_offset + sum(entry.num_bytes for entry in self.index)

    @property
    def num_bytes(self) -> int:
        """Length of the trailer in the stream."""
        index = sum(
            varint_num_bytes(entry.num_bytes) + varint_num_bytes(entry.num_frames)
            for entry in self.index
        )
        return _FIXED.size + self.header.num_bytes + index + _END.size

    def verify(self) -> None:
        """Check the fields against each other and the bounds of spec 8.

        Raises
        ------
        CorruptStream
            A field is out of bounds. The error names it.
        """
        if len(self.index) > c.MAX_BLOCKS:
            raise _bad("num_blocks", len(self.index))
        for entry in self.index:
            if not 1 <= entry.num_frames <= self.header.block_length:
                raise _bad("index", entry.num_frames)
            if not c.BLOCK_OVERHEAD_BYTES <= entry.num_bytes < 2**32 + c.BLOCK_OVERHEAD_BYTES:
                raise _bad("index", entry.num_bytes)
        if self.num_frames != sum(entry.num_frames for entry in self.index):
            raise _bad("num_frames", self.num_frames)
        if self.header.num_frames not in (None, self.num_frames):
            raise _bad("num_frames", self.num_frames)
        if self.first_block_offset < self.header.num_bytes:
            raise _bad("first_block_offset", self.first_block_offset)
        if self.original_md5 is None and self.original_length:
            raise _bad("original_length", self.original_length)


def write_trailer(trailer: Trailer) -> bytes:
    """Verify a trailer and return its bytes."""
    trailer.verify()
    header = write_header(trailer.header)
    index = b"".join(
        write_varint(entry.num_bytes) + write_varint(entry.num_frames) for entry in trailer.index
    )
    length = _FIXED.size + len(header) + len(index) + _END.size
    body = b"".join(
        (
            _FIXED.pack(
                c.TRAILER_TAG,
                length,
                trailer.num_frames,
                trailer.first_block_offset,
                len(trailer.index),
                0 if trailer.original_md5 is None else c.TRAILER_FLAG_ORIGINAL,
                trailer.pcm_md5,
                trailer.original_md5 or bytes(c.MD5_BYTES),
                trailer.original_length,
                len(header),
            ),
            header,
            index,
            struct.pack("<I", length),
        )
    )
    return body + crc_bytes(crc32(body)) + c.END_MARK


def trailer_num_bytes(fixed: bytes) -> int:
    """Length in bytes of a whole trailer, read from its first `TRAILER_FIXED_BYTES` bytes.

    Raises
    ------
    CorruptStream
        The lengths in it are inconsistent.
    """
    _tag, length, _f, _o, num_blocks, _flags, _pcm, _md5, _n, header_bytes = _FIXED.unpack_from(
        fixed
    )
    rest = length - _FIXED.size - header_bytes - _END.size
    if num_blocks > c.MAX_BLOCKS or not 2 * num_blocks <= rest <= 10 * num_blocks:
        raise CorruptStream("lengths are inconsistent", path="trailer")
    return int(length)


def trailer_num_bytes_from_end(end: bytes) -> int:
    """Length in bytes of a trailer, read from the last `TRAILER_END_BYTES` bytes of a stream.

    Raises
    ------
    TruncatedStream
        The bytes are not the end of a trailer.
    """
    if len(end) < _END.size or end[-len(c.END_MARK) :] != c.END_MARK:
        raise TruncatedStream("stream has no end mark", path="trailer")
    length, _crc, _mark = _END.unpack(end[-_END.size :])
    return int(length)


def parse_trailer(data: bytes) -> Trailer:
    """Parse a trailer; `data` is all of it.

    Raises
    ------
    CorruptStream, ChecksumMismatch, TruncatedStream
        The bytes are not a valid trailer.
    """
    if len(data) < _FIXED.size + _END.size or data[: len(c.TRAILER_TAG)] != c.TRAILER_TAG:
        raise CorruptStream("no trailer tag", path="trailer")
    length_again, crc, mark = _END.unpack(data[-_END.size :])
    body = data[: -c.CRC_BYTES - len(c.END_MARK)]
    if mark != c.END_MARK or crc32(body) != crc:
        raise ChecksumMismatch("trailer CRC does not match", path="trailer")
    length = trailer_num_bytes(data)
    if length != len(data) or length_again != length:
        raise CorruptStream("lengths are inconsistent", path="trailer")
    (
        _tag,
        _length,
        num_frames,
        first_block_offset,
        num_blocks,
        flags,
        pcm_md5,
        original_md5,
        original_length,
        header_bytes,
    ) = _FIXED.unpack_from(data)
    if flags & ~c.TRAILER_FLAG_ORIGINAL:
        raise _bad("flags", flags)
    if not flags and any(original_md5):
        raise CorruptStream("original MD5 without its flag", path="trailer.original_md5")
    position = _FIXED.size + header_bytes
    try:
        header = parse_header(data[_FIXED.size : position])
    except NlacError as error:
        raise CorruptStream(
            f"the copy of the header is invalid: {error}", path="trailer"
        ) from error
    index_bytes = data[position : -_END.size]
    index = []
    position = 0
    for _ in range(num_blocks):
        block_bytes, position = read_varint(index_bytes, position)
        frames, position = read_varint(index_bytes, position)
        index.append(IndexEntry(block_bytes, frames))
    if position != len(index_bytes):
        raise CorruptStream("bytes follow the last index entry", path="trailer.index")
    trailer = Trailer(
        header=header,
        num_frames=num_frames,
        first_block_offset=first_block_offset,
        index=tuple(index),
        pcm_md5=pcm_md5,
        original_md5=original_md5 if flags & c.TRAILER_FLAG_ORIGINAL else None,
        original_length=original_length,
    )
    trailer.verify()
    return trailer


def _bad(field: str, value: int) -> CorruptStream:
    return CorruptStream(f"{value} is out of bounds", path=f"trailer.{field}")
