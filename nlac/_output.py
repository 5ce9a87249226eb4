"""Outputs that appear whole or not at all.

A file is written under a temporary name in its folder, and renamed when it is complete. On any
failure, Ctrl-C included, the temporary file is removed, and an earlier file stays as it was.
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
    """Open a file that appears under `path` when the context ends without an error.

    A device, a pipe, or a descriptor under a name (``/dev/stdout``) is written directly.

    Parameters
    ----------
    path : path
        Final name. A link is followed: its target is replaced.
    force : bool
        Replace an existing file.

    Raises
    ------
    OutputExists
        The file exists, and `force` is False.
    OSError
        The file cannot be written.
    """
    try:
        with _open_output(path, force) as file:
            yield file
    except OSError as error:
        if error.filename is None and error.errno in _FULL:
            # without a name, the error could seem to be that of the input
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
    # no tempfile: the file should get the usual permissions, not private ones
    _unfinished.add(temporary)
    try:
        with _begun(temporary, path) as file:
            lock(file.fileno())
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


@contextlib.contextmanager
def open_output_folder(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[Path]:
    """Make a folder that appears under `path` when the context ends without an error.

    Parameters
    ----------
    path : path
        Final name.
    force : bool
        Replace an existing folder, with all that is in it.

    Yields
    ------
    Path
        The folder under its temporary name, empty.

    Raises
    ------
    OutputExists
        Something of the name exists, and `force` is False.
    OSError
        The folder cannot be made.
    """
    import shutil

    target = Path(os.path.realpath(path))
    _refuse_existing(target, path, force)
    temporary = temporary_path(target)
    _unfinished.add(temporary)
    try:
        temporary.mkdir(parents=True)
        with _locked(temporary):
            yield temporary
        _refuse_existing(target, path, force)
        if target.exists():
            # a folder that is not empty cannot be replaced in one step
            old = temporary_path(target)
            os.rename(target, old)
            os.rename(temporary, target)
            shutil.rmtree(old)
        else:
            os.rename(temporary, target)
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    finally:
        _unfinished.discard(temporary)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Mark a folder as being written while the context lasts, if the system supports it."""
    if os.name == "nt":
        # Windows cannot open folders
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, if the system supports it.

    Raises
    ------
    OSError
        Writing to the disk failed.
    """
    if os.name == "nt":
        # Windows cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # some network file systems do not support it
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
    """Remove the temporary files and folders of this process, before a signal ends it."""
    for temporary in list(_unfinished):
        with contextlib.suppress(OSError):
            if temporary.is_dir():
                # there already: whoever began the folder imported it
                import shutil

                shutil.rmtree(temporary)
            else:
                temporary.unlink(missing_ok=True)


def _refuse_existing(target: Path, path: str | os.PathLike[str], force: bool) -> None:
    if not force and target.exists():
        raise OutputExists(f"{os.fspath(path)}: exists; give force to replace it")
