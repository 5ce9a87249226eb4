"""Search a file for marks, reading each part of it only once."""

from __future__ import annotations

import re
from typing import BinaryIO

from nlac.bitstream.reader import read_up_to

_WINDOW_BYTES = 1 << 20


class MarkSearch:
    """Finds marks. If positions only grow, the file is read once.

    Parameters
    ----------
    file : BinaryIO
        Seekable. Its position may change between calls.
    marks : bytes
        Marks to search for, of equal length.
    """

    def __init__(self, file: BinaryIO, *marks: bytes) -> None:
        self._file = file
        self._pattern = re.compile(b"|".join(map(re.escape, marks)))
        self._mark_bytes = len(marks[0])
        self._start = 0
        self._window = b""

    def find(self, position: int, end: int) -> int:
        """Offset of the first whole mark between `position` and `end`, or `end`."""
        while position + self._mark_bytes <= end:
            self._read(position)
            match = self._pattern.search(self._window, position - self._start)
            if match is not None:
                found = self._start + match.start()
                return found if found + self._mark_bytes <= end else end
            if len(self._window) < self._mark_bytes:
                break
            # a mark may lie across the boundary of two windows
            position = self._start + len(self._window) - self._mark_bytes + 1
        return end

    def _read(self, position: int) -> None:
        """Read a window that contains the bytes at `position`."""
        within = position - self._start
        if 0 <= within <= len(self._window) - self._mark_bytes:
            return
        self._file.seek(position)
        self._start = position
        self._window = read_up_to(self._file, _WINDOW_BYTES)
