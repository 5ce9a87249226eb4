"""What pictures need of a recording: its samples at any place, and its format."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError
from nlac._files import Closing
from nlac._typing import Samples
from nlac.api.arrays import SampleFormat, from_samples, output_dtype
from nlac.audio.format import AudioFormat

# frames that are decoded at a time where any number could be
PIECE_FRAMES = 1 << 16
# frames between places at which to begin, where any place does
_RUN_FRAMES = 1 << 20


class Recording(Closing):
    """An audio file to take samples from, by several threads if need be.

    Parameters
    ----------
    path : str
        Where it was opened; empty for what has no place.
    container : str
        ``"nlac"``, ``"wav"``, ``"flac"`` and so on.
    fmt : AudioFormat
        What its samples are.
    frames : int
        Its length in frames.
    num_bytes : int or None
        Length of the file; None where it has none.
    """

    def __init__(
        self, path: str, container: str, fmt: AudioFormat, frames: int, num_bytes: int | None
    ) -> None:
        self.path = path
        self.container = container
        self.sample_rate = fmt.sample_rate
        self.channels = fmt.channels
        self.bits_per_sample = fmt.bits_per_sample
        self.is_float = fmt.is_float
        self.frames = frames
        self.num_bytes = num_bytes
        self._format = SampleFormat(fmt.bits_per_sample, fmt.is_float)
        self._stack = ExitStack()

    @property
    def borders(self) -> NDArray[np.int64]:
        """Frames at which decoding best begins, in ascending order, and the length."""
        return np.append(np.arange(0, self.frames, _RUN_FRAMES), self.frames)

    def around(self, frame: int) -> tuple[int, NDArray[Any]]:
        """Some samples around a frame, as many as come at no further cost.

        Returns
        -------
        first_frame : int
            Where they begin.
        samples : ndarray, shape (frames, channels)
        """
        start = max(0, frame - PIECE_FRAMES // 2)
        return start, self.read(start, start + PIECE_FRAMES)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the samples: int16, int32 or float32."""
        return output_dtype(self._format, None)

    @property
    def full_scale(self) -> float:
        """The value that stands for 1.0: 2 to the power of the bits without the sign, or 1."""
        return 1.0 if self.is_float else 2.0 ** (self.bits_per_sample - 1)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Exact samples of a span.

        Parameters
        ----------
        start, stop : int
            First frame, and the frame after the last; what lies outside of the recording is
            left out.

        Returns
        -------
        ndarray, shape (frames, channels)
            int16 up to 16 bits, int32 above, right-justified; or float32.

        Raises
        ------
        CorruptStream
            A block that is needed is damaged.
        UnsupportedAudio
            A file of another format is damaged.
        """
        start = min(max(start, 0), self.frames)
        stop = min(max(stop, start), self.frames)
        if start == stop:
            return np.empty((0, self.channels), self.dtype)
        return self._read(start, stop)

    def read_float(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples of a span as float32, full scale being 1.0."""
        samples = self.read(start, stop)
        if self.is_float:
            return samples
        # the division by a power of two is exact
        return samples.astype(np.float32) / np.float32(self.full_scale)

    @abstractmethod
    def _read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples of a span that is not empty and inside of the recording."""

    def _given_out(self, samples: Samples) -> NDArray[Any]:
        return from_samples(samples, self._format, self.dtype, always_2d=True)

    def close(self) -> None:
        """Close what was opened here."""
        self._stack.close()


class WrappedRecording(Recording):
    """A recording that takes its samples from another.

    Parameters
    ----------
    recording : Recording
        It stays open.
    """

    def __init__(self, recording: Recording) -> None:
        fmt = AudioFormat(
            recording.sample_rate,
            recording.channels,
            recording.bits_per_sample,
            is_float=recording.is_float,
        )
        size = recording.num_bytes
        super().__init__(recording.path, recording.container, fmt, recording.frames, size)
        self._recording = recording

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the other's samples."""
        return self._recording.dtype

    @property
    def borders(self) -> NDArray[np.int64]:
        """Those of the other."""
        return self._recording.borders


class SilencedRecording(WrappedRecording):
    """A damaged recording, with silence for what cannot be decoded.

    Parameters
    ----------
    recording : Recording
        It stays open.
    tell : callable
        Called with what is wrong, each time that it is met.
    """

    def __init__(self, recording: Recording, tell: Callable[[NlacError], None]) -> None:
        super().__init__(recording)
        self._tell = tell

    def read_around_gaps(self, start: int, stop: int) -> tuple[NDArray[Any], list[tuple[int, int]]]:
        """Samples of a span inside of the recording, and which frames of it are missing.

        Returns
        -------
        samples : ndarray, shape (frames, channels)
        gaps : list of (int, int)
            First frames, and those after the last.
        """
        try:
            return self._recording.read(start, stop), []
        except NlacError as error:
            self._tell(error)
            result = np.zeros((stop - start, self.channels), self.dtype)
        gaps = []
        borders = np.unique(np.clip(self.borders, start, stop)).tolist()
        for begin, end in pairwise(borders):
            try:
                result[begin - start : end - start] = self._recording.read(begin, end)
            except NlacError as error:
                self._tell(error)
                gaps.append((begin, end))
        return result, gaps

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        return self.read_around_gaps(start, stop)[0]


class ArrayRecording(Recording):
    """Samples at hand.

    Parameters
    ----------
    samples : ndarray, shape (frames, channels)
        Integers of any width, or float32.
    sample_rate : int
        Frames a second.
    bits_per_sample : int
        Valid bits of integers.
    """

    def __init__(self, samples: NDArray[Any], sample_rate: int, bits_per_sample: int = 16) -> None:
        is_float = samples.dtype.kind == "f"
        bits = 32 if is_float else bits_per_sample
        fmt = AudioFormat(sample_rate, samples.shape[1], bits, is_float=is_float)
        super().__init__("", "array", fmt, len(samples), None)
        self._samples = samples

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the samples: that of the array."""
        return self._samples.dtype

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        return self._samples[start:stop]
