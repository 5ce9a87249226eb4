"""Packets of an Ogg file (RFC 3533)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nlac._errors import UnsupportedAudio

MAGIC = b"OggS"
_HEADER = struct.Struct("<4sBBqIIIB")
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_CRC_PLACE = 22
# a packet of headers may hold pictures; one of audio is far shorter
_MAX_PACKET_BYTES = 1 << 26
# every byte with its bits in the opposite order
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """Header of an Ogg page.

    Attributes
    ----------
    flags : int
        1: a packet goes on from the page before; 2: first, 4: last page of its stream.
    position : int
        Granule position: here, samples up to the end of the last packet that ends in the page;
        -1 if none does.
    serial, number : int
        Of its stream, and of the page in it.
    segments : bytes
        Sizes of the segments. A packet ends with the first one below 255.
    """

    flags: int
    position: int
    serial: int
    number: int
    segments: bytes

    def to_bytes(self, body: bytes) -> bytes:
        """The whole page with its contents and checksum."""
        fields = (MAGIC, 0, self.flags, self.position, self.serial, self.number)
        header = _HEADER.pack(*fields, 0, len(self.segments)) + self.segments
        crc = _crc(header + body)
        return header[:_CRC_PLACE] + struct.pack("<I", crc) + header[_CRC_PLACE + 4 :] + body


def ogg_packets(
    take: Callable[[int], bytes], note: Callable[[Page], None] = lambda page: None
) -> Iterator[bytes]:
    """Give the packets of the first stream in an Ogg file.

    Pages of other streams beside it are left out.

    Parameters
    ----------
    take : callable
        ``take(count)`` gives the next `count` bytes, fewer at the end.
    note : callable
        Is told of every page, of other streams as well, before its packets come.

    Raises
    ------
    UnsupportedAudio
        The file is damaged, truncated, or a chain of several.
    """
    own: int | None = None
    expected, ended = 0, False
    packet = bytearray()
    for page, body in _pages(take):
        flags, serial, number, segments = page.flags, page.serial, page.number, page.segments
        note(page)
        if own is None:
            own, expected = serial, number
        if ended and flags & _FIRST:
            raise UnsupportedAudio("several Ogg files one after the other in one; split them first")
        if serial != own:
            continue
        if number != expected:
            raise UnsupportedAudio(f"page {expected} of the Ogg file is missing: damaged")
        if bool(flags & _CONTINUED) != bool(packet):
            raise UnsupportedAudio(f"page {number} of the Ogg file does not go on: damaged")
        expected += 1
        place = 0
        for size in segments:
            packet += body[place : place + size]
            place += size
            if len(packet) > _MAX_PACKET_BYTES:
                raise UnsupportedAudio(f"a packet of over {len(packet)} bytes: a damaged Ogg file?")
            if size < 255:
                yield bytes(packet)
                packet.clear()
        ended = bool(flags & _LAST)
    if not ended or packet:
        raise UnsupportedAudio("the Ogg file ends without its last page: truncated")


def _pages(take: Callable[[int], bytes]) -> Iterator[tuple[Page, bytes]]:
    """Give every page, and its contents."""
    place = 0
    while header := take(_HEADER.size):
        if len(header) < _HEADER.size or not header.startswith(MAGIC + b"\0"):
            raise UnsupportedAudio(f"no Ogg page at byte {place}: damaged")
        _magic, _version, flags, position, serial, number, crc, count = _HEADER.unpack(header)
        segments = take(count)
        body = take(sum(segments))
        without_crc = header[:_CRC_PLACE] + bytes(4) + header[_CRC_PLACE + 4 :]
        if _crc(without_crc + segments + body) != crc:
            raise UnsupportedAudio(f"the checksum of the Ogg page at byte {place} is wrong")
        place += len(header) + len(segments) + len(body)
        yield Page(flags, position, serial, number, segments), body


def _crc(data: bytes) -> int:
    """The CRC of a page: that of zlib with all bits mirrored, beginning with 0."""
    mirrored = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED), "big")
