"""The bytes of an original file behind its samples, at any place."""

from __future__ import annotations

import threading
from bisect import bisect_right

from nlac._errors import CorruptStream
from nlac.bitstream import constants as c
from nlac.bitstream.reader import IndexedReader


class Tail:
    """Foreign tail of a stream. Several threads may use it.

    Its items are found once, as far as they are needed, and one is kept in memory.

    Parameters
    ----------
    reader : IndexedReader
        The stream.
    num_bytes : int
        Length of the tail, by the trailer.
    """

    def __init__(self, reader: IndexedReader, num_bytes: int) -> None:
        self.num_bytes = num_bytes
        self._reader = reader
        self._lock = threading.Lock()
        # of each piece that was met: its place in the tail, and the offset of its item
        self._starts: list[int] = []
        self._offsets: list[int] = []
        self._kept: tuple[int, bytes] = (0, b"")

    def read(self, start: int, stop: int) -> bytes:
        """Return bytes, ``0 <= start <= stop <= num_bytes``.

        Raises
        ------
        CorruptStream
            The items are damaged, or hold fewer bytes.
        """
        pieces = []
        with self._lock:
            while start < stop:
                begin, data = self._piece_at(start)
                part = data[start - begin : stop - begin]
                pieces.append(part)
                start += len(part)
        return b"".join(pieces)

    def _piece_at(self, place: int) -> tuple[int, bytes]:
        """The piece that holds a place: where it begins, and its bytes."""
        begin, data = self._kept
        if begin <= place < begin + len(data):
            return self._kept
        known = bisect_right(self._starts, place) - 1
        if known >= 0:
            begin, offset = self._starts[known], self._offsets[known]
        else:
            begin, offset = 0, self._reader.trailer.end_of_blocks
        for item, at in self._reader.trailing_from(offset):
            if item.item_type != c.ITEM_FOREIGN_TAIL or not item.data:
                continue
            if not self._starts or begin > self._starts[-1]:
                self._starts.append(begin)
                self._offsets.append(at)
            if place < begin + len(item.data):
                self._kept = begin, item.data
                return self._kept
            begin += len(item.data)
        raise CorruptStream(
            f"the foreign tail has {begin} bytes instead of {self.num_bytes}", path="metadata"
        )
