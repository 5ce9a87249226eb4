"""What stands in a FLAC file before its frames (RFC 9639, section 8)."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from nlac._errors import UnsupportedAudio
from nlac.audio.flac import ogg
from nlac.audio.reader import ByteReader

MAGIC = b"fLaC"
OGG_MAGIC = b"\x7fFLAC"
STREAMINFO_BYTES = 34
# where the MD5 stands in a file
MD5_PLACE = 26
# types of blocks, and the bit of the last one
STREAMINFO, PADDING, APPLICATION, SEEK_TABLE, COMMENTS, CUE_SHEET, PICTURE = range(7)
LAST = 0x80
# names beyond so many are counted only
_NAMES_TOLD = 12


@dataclass(frozen=True, slots=True)
class FlacInfo:
    """The STREAMINFO block.

    Attributes
    ----------
    data : bytes
        Its 34 bytes.
    block_length : int
        The most frames (samples of every channel) in a FLAC frame.
    sample_rate, channels, bits_per_sample : int
        Format of the samples.
    num_frames : int or None
        Length; None if it is not known.
    md5 : bytes or None
        MD5 of the samples; None if it was not set.
    """

    data: bytes
    block_length: int
    sample_rate: int
    channels: int
    bits_per_sample: int
    num_frames: int | None
    md5: bytes | None

    @classmethod
    def parse(cls, data: bytes) -> FlacInfo:
        """Read a STREAMINFO block of 34 bytes."""
        (block_length,) = struct.unpack_from(">H", data, 2)
        packed = int.from_bytes(data[10:18], "big")
        md5 = data[18:34]
        return cls(
            data,
            block_length,
            packed >> 44,
            (packed >> 41 & 7) + 1,
            (packed >> 36 & 31) + 1,
            packed & (1 << 36) - 1 or None,
            md5 if any(md5) else None,
        )


def is_flac(reader: ByteReader, begin: int) -> bool:
    """Tell whether the input is FLAC, plain or in Ogg; ID3v2 tags take its first `begin` bytes."""
    ahead = reader.peek(64, begin)
    return ahead.startswith(MAGIC) or (
        # the first page has one segment, so that its packet begins at byte 28
        ahead.startswith(ogg.MAGIC) and ahead[28:].startswith(OGG_MAGIC)
    )


def read_blocks(need: Callable[[int, str], bytes]) -> Iterator[bytes]:
    """Give the metadata blocks of a plain FLAC file, each with its header of four bytes.

    Parameters
    ----------
    need : callable
        ``need(count, what)`` gives exactly `count` bytes; the first call asks for the magic.
    """
    need(len(MAGIC), "the FLAC header")
    last = 0
    while not last:
        header = need(4, "a FLAC metadata block")
        last = header[0] & LAST
        yield header + need(int.from_bytes(header[1:], "big"), "a FLAC metadata block")


def ogg_blocks(packets: Iterator[bytes]) -> Iterator[bytes]:
    """Give the metadata blocks of FLAC in Ogg (RFC 9639, section 10.1)."""
    first = next(packets, b"")
    # 0x7F "FLAC", version, number of headers, magic, block
    block = first[len(OGG_MAGIC) + 4 + len(MAGIC) :]
    while True:
        if len(block) < 4 or int.from_bytes(block[1:4], "big") != len(block) - 4:
            raise UnsupportedAudio("a FLAC metadata block in the Ogg file has a wrong length")
        yield block
        if block[0] & LAST:
            return
        block = next(packets, b"")


def parse_blocks(blocks: Iterable[bytes]) -> tuple[FlacInfo, list[str]]:
    """Read the metadata blocks.

    Returns
    -------
    info : FlacInfo
    dropped : list of str
        What else they hold that is not audio, for messages: ``"tags (ARTIST, TITLE)"``.

    Raises
    ------
    UnsupportedAudio
        There is no STREAMINFO.
    """
    info: FlacInfo | None = None
    names: list[str] = []
    counts: Counter[str] = Counter()
    for block in blocks:
        kind, data = block[0] & ~LAST, block[4:]
        if kind == STREAMINFO and info is None:
            if len(data) != STREAMINFO_BYTES:
                raise UnsupportedAudio("the STREAMINFO of the FLAC file is damaged")
            # it should be the first block, but files exist in which it is not
            info = FlacInfo.parse(data)
        elif kind == COMMENTS:
            names += [name.upper() for name, _value in comment_pairs(data)[1]]
        elif kind == PICTURE:
            counts["picture"] += 1
        elif kind == CUE_SHEET:
            counts["cue sheet"] += 1
        elif kind == APPLICATION:
            counts[f"application block {data[:4].decode('latin-1')!r}"] += 1
        elif kind not in (STREAMINFO, PADDING, SEEK_TABLE):
            counts[f"block of type {kind}"] += 1
    if info is None:
        raise UnsupportedAudio("the FLAC file has no STREAMINFO: damaged")
    return info, describe(names, counts)


def comment_pairs(data: bytes) -> tuple[str, list[tuple[str, str]]]:
    """Vendor, and names and values of Vorbis comments, as far as they are whole and valid.

    A comment without ``=``, or with a name that is not printable ASCII, is left out; bytes that
    are no UTF-8 are replaced.
    """
    place = 0
    pairs = []

    def text() -> bytes | None:
        nonlocal place
        length = int.from_bytes(data[place : place + 4], "little")
        start, place = place + 4, place + 4 + length
        return data[start:place] if place <= len(data) else None

    vendor = text()
    if vendor is None:
        return "", []
    place += 4  # the number of comments
    while place + 4 <= len(data) and (comment := text()) is not None:
        name, equals, value = comment.partition(b"=")
        if equals and name and all(0x20 <= byte <= 0x7D for byte in name):
            pairs.append((name.decode(), value.decode(errors="replace")))
    return vendor.decode(errors="replace"), pairs


def describe(names: Iterable[str], counts: Counter[str] | None = None) -> list[str]:
    """Say what metadata there is, for messages.

    Parameters
    ----------
    names : iterable of str
        Names of tags.
    counts : Counter, optional
        Other things by number.
    """
    counts = Counter(counts)
    tags = list(dict.fromkeys(names))
    pictures = {"METADATA_BLOCK_PICTURE", "COVERART"}
    counts["picture"] += sum(name in pictures for name in tags)
    tags = [name for name in tags if name not in pictures]
    parts = []
    if tags:
        more = len(tags) - _NAMES_TOLD
        told = [*tags[:_NAMES_TOLD], *([f"{more} more"] if more > 0 else [])]
        parts.append(f"tags ({', '.join(told)})")
    return parts + [
        f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts.items() if count
    ]
