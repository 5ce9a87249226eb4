"""Pictures made of image files, and what FLAC's tools call a picture specification."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable

from nlac._arguments import whole_number
from nlac._errors import UsageError
from nlac.bitstream import constants as c
from nlac.bitstream.items import Picture
from nlac.metadata.images import ImageFacts, image_facts

# ID3v2 APIC, as FLAC has them (RFC 9639, section 8.8)
TYPE_NAMES = (
    "other", "file icon", "other file icon", "front cover", "back cover", "leaflet page", "media",
    "lead artist", "artist", "conductor", "band", "composer", "lyricist", "recording location",
    "during recording", "during performance", "video screen capture", "bright coloured fish",
    "illustration", "band logotype", "publisher logotype",
)  # fmt: skip
FRONT_COVER = 3
_ICON, _OTHER_ICON = 1, 2
# media type of a picture that is only named by its address
LINK = "-->"
EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    LINK: ".url",
}
_SIZE = re.compile(r"([0-9]{1,9})x([0-9]{1,9})x([0-9]{1,3})(?:/([0-9]{1,9}))?")
# what surrounds the data of a picture in its item, with a margin for the texts
_FIELDS_BYTES = 1 << 16


def type_name(picture_type: int) -> str:
    """Name of a picture type for people."""
    if 0 <= picture_type < len(TYPE_NAMES):
        return TYPE_NAMES[picture_type]
    return f"type {picture_type}"


def picture_type_number(text: str) -> int:
    """Number of a picture type that is given by number or name.

    Raises
    ------
    UsageError
        It is neither.
    """
    name = text.strip().lower().replace("-", " ").replace("_", " ")
    if name in TYPE_NAMES:
        return TYPE_NAMES.index(name)
    if re.fullmatch("[0-9]{1,2}", name) and int(name) < len(TYPE_NAMES):
        return int(name)
    raise UsageError(
        f"{text!r} is no picture type: 0 to {len(TYPE_NAMES) - 1}, or a name such as 'front cover'"
    )


def make_picture(
    data: bytes,
    *,
    picture_type: int = FRONT_COVER,
    media_type: str = "",
    description: str = "",
    size: tuple[int, int, int, int] | None = None,
) -> Picture:
    """Make a picture of the bytes of an image file.

    Parameters
    ----------
    data : bytes
        PNG, JPEG, GIF or WebP; anything else if media type and size are given.
    picture_type : int
        As in ID3v2 APIC: 3 is the front cover.
    media_type : str
        Empty: as the data tell. ``"-->"`` makes the data an address (URL) of the picture.
    description : str
        Any text.
    size : (int, int, int, int), optional
        Width and height in pixels, bits a pixel, colours of the palette. None: as the data tell.

    Raises
    ------
    UsageError
        The data are no image that is known and not described, too long, or no icon where one is
        wanted.
    """
    if len(data) > c.MAX_ITEM_BYTES - _FIELDS_BYTES:
        raise UsageError(
            f"{len(data)} bytes; a picture takes {c.MAX_ITEM_BYTES - _FIELDS_BYTES} at most"
        )
    picture_type = whole_number("picture_type", picture_type)
    if not 0 <= picture_type < len(TYPE_NAMES):
        raise UsageError(f"picture_type {picture_type}: 0 to {len(TYPE_NAMES) - 1}")
    if not all(" " <= char <= "~" for char in media_type):
        raise UsageError(f"media type {media_type!r} is not printable ASCII")
    facts = image_facts(data) if media_type != LINK else ImageFacts(LINK, 0, 0, 0, 0)
    if facts is None and not (media_type and size):
        raise UsageError(
            "neither PNG, JPEG, GIF nor WebP; other images need their media type and their size, "
            "as in 3|image/avif||640x640x24|FILE"
        )
    if size is None:
        assert facts is not None
        size = (facts.width, facts.height, facts.depth_bits, facts.colors)
    if not media_type:
        assert facts is not None
        media_type = facts.media_type
    if picture_type == _ICON and (media_type != "image/png" or size[:2] != (32, 32)):
        raise UsageError("a file icon (type 1) is a PNG of 32 x 32 pixels; type 2 is for others")
    return Picture(picture_type, media_type, description, *size, data)


def read_picture(
    file: str | os.PathLike[str],
    *,
    picture_type: int = FRONT_COVER,
    description: str = "",
) -> Picture:
    """Make a picture of an image file: PNG, JPEG, GIF or WebP.

    Media type, size, depth and colours are read from its bytes, not from its name.

    Parameters
    ----------
    file : path
        The image.
    picture_type : int
        As in ID3v2 APIC: 3 is the front cover.
    description : str
        Any text.

    Raises
    ------
    UsageError
        The file is no such image, damaged, or too long.
    OSError
        It cannot be read.

    Examples
    --------
    >>> nlac.encode("in.wav", pictures=[nlac.read_picture("cover.jpg")])   # doctest: +SKIP
    """
    try:
        data = _read(file)
        return make_picture(data, picture_type=picture_type, description=description)
    except UsageError as error:
        raise UsageError(f"{os.fspath(file)}: {error}") from None


def parse_picture(specification: str) -> Picture:
    r"""Make a picture by a specification, as flac and metaflac take them.

    Parameters
    ----------
    specification : str
        The name of an image file, or
        ``[TYPE]|[MEDIA TYPE]|[DESCRIPTION]|[WIDTHxHEIGHTxDEPTH[/COLORS]]|FILE``. What is left out
        is read from the file, and the type is 3. With the media type ``-->`` FILE is an address.
        ``\|`` stands for ``|`` inside the description.

    Raises
    ------
    UsageError
        The specification or the image is wrong.
    OSError
        The image cannot be read.
    """
    if "|" not in specification:
        return read_picture(specification)
    parts = re.split(r"(?<!\\)\|", specification, maxsplit=4)
    if len(parts) != 5:
        raise UsageError(
            f"picture {specification!r}: give FILE, or TYPE|MEDIA TYPE|DESCRIPTION|"
            "WIDTHxHEIGHTxDEPTH/COLORS|FILE, of which all but FILE may be empty"
        )
    kind, media_type, description, size_text, name = parts
    size = None
    if size_text:
        match = _SIZE.fullmatch(size_text)
        if match is None:
            raise UsageError(f"picture {specification!r}: {size_text!r} is no size as 640x480x24")
        width, height, depth = (int(number) for number in match.groups()[:3])
        size = (width, height, depth, int(match[4] or 0))
    if not name:
        raise UsageError(f"picture {specification!r}: no file is named")
    data = name.encode() if media_type == LINK else _read(name)
    try:
        return make_picture(
            data,
            picture_type=picture_type_number(kind) if kind else FRONT_COVER,
            media_type=media_type,
            description=description.replace("\\|", "|"),
            size=size,
        )
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None


def check_pictures(pictures: Iterable[Picture]) -> None:
    """Refuse pictures that FLAC would not have together.

    Raises
    ------
    UsageError
        There are two of a type of which a file has one: both kinds of icons (RFC 9639, 8.8).
    """
    counts = Counter(picture.picture_type for picture in pictures)
    for kind in (_ICON, _OTHER_ICON):
        if counts[kind] > 1:
            raise UsageError(f"{counts[kind]} pictures of type {kind}: a file has one at most")


def _read(file: str | os.PathLike[str]) -> bytes:
    with open(file, "rb") as opened:
        # one byte more than may be shows that there are too many
        return opened.read(c.MAX_ITEM_BYTES + 1)
