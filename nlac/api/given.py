"""Tags and pictures as callers give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TypeAlias

from nlac._errors import UsageError
from nlac.bitstream.items import Picture, Tags
from nlac.bitstream.metadata import MetadataItem

PictureLike: TypeAlias = Picture | str | PathLike[str]
TagMapping: TypeAlias = Mapping[str, str | Sequence[str]] | Sequence[tuple[str, str]]


def metadata_items(
    tags: TagMapping | None, pictures: Sequence[PictureLike]
) -> list[MetadataItem]:
    """Items of what a caller gives along with the samples.

    Raises
    ------
    UsageError
        Something else was given than texts and pictures.
    """
    items = [Tags.from_mapping(tags).to_item()] if tags else []
    if isinstance(pictures, (list, tuple)) and not pictures:
        return items
    from nlac.metadata.pictures import check_pictures

    if isinstance(pictures, (Picture, str, PathLike)):
        pictures = [pictures]
    made = [_picture(picture) for picture in pictures]
    check_pictures(made)
    return items + [picture.to_item() for picture in made]


def _picture(given: object) -> Picture:
    from nlac.metadata.pictures import parse_picture, read_picture

    if isinstance(given, Picture):
        return given
    if isinstance(given, str):
        return parse_picture(given)
    if isinstance(given, PathLike):
        return read_picture(given)
    raise UsageError(
        f"picture of type {type(given).__name__}: nlac.Picture or the name of a file is needed"
    )
