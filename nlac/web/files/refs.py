"""Refs: how a client names audio. No path from a client is opened outside of what is shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from fastapi import HTTPException

# what of a recording is meant
Kind: TypeAlias = Literal["original", "prediction", "residual"]
# resolves what follows the colon of a ref
Resolver = Callable[[str], "Audio"]


@dataclass(frozen=True, slots=True)
class Audio:
    """A file that a ref names.

    Attributes
    ----------
    ref : str
        The ref.
    path : Path
        The file.
    name : str
        Its name for the user.
    """

    ref: str
    path: Path
    name: str


class Refs:
    """Kinds of refs, each with what finds its files."""

    def __init__(self) -> None:
        self._resolvers: dict[str, Resolver] = {}

    def register(self, kind: str, resolver: Resolver) -> None:
        """Add a kind, such as ``upload``; the resolver raises HTTPException 404 or 403."""
        self._resolvers[kind] = resolver

    def find(self, ref: str) -> Audio:
        """Return the file of a ref.

        Raises
        ------
        HTTPException
            404: there is no such audio.
        """
        kind, _, rest = ref.partition(":")
        resolver = self._resolvers.get(kind)
        if resolver is None or not rest:
            raise missing(ref)
        audio = resolver(rest)
        if not audio.path.is_file():
            raise missing(ref)
        return audio


def missing(what: str) -> HTTPException:
    """Error for something that is not there, or not any more."""
    return HTTPException(404, f"there is no {what[:200]!r}, or not any more")


def inside(folder: Path, relative: str) -> Path:
    """Return a regular file below a folder; links are followed only within it.

    Parameters
    ----------
    folder : Path
        The folder.
    relative : str
        Path below it, with slashes.

    Raises
    ------
    HTTPException
        404: there is no such file in the folder.
    """
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts or "\0" in relative:
        raise missing(relative)
    # which on Windows may name a drive, a stream of a file, or a folder
    if os.name == "nt" and (":" in relative or "\\" in relative):
        raise missing(relative)
    try:
        root = folder.resolve(strict=True)
        found = (root / path).resolve(strict=True)
        # opened before it is known what it is, a pipe would wait for its writer
        regular = stat.S_ISREG(found.stat().st_mode)
    except (OSError, ValueError, RuntimeError):
        raise missing(relative) from None
    if not regular or not found.is_relative_to(root):
        raise missing(relative)
    return found
