"""Searches a file for marks, reading every part of it once."""

from __future__ import annotations

import re
from typing import BinaryIO

from nlac.bitstream.reader import read_up_to

_WINDOW_BYTES = 1 << 20


class MarkSearch:
    """Finds marks from any position on. As positions grow, the file is read only once.

    Parameters
    ----------
    file : BinaryIO
        Seekable. Others may move its position between the calls.
    marks : bytes
        Marks of equal length to look for.
    """

    def __init__(self, file: BinaryIO, *marks: bytes) -> None:
        self._file = file
        self._pattern = re.compile(b"|".join(map(re.escape, marks)))
        self._mark_bytes = len(marks[0])
        self._start = 0
        self._window = b""

    def find(self, position: int, end: int) -> int:
        """Offset of the first mark that lies between `position` and `end`, or else `end`."""
        while position + self._mark_bytes <= end:
            self._read(position)
            match = self._pattern.search(self._window, position - self._start)
            if match is not None:
                found = self._start + match.start()
                return found if found + self._mark_bytes <= end else end
            if len(self._window) < self._mark_bytes:
                break
            # a mark may lie across the border of two windows
            position = self._start + len(self._window) - self._mark_bytes + 1
        return end

    def _read(self, position: int) -> None:
        """Make the window hold the bytes at `position`."""
        within = position - self._start
        if 0 <= within <= len(self._window) - self._mark_bytes:
            return
        self._file.seek(position)
        self._start = position
        self._window = read_up_to(self._file, _WINDOW_BYTES)
