"""How tags and pictures are shown, to people and to programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlac.bitstream.items import Picture
    from nlac.metadata.originals.reading import ShownTags

# controls, which could change what a terminal does
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def readable(text: str, indent: str = " " * 4) -> str:
    """Text as it can be printed: controls are escaped, further lines are indented."""
    text = _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text.replace("\r\n", "\n"))
    return text.replace("\n", "\n" + indent)


def picture_facts(pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    """What JSON tells of pictures; numbers are counted from 1."""
    from nlac.metadata.pictures import type_name

    return [
        {
            "number": number,
            "type": picture.picture_type,
            "type_name": type_name(picture.picture_type),
            "media_type": picture.media_type,
            "description": picture.description,
            "width": picture.width,
            "height": picture.height,
            "depth_bits": picture.depth_bits,
            "colors": picture.colors,
            "num_bytes": len(picture.data),
        }
        for number, picture in enumerate(pictures, 1)
    ]


def picture_line(facts: dict[str, Any]) -> str:
    """A line that tells of a picture."""
    parts = [facts["type_name"], readable(facts["media_type"])]
    if facts["width"]:
        parts.append(f"{facts['width']}x{facts['height']}, {facts['depth_bits']} bits")
    if facts["colors"]:
        parts.append(f"{facts['colors']} colours")
    parts.append(f"{facts['num_bytes']:,} bytes")
    if facts["description"]:
        parts.append(repr(facts["description"]))
    return f"picture {facts['number']}: {', '.join(parts)}"


def tag_facts(shown: ShownTags) -> dict[str, Any]:
    """What JSON tells of tags and pictures."""
    return {
        "origin": shown.origin,
        "vendor": shown.vendor,
        "tags": shown.to_mapping(),
        "comments": [list(comment) for comment in shown.comments],
        "pictures": picture_facts(shown.pictures),
        "notes": list(shown.notes),
    }
