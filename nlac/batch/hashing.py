"""SHA-256 of what passes by, so that no file is read twice."""

from __future__ import annotations

import hashlib
import io
import os
from typing import Any, BinaryIO, cast

_PIECE_BYTES = 1 << 20


class HashingReader(io.BufferedIOBase):
    """A file that is hashed as far as it is read from its beginning on, without a gap.

    Parameters
    ----------
    file : binary file object
        A regular file, opened for reading.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._hash = hashlib.sha256()
        self._hashed = 0
        self.name = file.name

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._file.fileno()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; what is read elsewhere is not hashed."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    def read(self, size: int | None = -1) -> bytes:
        """Read, and hash what was not read before."""
        begin = self._file.tell()
        data = self._file.read(-1 if size is None else size)
        self._update(begin, data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, and hash what was not read before."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _update(self, begin: int, data: bytes) -> None:
        end = begin + len(data)
        if begin <= self._hashed < end:
            self._hash.update(memoryview(data)[self._hashed - begin :])
            self._hashed = end

    def sha256(self) -> str:
        """Return the SHA-256 of the whole file; what was not read yet is read now."""
        self._file.seek(self._hashed)
        while self.read(_PIECE_BYTES):
            pass
        return self._hash.hexdigest()


class HashingWriter(io.RawIOBase):
    """Hashes what is written to it, and passes it on.

    Parameters
    ----------
    file : binary file object, optional
        Receives the bytes.
    """

    def __init__(self, file: BinaryIO | None = None) -> None:
        super().__init__()
        self._file = file
        self._hash = hashlib.sha256()
        self.num_bytes = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Take all of `data`."""
        view = memoryview(data).cast("B")
        self._hash.update(view)
        self.num_bytes += len(view)
        if self._file is not None:
            self._file.write(view)
        return len(view)

    def sha256(self) -> str:
        """Return the SHA-256 of all that was written."""
        return self._hash.hexdigest()


def file_sha256(file: BinaryIO) -> str:
    """Return the SHA-256 of a file from its beginning."""
    file.seek(0)
    return hashlib.file_digest(cast(Any, file), "sha256").hexdigest()


def sync_and_forget(file: BinaryIO) -> None:
    """Wait until a file is on the disk, and have the next read come from there."""
    file.flush()
    os.fsync(file.fileno())
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
