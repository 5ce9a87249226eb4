"""Files as callers give them: paths, bytes, file objects, pipes."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeAlias, cast

from nlac._descriptors import can_rewrite
from nlac._errors import UsageError
from nlac._output import open_output

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
        self.seekable = file is not None and can_seek(file) and can_rewrite(file)
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


