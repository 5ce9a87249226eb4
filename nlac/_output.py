"""Outputs that appear whole or not at all.

A file is written under a temporary name in the folder of its final place and renamed
when it is complete; on any failure, Ctrl-C included, the temporary file is removed and
what was there before is untouched.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from nlac._descriptors import open_descriptor, own_descriptor
from nlac._errors import OutputExists
from nlac._leftovers import lock, temporary_path

_unfinished: set[Path] = set()


_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


@contextlib.contextmanager
def open_output(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[BinaryIO]:
    """Open a file to be written, which appears under `path` when the block ends well.

    A device, a pipe, or a descriptor under a name (``/dev/stdout``) is written directly.

    Parameters
    ----------
    path : path
        Final name. A link is followed: the file that it leads to is replaced.
    force : bool
        Replace an existing file.

    Raises
    ------
    OutputExists
        There is such a file, and not `force`.
    OSError
        It can't be written.
    """
    try:
        with _open_output(path, force) as file:
            yield file
    except OSError as error:
        if error.filename is None and error.errno in _FULL:
            # else whoever hears of it would have the input in mind
            error.filename = os.fspath(path)
        raise


@contextlib.contextmanager
def _open_output(path: str | os.PathLike[str], force: bool) -> Iterator[BinaryIO]:
    descriptor = own_descriptor(path)
    if descriptor is not None:
        with open_descriptor(path, descriptor) as file:
            yield file
        return
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "wb") as device:
            yield device
        return
    target = Path(os.path.realpath(path))
    _refuse_existing(target, path, force)
    temporary = temporary_path(target)
    # not tempfile: the final file should get the usual permissions, not the private ones
    _unfinished.add(temporary)
    try:
        with _begun(temporary, path) as file:
            lock(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
        _refuse_existing(target, path, force)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    finally:
        _unfinished.discard(temporary)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, as far as the system can do that.

    Raises
    ------
    OSError
        Writing to the disk fails.
    """
    if os.name == "nt":
        # folders can't be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # some network file systems know no such thing
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(descriptor)


def _begun(temporary: Path, path: str | os.PathLike[str]) -> BinaryIO:
    """Open a temporary file; an error names the path that the caller gave."""
    try:
        return cast(BinaryIO, open(temporary, "x+b"))
    except OSError as error:
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from error


def remove_unfinished() -> None:
    """Remove the files that are being written, just before the process is ended from outside."""
    for temporary in list(_unfinished):
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _refuse_existing(target: Path, path: str | os.PathLike[str], force: bool) -> None:
    if not force and target.exists():
        raise OutputExists(f"{os.fspath(path)}: exists; give force to replace it")
