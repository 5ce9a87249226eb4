"""Open inputs and outputs given as paths, bytes, file objects or pipes; close what is opened."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias, cast

from nlac._descriptors import can_rewrite
from nlac._errors import UsageError
from nlac._output import open_output
from nlac._urls import is_url, open_url, open_url_output

ReadFile: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
WriteFile: TypeAlias = str | os.PathLike[str] | BinaryIO


class Closing(ABC):
    """Something that is closed when a `with` statement that has it ends."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@contextlib.contextmanager
def open_input(file: ReadFile, *, seekable: bool = False) -> Iterator[BinaryIO]:
    """Open an input for reading from its beginning.

    A seekable file object is rewound first, and is not closed afterwards.

    Parameters
    ----------
    file : path, URL, bytes-like or binary file object
        The input. A URL is read by fsspec.
    seekable : bool
        Copy a pipe to a temporary file, so that the result is seekable.

    Raises
    ------
    UsageError
        `file` cannot be read as bytes.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(file, str) and is_url(file):
            opened = stack.enter_context(open_url(file))
        elif isinstance(file, (str, os.PathLike)):
            opened = cast(BinaryIO, stack.enter_context(open(file, "rb")))
        elif isinstance(file, (bytes, bytearray, memoryview)):
            opened = io.BytesIO(file)
        elif hasattr(file, "read") and not _is_text(file):
            opened = file
        else:
            raise UsageError(f"input is {type(file).__name__}, not a path, bytes or binary file")
        if can_seek(opened):
            opened.seek(0)
        elif seekable:
            import shutil
            import tempfile

            copy = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))
            shutil.copyfileobj(opened, copy, 1 << 20)
            copy.seek(0)
            opened = copy
        yield opened


def can_seek(file: BinaryIO) -> bool:
    """Whether a file object is seekable."""
    return bool(getattr(file, "seekable", bool)())


def _is_text(file: object) -> bool:
    return isinstance(file, io.TextIOBase)


# device, inode, size in bytes, time of modification in ns
Identity: TypeAlias = tuple[int, int, int, int]


def file_identity(status: os.stat_result) -> Identity | None:
    """Return what tells a file from every other, and from itself once it has changed.

    None of what is no regular file.
    """
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def check_distinct(source: object, target: object) -> None:
    """Refuse to write over the file that is being read.

    Raises
    ------
    UsageError
        Both paths lead to the same file.
    """
    if isinstance(source, str) and is_url(source) and source == target:
        raise UsageError(f"{source}: input and output are the same file")
    if isinstance(source, (str, os.PathLike)) and isinstance(target, (str, os.PathLike)):
        with contextlib.suppress(OSError):
            if os.path.samefile(source, target) and os.path.isfile(source):
                raise UsageError(f"{os.fspath(target)}: input and output are the same file")


class ForwardWriter(io.RawIOBase):
    """Unseekable file that passes bytes on and counts them.

    Parameters
    ----------
    file : BinaryIO or None
        Receives the bytes; None discards them.
    """

    def __init__(self, file: BinaryIO | None) -> None:
        super().__init__()
        self._file = file
        self.num_bytes = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Write all of `data`, even if the file takes only a part at a time."""
        view = memoryview(data).cast("B")
        self.num_bytes += len(view)
        rest = view
        while self._file is not None and rest:
            written = self._file.write(rest)
            rest = rest[len(rest) if written is None else written :]
        return len(view)

    def flush(self) -> None:
        """Flush the other file."""
        if self._file is not None and hasattr(self._file, "flush"):
            self._file.flush()


@contextlib.contextmanager
def open_target(file: WriteFile | None, *, force: bool = False) -> Iterator[Target]:
    """Open an output for writing.

    Parameters
    ----------
    file : path, URL, binary file object or None
        A path, or a file behind a URL, appears when the context ends without an error (see
        `nlac._output`). A file object is written from its position and flushed, but not closed.
        None discards the output.
    force : bool
        Replace an existing file.

    Raises
    ------
    OutputExists
        The file exists, and `force` is False.
    UsageError
        Bytes cannot be written to `file`.
    """
    if file is None:
        yield Target(None)
    elif isinstance(file, str) and is_url(file):
        with open_url_output(file, force=force) as upload:
            yield Target(upload)
    elif isinstance(file, (str, os.PathLike)):
        with open_output(file, force=force) as opened:
            yield Target(opened)
    elif hasattr(file, "write") and not _is_text(file):
        yield Target(file)
        if hasattr(file, "flush"):
            file.flush()
    else:
        raise UsageError(f"output is {type(file).__name__}, not a path or binary file")


class Target:
    """An output, with a count of the bytes written.

    Attributes
    ----------
    file : BinaryIO
        File to write to.
    seekable : bool
        Whether `file` is seekable, and `restart` possible.
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
        """Bytes written. A seekable file is moved to its end."""
        if self.seekable:
            return self.file.seek(0, io.SEEK_END) - self._start
        return self._forward.num_bytes

    def flush(self) -> None:
        """Pass on what was written, for readers of a pipe and those that follow a file."""
        if hasattr(self.file, "flush"):
            self.file.flush()

    def restart(self) -> None:
        """Discard everything written to a seekable target."""
        self.file.seek(self._start)
        self.file.truncate()


