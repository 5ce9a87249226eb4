"""Paths of a tree: in JSON, as names of outputs, and with nothing that leads out of the tree.

A path is relative to its tree, with ``/`` between names, as a string in which bytes that are not
UTF-8 are surrogates (PEP 383).
"""

from __future__ import annotations

import base64
import hashlib
import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nlac._errors import FormatError
from nlac._leftovers import is_temporary_name

MANIFEST_NAME = "nlac-batch.jsonl"
SUFFIX = ".nlac"
# the limit of most file systems
_MAX_NAME_BYTES = 255
# what a name is cut to where something must be added
_CUT_BYTES = 180


def path_fields(key: str, path: str) -> dict[str, str]:
    """Return the fields that stand for a path in JSON.

    A name that is not UTF-8 has a second field, ``KEY_bytes``, with its exact bytes in base64:
    JSON has no place for them (RFC 8259, section 8.1).
    """
    data = os.fsencode(path)
    shown = data.decode(errors="replace")
    fields = {key: shown}
    if os.fsencode(shown) != data:
        fields[f"{key}_bytes"] = base64.b64encode(data).decode()
    return fields


def read_path(fields: Mapping[str, Any], key: str) -> str | None:
    """Return the path that fields of JSON stand for; None if there is none.

    Raises
    ------
    ValueError
        The fields are of another type, or the path could lead out of its tree.
    """
    shown, data = fields.get(key), fields.get(f"{key}_bytes")
    if shown is None:
        return None
    if not isinstance(shown, str) or not isinstance(data, (str, type(None))):
        raise ValueError(f"{key} is not a path")
    path = shown if data is None else os.fsdecode(base64.b64decode(data, validate=True))
    check_inside(path)
    return path


def check_inside(path: str) -> None:
    """Refuse a path that could lead out of its tree.

    Raises
    ------
    ValueError
        It could.
    """
    # surrogates that stand for no byte are refused here, by an error of this kind
    os.fsencode(path)
    names = path.split("/")
    if os.name == "nt" and any(set(name) & set("\\:") for name in names):
        raise ValueError(f"{path!r} has names that Windows takes for paths")
    if path != "." and (not path or "\0" in path or set(names) & {"", ".", ".."}):
        raise ValueError(f"{path!r} is not a path inside a tree")


class Inside:
    """Gives the places of relative paths in a folder, and follows no link on the way.

    Parameters
    ----------
    top : Path
        The folder.
    """

    def __init__(self, top: Path) -> None:
        self._top = top
        self._checked: set[str] = {""}

    def place(self, path: str) -> Path:
        """Return where a path is.

        Raises
        ------
        FormatError
            A folder on the way is a symbolic link, which could lead anywhere.
        """
        folder = os.path.dirname(path)
        if folder not in self._checked:
            parts = folder.split("/")
            for count in range(1, len(parts) + 1):
                part = self._top.joinpath(*parts[:count])
                if part.is_symlink():
                    raise FormatError(f"{part}: a symbolic link in the place of a folder")
            self._checked.add(folder)
        return self._top / path


def is_kept_name(path: str) -> bool:
    """Tell whether an output must not have this path: the batch itself uses such names."""
    return path == MANIFEST_NAME or is_temporary_name(os.path.basename(path))


def output_paths(source: str, *, encoded: bool) -> Iterator[str]:
    """Candidates for the output of a file, best first.

    A stream is called like its file, extension included, with ``.nlac`` behind: so its name does
    not depend on which files lie beside it. Others keep their names.
    """
    folder, slash, name = source.rpartition("/")
    data = os.fsencode(name)
    room = _MAX_NAME_BYTES - len(SUFFIX) if encoded else _MAX_NAME_BYTES
    if len(data) > room:
        # cut where no character is torn, and told apart by a digest
        cut = data[:_CUT_BYTES].decode(errors="ignore")
        name = f"{cut}~{hashlib.sha256(data).hexdigest()[:12]}"
    end = SUFFIX if encoded else ""
    yield folder + slash + name + end
    short = os.fsencode(name)[:_CUT_BYTES]
    name = os.fsdecode(short) if len(short) < len(os.fsencode(name)) else name
    for number in range(2, 1 << 30):
        yield f"{folder}{slash}{name}~{number}{end}"


def folds_case(out: Path) -> bool:
    """Tell whether two names are one in an output, whose manifest is there, but for their case."""
    return (out / MANIFEST_NAME.upper()).exists()


def folded(path: str) -> str:
    """Return what is equal for paths that such a file system takes for one."""
    return unicodedata.normalize("NFC", path).casefold()
