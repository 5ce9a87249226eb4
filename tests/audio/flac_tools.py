"""FLAC files made here: verbatim frames of any depth, written from RFC 9639 alone, and Ogg."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def crc(data: bytes, polynomial: int, width: int, *, begin: int = 0) -> int:
    value = begin
    for byte in data:
        value ^= byte << (width - 8)
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> (width - 1) else 0)
            value &= (1 << width) - 1
    return value


def frame(samples: Array, bits: int, number: int) -> bytes:
    """A FLAC frame of verbatim subframes."""
    depth = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}.get(bits, 0)
    header = bytes((0xFF, 0xF8, 0x70, (samples.shape[1] - 1) << 4 | depth << 1))
    assert number < 128
    header += bytes((number,)) + struct.pack(">H", len(samples) - 1)
    header += bytes((crc(header, 0x07, 8),))
    text = "".join(
        "00000010" + "".join(f"{int(v) & (1 << bits) - 1:0{bits}b}" for v in channel)
        for channel in samples.T
    )
    text += "0" * (-len(text) % 8)
    body = header + int(text, 2).to_bytes(len(text) // 8, "big")
    return body + struct.pack(">H", crc(body, 0x8005, 16))


def block(kind: int, data: bytes, *, last: bool = False) -> bytes:
    return bytes((kind | 0x80 * last,)) + len(data).to_bytes(3, "big") + data


def comments(*texts: str) -> bytes:
    parts = [b"me", *(text.encode() for text in texts)]
    packed = [struct.pack("<I", len(part)) + part for part in parts]
    return packed[0] + struct.pack("<I", len(texts)) + b"".join(packed[1:])


def streaminfo(
    samples: Array, bits: int, *, total: int | None = None, md5: bytes | None = None, size: int = 16
) -> bytes:
    data = b"".join(
        int(v).to_bytes((bits + 7) // 8, "little", signed=True) for v in samples.ravel()
    )
    total = len(samples) if total is None else total
    md5 = hashlib.md5(data).digest() if md5 is None else md5
    packed = 44100 << 44 | (samples.shape[1] - 1) << 41 | (bits - 1) << 36 | total
    return struct.pack(">HH", size, size) + bytes(6) + packed.to_bytes(8, "big") + md5


def frames(samples: Array, bits: int, size: int = 16) -> list[bytes]:
    return [
        frame(samples[start : start + size], bits, start // size)
        for start in range(0, len(samples), size)
    ]


def flac(
    samples: Array,
    bits: int,
    *,
    blocks: Sequence[tuple[int, bytes]] = (),
    body: Sequence[bytes] | None = None,
    **told: Any,
) -> bytes:
    """A FLAC file; `body` takes the place of its frames, `told` is what STREAMINFO says."""
    head = b"fLaC" + block(0, streaminfo(samples, bits, **told), last=not blocks)
    for number, (kind, data) in enumerate(blocks):
        head += block(kind, data, last=number == len(blocks) - 1)
    return head + b"".join(frames(samples, bits) if body is None else body)


def page(packet: bytes, number: int, flags: int, serial: int = 7) -> bytes:
    segments = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    header = b"OggS" + struct.pack("<BBqIIIB", 0, flags, 0, serial, number, 0, len(segments))
    whole = header + segments + packet
    return whole[:22] + struct.pack("<I", crc(whole, 0x04C11DB7, 32)) + whole[26:]


def ogg_flac(samples: Array, bits: int, **told: Any) -> list[bytes]:
    """The pages of FLAC in Ogg."""
    first = b"\x7fFLAC\1\0\0\1fLaC" + block(0, streaminfo(samples, bits, **told))
    packets = [first, block(4, comments("TITLE=x"), last=True), *frames(samples, bits)]
    last = len(packets) - 1
    return [
        page(packet, number, 2 * (number == 0) | 4 * (number == last))
        for number, packet in enumerate(packets)
    ]
