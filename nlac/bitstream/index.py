"""Index of the blocks (spec 8): their bytes and frames, as arrays.

A stream may have a million blocks, for which objects would take a second and 100 MB.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.bitstream import constants as c
from nlac.entropy.varint import read_varints, write_varint

# numbers from which on one byte more is needed
_LONGER = np.array([1 << 7 * count for count in range(1, 9)], np.int64)


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An entry of the index: bytes of a block in the stream, and its frames."""

    num_bytes: int
    num_frames: int


class BlockIndex(Sequence[IndexEntry]):
    """All entries of an index, in order; the blocks are adjacent.

    Parameters
    ----------
    num_bytes, num_frames : (blocks,) int64
        Bytes and frames of each block. They are not copied.

    Attributes
    ----------
    num_bytes, num_frames : (blocks,) int64
        The same, read-only.
    """

    def __init__(self, num_bytes: NDArray[np.int64], num_frames: NDArray[np.int64]) -> None:
        self.num_bytes = num_bytes
        self.num_frames = num_frames
        num_bytes.flags.writeable = num_frames.flags.writeable = False

    @classmethod
    def of(cls, entries: Iterable[IndexEntry]) -> Self:
        """Make an index of entries; one that is an index already is taken as it is."""
        if isinstance(entries, cls):
            return entries
        growing = GrowingIndex()
        for entry in entries:
            growing.append(entry.num_bytes, entry.num_frames)
        return cls(*growing.arrays())

    @classmethod
    def parse(cls, data: bytes, num_blocks: int) -> Self:
        """Parse an index; `data` is all of it.

        Raises
        ------
        CorruptStream, TruncatedStream
            The bytes are not that many entries.
        """
        values, position = read_varints(data, 2 * num_blocks)
        if position != len(data):
            raise CorruptStream("bytes follow the last index entry", path="trailer.index")
        return cls(values[::2].copy(), values[1::2].copy())

    def to_bytes(self) -> bytes:
        """Return the entries as they are in a trailer."""
        pairs = zip(self.num_bytes.tolist(), self.num_frames.tolist(), strict=True)
        return b"".join(write_varint(size) + write_varint(frames) for size, frames in pairs)

    @property
    def stored_bytes(self) -> int:
        """Length of `to_bytes`."""
        longer = sum(
            int(np.searchsorted(_LONGER, values, "right").sum())
            for values in (self.num_bytes, self.num_frames)
        )
        return 2 * len(self) + longer

    @property
    def total_bytes(self) -> int:
        """Bytes of all blocks."""
        return int(self.num_bytes.sum())

    @property
    def total_frames(self) -> int:
        """Frames of all blocks."""
        return int(self.num_frames.sum())

    def verify(self, block_length: int) -> None:
        """Check the entries against the bounds of spec 8.

        Raises
        ------
        CorruptStream
            One is out of bounds, or there are too many. The error names the value.
        """
        if len(self) > c.MAX_BLOCKS:
            raise CorruptStream(f"{len(self)} is out of bounds", path="trailer.num_blocks")
        frames, sizes = self.num_frames, self.num_bytes
        most = 2**32 + c.BLOCK_OVERHEAD_BYTES
        for values, wrong in (
            (frames, (frames < 1) | (frames > block_length)),
            (sizes, (sizes < c.BLOCK_OVERHEAD_BYTES) | (sizes >= most)),
        ):
            if wrong.any():
                value = int(values[wrong.argmax()])
                raise CorruptStream(f"{value} is out of bounds", path="trailer.index")

    def __len__(self) -> int:
        return len(self.num_bytes)

    @overload
    def __getitem__(self, key: int) -> IndexEntry: ...
    @overload
    def __getitem__(self, key: slice) -> BlockIndex: ...
    def __getitem__(self, key: int | slice) -> IndexEntry | BlockIndex:
        if isinstance(key, slice):
            return BlockIndex(self.num_bytes[key], self.num_frames[key])
        return IndexEntry(int(self.num_bytes[key]), int(self.num_frames[key]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BlockIndex):
            return NotImplemented
        return np.array_equal(self.num_bytes, other.num_bytes) and np.array_equal(
            self.num_frames, other.num_frames
        )

    def __hash__(self) -> int:
        return hash((self.num_bytes.tobytes(), self.num_frames.tobytes()))

    def __repr__(self) -> str:
        return f"<BlockIndex: {len(self)} blocks, {self.total_frames} frames>"


class GrowingIndex:
    """Index to which blocks are appended, 16 bytes each."""

    def __init__(self) -> None:
        self._num_bytes = array("q")
        self._num_frames = array("q")

    def append(self, num_bytes: int, num_frames: int) -> None:
        """Append a block."""
        self._num_bytes.append(num_bytes)
        self._num_frames.append(num_frames)

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Copies of both columns so far."""
        return np.array(self._num_bytes, np.int64), np.array(self._num_frames, np.int64)

    def finished(self) -> BlockIndex:
        """Return the index of the blocks so far."""
        return BlockIndex(*self.arrays())

    def __len__(self) -> int:
        return len(self._num_bytes)
