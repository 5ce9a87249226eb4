r"""Text files of tags: a line ``NAME=value`` for each value.

A value of several lines goes on in lines that begin with a tab, so that what looks like a tag
inside of it (lyrics with a ``=``) is none. Lines end with ``\n``; a carriage return is a part of
the value, unless all lines end with one, as editors of Windows write them. A line that begins with
``#`` and has no ``=`` is a remark. Files that metaflac exports are read as well, as long as their
values have one line.
"""

from __future__ import annotations

from collections.abc import Iterable

from nlac._errors import UsageError
from nlac.bitstream.items import tag_name_is_good

_REMARK = "# tags"


def dump_tags(comments: Iterable[tuple[str, str]]) -> str:
    """Text of a file with these tags.

    Parameters
    ----------
    comments : iterable of (str, str)
        Names and values in order.
    """
    lines = []
    for name, value in comments:
        first, *rest = value.split("\n")
        lines += [f"{name}={first}", *(f"\t{line}" for line in rest)]
    if lines and all(line.endswith("\r") for line in lines):
        # without another line, these would be taken for ends of lines
        lines.insert(0, _REMARK)
    return "".join(f"{line}\n" for line in lines)


def parse_tags(text: str) -> list[tuple[str, str]]:
    """Names and values in a text of tags, in order.

    Raises
    ------
    UsageError
        A line is neither a tag nor the continuation of one; its number is told.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    if not lines[-1]:
        lines.pop()
    if lines and all(line.endswith("\r") for line in lines):
        lines = [line[:-1] for line in lines]
    comments: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        if line.startswith("\t"):
            if not comments:
                raise UsageError(f"line {number}: continues a value, but none comes before it")
            name, value = comments[-1]
            comments[-1] = name, f"{value}\n{line[1:]}"
            continue
        name, equals, value = line.partition("=")
        if not equals and (not line.strip() or line.startswith("#")):
            continue
        if not equals:
            raise UsageError(
                f"line {number}: {line[:60]!r} has no '='; a value goes on in lines that begin "
                "with a tab"
            )
        if not tag_name_is_good(name):
            raise UsageError(f"line {number}: {name[:60]!r} is not printable ASCII")
        comments.append((name, value))
    return comments
