"""What audio files hold besides audio, to name it where only the audio is kept."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from nlac._errors import UnsupportedAudio
from nlac.audio.chunk_style import id3_length
from nlac.audio.flac.metadata import comment_pairs, describe
from nlac.audio.flac.ogg import MAGIC as OGG_MAGIC
from nlac.audio.flac.ogg import ogg_packets

ID3_TAG = "an ID3v2 tag"
ID3V1_TAG = "an ID3v1 tag"
ID3V1_BYTES = 128
# chunks of CAF that describe the audio itself
_CAF_AUDIO = {b"desc", b"data", b"pakt", b"kuki", b"chan", b"free"}
# before comments in the second packet of an Ogg file
_COMMENT_MARKS = (b"\x03vorbis", b"OpusTags")
_LIMIT = 1 << 26
_AU_HEADER_BYTES = 24


def audio_only_warnings(name: str, dropped: list[str]) -> list[str]:
    """Return the warnings for a file of which only the audio is kept."""
    warnings = [
        f"a {name} file is coded as audio only: its samples come back exactly, "
        "the file around them does not"
    ]
    if dropped:
        warnings.append(f"not kept: {', '.join(dropped)}")
    return warnings


def dropped_from(stream: BinaryIO) -> list[str]:
    """Name what a file holds besides audio, as far as its format is known here.

    Parameters
    ----------
    stream : binary file object
        Seekable; the file from place 0. It is rewound.
    """
    try:
        stream.seek(0)
        magic = stream.read(16)
        if magic[:4] == b"caff":
            return _of_caf(stream)
        if magic[:4] == OGG_MAGIC:
            return _of_ogg(stream)
        if magic[:4] in (b".snd", b"dns."):
            return _of_au(stream, magic)
        return _of_id3(stream)
    finally:
        stream.seek(0)


def _of_caf(stream: BinaryIO) -> list[str]:
    names = []
    stream.seek(8)
    while len(header := stream.read(12)) == 12:
        name, size = struct.unpack(">4sq", header)
        if name not in _CAF_AUDIO:
            names.append(name.decode("latin-1"))
        if size < 0:  # the samples, to the end
            break
        stream.seek(size, 1)
    return [f"chunks ({', '.join(dict.fromkeys(names))})"] if names else []


def _of_ogg(stream: BinaryIO) -> list[str]:
    stream.seek(0)
    packets = ogg_packets(stream.read)
    try:
        next(packets)
        comments = next(packets, b"")
    except UnsupportedAudio:
        # whoever decodes the file reports it
        return []
    for mark in _COMMENT_MARKS:
        if comments.startswith(mark):
            pairs = comment_pairs(comments[len(mark) :])[1]
            return describe(name.upper() for name, _value in pairs)
    return []


def _of_au(stream: BinaryIO, magic: bytes) -> list[str]:
    start = int.from_bytes(magic[4:8], "big" if magic[:1] == b"." else "little")
    stream.seek(_AU_HEADER_BYTES)
    annotation = stream.read(max(0, min(start, _LIMIT) - _AU_HEADER_BYTES))
    return ["an annotation"] if annotation.strip(b"\0") else []


def _of_id3(stream: BinaryIO) -> list[str]:
    def peek(count: int, offset: int) -> bytes:
        stream.seek(offset)
        return stream.read(count)

    found = [ID3_TAG] if id3_length(peek, _LIMIT) else []
    return found + ([ID3V1_TAG] if ends_with_id3v1(stream) else [])


def ends_with_id3v1(stream: BinaryIO) -> bool:
    """Tell whether a seekable file ends with an ID3v1 tag; its place changes."""
    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, end - ID3V1_BYTES))
    return stream.read(3) == b"TAG" and end >= ID3V1_BYTES
