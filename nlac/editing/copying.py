"""Copying a part of a file to another, by the system where it can."""

from __future__ import annotations

import errno
import io
import os
from typing import BinaryIO

from nlac._errors import TruncatedStream

# a signal is answered after so many bytes
_PIECE_BYTES = 1 << 28
_READ_BYTES = 1 << 20
# the file system, or the pair of them, cannot
_CANNOT = (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF)


def copy_range(source: BinaryIO, start: int, stop: int, target: BinaryIO) -> None:
    """Append bytes `start` to `stop` of one regular file to another that is being written.

    Where the system copies between files (``copy_file_range`` of Linux), the bytes do not pass
    through this process, and file systems that share blocks copy nothing at all.

    Parameters
    ----------
    source : binary file object
        Open file to read.
    start, stop : int
        Bytes of it.
    target : binary file object
        Open file, at its end.

    Raises
    ------
    TruncatedStream
        The source ends before `stop`.
    OSError
        Reading or writing fails.
    """
    place = _copied_by_system(source, start, stop, target)
    source.seek(place)
    while place < stop:
        data = source.read(min(_READ_BYTES, stop - place))
        if not data:
            raise TruncatedStream("the file ends inside its blocks", offset_bytes=place)
        target.write(data)
        place += len(data)


def _copied_by_system(source: BinaryIO, start: int, stop: int, target: BinaryIO) -> int:
    """Copy as much as the system can by itself; returns the place of the first byte left."""
    if not hasattr(os, "copy_file_range"):
        return start
    target.flush()
    place = start
    while place < stop:
        try:
            count = os.copy_file_range(
                source.fileno(), target.fileno(), min(_PIECE_BYTES, stop - place), place
            )
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            break
        if not count:
            break
        place += count
    # the file object does not know of what was written past it
    target.seek(0, io.SEEK_END)
    return place
