"""Image files of a few bytes, written from the descriptions of their formats."""

from __future__ import annotations

import struct
import zlib


def png(width=3, height=2, depth=8, colour_type=2, palette=0) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    colours = chunk(b"PLTE", bytes(3 * palette)) if palette else b""
    body = chunk(b"IHDR", header) + chunk(b"tEXt", b"a\0b") + colours
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def jpeg(width=3, height=2, components=3, frame=0xC0, fill=b"") -> bytes:
    app = b"\xff\xe0" + struct.pack(">H", 6) + b"JFIF"
    body = struct.pack(">BHHB", 8, height, width, components) + bytes(3 * components)
    sof = bytes((0xFF, frame)) + struct.pack(">H", 2 + len(body)) + body
    return b"\xff\xd8" + app + fill + sof + b"\xff\xda\0\2\xff\xd9"


def gif(width=3, height=2, flags=0x82) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0) + bytes(24) + b";"


def webp(kind=b"VP8 ", width=3, height=2, alpha=False) -> bytes:
    if kind == b"VP8 ":
        body = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    elif kind == b"VP8L":
        bits = (width - 1) | (height - 1) << 14 | alpha << 28
        body = b"\x2f" + struct.pack("<I", bits)
    else:
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = bytes((0x10 * alpha, 0, 0, 0)) + size
    data = b"WEBP" + kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(data)) + data
