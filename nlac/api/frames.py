"""An opened file as something like an array: shape, slices, iteration, pieces, `numpy.asarray`."""

from __future__ import annotations

import contextlib
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nlac._arguments import span, whole_number
from nlac._errors import UsageError
from nlac._typing import Samples
from nlac.api.arrays import DType, SampleFormat, from_samples, output_array, output_dtype

# frames of which only some are wanted come one by one if these lie as far apart, and all in
# between are not decoded
_FAR_APART = 1 << 16


class FrameAccess(ABC):
    """Samples by their index, as an array of shape `shape` and type `dtype` would give them.

    Subclasses have `_collect` and `_pieces`, and tell length, channels and format.
    """

    _format: SampleFormat

    @property
    @abstractmethod
    def frames(self) -> int:
        """Length in frames."""

    @property
    @abstractmethod
    def channels(self) -> int:
        """Samples of a frame."""

    @abstractmethod
    def _collect(self, start: int, stop: int) -> NDArray[Any]:
        """Frames `start` to `stop`, shape (frames, channels), of type `dtype`."""

    @abstractmethod
    def _pieces(self, start: int, stop: int) -> Iterator[Samples]:
        """Frames `start` to `stop` in pieces of any length, as they are coded."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, channels), or (frames,) for mono."""
        return (self.frames,) if self.channels == 1 else (self.frames, self.channels)

    @property
    def ndim(self) -> int:
        """1 for mono, else 2."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the samples as they are stored: int16, int32 or float32."""
        return output_dtype(self._format, None)

    def __len__(self) -> int:
        return self.frames

    def __getitem__(self, key: Any) -> Any:
        """Samples as ``numpy.asarray(file)[key]``; only the blocks concerned are decoded.

        Parameters
        ----------
        key : int, slice, or tuple that begins with one of these
            Frames, and then channels as arrays take them.

        Raises
        ------
        IndexError
            There is no such frame or channel.
        UsageError
            The first index is neither a number nor a slice.
        """
        keys = key if isinstance(key, tuple) else (key,)
        if not keys or keys[0] is Ellipsis:
            return self._shaped_frames(0, self.frames)[keys]
        first, *rest = keys
        if isinstance(first, slice):
            start, stop, step = first.indices(self.frames)
            chosen = range(start, stop, step)
            if not chosen:
                return self._shaped_frames(0, 0)[(slice(None), *rest)]
            part = self._every(chosen if step > 0 else chosen[::-1])
            return part[(slice(None, None, 1 if step > 0 else -1), *rest)]
        index = _index(first)
        if not -self.frames <= index < self.frames:
            raise IndexError(f"frame {index} of a file of {self.frames} frames")
        index %= self.frames
        return self._shaped_frames(index, index + 1)[(0, *rest)]

    def __iter__(self) -> Iterator[Any]:
        """Go through the frames, each as ``file[i]`` gives it."""
        for samples in self._pieces(0, self.frames):
            # a copy: the caller may keep or change it
            yield from np.array(from_samples(samples, self._format, self.dtype, False))

    def blocks(
        self,
        blocksize: int,
        overlap: int = 0,
        start: int = 0,
        stop: int | None = None,
        *,
        dtype: DType | None = None,
        always_2d: bool = False,
    ) -> Iterator[NDArray[Any]]:
        """Go through the file in pieces; memory does not depend on its length.

        Parameters
        ----------
        blocksize : int
            Frames of a piece; the last has what is left.
        overlap : int
            Frames that each piece has in common with the one before.
        start, stop : int
            First frame, and the frame after the last; negative from the end, as in slices.
        dtype, always_2d
            As in `read`.
        """
        blocksize = whole_number("blocksize", blocksize)
        overlap = whole_number("overlap", overlap)
        if blocksize < 1:
            raise UsageError(f"blocksize {blocksize}: 1 or more")
        if not 0 <= overlap < blocksize:
            raise UsageError(f"overlap {overlap}: 0 to blocksize - 1 ({blocksize - 1})")
        chosen = output_dtype(self._format, dtype)
        first, last = span(start, stop, self.frames)
        return self._rechunked(first, last, blocksize, overlap, chosen, always_2d)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """All samples, for `numpy.asarray`."""
        if copy is False:
            raise ValueError("the samples are decoded, which makes a copy")
        samples = self._shaped_frames(0, self.frames)
        return samples if dtype is None else samples.astype(dtype, copy=False)

    def _shaped_frames(self, start: int, stop: int) -> NDArray[Any]:
        samples = self._collect(start, stop)
        return samples[:, 0] if self.channels == 1 else samples

    def _every(self, chosen: range) -> NDArray[Any]:
        """Frames in ascending steps; only these are kept in memory."""
        start, stop, step = chosen.start, chosen[-1] + 1, chosen.step
        if step == 1:
            return self._shaped_frames(start, stop)
        result = output_array(None, len(chosen), self.channels, self.dtype)
        if step >= _FAR_APART:
            for i, frame in enumerate(chosen):
                result[i] = self._collect(frame, frame + 1)
            return result[:, 0] if self.channels == 1 else result
        done = at = 0
        for samples in self._pieces(start, stop):
            part = samples[-at % step :: step]
            result[done : done + len(part)] = from_samples(part, self._format, self.dtype, True)
            done += len(part)
            at += len(samples)
        return result[:, 0] if self.channels == 1 else result

    def _rechunked(
        self,
        start: int,
        stop: int,
        blocksize: int,
        overlap: int,
        dtype: np.dtype[Any],
        always_2d: bool,
    ) -> Iterator[NDArray[Any]]:
        waiting = np.empty((0, self.channels), dtype)
        fresh = False
        for samples in self._pieces(start, stop):
            piece = from_samples(samples, self._format, dtype, always_2d=True)
            waiting = np.concatenate((waiting, piece)) if len(waiting) else piece
            fresh = True
            done = 0
            while len(waiting) - done >= blocksize:
                yield self._shaped(waiting[done : done + blocksize], always_2d)
                done += blocksize - overlap
                # what is left may be only what the last piece showed already
                fresh = len(waiting) - done > overlap
            waiting = waiting[done:]
        if fresh:
            yield self._shaped(waiting, always_2d)

    def _shaped(self, values: NDArray[Any], always_2d: bool) -> NDArray[Any]:
        # a copy: the caller may keep or change it
        return np.array(values if always_2d or self.channels != 1 else values[:, 0])


def _index(first: Any) -> int:
    # to arrays, True is a mask
    if not isinstance(first, (bool, np.bool_)):
        with contextlib.suppress(TypeError):
            return operator.index(first)
    raise UsageError(f"index {first!r}: a frame or a slice; read the frames first for more")
