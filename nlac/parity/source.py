"""Bytes of a stream in the order that parity knows, wherever they lie in a file."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

_READ_BYTES = 1 << 22

Bytes: TypeAlias = NDArray[np.uint8]


class Extent(NamedTuple):
    """Bytes `begin` to `end` of a source lie at an offset of the file."""

    begin: int
    end: int
    offset: int


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of bytes in order, those that touch each other as one."""
    result: list[tuple[int, int]] = []
    for begin, end in ranges:
        if result and result[-1][1] == begin:
            begin = result.pop()[0]
        result.append((begin, end))
    return result


@dataclass(slots=True)
class Patch:
    """Corrections: what is to be added (exclusive or) to bytes of a source.

    Attributes
    ----------
    places, symbols : arrays, shape (n,)
        Byte offsets of single symbols (int64, in order), and what is added there (uint16).
    runs : list of (int, bytes as uint8)
        Byte offsets of runs, in order, and what is added there. No two overlap.
    """

    places: NDArray[np.int64]
    symbols: NDArray[np.uint16]
    runs: list[tuple[int, Bytes]] = field(default_factory=list)

    def apply(self, data: Bytes, begin: int) -> None:
        """Correct `data`, which are the bytes from `begin` on."""
        end = begin + len(data)
        first, last = np.searchsorted(self.places, (begin - 1, end))
        at = self.places[first:last] - begin
        for byte in range(2):
            inside = (at + byte >= 0) & (at + byte < len(data))
            values = (self.symbols[first:last] >> (8 * byte)).astype(np.uint8)
            data[at[inside] + byte] ^= values[inside]
        index = max(0, bisect_right(self.runs, begin, key=lambda run: run[0]) - 1)
        while index < len(self.runs) and self.runs[index][0] < end:
            place, added = self.runs[index]
            low, high = max(begin, place), min(end, place + len(added))
            if low < high:
                data[low - begin : high - begin] ^= added[low - place : high - place]
            index += 1

    def count_by(self, length: int, number: int) -> NDArray[np.int64]:
        """Symbols that are corrected in each of `number` pieces of so many bytes."""
        counts = np.bincount(self.places // length, minlength=number).astype(np.int64)
        for piece, _place, added in self._cut(length):
            if piece < number:
                counts[piece] += len(added) // 2
        return counts[:number]

    def within(self, pieces: set[int], length: int) -> Patch:
        """Corrections that lie in some pieces of so many bytes."""
        inside = np.isin(self.places // length, np.fromiter(pieces, np.int64, len(pieces)))
        runs = [(at, added) for piece, at, added in self._cut(length) if piece in pieces]
        return Patch(self.places[inside], self.symbols[inside], runs)

    def _cut(self, length: int) -> Iterator[tuple[int, int, Bytes]]:
        """Yield the runs cut at the bounds of pieces, each with the number of its piece."""
        for place, added in self.runs:
            done = 0
            while done < len(added):
                piece, inside = divmod(place + done, length)
                part = added[done : done + length - inside]
                yield piece, place + done, part
                done += len(part)


def read_into(file: BinaryIO, data: Bytes) -> None:
    """Fill an array from the position of a file; what the file has not is left as it is."""
    done = 0
    while done < len(data):
        if hasattr(file, "readinto"):
            count = file.readinto(memoryview(data[done:]))  # type: ignore[arg-type]
        else:
            found = file.read(min(len(data) - done, _READ_BYTES))
            count = len(found)
            data[done : done + count] = np.frombuffer(found, np.uint8)
        if not count:
            return
        done += count


class Source:
    """Bytes gathered from extents of a file, with corrections; zeros where there is nothing.

    Parameters
    ----------
    file : BinaryIO
        Seekable.
    num_bytes : int
        Length of the source; zeros follow it.
    extents : list of Extent
        In order. Where they overlap, the later counts.

    Attributes
    ----------
    patches : list of Patch
        Corrections, all of which are applied to what is read.
    """

    def __init__(self, file: BinaryIO, num_bytes: int, extents: list[Extent]) -> None:
        self._file = file
        self._extents = extents
        self.num_bytes = num_bytes
        self.patches: list[Patch] = []

    def read(self, begin: int, length: int) -> Bytes:
        """Bytes from `begin` on; zeros beyond the end."""
        end = begin + length
        data = np.zeros(length, np.uint8)
        index = max(0, bisect_right(self._extents, begin, key=lambda extent: extent.begin) - 1)
        while index < len(self._extents) and self._extents[index].begin < end:
            extent = self._extents[index]
            low, high = max(begin, extent.begin), min(end, extent.end)
            offset = extent.offset + low - extent.begin
            if offset < 0:
                low, offset = low - offset, 0
            if low < high:
                self._file.seek(offset)
                read_into(self._file, data[low - begin : high - begin])
            index += 1
        for patch in self.patches:
            patch.apply(data, begin)
        # a correction beyond the end would be one of padding
        data[max(0, self.num_bytes - begin) :] = 0
        return data

    def digest(self, see: Callable[[Bytes], None] = lambda data: None) -> bytes:
        """SHA-256 of all bytes; `see` is called with each piece of them."""
        digest = hashlib.sha256()
        for begin in range(0, self.num_bytes, _READ_BYTES):
            data = self.read(begin, min(_READ_BYTES, self.num_bytes - begin))
            see(data)
            digest.update(memoryview(data))  # type: ignore[arg-type]
        return digest.digest()
