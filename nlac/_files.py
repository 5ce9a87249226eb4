"""Files as callers give them: paths, bytes, file objects, pipes."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from nlac._errors import OutputExists, UsageError

ReadFile: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
WriteFile: TypeAlias = str | os.PathLike[str] | BinaryIO


@contextlib.contextmanager
def open_input(file: ReadFile, *, seekable: bool = False) -> Iterator[BinaryIO]:
    """Open what a caller gave, to be read from its beginning.

    A file object that can seek is taken as a whole, wherever it stands; it is not closed.

    Parameters
    ----------
    file : path, bytes-like or binary file object
        What to open.
    seekable : bool
        Copy a pipe to a temporary file, so that it can be read in any order.

    Raises
    ------
    UsageError
        Not something that can be read as bytes.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(file, (str, os.PathLike)):
            opened = cast(BinaryIO, stack.enter_context(open(file, "rb")))
        elif isinstance(file, (bytes, bytearray, memoryview)):
            opened = io.BytesIO(file)
        elif hasattr(file, "read") and not _is_text(file):
            opened = file
        else:
            raise UsageError(f"{type(file).__name__}: a path, bytes or binary file is needed")
        if can_seek(opened):
            opened.seek(0)
        elif seekable:
            copy = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))
            shutil.copyfileobj(opened, copy, 1 << 20)
            copy.seek(0)
            opened = copy
        yield opened


def can_seek(file: BinaryIO) -> bool:
    """Whether a file object can be read in any order."""
    return bool(getattr(file, "seekable", bool)())


def _is_text(file: object) -> bool:
    return isinstance(file, io.TextIOBase)


def check_distinct(source: object, target: object) -> None:
    """Refuse to write a file over the one that is being read.

    Raises
    ------
    UsageError
        Both name the same file.
    """
    if isinstance(source, (str, os.PathLike)) and isinstance(target, (str, os.PathLike)):
        with contextlib.suppress(OSError):
            if os.path.samefile(source, target) and os.path.isfile(source):
                raise UsageError(f"{os.fspath(target)}: input and output are the same file")


class ForwardWriter(io.RawIOBase):
    """Passes bytes on to a pipe, or nowhere, and counts them.

    Parameters
    ----------
    file : BinaryIO or None
        Where to; None throws them away.
    """

    def __init__(self, file: BinaryIO | None) -> None:
        super().__init__()
        self._file = file
        self.num_bytes = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Write all of `data`, also where the pipe takes only a part at a time."""
        view = memoryview(data).cast("B")
        self.num_bytes += len(view)
        rest = view
        while self._file is not None and rest:
            written = self._file.write(rest)
            rest = rest[len(rest) if written is None else written :]
        return len(view)


@contextlib.contextmanager
def open_target(file: WriteFile | None, *, force: bool = False) -> Iterator[Target]:
    """Open what a caller wants written.

    Parameters
    ----------
    file : path, binary file object or None
        A path appears when the block ends well (see `nlac._files`); a file object is
        written from where it stands, and flushed, not closed; None is for no output.
    force : bool
        Replace an existing file.

    Raises
    ------
    OutputExists
        There is such a file, and not `force`.
    UsageError
        Not something to which bytes can be written.
    """
    if file is None:
        yield Target(None)
    elif isinstance(file, (str, os.PathLike)):
        with open_output(file, force=force) as opened:
            yield Target(opened)
    elif hasattr(file, "write") and not _is_text(file):
        yield Target(file)
        if hasattr(file, "flush"):
            file.flush()
    else:
        raise UsageError(f"{type(file).__name__}: a path or binary file is needed")


class Target:
    """An output, and how much has been written to it.

    Attributes
    ----------
    file : BinaryIO
        What to write to.
    seekable : bool
        Whether it can be written in any order, and begun anew.
    """

    def __init__(self, file: BinaryIO | None) -> None:
        self.seekable = file is not None and can_seek(file)
        self._forward = ForwardWriter(file)
        if self.seekable:
            assert file is not None
            self.file = file
            self._start = file.tell()
        else:
            self.file = cast(BinaryIO, self._forward)

    @property
    def num_bytes(self) -> int:
        """Bytes written so far; the file then stands at its end."""
        if self.seekable:
            return self.file.seek(0, io.SEEK_END) - self._start
        return self._forward.num_bytes

    def restart(self) -> None:
        """Take back everything written to a seekable target."""
        self.file.seek(self._start)
        self.file.truncate()


_unfinished: set[Path] = set()


@contextlib.contextmanager
def open_output(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[BinaryIO]:
    """Open a file to be written, which appears under `path` when the block ends well.

    A device or pipe under that name is written directly.

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
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        with open(target, "wb") as device:
            yield device
        return
    _refuse_existing(target, path, force)
    # names are limited in bytes, not characters: what is added must fit as well
    begin = os.fsencode(target.name)[:100].decode(errors="ignore")
    temporary = target.with_name(f".{begin}.{secrets.token_hex(4)}.part")
    # not tempfile: the final file should get the usual permissions, not the private ones
    _unfinished.add(temporary)
    try:
        with open(temporary, "x+b") as file:
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


def remove_unfinished() -> None:
    """Remove the files that are being written, just before the process is ended from outside."""
    for temporary in list(_unfinished):
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _refuse_existing(target: Path, path: str | os.PathLike[str], force: bool) -> None:
    if not force and target.exists():
        raise OutputExists(f"{os.fspath(path)}: exists; give force to replace it")
