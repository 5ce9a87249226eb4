"""CRC-32 as in zlib, continued from structure to structure (spec 3.3)."""

from __future__ import annotations

import struct
import zlib


def crc32(data: bytes | memoryview, start: int = 0) -> int:
    """CRC-32 of the bytes whose CRC-32 is `start`, followed by `data`.

    Example: ``crc32(b"89", crc32(b"1234567")) == crc32(b"123456789") == 0xCBF43926``.
    """
    return zlib.crc32(data, start)


def crc_bytes(value: int) -> bytes:
    """A checksum as in a stream: 4 bytes, little-endian."""
    return struct.pack("<I", value)
