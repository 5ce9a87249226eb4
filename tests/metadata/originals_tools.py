"""Chunks and tags of WAV files, and streams of such files."""

from __future__ import annotations

import io
import struct

from wavmaker import chunk

import nlac


def info(order: str = "<", **fields: bytes) -> bytes:
    body = b"".join(chunk(name.encode(), data, order=order) for name, data in fields.items())
    return chunk(b"LIST", b"INFO" + body, order=order)


def bext(version: int = 2) -> bytes:
    texts = (b"A scene", b"Recorder", b"REF1", b"2024-01-02", b"03:04:05")
    body = struct.pack("<256s32s32s10s8s", *texts) + struct.pack("<QH", 48000, version)
    body += bytes((1, *bytes(63))) + struct.pack("<5h", -2300, 0x7FFF, -105, 0x7FFF, 0x7FFF)
    return chunk(b"bext", body + bytes(180) + b"A=PCM,F=48000\r\n\0")


IXML = chunk(
    b"iXML",
    b"<?xml version='1.0' encoding='UTF-8'?><BWFXML><PROJECT>Film</PROJECT><TAKE>3</TAKE>"
    b"<CIRCLED>FALSE</CIRCLED><TRACK_LIST><TRACK><NAME>Boom</NAME></TRACK></TRACK_LIST></BWFXML>\0",
)


def stored(data: bytes) -> bytes:
    """The stream of a file that comes back from it byte for byte."""
    out = io.BytesIO()
    nlac.encode(data, out, preset="fast", threads=1)
    again = io.BytesIO()
    assert nlac.decode(out.getvalue(), again).restored
    assert again.getvalue() == data
    return out.getvalue()


def id3(**frames: bytes) -> bytes:
    body = b"".join(
        name.encode() + struct.pack(">IH", len(data) + 1, 0) + b"\0" + data
        for name, data in frames.items()
    )
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + body
