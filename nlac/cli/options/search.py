"""Searching folders for files, as ``-r`` does."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from nlac._log import logger

_APPLE_DOUBLE = b"\0\x05\x16\x07"


def search_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options of all commands that take folders: `recursive` and `include`."""
    include = click.option(
        "--include",
        metavar="GLOB",
        multiple=True,
        help="With -r: take only files whose name matches, whatever its case; may be repeated.",
    )
    recursive = click.option("-r", "--recursive", is_flag=True, help="Search folders for files.")
    return recursive(include(command))


def search(top: str, include: Sequence[str], suffixes: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Find files in a folder and all its sub-folders, in the order of their names.

    Parameters
    ----------
    top : str
        The folder.
    include : sequence of str
        Patterns for names of files; empty: judge by `suffixes`.
    suffixes : frozenset of str
        File name extensions with the dot, in lower case.

    Yields
    ------
    path : str
        Of a file.
    folder : str
        Its place below `top`; empty for `top` itself.
    """
    for folder, folders, files in os.walk(top):
        folders.sort()
        for file in sorted(files):
            if include:
                name = file.lower()
                wanted = any(fnmatch.fnmatchcase(name, glob.lower()) for glob in include)
            else:
                wanted = Path(file).suffix.lower() in suffixes
            path = os.path.join(folder, file)
            if wanted and file.startswith("._") and _is_apple_double(path):
                logger.info(f"{path} skipped: attributes of the file {file[2:]}, kept by macOS")
            elif wanted:
                below = os.path.relpath(folder, top)
                yield path, "" if below == os.curdir else below


def _is_apple_double(path: str) -> bool:
    """Tell whether a file holds what macOS has no other place for on a foreign disk."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == _APPLE_DOUBLE
    except OSError:
        # told when it is its turn
        return False
