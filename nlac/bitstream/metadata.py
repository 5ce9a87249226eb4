"""Metadata items (spec 6): header and checksums of an item; type, write, parse, verify.

`nlac.bitstream.items` has the content of the common items (tags, pictures, recipe). An item of
unknown type is kept as raw bytes.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from nlac._errors import ChecksumMismatch, CorruptStream
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes

_BODY = struct.Struct("<4sBBII")
_DEFLATE_LEVEL = 9
# deflating less saves next to nothing
_MIN_DEFLATED_BYTES = 64


@dataclass(frozen=True, slots=True)
class MetadataItem:
    """A metadata item.

    Attributes
    ----------
    item_type : int
        0 to 255 (spec 6.2).
    data : bytes
        Content, not deflated; at most 2**24 bytes.
    """

    item_type: int
    data: bytes

    @property
    def name(self) -> str:
        """Name of the type, for messages."""
        return c.ITEM_NAMES.get(self.item_type, f"type {self.item_type}")

    def verify(self) -> None:
        """Check type and length.

        Raises
        ------
        CorruptStream
            A field is out of bounds. The error names it.
        """
        if not 0 <= self.item_type <= 255:
            raise _bad("type", self.item_type)
        if len(self.data) > c.MAX_ITEM_BYTES:
            raise _bad("length", len(self.data))


@dataclass(frozen=True, slots=True)
class MetadataHeader:
    """Header of a metadata item: type, and length before and after deflating, in bytes."""

    item_type: int
    deflated: bool
    stored_length: int
    length: int

    @property
    def num_bytes(self) -> int:
        """Length of the whole item in the stream."""
        return c.METADATA_HEADER_BYTES + self.stored_length + c.CRC_BYTES


def write_item(item: MetadataItem, stream_crc: int) -> bytes:
    """Bytes of an item: header, header CRC, content (deflated if that is smaller), CRC.

    Padding is never deflated: its bytes are the room that later edits need (spec 6.8).
    """
    item.verify()
    stored, flags = item.data, 0
    # room for later edits, and places that must follow from lengths
    raw = item.item_type in (c.ITEM_PADDING, c.ITEM_PARITY)
    if not raw and len(item.data) >= _MIN_DEFLATED_BYTES:
        packer = zlib.compressobj(_DEFLATE_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(item.data) + packer.flush()
        if len(packed) < len(stored):
            stored, flags = packed, c.METADATA_FLAG_DEFLATED
    body = _BODY.pack(c.METADATA_TAG, item.item_type, flags, len(stored), len(item.data))
    header_crc = crc32(body, stream_crc)
    return b"".join((body, crc_bytes(header_crc), stored, crc_bytes(crc32(stored, header_crc))))


def parse_item_header(data: bytes, stream_crc: int) -> MetadataHeader:
    """Parse the item header at the beginning of `data`.

    Raises
    ------
    ChecksumMismatch, CorruptStream
        The bytes are not a valid item header of this stream.
    """
    if data[: len(c.METADATA_TAG)] != c.METADATA_TAG:
        raise CorruptStream("no metadata tag", path="metadata")
    body = data[: _BODY.size]
    if crc_bytes(crc32(body, stream_crc)) != data[_BODY.size : c.METADATA_HEADER_BYTES]:
        raise ChecksumMismatch("item header CRC does not match", path="metadata")
    _tag, item_type, flags, stored_length, length = _BODY.unpack(body)
    if flags & ~c.METADATA_FLAG_DEFLATED:
        raise _bad("flags", flags)
    if length > c.MAX_ITEM_BYTES:
        raise _bad("length", length)
    deflated = bool(flags & c.METADATA_FLAG_DEFLATED)
    if stored_length > length or (not deflated and stored_length != length):
        raise _bad("stored_length", stored_length)
    return MetadataHeader(item_type, deflated, stored_length, length)


def parse_item(
    header: MetadataHeader, header_bytes: bytes, stored: bytes, crc: bytes
) -> MetadataItem:
    """Make the item whose header was parsed from `header_bytes`.

    Raises
    ------
    ChecksumMismatch, CorruptStream
        The content does not match its CRC or its length.
    """
    (header_crc,) = struct.unpack_from("<I", header_bytes, _BODY.size)
    if crc_bytes(crc32(stored, header_crc)) != crc:
        raise ChecksumMismatch("item CRC does not match", path="metadata")
    if not header.deflated:
        return MetadataItem(header.item_type, stored)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # one byte more than the length suffices to see that there are too many
        data = unpacker.decompress(stored, header.length + 1)
    except zlib.error as error:
        raise CorruptStream("content of the item does not inflate", path="metadata") from error
    if len(data) != header.length or not unpacker.eof or unpacker.unused_data:
        raise CorruptStream("content of the item does not inflate to its length", path="metadata")
    return MetadataItem(header.item_type, data)


def split_item(item_type: int, data: bytes) -> list[MetadataItem]:
    """Split `data` into items of one type, of 2**20 bytes each but the last."""
    step = c.FOREIGN_PIECE_BYTES
    return [MetadataItem(item_type, data[i : i + step]) for i in range(0, len(data), step)]


def _bad(field: str, value: int) -> CorruptStream:
    return CorruptStream(f"{value} is out of bounds", path=f"metadata.{field}")
