"""Headers of FLAC frames (RFC 9639, section 9.1), to see that none is missing.

Decoders put silence where frames are missing, and leave out one that is cut off; where no
MD5 tells of it, the numbers in the frames' headers do.
"""

from __future__ import annotations

import mmap
import re

from nlac._errors import UnsupportedAudio
from nlac.audio.flac.metadata import FlacInfo

_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_MAX_HEADER_BYTES = 16
# 65,535 samples of 8 channels, verbatim, take less
_MAX_FRAME_BYTES = 1 << 22
_VARIABLE = 1
_BLOCK_LENGTHS = {1: 192} | {n: 576 << (n - 2) for n in range(2, 6)}
_BLOCK_LENGTHS |= {n: 256 << (n - 8) for n in range(8, 16)}


def _crc_table(polynomial: int, width: int) -> list[int]:
    top, ones = 1 << (width - 1), (1 << width) - 1
    table = []
    for byte in range(256):
        value = byte << (width - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & ones
        table.append(value)
    return table


_CRC_8 = _crc_table(0x07, 8)
_CRC_16 = _crc_table(0x8005, 16)


def parse_frame_header(data: bytes, info: FlacInfo) -> tuple[int, int] | None:
    """Return the first sample of a FLAC frame and its length, or None if this is no frame.

    Parameters
    ----------
    data : bytes
        The first 16 bytes of the frame, fewer at the end of the file.
    info : FlacInfo
        What the file says of its frames.
    """
    if len(data) < 6 or data[0] != 0xFF or data[1] & 0xFE != 0xF8 or data[3] & 1:
        return None
    length_code, rate_code = data[2] >> 4, data[2] & 15
    ones = 8 - (~data[4] & 0xFF).bit_length()
    number_bytes = max(1, ones)
    length_bytes = {6: 1, 7: 2}.get(length_code, 0)
    rate_bytes = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    end = 4 + number_bytes + length_bytes + rate_bytes
    if ones in (1, 8) or length_code == 0 or rate_code == 15 or end >= len(data):
        return None
    crc = 0
    for byte in data[: end + 1]:
        crc = _CRC_8[crc ^ byte]
    if crc:
        return None
    number = data[4] & (0x7F >> ones)
    for byte in data[5 : 4 + number_bytes]:
        if byte >> 6 != 2:
            return None
        number = number << 6 | byte & 0x3F
    place = 4 + number_bytes
    if length_bytes:
        length = int.from_bytes(data[place : place + length_bytes], "big") + 1
    else:
        length = _BLOCK_LENGTHS[length_code]
    return (number if data[1] & _VARIABLE else number * info.block_length), length


def count_samples(file: mmap.mmap, begin: int, info: FlacInfo) -> tuple[int, int]:
    """Follow FLAC frames from one to the next, to the end of the file.

    Parameters
    ----------
    file : mmap
        The file.
    begin : int
        Place of its first frame.
    info : FlacInfo
        What the file says of its frames.

    Returns
    -------
    first, count : int
        Number of the first sample of a channel, and how many there are.

    Raises
    ------
    UnsupportedAudio
        A frame is missing, or the last is not whole.
    """
    first: int | None = None
    expected, last = 0, begin
    for match in _SYNC.finditer(file, begin):
        place = match.start()
        found = parse_frame_header(file[place : place + _MAX_HEADER_BYTES], info)
        if found is None or (first is not None and found[0] != expected):
            continue
        number, length = found
        first = number if first is None else first
        expected, last = number + length, place
    if first is None or not _is_one_frame(file[last : last + _MAX_FRAME_BYTES + 1], info):
        raise UnsupportedAudio(
            f"the FLAC frames are damaged or incomplete before sample {expected} of each channel"
        )
    return first, expected - first


def _is_one_frame(data: bytes, info: FlacInfo) -> bool:
    """Tell whether `data` ends with the FLAC frame that it begins with.

    The checksum at the end of a frame makes the running checksum 0; after a gap in the numbers
    other frames follow there.
    """
    crc = 0
    for place, byte in enumerate(data):
        if crc == 0 and place and byte == 0xFF:
            header = data[place : place + _MAX_HEADER_BYTES]
            if parse_frame_header(header, info) is not None:
                return False
        crc = (crc << 8 ^ _CRC_16[crc >> 8 ^ byte]) & 0xFFFF
    return crc == 0 and len(data) <= _MAX_FRAME_BYTES
