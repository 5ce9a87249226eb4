"""Samples as a WAV file that is made while it is read."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from nlac.audio.format import AudioFormat
from nlac.audio.sinks.wav import WavSink


class WavView:
    """The bytes of a WAV file (RF64 over 4 GiB) of samples that are asked for as needed.

    Parameters
    ----------
    fmt : AudioFormat
        What the samples are.
    num_frames : int
        Their number.
    read : callable
        ``read(start, stop)`` gives (frames, channels) samples; several threads may call it.

    Attributes
    ----------
    size : int
        Length in bytes.
    """

    def __init__(
        self, fmt: AudioFormat, num_frames: int, read: Callable[[int, int], NDArray[Any]]
    ) -> None:
        sink = WavSink(io.BytesIO(), fmt, "wav", num_frames)
        self._head, self._padding = sink.around(num_frames)
        self._packing = sink.packing
        self._read = read
        self._width = self._packing.bytes_per_sample * fmt.channels
        self._end = len(self._head) + num_frames * self._width
        self.size = self._end + len(self._padding)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer at the end of the file."""
        stop = min(offset + count, self.size)
        pieces = [self._head[offset:stop]]
        begin = max(offset, len(self._head)) - len(self._head)
        end = min(stop, self._end) - len(self._head)
        if begin < end:
            first, last = begin // self._width, -(-end // self._width)
            packed = self._packing.pack(self._read(first, last))
            pieces.append(packed[begin - first * self._width : end - first * self._width])
        if stop > self._end:
            pieces.append(self._padding[max(0, offset - self._end) : stop - self._end])
        return b"".join(pieces)
