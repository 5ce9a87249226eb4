"""Trailer (spec 8): index of all blocks, totals, MD5s; type, write, parse, verify."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nlac._errors import ChecksumMismatch, CorruptStream, NlacError, TruncatedStream
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import StreamHeader, parse_header, write_header
from nlac.bitstream.index import BlockIndex

_FIXED = struct.Struct("<4sIQQIB16s16sQH")
_END = struct.Struct("<II4s")


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
    index : BlockIndex
        All blocks in order; they are adjacent. Any iterable of entries is turned into one.
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
    index: BlockIndex
    pcm_md5: bytes
    original_md5: bytes | None = None
    original_length: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", BlockIndex.of(self.index))

    @property
    def end_of_blocks(self) -> int:
        """Byte offset after the last block."""
        return self.first_block_offset + self.index.total_bytes

    @property
    def num_bytes(self) -> int:
        """Length of the trailer in the stream."""
        return _FIXED.size + self.header.num_bytes + self.index.stored_bytes + _END.size

    def verify(self) -> None:
        """Check the fields against each other and the bounds of spec 8.

        Raises
        ------
        CorruptStream
            A field is out of bounds. The error names it.
        """
        self.index.verify(self.header.block_length)
        if self.num_frames != self.index.total_frames:
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
    index = trailer.index.to_bytes()
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
    trailer = Trailer(
        header=header,
        num_frames=num_frames,
        first_block_offset=first_block_offset,
        index=BlockIndex.parse(data[position : -_END.size], num_blocks),
        pcm_md5=pcm_md5,
        original_md5=original_md5 if flags & c.TRAILER_FLAG_ORIGINAL else None,
        original_length=original_length,
    )
    trailer.verify()
    return trailer


def _bad(field: str, value: int) -> CorruptStream:
    return CorruptStream(f"{value} is out of bounds", path=f"trailer.{field}")
