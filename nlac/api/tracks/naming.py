"""File names of tracks: from a template, and safe whatever a cue sheet says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from nlac._errors import UsageError

DEFAULT_TEMPLATE = "{track:02d} {title}"
FIELDS = ("track", "title", "artist", "album", "albumartist", "composer", "date", "genre", "disc")
_FIELD = re.compile(r"\{([a-z]+)(?::0?([1-9])d)?\}")
# what Windows, macOS or Linux do not allow, and what shells take for something else
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u2028\u2029\ud800-\udfff]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
# leaves room for a number and an extension in the 255 bytes of a name
_MAX_BYTES = 200


class NameTemplate:
    """A template of names, such as ``{track:02d} {title}``.

    Parameters
    ----------
    text : str
        Fields in braces, of `FIELDS`; a number may have a width (``:02d``).

    Raises
    ------
    UsageError
        The template has an unknown field, or would make folders.
    """

    def __init__(self, text: str) -> None:
        rest = _FIELD.sub("", text)
        if re.search(r"[{}]", rest):
            raise UsageError(
                f"name {text!r}: what stands in braces is one of {', '.join(FIELDS)}, "
                "and a width such as {track:02d}"
            )
        unknown = [match[1] for match in _FIELD.finditer(text) if match[1] not in FIELDS]
        if unknown:
            raise UsageError(f"name {text!r}: no field {unknown[0]!r}, but {', '.join(FIELDS)}")
        if re.search(r"[/\\]", rest):
            raise UsageError(f"name {text!r}: names files, and no folders")
        self._text = text

    def fill(self, values: Mapping[str, str]) -> str:
        """A safe name without an extension.

        Parameters
        ----------
        values : mapping of str to str
            Values of the fields; those that are missing are empty.
        """

        def value(match: re.Match[str]) -> str:
            text = values.get(match[1], "")
            return text.zfill(int(match[2])) if match[2] and text.isdecimal() else text

        return safe_name(_FIELD.sub(value, self._text))


def safe_name(text: str) -> str:
    """A name that every system takes for a file in the folder itself.

    Separators and other unsafe characters become ``_``; a name is neither empty nor hidden, nor
    one that Windows keeps for devices.
    """
    name = unicodedata.normalize("NFC", _UNSAFE.sub("_", text)).strip(" .")
    name = name.encode()[:_MAX_BYTES].decode(errors="ignore").rstrip(" .")
    if _RESERVED.match(name):
        name = f"_{name}"
    return name or "_"


def distinct(names: list[str]) -> list[str]:
    """The names, with numbers behind those that occurred before, in capitals or not."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 1
        while (key := unicodedata.normalize("NFKC", candidate).casefold()) in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.add(key)
        result.append(candidate)
    return result
