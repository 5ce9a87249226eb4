"""Tags out of text files, for ``nlac tag import``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from nlac._errors import UsageError
from nlac.cli import _files, _streams


def text_source(path: str) -> Callable[[_files.Input], list[tuple[str, str]]]:
    """Give the tags for a file, from one text for all or from that file's text in a folder.

    Parameters
    ----------
    path : str
        The text, ``-`` for stdin, or the folder.

    Returns
    -------
    callable
        Takes an input; returns its names and values.

    Raises
    ------
    UsageError
        The text is none, or its lines are no tags.
    OSError
        It can't be read.
    """
    from nlac.metadata.text import parse_tags

    def parse(name: str, data: bytes) -> list[tuple[str, str]]:
        try:
            return parse_tags(data.decode())
        except UnicodeDecodeError as error:
            raise UsageError(f"{name}: is no text in UTF-8 (byte {error.start})") from None
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from None

    if path == _files.PIPE:
        piped = parse("stdin", _streams.binary_input().read())
        return lambda source: piped
    if not os.path.isdir(path):
        tags = parse(path, Path(path).read_bytes())
        return lambda source: tags

    def of_its_own(source: _files.Input) -> list[tuple[str, str]]:
        own = Path(path, source.folder, f"{source.stem}.txt")
        return parse(str(own), own.read_bytes())

    return of_its_own
