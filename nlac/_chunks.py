"""Lists the chunks of an original file that a stream carries."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a WAV or AIFF file.

    Attributes
    ----------
    name : str
        Its four characters (of W64, the first four of the GUID).
    data : bytes
        What it holds, without header and pad byte.
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Layout:
    """How chunks of a container lie in it."""

    file_header_bytes: int
    name_bytes: int
    size: struct.Struct
    size_counts_header: bool
    alignment: int
    sound: bytes


_RIFF = _Layout(12, 4, struct.Struct("<I"), False, 2, b"data")
_W64 = _Layout(40, 16, struct.Struct("<Q"), True, 8, b"data")
_AIFF = _Layout(12, 4, struct.Struct(">I"), False, 2, b"SSND")
_LAYOUTS = {
    "wav": _RIFF,
    "rf64": _RIFF,
    "bw64": _RIFF,
    "w64": _W64,
    "aiff": _AIFF,
    "aifc": _AIFF,
}


def list_chunks(container: str, head: bytes, sound_bytes: int, tail: bytes) -> list[Chunk]:
    """Chunks besides the samples, as far as they are whole.

    Parameters
    ----------
    container : str
        Container of the original.
    head, tail : bytes
        Every byte before the first sample and after the last.
    sound_bytes : int
        Bytes between them.
    """
    layout = _LAYOUTS.get(container)
    if layout is None:
        return []
    chunks = list(_walk(layout, head, layout.file_header_bytes))
    # chunks begin at even offsets (W64: multiples of 8), counted in the whole file
    skip = -(len(head) + sound_bytes) % layout.alignment
    # a file whose sound chunk has no pad byte goes on at once
    if layout.alignment == 2 and skip and tail[:1] not in (b"", b"\0"):
        skip = 0
    return chunks + list(_walk(layout, tail, skip))


def _walk(layout: _Layout, data: bytes, position: int) -> Iterator[Chunk]:
    header_bytes = layout.name_bytes + layout.size.size
    while position + header_bytes <= len(data):
        name = data[position : position + 4]
        (size,) = layout.size.unpack_from(data, position + layout.name_bytes)
        start = position + header_bytes
        stop = start + size - (header_bytes if layout.size_counts_header else 0)
        if name == layout.sound or stop < start or stop > len(data):
            return
        yield Chunk(name.decode("latin-1"), data[start:stop])
        position = stop + (position - stop) % layout.alignment
