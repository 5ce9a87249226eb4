"""Inputs and outputs by URL, through fsspec: ``https://``, ``s3://``, ``memory://`` and others."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import posixpath
import re
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from nlac._errors import MissingDependency, NlacError, OutputExists, UsageError
from nlac._log import logger
from nlac._ranges import HEAD_BYTES, TAIL_BYTES, ReadRange

# "https://host/a", and chains such as "simplecache::s3://bucket/a"; one letter is a Windows drive
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+::)*([A-Za-z][A-Za-z0-9+.-]+)://")
# bytes that a read forward fetches at a time, growing while reads go on
_FIRST_AHEAD_BYTES = 1 << 16
_MOST_AHEAD_BYTES = 1 << 22


def is_url(name: object) -> bool:
    """Tell whether a text is a URL and no path."""
    return isinstance(name, str) and _URL.match(name) is not None


def url_name(url: str) -> str:
    """Last part of a URL's path, as a file would be called."""
    from urllib.parse import unquote, urlsplit

    path = urlsplit(url[url.rindex("::") + 2 :] if "::" in url else url).path
    return unquote(posixpath.basename(path.rstrip("/")))


def join_url(folder: str, *parts: str) -> str:
    """URL of a file below the URL of a folder."""
    return "/".join((folder.rstrip("/"), *(part for part in parts if part)))


def url_exists(url: str) -> bool:
    """Tell whether there is a file behind a URL.

    Raises
    ------
    MissingDependency, UsageError
        There is no way to tell here.
    OSError
        Nor is there by the network.
    """
    with _as_os_errors(url):
        fs, path = file_system(url)
        return bool(fs.exists(path))


def file_system(url: str, **options: Any) -> tuple[Any, str]:
    """File system of a URL, and its path there.

    Raises
    ------
    MissingDependency
        fsspec, or what it needs for such URLs, is not installed.
    UsageError
        It knows no such URLs.
    """
    match = _URL.match(url)
    assert match is not None
    scheme = match[1]
    try:
        import fsspec
    except ImportError as error:
        raise MissingDependency(
            f"{scheme}:// needs fsspec, which the extra remote installs: pip install 'nlac[remote]'"
        ) from error
    try:
        return cast(tuple[Any, str], fsspec.core.url_to_fs(url, **options))
    except ImportError as error:
        raise MissingDependency(f"{scheme}:// needs another package: {error}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error


class NoRanges(Exception):
    """The server sends whole files only."""


@contextlib.contextmanager
def _as_os_errors(url: str) -> Iterator[None]:
    """Turn what libraries for networks raise into errors that name the URL."""
    try:
        yield
    except (NlacError, NoRanges):
        raise
    except FileNotFoundError as error:
        # fsspec raises this for whatever the first request over HTTP met
        cause = error.__cause__
        status = getattr(cause, "status", None)
        if status not in (None, 404, 410):
            reason = f"{status} {getattr(cause, 'message', '')}".strip()
            raise OSError(errno.EIO, reason, url) from error
        if status is None and cause is not None:
            raise OSError(errno.EIO, str(cause) or type(cause).__name__, url) from error
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), url) from error
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise OSError(error.errno or errno.EIO, reason, url) from error
    except Exception as error:
        raise OSError(errno.EIO, str(error) or type(error).__name__, url) from error


class RemoteFile(io.RawIOBase):
    """File behind a URL that is read by ranges.

    What lies at its beginning and end is fetched once. Reads forward fetch more and more ahead;
    `read_range` fetches what it is asked for.

    Parameters
    ----------
    url : str
        The URL.

    Raises
    ------
    NoRanges
        Only all of the file can be fetched.
    OSError
        It cannot be read.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.name = url
        with _as_os_errors(url):
            fs, path = file_system(url)
            self._file = fs.open(path, "rb", block_size=TAIL_BYTES, cache_type="none")
            # HTTP files of unknown size, and of servers that say so, are read forward only
            if getattr(self._file, "size", 0) is None:
                self._file.close()
                raise NoRanges
            self._size = self._file.seek(0, io.SEEK_END)
        self._fetch = self._way_to_fetch(fs, path)
        self._position = 0
        self._ahead = (0, b"")
        self._kept: list[tuple[int, bytes]] = []
        start = max(0, self._size - TAIL_BYTES)
        try:
            self._kept = [(start, self.read_range(start, TAIL_BYTES))]
        except BaseException:
            self.close()
            raise

    def read_range(self, offset: int, length: int) -> bytes:
        """Fetch bytes, in one request; fewer at the end of the file. For several threads."""
        length = max(0, min(length, self._size - offset))
        for start, data in (*self._kept, self._ahead):
            if start <= offset and offset + length <= start + len(data):
                return data[offset - start : offset - start + length]
        with _as_os_errors(self.name):
            data = self._fetch(offset, length)
        if len(data) != length:
            reason = f"{len(data)} bytes came instead of {length}: did the file change?"
            raise OSError(errno.EIO, reason, self.name)
        if offset == 0 and length <= HEAD_BYTES:
            self._kept.append((0, data))
        return data

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes, `size` of them or all; fewer at the end of the file only."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        pieces = []
        while wanted:
            start, data = self._ahead
            at = self._position - start
            if not 0 <= at < len(data):
                # on and on: more at a time
                grown = 2 * len(data) if at == len(data) else 0
                length = min(max(_FIRST_AHEAD_BYTES, grown, wanted), _MOST_AHEAD_BYTES)
                at, data = 0, self.read_range(self._position, length)
                self._ahead = (self._position, data)
            pieces.append(data[at : at + wanted])
            wanted -= len(pieces[-1])
            self._position += len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, from the position on."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def peek(self, count: int) -> bytes:
        """Return the next bytes, and maybe more, without moving on."""
        return self.read_range(self._position, max(count, HEAD_BYTES))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte; nothing is fetched."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Close it."""
        if not self.closed:
            self._file.close()
        super().close()

    def _way_to_fetch(self, fs: Any, path: str) -> ReadRange:
        fetch = getattr(self._file, "_fetch_range", None)
        if fetch is not None and fs.async_impl:

            def ranged(offset: int, length: int) -> bytes:
                try:
                    return bytes(fetch(offset, offset + length))
                except ValueError as error:
                    # this is how a server is found out that sends all of the file instead
                    raise NoRanges from error

            return ranged
        if isinstance(self._file, io.BytesIO):
            # of memory://, one object with one position serves everybody
            return lambda offset, length: bytes(fs.cat_file(path, offset, offset + length))
        lock = threading.Lock()

        def moved(offset: int, length: int) -> bytes:
            with lock:
                self._file.seek(offset)
                return bytes(self._file.read(length))

        return moved


@contextlib.contextmanager
def open_url(url: str) -> Iterator[BinaryIO]:
    """Open a URL for reading, seekable.

    Where a server sends whole files only, the file is downloaded first, and a warning says so.

    Raises
    ------
    MissingDependency, UsageError
        There is no way to read such URLs here.
    OSError
        It cannot be read.
    """
    import shutil
    import tempfile

    try:
        file = RemoteFile(url)
    except NoRanges:
        logger.warning(f"{url}: the server gives no parts of files, so all of it is downloaded")
        with tempfile.TemporaryFile() as copy:
            with _as_os_errors(url):
                fs, path = file_system(url)
                with fs.open(path, "rb", block_size=0) as whole:
                    shutil.copyfileobj(whole, copy, 1 << 20)
            copy.seek(0)
            yield cast(BinaryIO, copy)
        return
    with file:
        yield cast(BinaryIO, file)


@contextlib.contextmanager
def open_url_output(url: str, *, force: bool = False) -> Iterator[BinaryIO]:
    """Open a URL for writing; the file appears when the context ends without an error.

    Raises
    ------
    OutputExists
        The file exists, and `force` is False.
    MissingDependency, UsageError
        There is no way to write such URLs here.
    OSError
        It cannot be written.
    """
    import shutil
    import tempfile

    # an instance of its own, since a transaction holds all files of one
    options = {"auto_mkdir": True} if url.startswith(("file:", "local:")) else {}
    fs, path = file_system(url, skip_instance_cache=True, **options)
    if "http" in (fs.protocol, *fs.protocol):
        raise UsageError(f"{url}: nothing can be written over HTTP")
    with _as_os_errors(url):
        _refuse_existing(fs, path, url, force)
    # uploaded when it is complete: file systems publish what was written before an error
    with tempfile.TemporaryFile() as file:
        yield cast(BinaryIO, file)
        file.seek(0)
        with _as_os_errors(url):
            _refuse_existing(fs, path, url, force)
            with fs.transaction, fs.open(path, "wb") as upload:
                shutil.copyfileobj(file, upload, 1 << 20)


def _refuse_existing(fs: Any, path: str, url: str, force: bool) -> None:
    if not force and fs.exists(path):
        raise OutputExists(f"{url}: exists; give force to replace it")
