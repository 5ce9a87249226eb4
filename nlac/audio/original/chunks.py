"""Lists the chunks of an original file that a stream carries."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from nlac.audio.chunk_style import AIFF, RIFF, RIFX, W64, ChunkStyle, id3_length, pad_follows

_STYLES = {
    "wav": RIFF,
    "rf64": RIFF,
    "bw64": RIFF,
    "w64": W64,
    "aiff": AIFF,
    "aifc": AIFF,
}


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
    style = _STYLES.get(container)
    if style is None:
        return []
    # sizes and places are counted from the file's own header on
    begin = id3_length(lambda count, offset: head[offset : offset + count], len(head))
    head = head[begin:]
    if head[:4] == b"RIFX":
        style = RIFX
    walk = _Walk(style, head)
    chunks = list(walk.chunks(style.file_header_bytes))
    skip = _skip(walk, chunks, len(head) + sound_bytes, tail)
    return chunks + list(_Walk(style, tail).chunks(skip))


class _Walk:
    """Goes from chunk to chunk in a part of a file.

    Attributes
    ----------
    sound : tuple of int, or None
        First byte and byte after the last of the contents of the chunk that holds the
        samples, once it was met.
    """

    def __init__(self, style: ChunkStyle, data: bytes) -> None:
        self.style = style
        self._data = data
        self.sound: tuple[int, int] | None = None

    def chunks(self, place: int) -> Iterator[Chunk]:
        style, data = self.style, self._data
        while place + style.header_bytes <= len(data):
            name = data[place : place + 4]
            start, stop = style.contents(data, place)
            if name == style.sound:
                self.sound = start, stop
                return
            if stop < start or stop > len(data):
                return
            yield Chunk(name.decode("latin-1"), data[start:stop])
            place = stop + _padding(style, stop - start, data[stop : stop + 5])


def _padding(style: ChunkStyle, size: int, after: bytes) -> int:
    """Bytes between a chunk that holds `size` bytes and the next; `after` is what follows."""
    count = -size % style.alignment
    return count if style is W64 or not count or pad_follows(after, style) else 0


def _skip(walk: _Walk, chunks: list[Chunk], samples_end: int, tail: bytes) -> int:
    """Bytes of the tail in front of its first chunk; all of them if there can be none."""
    if walk.sound is None:
        return len(tail)
    start, stop = walk.sound
    stops = [stop]
    stops += [
        start + struct.unpack_from("<Q", chunk.data, 8)[0]
        for chunk in chunks
        if chunk.name == "ds64" and len(chunk.data) >= 16
    ]
    # the chunk may hold more than whole frames; where its size is not known, all is samples
    left, size = min(
        ((stop - samples_end, stop - start) for stop in stops if stop >= samples_end),
        default=(len(tail), 0),
    )
    return left + _padding(walk.style, size, tail[left : left + 5])
