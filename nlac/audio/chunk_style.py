"""What chunks look like in each container: headers, names, padding, and tags in front of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChunkStyle:
    """How the chunks of a container lie in it.

    Parameters
    ----------
    file_header_bytes : int
        Bytes of the file before its first chunk.
    name_bytes : int
        Bytes of a chunk's name: 4, or 16 for a GUID.
    size : struct.Struct
        The size that follows the name.
    size_counts_header : bool
        Whether that size includes name and size.
    alignment : int
        Chunks begin at multiples of so many bytes.
    sound : bytes
        The first four bytes of the name of the chunk that holds the samples.
    known : frozenset of bytes
        Names, or (of GUIDs) endings of names, that writers of such files use.
    """

    file_header_bytes: int
    name_bytes: int
    size: struct.Struct
    size_counts_header: bool
    alignment: int
    sound: bytes
    known: frozenset[bytes]

    @property
    def header_bytes(self) -> int:
        """Bytes of a chunk's header."""
        return self.name_bytes + self.size.size

    def is_known(self, name: bytes) -> bool:
        """Tell whether the beginning of `name` is a name that writers use."""
        if self.name_bytes == 4:
            return name[:4] in self.known
        return any(name[: self.name_bytes].endswith(ending) for ending in self.known)

    def contents(self, data: bytes, place: int) -> tuple[int, int]:
        """Return where the chunk at `place` has its contents: first byte, and byte after the last.

        The second lies before the first if the size makes no sense.
        """
        start = place + self.header_bytes
        (size,) = self.size.unpack_from(data, place + self.name_bytes)
        return start, start + size - (self.header_bytes if self.size_counts_header else 0)


def chunk_ids(names: str) -> frozenset[bytes]:
    """Return the four bytes of every name in a text of names between blanks."""
    return frozenset(name.ljust(4).encode() for name in names.split())


_RIFF_IDS = chunk_ids(
    "fmt data fact LIST JUNK junk bext cue PEAK smpl iXML axml chna inst plst id3 ID3 "
    "PAD FLLR acid _PMX cart DISP levl ds64 afsp SAUR note labl umid"
)
_AIFF_IDS = chunk_ids(
    "COMM SSND FVER MARK INST COMT NAME AUTH (c) ANNO MIDI APPL AESD CHAN ID3 PEAK basc LGWV SAXL"
)
# the ends of Sony's GUIDs, of which only the first bytes differ
_W64_ENDS = frozenset(map(bytes.fromhex, ("00c04f8edb8a", "a5d628db04c10000")))

RIFF = ChunkStyle(12, 4, struct.Struct("<I"), False, 2, b"data", _RIFF_IDS)
RIFX = ChunkStyle(12, 4, struct.Struct(">I"), False, 2, b"data", _RIFF_IDS)
AIFF = ChunkStyle(12, 4, struct.Struct(">I"), False, 2, b"SSND", _AIFF_IDS)
W64 = ChunkStyle(40, 16, struct.Struct("<Q"), True, 8, b"data", _W64_ENDS)


def looks_like_id(data: bytes) -> bool:
    """Tell whether four bytes could be a chunk's name."""
    return len(data) == 4 and all(32 <= c < 127 for c in data)


def pad_follows(after: bytes, style: ChunkStyle) -> bool:
    """Tell whether a pad byte follows a chunk of odd size.

    Chunks begin at even places, but some programs do not know that. The byte after an odd
    chunk is a pad byte unless a chunk begins right there and none begins one byte later.

    Parameters
    ----------
    after : bytes
        The five bytes after the chunk; fewer at the end of the file.
    style : ChunkStyle
        With names of four bytes.
    """
    here, later = after[:4], after[1:5]
    if here[:1] == b"\0" or style.is_known(later) or not looks_like_id(here):
        return True
    return not (style.is_known(here) or not looks_like_id(later))


def chunks_lie_in(data: bytes, style: ChunkStyle, *, is_all: bool, room: int | None) -> bool:
    """Tell whether `data`, where a chunk may begin, is chunks and not samples.

    Parameters
    ----------
    data : bytes
        What follows.
    style : ChunkStyle
        How chunks would lie there.
    is_all : bool
        The input ends with `data`.
    room : int or None
        Bytes up to the end that the outermost header tells, if it tells one.

    Returns
    -------
    bool
        The first name is a known one; or names and sizes lead from chunk to chunk exactly
        to the end of the input, or out of `data` but not out of `room`.
    """
    if len(data) >= style.header_bytes and style.is_known(data):
        return True
    place = 0
    while place + style.header_bytes <= len(data):
        start, stop = style.contents(data, place)
        if not looks_like_id(data[place : place + 4]) or stop < start:
            return False
        if stop > len(data):
            return not is_all and room is not None and stop <= room
        # nothing need pad the last chunk
        place = min(stop + -stop % style.alignment, len(data))
    return is_all and 0 < place == len(data)


def id3_length(peek: Callable[[int, int], bytes], limit: int) -> int:
    """Return the bytes of the ID3v2 tags at the beginning of a file, 0 if there are none.

    Parameters
    ----------
    peek : callable
        ``peek(count, offset)`` gives up to `count` bytes from `offset` on.
    limit : int
        Tags that reach beyond so many bytes do not count.
    """
    length = 0
    while (tag := peek(10, length))[:3] == b"ID3" and len(tag) == 10:
        size = 0
        for byte in tag[6:10]:
            size = size << 7 | byte & 0x7F
        # a footer may follow, as long as the header
        after = length + 10 + size + (10 if tag[5] & 0x10 else 0)
        if after > limit:
            break
        length = after
    return length
