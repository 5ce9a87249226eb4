"""The two things that every use of libsndfile here needs: the package, and safe file objects."""

from __future__ import annotations

import errno
import os
from typing import Any, BinaryIO

from nlac._errors import MissingDependency


def load_soundfile() -> Any:
    """Import the package soundfile, which brings libsndfile.

    Raises
    ------
    MissingDependency
        If it is not there, or its library cannot be loaded.
    """
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingDependency(
            f"this format needs the package soundfile and its libsndfile: {error}"
        ) from error
    return soundfile


class GuardedFile:
    """A file object for libsndfile's callbacks, which would swallow every exception.

    The first error is kept; `check` raises it where it can be heard. libsndfile comes back
    after it, to complete the file, and when the file object has been closed: nothing happens
    then.

    Parameters
    ----------
    file : binary file object
        Seekable; place 0 is the beginning of the audio file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: Exception | None = None

    def check(self) -> None:
        """Raise the first error that a callback met."""
        if self._error is not None:
            raise self._error

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Seek, or stay where the place makes no sense (damaged files ask for such)."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError) as error:
            # what was written before may not have been on the disk yet
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                self._error = self._error or error
            return self.tell()

    def tell(self) -> int:
        """Return the present place."""
        try:
            return self._file.tell()
        except (OSError, ValueError) as error:
            self._error = self._error or error
            return 0

    def read(self, count: int) -> bytes:
        """Read up to `count` bytes."""
        try:
            return self._file.read(count) or b""
        except (OSError, ValueError) as error:
            self._error = self._error or error
            return b""

    def write(self, data: bytes) -> int:
        """Write all of `data`."""
        if self._error is not None:
            return 0
        try:
            written = self._file.write(data)
        except (OSError, ValueError) as error:
            self._error = self._error or error
            return 0
        return len(data) if written is None else written
