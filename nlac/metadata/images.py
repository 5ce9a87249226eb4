"""What image files say of themselves: a strict reader of the few bytes that tell it.

Only headers are read, with every length checked. References: PNG 1.2 (W3C), ITU-T T.81 B.2 (JPEG),
GIF89a, WebP container (RFC 9649).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from nlac._errors import UsageError

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
# samples of a pixel by colour type; type 3 has a palette of three samples of 8 bits
_PNG_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}
_PNG_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
# start of frame, but for DHT, JPG and DAC, which lie among them
_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# marks without a segment: TEM, RST0 to RST7
_JPEG_BARE = {0x01, *range(0xD0, 0xD8)}
_JPEG_FILL = re.compile(b"\xff*")
_JPEG_START, _JPEG_END, _JPEG_SCAN = 0xD8, 0xD9, 0xDA


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Facts about an image, as a picture item has them.

    Attributes
    ----------
    media_type : str
        For example ``image/png``.
    width, height : int
        In pixels, at least 1.
    depth_bits : int
        Bits a pixel; of a palette, those of its colours.
    colors : int
        Colours of the palette; 0 without one.
    """

    media_type: str
    width: int
    height: int
    depth_bits: int
    colors: int


def image_facts(data: bytes) -> ImageFacts | None:
    """Facts about a PNG, JPEG, GIF or WebP file; None of data that begin like none of them.

    Raises
    ------
    UsageError
        The file begins like one of them and is damaged or cut off.
    """
    try:
        if data.startswith(_PNG_MAGIC):
            facts = _of_png(data)
        elif data.startswith(b"\xff\xd8"):
            facts = _of_jpeg(data)
        elif data[:6] in (b"GIF87a", b"GIF89a"):
            facts = _of_gif(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            facts = _of_webp(data)
        else:
            return None
    except struct.error:
        raise UsageError("the image ends inside its header") from None
    if not (facts.width and facts.height):
        raise UsageError(f"the image has {facts.width} x {facts.height} pixels")
    return facts


def _of_png(data: bytes) -> ImageFacts:
    place = len(_PNG_MAGIC)
    length, name = struct.unpack_from(">I4s", data, place)
    width, height, depth, colour_type = struct.unpack_from(">IIBB", data, place + 8)
    if name != b"IHDR" or length != 13 or depth not in _PNG_DEPTHS.get(colour_type, ()):
        raise UsageError("the PNG file has no valid IHDR chunk")
    if max(width, height) >= 2**31:
        raise UsageError(f"the PNG file has {width} x {height} pixels")
    if colour_type in _PNG_SAMPLES:
        return ImageFacts("image/png", width, height, depth * _PNG_SAMPLES[colour_type], 0)
    while name not in (b"PLTE", b"IDAT"):
        place += 12 + length
        length, name = struct.unpack_from(">I4s", data, place)
    if name != b"PLTE" or length % 3 or not 3 <= length <= 3 * 256:
        raise UsageError("the PNG file has no valid palette")
    return ImageFacts("image/png", width, height, 24, length // 3)


def _of_jpeg(data: bytes) -> ImageFacts:
    place = 2
    while True:
        start, mark = struct.unpack_from("BB", data, place)
        if start != 0xFF or mark in (0, _JPEG_START, _JPEG_END, _JPEG_SCAN):
            raise UsageError("the JPEG file has no frame header before its data")
        if mark == 0xFF:  # fill bytes may precede a mark
            fill = _JPEG_FILL.match(data, place)
            assert fill is not None
            place = fill.end() - 1
            continue
        place += 2
        if mark in _JPEG_BARE:
            continue
        (length,) = struct.unpack_from(">H", data, place)
        if mark in _JPEG_FRAMES:
            bits, height, width, components = struct.unpack_from(">BHHB", data, place + 2)
            if length != 8 + 3 * components or not components or not 2 <= bits <= 16:
                raise UsageError("the JPEG file has no valid frame header")
            return ImageFacts("image/jpeg", width, height, bits * components, 0)
        if length < 2:
            raise UsageError("the JPEG file has a segment without a length")
        place += length


def _of_gif(data: bytes) -> ImageFacts:
    width, height, flags, _background, _aspect = struct.unpack_from("<HHBBB", data, 6)
    # without a global palette each frame has its own, of as many colours as its header tells
    return ImageFacts("image/gif", width, height, 24, 2 << (flags & 7) if flags & 0x80 else 0)


def _of_webp(data: bytes) -> ImageFacts:
    kind, _size = struct.unpack_from("<4sI", data, 12)
    body = 20
    if kind == b"VP8 ":
        tag, mark, width, height = struct.unpack_from("<3s3sHH", data, body)
        if tag[0] & 1 or mark != b"\x9d\x01\x2a":
            raise UsageError("the WebP file does not begin with a key frame")
        return ImageFacts("image/webp", width & 0x3FFF, height & 0x3FFF, 24, 0)
    if kind == b"VP8L":
        signature, bits = struct.unpack_from("<BI", data, body)
        if signature != 0x2F or bits >> 29:
            raise UsageError("the WebP file has no valid lossless header")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return ImageFacts("image/webp", width, height, 32 if bits >> 28 & 1 else 24, 0)
    if kind == b"VP8X":
        flags, size = struct.unpack_from("<B3x6s", data, body)
        width = int.from_bytes(size[:3], "little") + 1
        height = int.from_bytes(size[3:], "little") + 1
        return ImageFacts("image/webp", width, height, 32 if flags & 0x10 else 24, 0)
    raise UsageError(f"the WebP file begins with an unknown chunk {kind!r}")
