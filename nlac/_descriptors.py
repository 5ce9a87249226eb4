"""Outputs that are no files of their own: descriptors under a name, devices, pipes.

``/dev/stdout``, ``/dev/fd/63`` and what a shell makes of ``>(command)`` stand for a
descriptor that this process has open already. It is written to as it is: to open the name
again would begin a file anew, and to rename something to it is impossible.
"""

from __future__ import annotations

import importlib
import os
import re
import stat
from typing import BinaryIO

_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def own_descriptor(path: str | os.PathLike[str]) -> int | None:
    """Return the descriptor of this process for which a name stands, or None."""
    if os.name != "posix":
        return None
    name = os.fspath(path)
    if name in _STANDARD:
        return _STANDARD[name]
    owners = rf"self|thread-self|{os.getpid()}"
    match = re.fullmatch(rf"/(?:dev|proc/(?:{owners}))/fd/([0-9]{{1,9}})", name)
    return int(match[1]) if match else None


def open_descriptor(path: str | os.PathLike[str], descriptor: int) -> BinaryIO:
    """Open a descriptor of this process for writing, from where it stands.

    Parameters
    ----------
    path : path
        The name for it, for messages.
    descriptor : int
        The number; it stays open when the file is closed.

    Raises
    ------
    OSError
        There is none, or it can't be written.
    """
    try:
        return os.fdopen(os.dup(descriptor), "wb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def is_for_writing(descriptor: int) -> bool:
    """Tell whether a descriptor is open for writing, and not for reading."""
    fcntl = importlib.import_module("fcntl")
    try:
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    except OSError:
        return False
    return bool(flags & os.O_ACCMODE == os.O_WRONLY)


def can_rewrite(file: BinaryIO) -> bool:
    """Tell whether what was written to a file object that can seek may be corrected later.

    It can't on devices, which call themselves seekable, nor in files opened to be appended
    to, whose end every byte goes to.
    """
    try:
        descriptor = file.fileno()
        status = os.fstat(descriptor)
    except (AttributeError, OSError, ValueError):
        # in memory
        return True
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        return False
    if os.name != "posix":
        return True
    fcntl = importlib.import_module("fcntl")
    return not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND
