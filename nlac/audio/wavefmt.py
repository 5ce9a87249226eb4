"""The WAVE format structure (``fmt ``) that WAV, RF64, BW64 and W64 share.

It exists in four lengths (14, 16, 18 and 40 bytes, by history) and is often wrong about
itself; what matters is which bytes are samples, and that every file which other programs
play can be read.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from nlac._errors import UnsupportedAudio
from nlac.audio.format import AudioFormat
from nlac.audio.layout import Walk
from nlac.audio.packing import Packing, container_bytes

WaveFormat: TypeAlias = tuple[AudioFormat, Packing]

PCM = 1
FLOAT = 3
EXTENSIBLE = 0xFFFE
# the fields of a sub-format's GUID after its format tag: plain, and ambisonic B-format
_PLAIN_GUID = (0x0000, 0x0010, bytes.fromhex("800000aa00389b71"))
_AMBISONIC_GUID = (0x0721, 0x11D3, bytes.fromhex("8644c8c1ca000000"))

SUBFORMAT_GUID_TAIL = b"\0\0" + struct.pack("<HH8s", *_PLAIN_GUID)

_KNOWN_TAGS = {
    0x0002: "Microsoft ADPCM",
    0x0006: "A-law",
    0x0007: "mu-law",
    0x0011: "IMA ADPCM",
    0x0016: "G.723 ADPCM",
    0x0031: "GSM 6.10",
    0x0040: "G.721 ADPCM",
    0x0050: "MPEG audio",
    0x0055: "MP3",
    0x0161: "Windows Media Audio",
    0x0162: "Windows Media Audio",
    0x0163: "Windows Media Audio lossless",
    0x2000: "AC-3",
    0xF1AC: "FLAC in WAV",
}


def first_wave_format(
    found: WaveFormat | None, payload: bytes, walk: Walk, start: int, order: str = "<"
) -> WaveFormat:
    """Read a ``fmt `` chunk at byte `start`, unless one was `found` before: the first counts."""
    if found is None:
        return parse_wave_format(payload, walk, order=order)
    walk.warn(f"a second fmt chunk at byte {start} is not used")
    return found


def needed_wave_format(found: WaveFormat | None, start: int) -> WaveFormat:
    """Return what was `found` before the samples' chunk at byte `start`.

    Raises
    ------
    UnsupportedAudio
        If nothing was.
    """
    if found is None:
        raise UnsupportedAudio(
            f"no 'fmt ' chunk before the 'data' chunk at byte {start}: the samples are unknown; "
            "read the file as raw"
        )
    return found


def parse_wave_format(payload: bytes, walk: Walk, *, order: str = "<") -> WaveFormat:
    """Read a ``fmt `` chunk.

    Parameters
    ----------
    payload : bytes
        The chunk without its header.
    walk : Walk
        Receives warnings.
    order : str
        ``"<"``, or ``">"`` for RIFX.

    Returns
    -------
    AudioFormat, Packing

    Raises
    ------
    UnsupportedAudio
        If the samples cannot be coded, with the reason and what to do.
    """
    if len(payload) < 14:
        raise UnsupportedAudio(f"the fmt chunk has {len(payload)} bytes; 14 are the least")
    tag, channels, rate, _, block_align = struct.unpack_from(order + "HHIIH", payload)
    bits = struct.unpack_from(order + "H", payload, 14)[0] if len(payload) >= 16 else 0
    valid_bits, mask = 0, 0
    if len(payload) >= 18:
        extra = struct.unpack_from(order + "H", payload, 16)[0]
        if 18 + extra != len(payload):
            walk.warn(f"cbSize in the fmt chunk says {extra} bytes, {len(payload) - 18} follow")
    if tag == EXTENSIBLE:
        tag, valid_bits, mask = _parse_extension(payload, order)
    if tag not in (PCM, FLOAT):
        name = _KNOWN_TAGS.get(tag, "an unknown coding")
        raise UnsupportedAudio(
            f"the samples are not plain PCM but {name} (format tag {tag:#06x}); convert the file "
            "to 16- or 24-bit PCM or 32-bit float first"
        )
    if channels == 0:
        raise UnsupportedAudio("the fmt chunk declares 0 channels; correct the header")
    width = _sample_width(tag, channels, block_align, bits, walk)
    if tag == FLOAT:
        return (
            AudioFormat(rate, channels, 32, is_float=True, channel_mask=mask),
            Packing(4, big_endian=order == ">", is_float=True),
        )
    valid = min(bits, valid_bits) if bits and valid_bits else bits or valid_bits or 8 * width
    if valid_bits > 8 * width:
        walk.warn(f"{valid_bits} valid bits are declared in samples of {8 * width} bits")
    valid = min(valid, 8 * width)
    return (
        AudioFormat(rate, channels, valid, channel_mask=mask),
        Packing(width, big_endian=order == ">", unsigned=width == 1, shift=8 * width - valid),
    )


def _parse_extension(payload: bytes, order: str) -> tuple[int, int, int]:
    """Return the real format tag, the valid bits and the channel mask."""
    if len(payload) < 40:
        raise UnsupportedAudio(
            f"the fmt chunk is EXTENSIBLE but has {len(payload)} of 40 bytes; correct the header"
        )
    valid_bits, mask = struct.unpack_from(order + "HI", payload, 18)
    tag, *rest = struct.unpack_from(order + "IHH8s", payload, 24)
    if tuple(rest) not in (_PLAIN_GUID, _AMBISONIC_GUID):
        raise UnsupportedAudio(
            f"the samples have the unknown sub-format {payload[24:40].hex()}; convert the file "
            "to PCM or 32-bit float first"
        )
    return tag, valid_bits, mask


def _sample_width(tag: int, channels: int, block_align: int, bits: int, walk: Walk) -> int:
    """Return the bytes of one sample: the frame's size decides, if it makes sense."""
    by_bits = container_bytes(bits)
    by_frame, rest = divmod(block_align, channels)
    width = by_frame
    # depths such as 12, 20 or 24 bits do come in wider containers; for 8 and 16 bits
    # a wide frame is a wrong header
    too_wide = by_frame > by_bits if bits in (8, 16) else bits and by_frame > max(by_bits, 4)
    if rest or not by_frame or by_frame < by_bits or too_wide:
        if bits == 0:
            raise UnsupportedAudio(
                f"the fmt chunk gives no depth, and frames of {block_align} bytes do not divide "
                f"into {channels} channels; correct the header"
            )
        walk.warn(
            f"frames of {block_align} bytes do not fit {channels} channels of {bits} bits; "
            f"{by_bits} bytes a sample are assumed"
        )
        width = by_bits
    if tag == FLOAT and width != 4:
        raise UnsupportedAudio(
            f"{8 * width}-bit float samples cannot be coded; convert the file to 32-bit float "
            "or integers of up to 32 bits first"
        )
    if width > 4:
        raise UnsupportedAudio(
            f"{8 * width}-bit integer samples cannot be coded; convert the file to 32 bits or "
            "fewer first"
        )
    return width
