"""The frames of a FLAC file, read forward: samples, parameters, and whatever is odd about them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UnsupportedAudio
from nlac._typing import I64, Samples
from nlac.audio.flac.frames.columns import MAX_FLAC_LENGTH, NUM_COLUMNS
from nlac.audio.flac.frames.pieces import write_piece
from nlac.audio.flac.metadata import FlacInfo

_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_WINDOW_BYTES = 1 << 20
# 65,536 samples of 8 channels, verbatim, take less
_MAX_FRAME_BYTES = 1 << 24
_SAMPLES_AT_ONCE = 2 * MAX_FLAC_LENGTH
_FRAMES_AT_ONCE = 1 << 12
_CAPACITY = 1 << 20
# a frame adds at most half a MiB, so that a piece stays below one
_PIECE_BYTES = 3 << 17
# places that look like a frame and are none, until a search is given up
_MAX_ATTEMPTS = 1000
# kernels may load these, but do not depend on them
_SPARE_BYTES = 16


class FrameReader:
    """Reads FLAC frames.

    Parameters
    ----------
    read : callable
        ``read(count)`` gives the next bytes of the file, fewer only at its end.
    info : FlacInfo
        Format of the stream.
    begin : int
        Byte of the file at which the first frame begins.
    keep : bool
        Keep the parameters of the frames, and their sizes.

    Attributes
    ----------
    pieces : list of bytes
        Parameters (spec 6.10), once all is read.
    num_samples : int
        Samples of a channel so far.
    sizes : list of ndarray
        Rows of a frame's bytes, and its samples of a channel.
    first_sample : int
        Number of the first sample, by the header of the first frame.
    end : int
        Byte of the file at which the last frame ends.
    oddity : str or None
        The first thing for which the bytes of the frames cannot be restored.
    is_complete : bool
        The numbers in the frames' headers tell of no gap.
    """

    def __init__(
        self, read: Callable[[int], bytes], info: FlacInfo, begin: int, *, keep: bool
    ) -> None:
        self.pieces: list[bytes] = []
        self.num_samples = self.first_sample = 0
        self.end = begin
        self.sizes: list[I64] = []
        self.oddity: str | None = None
        self.is_complete = True
        self._read = read
        self._info = info
        self._keep = keep
        self._at_end = self._finished = False
        # the window: where it begins among the frames, how much of it is filled, the next frame
        self._data: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._offset = begin
        self._filled = self._at = self._size = 0
        self._expected: int | None = None
        self._buffers: Any = None
        self._counts = np.zeros(NUM_COLUMNS, np.int64)

    def samples(self) -> Samples:
        """Return the samples of the next frames, which are valid until the next call.

        Returns
        -------
        ndarray
            Shape (frames, channels), int32; no frames at the end.

        Raises
        ------
        UnsupportedAudio
            What looks like frames is none, so often that it looks like an attack.
        """
        from nlac.audio.flac.frames import parser, subframes

        if self._buffers is None:
            self._begin()
        while not self._finished:
            count, status = self._parse(_FRAMES_AT_ONCE)
            if count:
                return self._samples(count)
            if status == parser.NO_ROOM:
                self._flush()
            elif status == subframes.TRUNCATED and self._may_grow():
                self._fill()
            elif self._at == self._filled and self._at_end:
                self._finished = True
            elif count := self._after_damage(status):
                return self._samples(count)
        self._flush()
        return self._samples(0)

    def _samples(self, count: int) -> Samples:
        samples: Samples = self._buffers[0][:count]
        return samples

    def _begin(self) -> None:
        channels = self._info.channels
        columns = np.empty((NUM_COLUMNS, _CAPACITY), np.uint8)
        self._buffers = (
            np.empty((_SAMPLES_AT_ONCE, channels), np.int32),
            columns,
            np.empty((_FRAMES_AT_ONCE, 4), np.int64),
            np.zeros(2, np.int64),
            np.empty((channels, MAX_FLAC_LENGTH), np.int64),
        )
        self._data = np.zeros(_WINDOW_BYTES, np.uint8)
        self._fill()

    def _parse(self, frames: int, *, any_crc: bool = False) -> tuple[int, int]:
        """Parse up to so many frames; returns the samples of a channel, and the status."""
        from nlac.audio.flac.frames.parser import parse_frames

        samples, columns, places, state, work = self._buffers
        if not self._keep:
            self._counts[:] = 0
        frames, count, stop, status = parse_frames(
            self._data, self._at, self._filled, self._info.bits_per_sample, self._info.channels,
            samples, columns, self._counts, _PIECE_BYTES, places[:frames], state, work, any_crc,
        )  # fmt: skip
        if frames:
            self._note(places[:frames], stop)
            self._size = stop - int(places[frames - 1, 0])
            self._at = stop
            self.end = self._offset + stop
            self.num_samples += count
        return count, status

    def _note(self, places: I64, stop: int) -> None:
        """Compare the numbers of frames with those that they should have."""
        numbers, lengths = places[:, 1], places[:, 2]
        steps = np.where(places[:, 3] == 1, lengths, 1)
        if self._expected is None:
            self._expected = int(numbers[0])
            is_variable = places[0, 3] == 1
            self.first_sample = int(numbers[0]) * (1 if is_variable else self._info.block_length)
        expected = np.concatenate(([self._expected], numbers[:-1] + steps[:-1]))
        self.is_complete &= bool(np.array_equal(expected, numbers))
        self._expected = int(numbers[-1] + steps[-1])
        if self._keep:
            self.sizes.append(np.stack((np.diff(np.append(places[:, 0], stop)), lengths), axis=1))

    def _may_grow(self) -> bool:
        return not self._at_end and self._filled - self._at < _MAX_FRAME_BYTES

    def _fill(self) -> None:
        """Drop what was read before the present place, and read more."""
        left = self._data[self._at : self._filled].copy()
        if 2 * len(left) > len(self._data):
            self._data = np.zeros(2 * len(self._data), np.uint8)
        self._data[: len(left)] = left
        room = len(self._data) - _SPARE_BYTES - len(left)
        new = self._read(room)
        self._filled = len(left) + len(new)
        self._data[len(left) : self._filled] = np.frombuffer(new, np.uint8)
        self._data[self._filled :] = 0
        self._at_end = len(new) < room
        self._offset += self._at
        self._at = 0

    def _flush(self) -> None:
        """Complete a piece."""
        if self._keep and self._counts.any():
            self.pieces.append(write_piece(self._buffers[1], self._counts))
        self._counts[:] = 0

    def _after_damage(self, status: int) -> int:
        """Go to the next frame behind what is none; its samples, or 0 where there is none."""
        from nlac.audio.flac.frames import parser, subframes

        begin = self._offset + self._at
        if status == parser.BAD_CRC:
            self._is_odd(f"the checksum of the FLAC frame at byte {begin} is wrong")
            self.is_complete = False
            count, _status = self._parse(1, any_crc=True)
            if count:
                return count
        # what stands before the first frame may have been one; of others the numbers tell
        self.is_complete &= self._expected is not None
        attempts = 0
        self._at += 1
        while True:
            match = _SYNC.search(self._data.data, self._at, self._filled)
            self._at = match.start() if match else max(self._at, self._filled - 1)
            if match is not None:
                count, found = self._parse(1)
                if count:
                    last = self._offset + self._at - self._size - 1
                    self._is_odd(f"bytes {begin} to {last} are no FLAC frame")
                    return count
                attempts += found not in (parser.NO_SYNC, parser.BAD_HEADER, parser.BAD_HEADER_CRC)
                if attempts > _MAX_ATTEMPTS:
                    raise UnsupportedAudio(f"the FLAC file is damaged from byte {begin} on")
                if found != subframes.TRUNCATED or not self._may_grow():
                    self._at += 1
                    continue
            elif self._at_end:
                if status == parser.OTHER_FORMAT:
                    self._is_odd(
                        f"the FLAC frame at byte {begin} has another depth or other channels than "
                        "the file"
                    )
                self._finished = True
                return 0
            self._fill()

    def _is_odd(self, reason: str) -> None:
        if self.oddity is None:
            self.oddity = reason
