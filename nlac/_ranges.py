"""Any bytes of a seekable file, for several threads, in few requests."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from typing import BinaryIO, TypeAlias

ReadRange: TypeAlias = Callable[[int, int], bytes]

# what is read from the end of a file at first: the trailer of most streams, with the index
TAIL_BYTES = 1 << 16
# and from its beginning: the header, and most of the metadata but pictures
HEAD_BYTES = 1 << 14

# files of which the descriptor may be read: other classes may have that of one that they unpack
_PLAIN = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class ByteRanges:
    """Bytes of a seekable file, by offset.

    Regular files are read without a lock, and those that have a method ``read_range(offset,
    length)`` by that; others are moved and read under a lock.

    Parameters
    ----------
    file : BinaryIO
        Its bytes; offset 0 is its beginning, wherever it stands.

    Attributes
    ----------
    num_bytes : int
        Length of the file.
    is_near : bool
        Each range costs little: the bytes are in memory or in a file of this machine.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.is_near = type(file) in (*_PLAIN, io.BytesIO)
        self.num_bytes = file.seek(0, io.SEEK_END)
        self._read: ReadRange = _positioned(file)
        # bytes around headers and items, of which many are small, and the end of the file
        self._windows = [(0, b""), (0, b"")]

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes, in one request; fewer at the end of the file."""
        length = max(0, min(length, self.num_bytes - offset))
        kept = self._kept(offset, length)
        return self._read(offset, length) if kept is None else kept

    def read_near(self, offset: int, length: int, stop: int | None = None) -> bytes:
        """Return bytes as `read` does, and keep some that follow, for the next calls.

        Parameters
        ----------
        offset, length : int
            The bytes.
        stop : int, optional
            Where the bytes end that may be wanted next; None: where the file ends.
        """
        length = max(0, min(length, self.num_bytes - offset))
        if self._kept(offset, length) is None:
            stop = self.num_bytes if stop is None else min(stop, self.num_bytes)
            window = self._read(offset, max(length, min(HEAD_BYTES, stop - offset)))
            self._windows[0] = (offset, window)
            return window[:length]
        return self.read(offset, length)

    def read_tail(self) -> bytes:
        """Return the last `TAIL_BYTES` of the file, or all of a shorter one."""
        start = max(0, self.num_bytes - TAIL_BYTES)
        self._windows[1] = (start, self.read(start, TAIL_BYTES))
        return self._windows[1][1]

    def _kept(self, offset: int, length: int) -> bytes | None:
        for start, window in self._windows:
            if start <= offset and offset + length <= start + len(window):
                return window[offset - start : offset - start + length]
        return None


def _positioned(file: BinaryIO) -> ReadRange:
    """Way to read a range of a file, the quickest that there is."""
    own: ReadRange | None = getattr(file, "read_range", None)
    if own is not None:
        return own
    raw = getattr(file, "raw", file) if type(file) in _PLAIN else None
    if type(raw) is io.FileIO and hasattr(os, "pread"):
        return lambda offset, length: _all_of(
            lambda done: os.pread(raw.fileno(), length - done, offset + done), length
        )
    lock = threading.Lock()

    def moved(offset: int, length: int) -> bytes:
        with lock:
            file.seek(offset)
            return _all_of(lambda done: file.read(length - done), length)

    return moved


def _all_of(read: Callable[[int], bytes | None], length: int) -> bytes:
    """Read until `length` bytes have come, or the end; raw files may give less at a time."""
    data = read(0) or b""
    if len(data) == length or not data:
        return data
    pieces, done = [data], len(data)
    while done < length and (data := read(done) or b""):
        pieces.append(data)
        done += len(data)
    return b"".join(pieces)
