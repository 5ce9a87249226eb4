"""Tags and pictures as options: ``-T``, ``--tag-from-file``, ``--picture``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from nlac._errors import UsageError

if TYPE_CHECKING:
    from nlac.bitstream.items import Picture


def tag_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options of tags: `tags` and `tags_from_files`."""
    tags = click.option(
        "-T", "--tag", "tags", metavar="FIELD=VALUE", multiple=True, help="A tag; may be repeated."
    )
    files = click.option(
        "--tag-from-file",
        "tags_from_files",
        metavar="FIELD=FILE",
        multiple=True,
        help="A tag whose value is the content of a text file (UTF-8), such as lyrics.",
    )
    return tags(files(command))


def given_tags(tags: Sequence[str], files: Sequence[str]) -> list[tuple[str, str]]:
    """Names and values that `tag_options` were given.

    Raises
    ------
    UsageError
        One of them is no tag, or a file is no text.
    OSError
        A file cannot be read.
    """
    pairs = [_split(tag, "-T", "VALUE") for tag in tags]
    for name, value in pairs:
        try:
            value.encode()
        except UnicodeEncodeError as error:
            # bytes of the command line that are no text came as surrogates
            place = len(value[: error.start].encode())
            raise UsageError(f"-T {name}: its value is no text in UTF-8 (byte {place})") from None
    for tag in files:
        name, path = _split(tag, "--tag-from-file", "FILE")
        with open(path, "rb") as file:
            try:
                pairs.append((name, file.read().decode()))
            except UnicodeDecodeError as error:
                raise UsageError(f"{path}: is no text in UTF-8 (byte {error.start})") from None
    return pairs


def _split(tag: str, option: str, what: str) -> tuple[str, str]:
    from nlac.bitstream.items import tag_name_is_good

    name, equals, value = tag.partition("=")
    if not equals or not tag_name_is_good(name):
        shown = tag.encode(errors="replace").decode()
        raise UsageError(f"{option} {shown}: a tag is FIELD={what}, FIELD in ASCII")
    return name, value


def given_pictures(specifications: Sequence[str]) -> list[Picture]:
    """Pictures that ``--picture`` was given, read once for all files.

    Raises
    ------
    UsageError
        A specification or an image is wrong.
    OSError
        An image cannot be read.
    """
    if not specifications:
        return []
    from nlac.metadata.pictures import check_pictures, parse_picture

    pictures = [parse_picture(each) for each in specifications]
    check_pictures(pictures)
    return pictures
