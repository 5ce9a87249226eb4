"""Unfinished outputs: their names, and which of them no living run is writing.

A run holds a lock on the file or folder that it writes, which the system takes back however the
run ends. So a file that can be locked is one that a killed run left.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_NAME = r"\..+\.[0-9a-f]{8}\.part"
# between the making of a file and its lock a run may be held up
_YOUNG_SECONDS = 60


def temporary_path(target: Path) -> Path:
    """Return a name in the folder of a file, for that file while it is unfinished."""
    # names are limited in bytes, not characters: what is added must fit as well
    begin = os.fsencode(target.name)[:100].decode(errors="ignore")
    return target.with_name(f".{begin}.{os.urandom(4).hex()}.part")


def lock(descriptor: int) -> bool:
    """Mark an open file or folder as being written; tell whether it was free and can be marked.

    The mark lasts until the descriptor is closed or the process ends.
    """
    fcntl = _fcntl()
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # held by another, or a file system without locks
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether an open file has the mark; False where that can't be known."""
    fcntl = _fcntl()
    if fcntl is None or not path.is_file():
        return False
    with open(path, "rb") as file:
        try:
            # shared, so that those who only ask do not see each other
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def is_temporary_name(name: str) -> bool:
    """Tell whether a file's name is one that `temporary_path` gives."""
    return re.fullmatch(_NAME, name, re.DOTALL) is not None


def find_leftovers(
    folder: Path, *, recursive: bool = False, min_age: float = _YOUNG_SECONDS
) -> Iterator[Path]:
    """Find unfinished outputs, files and folders, that no living run is writing.

    Those on file systems that know no locks are left out.

    Parameters
    ----------
    folder : Path
        Where to look.
    recursive : bool
        Whether to look into its sub-folders as well.
    min_age : float
        Seconds: younger ones are left out, for they may not have their lock yet. 0 is for who
        knows that nobody else writes there.

    Yields
    ------
    Path
        In the order of their names within a folder.

    Raises
    ------
    OSError
        The folder can't be read.
    """
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder and not re.fullmatch(_NAME, entry.name, re.DOTALL):
            if recursive:
                with contextlib.suppress(PermissionError):
                    yield from find_leftovers(Path(entry.path), recursive=True, min_age=min_age)
        elif re.fullmatch(_NAME, entry.name, re.DOTALL) and _is_left(entry.path, min_age):
            yield Path(entry.path)


def _is_left(path: str, min_age: float) -> bool:
    try:
        status = os.lstat(path)
        old = min_age <= 0 or time.time() - status.st_mtime > min_age
        mode = status.st_mode
        if not ((stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and old):
            return False
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        # just finished, somebody else's, or a folder on Windows, which can't be opened
        return False
    try:
        return lock(descriptor)
    finally:
        os.close(descriptor)


def _fcntl() -> Any:
    return importlib.import_module("fcntl") if os.name == "posix" else None
