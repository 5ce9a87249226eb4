"""Parameters of FLAC frames as metadata items, and the frames from them (spec 6.10)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac._typing import I64, Samples
from nlac.audio.flac.frames.columns import MAX_FLAC_LENGTH, NUM_COLUMNS, Column
from nlac.audio.packing import CODED

# kinds of coded frames in the packing of a recipe (spec 6.3.2)
PLAIN_FLAC, OGG_FLAC = 1, 2
_LENGTHS = struct.Struct(f"<{NUM_COLUMNS}I")
_OUT_BYTES = 1 << 20
_FRAMES_AT_ONCE = 1 << 12
_PATH = "metadata.flac frames"


def write_piece(columns: NDArray[np.uint8], counts: I64) -> bytes:
    """Return the content of an item.

    Parameters
    ----------
    columns : ndarray, shape (NUM_COLUMNS, capacity)
        The columns.
    counts : ndarray, shape (NUM_COLUMNS,)
        Bytes in each of them.
    """
    parts = [columns[i, :count].tobytes() for i, count in enumerate(counts.tolist())]
    return _LENGTHS.pack(*counts.tolist()) + b"".join(parts)


@dataclass(frozen=True, slots=True)
class Piece:
    """Parsed content of an item: all columns one after the other, and where each begins and ends.

    Attributes
    ----------
    columns : ndarray of uint8
        The bytes of all columns.
    starts, ends : ndarray of int64, shape (NUM_COLUMNS,)
        Places in `columns`.
    """

    columns: NDArray[np.uint8]
    starts: I64
    ends: I64

    @classmethod
    def parse(cls, data: bytes) -> Piece:
        """Parse the content of an item.

        Raises
        ------
        CorruptStream
            The lengths do not fit each other.
        """
        if len(data) < _LENGTHS.size:
            raise CorruptStream("the item is too short", path=_PATH)
        counts = np.array(_LENGTHS.unpack_from(data), np.int64)
        ends = np.cumsum(counts)
        shapes = counts[[Column.SHAPE, Column.LAYOUT, Column.FLAGS]]
        pages = counts[[Column.PAGE_SEGMENTS, Column.PAGE_FLAGS]]
        if ends[-1] != len(data) - _LENGTHS.size or np.ptp(shapes) or np.ptp(pages):
            raise CorruptStream("lengths of columns do not fit each other", path=_PATH)
        return cls(np.frombuffer(data, np.uint8, offset=_LENGTHS.size), ends - counts, ends)

    def column(self, column: Column) -> bytes:
        """The bytes of a column."""
        return self.columns[self.starts[column] : self.ends[column]].tobytes()


class FrameBuilder:
    """Builds the FLAC frames of a stream from its samples, in order.

    Parameters
    ----------
    pieces : iterable of bytes
        Contents of the items with their parameters.
    bits_per_sample, channels : int
        Format of the stream.
    exact : bool
        Samples that do not fit the parameters are an error. Otherwise they come as plain
        samples, in valid frames of the same length: what is left of a damaged stream.
    """

    def __init__(
        self, pieces: Iterable[bytes], bits_per_sample: int, channels: int, *, exact: bool = True
    ) -> None:
        self._pieces = iter(pieces)
        self._piece: Piece | None = None
        self._bits = bits_per_sample
        self._channels = channels
        self._exact = exact
        self._left: Samples = np.empty((0, channels), np.int32)
        self._state = np.zeros(2, np.int64)
        self._places = np.empty((_FRAMES_AT_ONCE, 2), np.int64)
        self._buffers: Any = None

    def build(self, samples: Samples) -> Iterator[tuple[bytes, I64]]:
        """Add samples, and yield the frames that are complete with them.

        Parameters
        ----------
        samples : ndarray
            Shape (frames, channels), int32.

        Yields
        ------
        data : bytes
            Some frames.
        places : ndarray, shape (count, 2)
            Where each of them ends in `data`, and its length in samples.

        Raises
        ------
        CorruptStream
            The parameters are damaged, or do not fit the samples.
        """
        from nlac.audio.flac.frames.builder import NEED_ROOM, NEED_SAMPLES, build_frames
        from nlac.audio.flac.frames.subframe_builder import BUILT, UNFIT

        if self._buffers is None:
            self._buffers = self._new_buffers()
        out, work = self._buffers
        waiting = np.ascontiguousarray(np.concatenate((self._left, samples)), np.int32)
        while True:
            piece = self._piece or self._next_piece()
            if piece is None:
                break
            frames, used, size, status = build_frames(
                waiting, len(waiting), self._bits, self._channels, piece.columns, piece.starts,
                piece.ends, self._state, out, self._places, work, self._exact,
            )  # fmt: skip
            waiting = waiting[used:]
            if frames:
                yield out[:size].tobytes(), self._places[:frames].copy()
            if status == NEED_SAMPLES:
                break
            if status == UNFIT:
                raise CorruptStream("samples do not fit the parameters of the frames", path=_PATH)
            if status == BUILT:
                self._check_end(piece)
                self._piece = None
            elif status != NEED_ROOM:
                raise CorruptStream("parameters of a frame are damaged", path=_PATH)
        self._left = waiting.copy()

    def end(self) -> None:
        """Check that all samples have found their place.

        Raises
        ------
        CorruptStream
            Samples or frames are left.
        """
        for _ in self.build(np.empty((0, self._channels), np.int32)):
            pass
        if len(self._left) or self._piece is not None or self._next_piece() is not None:
            raise CorruptStream("the frames have another length than the stream", path=_PATH)

    def _new_buffers(self) -> tuple[NDArray[np.uint8], I64]:
        from nlac.audio.flac.frames.bits import SPARE_BYTES
        from nlac.audio.flac.frames.parser import most_frame_bytes

        longest = most_frame_bytes(MAX_FLAC_LENGTH, self._bits, self._channels)
        size = _OUT_BYTES + longest + 8 * SPARE_BYTES
        return np.empty(size, np.uint8), np.empty((self._channels + 1, MAX_FLAC_LENGTH), np.int64)

    def _next_piece(self) -> Piece | None:
        data = next(self._pieces, None)
        if data is not None:
            self._piece = Piece.parse(data)
        return self._piece

    def _check_end(self, piece: Piece) -> None:
        # pages are put together elsewhere
        left = piece.starts[: Column.PAGE_SEGMENTS] != piece.ends[: Column.PAGE_SEGMENTS]
        if np.any(left):
            name = Column(int(np.flatnonzero(left)[0])).name.lower()
            raise CorruptStream(f"bytes are left in the column {name}", path=_PATH)


@dataclass(frozen=True, slots=True)
class FlacFrames:
    """Parameters of all FLAC frames of a file: how its samples are packed.

    Attributes
    ----------
    pieces : sequence of bytes
        Contents of the items.
    bits_per_sample, channels : int
        Format of the stream.
    """

    pieces: Sequence[bytes]
    bits_per_sample: int
    channels: int

    def to_bytes(self) -> bytes:
        """Return the packing as the recipe has it (spec 6.3.2)."""
        return bytes((CODED, PLAIN_FLAC)) + struct.pack("<I", len(self.pieces))

    def packer(self, *, exact: bool = True) -> FramePacker:
        """Return what makes the frames from samples; see `Packing.packer`."""
        builder = FrameBuilder(self.pieces, self.bits_per_sample, self.channels, exact=exact)
        return FramePacker(builder)


class FramePacker:
    """Makes the bytes between head and tail of a FLAC file; see `Packer`."""

    def __init__(self, builder: FrameBuilder) -> None:
        self._builder = builder

    def pack(self, samples: Samples) -> Iterator[bytes]:
        """Yield the frames that are complete with these samples."""
        for data, _places in self._builder.build(samples):
            yield data

    def end(self) -> Iterator[bytes]:
        """Yield nothing, after a check that everything was used."""
        self._builder.end()
        return iter(())
