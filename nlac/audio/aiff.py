"""The walker for AIFF and AIFF-C (uncompressed kinds, either byte order, float32).

References: Apple's Audio Interchange File Format 1.3 and AIFF-C draft of 1991.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nlac._errors import UnsupportedAudio
from nlac.audio.chunk_style import AIFF
from nlac.audio.format import AudioFormat
from nlac.audio.layout import Layout, Walk, printable, skip_pad
from nlac.audio.packing import Packing, container_bytes
from nlac.audio.reader import HEAD_LIMIT_BYTES

UNKNOWN_32 = 0xFFFFFFFF
# an SSND chunk of unknown size with a greater offset has none
_LARGEST_OFFSET = 1 << 16


@dataclass(frozen=True, slots=True)
class _Coding:
    """How a compression type of AIFF-C lays its samples."""

    big_endian: bool
    unsigned: bool = False
    is_float: bool = False
    bits: int = 0  # 0: as COMM says


_CODINGS = {
    b"NONE": _Coding(True),
    b"twos": _Coding(True),
    b"sowt": _Coding(False),
    b"raw ": _Coding(True, unsigned=True),
    b"in24": _Coding(True, bits=24),
    b"in32": _Coding(True, bits=32),
    b"42ni": _Coding(False, bits=24),
    b"23ni": _Coding(False, bits=32),
    # libsndfile's spelling
    b"42n1": _Coding(False, bits=24),
    b"23n1": _Coding(False, bits=32),
    b"fl32": _Coding(True, is_float=True, bits=32),
    b"FL32": _Coding(True, is_float=True, bits=32),
}
_REFUSED = {
    b"fl64": "64-bit float",
    b"FL64": "64-bit float",
    b"ulaw": "mu-law",
    b"ULAW": "mu-law",
    b"alaw": "A-law",
    b"ALAW": "A-law",
    b"ima4": "IMA ADPCM",
    b"MAC3": "MACE 3:1",
    b"MAC6": "MACE 6:1",
    b"GSM ": "GSM 6.10",
    b"G722": "G.722",
    b"dwvw": "DWVW",
    b"DWVW": "DWVW",
}


def walk_aiff(walk: Walk) -> Layout:
    """Read everything up to the first sample of an AIFF or AIFF-C file.

    Parameters
    ----------
    walk : Walk
        The input, at the first byte of the file.

    Returns
    -------
    Layout

    Raises
    ------
    UnsupportedAudio
        If the header is damaged or its samples cannot be coded.
    """
    reader = walk.reader
    opening = reader.need(12, "the AIFF header")
    form_size = struct.unpack_from(">I", opening, 4)[0]
    is_aifc = opening[8:] == b"AIFC"
    common: bytes | None = None
    while True:
        start = walk.next_chunk("an 'SSND' chunk")
        chunk_id, size = struct.unpack(">4sI", reader.need(8, "a chunk header"))
        if chunk_id == b"SSND":
            break
        payload = reader.need(size, f"the chunk {printable(chunk_id)}")
        if chunk_id == b"COMM":
            if common is None:
                common = payload
            else:
                walk.warn(f"a second COMM chunk at byte {start} is not used")
        skip_pad(walk, size, AIFF)
    if common is None:
        common = _find_common_ahead(walk, size)
    fmt, packing, num_frames = _parse_common(common, is_aifc, walk)
    data_bytes = _data_bytes(walk, size, form_size)
    frame_bytes = packing.bytes_per_sample * fmt.channels
    known = num_frames not in (0, UNKNOWN_32) and not walk.ignore_sizes
    if known and data_bytes is not None and num_frames != data_bytes // frame_bytes:
        walk.warn(
            f"COMM announces {num_frames} frames, SSND holds {data_bytes // frame_bytes}; "
            "the smaller number is read as samples"
        )
        data_bytes = min(data_bytes, num_frames * frame_bytes)
    return Layout("aifc" if is_aifc else "aiff", fmt, packing, data_bytes)


def _data_bytes(walk: Walk, size: int, form_size: int) -> int | None:
    """Take the rest of the SSND header, and return the bytes of samples that follow."""
    reader = walk.reader
    outer_unknown = form_size in (0, UNKNOWN_32)
    outer_end = None if outer_unknown else walk.begin + 8 + form_size
    if 0 < size < 8:
        raise UnsupportedAudio(
            f"the SSND chunk at byte {reader.position - 8} has {size} bytes; 8 are the least"
        )
    # an empty chunk has not even an offset, but one whose size was never set has
    if size or walk.ignore_sizes or _offset_follows(walk, outer_end):
        offset = struct.unpack_from(">I", reader.need(8, "the SSND header"))[0]
        if 0 < size < 8 + offset:
            raise UnsupportedAudio(
                f"the SSND chunk at byte {reader.position - 16} has {size} bytes, but its samples "
                f"begin {offset} bytes in"
            )
        reader.need(offset, "the SSND offset")
        size = max(0, size - 8 - offset) if size != UNKNOWN_32 else size
    return walk.data_length(
        size, AIFF, unknown=size == UNKNOWN_32, what="SSND chunk", outer_end=outer_end
    )


def _offset_follows(walk: Walk, outer_end: int | None) -> bool:
    """Tell whether an SSND chunk of size 0 goes on all the same."""
    ahead = walk.reader.peek(8)
    if len(ahead) < 8 or walk.chunks_follow(AIFF, outer_end):
        return False
    offset = int.from_bytes(ahead[:4], "big")
    return offset <= _LARGEST_OFFSET and len(walk.reader.peek(offset, 8)) == offset


def _find_common_ahead(walk: Walk, ssnd_size: int) -> bytes:
    """Return the COMM chunk that lies after the samples: allowed, but rare."""
    place = ssnd_size + ssnd_size % 2
    while place < HEAD_LIMIT_BYTES:
        walk.count_chunk()
        header = walk.reader.peek(8, place)
        if len(header) < 8:
            raise UnsupportedAudio(
                f"no 'COMM' chunk to byte {walk.reader.position + place + len(header)}: the "
                "samples are unknown; read the file as raw"
            )
        chunk_id, size = struct.unpack(">4sI", header)
        if chunk_id == b"COMM":
            if size > 1 << 10:
                raise UnsupportedAudio(f"a COMM chunk of {size} bytes: a damaged file?")
            return walk.reader.peek(size, place + 8)
        place += 8 + size + size % 2
    raise UnsupportedAudio(
        "the COMM chunk is not in front of the samples, nor in the "
        f"{HEAD_LIMIT_BYTES >> 20} MiB after their beginning"
    )


def _parse_common(payload: bytes, is_aifc: bool, walk: Walk) -> tuple[AudioFormat, Packing, int]:
    """Read a COMM chunk: format, packing, and the number of frames that it announces."""
    if len(payload) < 18:
        raise UnsupportedAudio(f"the COMM chunk has {len(payload)} bytes; 18 are the least")
    channels, num_frames, bits = struct.unpack_from(">HIH", payload)
    rate = _parse_rate(payload[8:18], walk)
    compression = payload[18:22] if is_aifc else b"NONE"
    if len(compression) < 4:
        walk.warn("the COMM chunk of an AIFF-C file names no compression; none is assumed")
        compression = b"NONE"
    coding = _CODINGS.get(compression)
    if coding is None:
        name = _REFUSED.get(compression, "an unknown coding")
        raise UnsupportedAudio(
            f"the samples are not plain PCM but {name} (compression {printable(compression)}); "
            "convert the file to 16- or 24-bit PCM or 32-bit float first"
        )
    if coding.bits and coding.bits != bits:
        walk.warn(f"COMM says {bits} bits, its compression {printable(compression)} means others")
    bits = coding.bits or bits
    fmt = AudioFormat(rate, channels, bits, is_float=coding.is_float)
    width = container_bytes(bits)
    packing = Packing(
        width,
        big_endian=coding.big_endian,
        unsigned=coding.unsigned and width == 1,
        shift=8 * width - bits,
        is_float=coding.is_float,
    )
    return fmt, packing, num_frames


def _parse_rate(extended: bytes, walk: Walk) -> int:
    """Read an 80-bit float as the nearest whole number of frames a second."""
    sign_exponent, mantissa = struct.unpack(">HQ", extended)
    exponent = (sign_exponent & 0x7FFF) - 16383
    if mantissa == 0 or sign_exponent >> 15 or not -1 <= exponent <= 32:
        raise UnsupportedAudio(
            f"the sample rate {extended.hex()} (an 80-bit float) cannot be coded; "
            "correct the header, or read the samples as raw"
        )
    shift = 63 - exponent
    rate = (mantissa + (1 << (shift - 1))) >> shift
    if rate << shift != mantissa:
        walk.warn(
            f"the sample rate {mantissa / 2**shift:.4f} Hz is not a whole number; {rate} is used"
        )
    return int(rate)


def pack_rate(rate: int) -> bytes:
    """Return a whole number from 1 to 2**32 - 1 as an 80-bit float."""
    exponent = rate.bit_length() - 1
    return struct.pack(">HQ", 16383 + exponent, rate << (63 - exponent))
