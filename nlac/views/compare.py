"""Compare two recordings sample by sample, and their difference as a recording of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac.api.results.record import Record
from nlac.audio.format import AudioFormat
from nlac.views.recording import Recording

_PIECE_FRAMES = 1 << 19


@dataclass(frozen=True, slots=True)
class Place(Record):
    """A sample.

    Attributes
    ----------
    frame, channel : int
        Counted from 0.
    seconds : float
        Time of the frame.
    """

    frame: int
    channel: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Comparison(Record):
    """How two recordings differ.

    Attributes
    ----------
    identical : bool
        Sample rate, channels, depth and length are the same, and so is every sample.
    same_format : bool
        Sample rate, channels and depth are the same.
    comparable : bool
        Sample rate and channels are the same, so that samples can be compared, at the scale of
        full scale where depths differ. Without this, what follows is None or 0.
    frames_a, frames_b : int
        Lengths.
    frames_compared : int
        What both have.
    differing_samples : int
        Samples that differ, of `frames_compared` times the channels.
    first_difference, last_difference : Place or None
        Where the first and the last of them is; None without any.
    peak_difference : float
        Largest difference, full scale being 1.0.
    peak_difference_lsb : int or None
        The same in steps of the deeper one's samples; None of floats.
    peak_difference_dbfs, rms_difference_dbfs : float or None
        Largest and root mean square difference in dB below full scale; None without any.
    peak_place : Place or None
        Where the largest difference is.
    """

    identical: bool
    same_format: bool
    comparable: bool
    frames_a: int
    frames_b: int
    frames_compared: int
    differing_samples: int = 0
    first_difference: Place | None = None
    last_difference: Place | None = None
    peak_difference: float = 0.0
    peak_difference_lsb: int | None = None
    peak_difference_dbfs: float | None = None
    rms_difference_dbfs: float | None = None
    peak_place: Place | None = None


class Difference(Recording):
    """The samples of one recording minus those of another, over the length that both have.

    Integers of different depths are compared at the deeper one's scale; integers and floats as
    floats, full scale being 1.0.

    Parameters
    ----------
    a, b : Recording
        The recordings, which stay open.

    Raises
    ------
    UsageError
        Sample rates or channels differ.
    """

    def __init__(self, a: Recording, b: Recording) -> None:
        if (a.sample_rate, a.channels) != (b.sample_rate, b.channels):
            raise UsageError(
                f"{a.channels} channels at {a.sample_rate} Hz and {b.channels} at {b.sample_rate} "
                "Hz: only recordings of the same sample rate and channels can be subtracted"
            )
        is_float = a.is_float or b.is_float
        bits = 32 if is_float else max(a.bits_per_sample, b.bits_per_sample)
        fmt = AudioFormat(a.sample_rate, a.channels, bits, is_float=is_float)
        super().__init__("", "difference", fmt, min(a.frames, b.frames), None)
        self.a, self.b = a, b

    @property
    def dtype(self) -> np.dtype[Any]:
        """int64, which holds every difference, or float64."""
        return np.dtype(np.float64 if self.is_float else np.int64)

    @property
    def borders(self) -> NDArray[np.int64]:
        """Those of the first recording, as far as both reach."""
        borders = self.a.borders
        return np.append(borders[borders < self.frames], self.frames)

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        a, b = (self._scaled(each, each.read(start, stop)) for each in (self.a, self.b))
        # infinities less themselves are NaN
        with np.errstate(invalid="ignore", over="ignore"):
            return np.asarray(a - b)

    def _scaled(self, recording: Recording, samples: NDArray[Any]) -> NDArray[Any]:
        if self.is_float:
            return samples.astype(np.float64) / recording.full_scale
        return samples.astype(np.int64) << (self.bits_per_sample - recording.bits_per_sample)

    def differs(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Which samples of a span differ: floats by their bits, but at other depths by value."""
        if self.a.is_float and self.b.is_float:
            bits = [each.read(start, stop).view(np.uint32) for each in (self.a, self.b)]
            return np.asarray(bits[0] != bits[1])
        return np.asarray(self.read(start, stop) != 0)


def difference(a: Recording, b: Recording, start: int, stop: int) -> NDArray[Any]:
    """Samples of `a` minus those of `b`, shape (frames, channels), int64 or float64."""
    return Difference(a, b).read(start, stop)


def compare(
    a: Recording,
    b: Recording,
    progress: Callable[[int, int | None], None] | None = None,
) -> Comparison:
    """Compare all samples of two recordings.

    Parameters
    ----------
    a, b : Recording
        The recordings.
    progress : callable, optional
        ``progress(done, total)``, in frames.

    Returns
    -------
    Comparison
    """
    comparable = (a.sample_rate, a.channels) == (b.sample_rate, b.channels)
    same_format = comparable and (a.bits_per_sample, a.is_float) == (b.bits_per_sample, b.is_float)
    if not comparable:
        return Comparison(False, False, False, a.frames, b.frames, 0)
    both = Difference(a, b)
    found = _Found(both)
    for start in range(0, both.frames, _PIECE_FRAMES):
        found.look(start, min(start + _PIECE_FRAMES, both.frames))
        if progress is not None:
            progress(min(start + _PIECE_FRAMES, both.frames), both.frames)
    peak = float(found.peak) / both.full_scale
    mean_square = found.energy / max(1, both.frames * both.channels) / both.full_scale**2
    return Comparison(
        identical=same_format and a.frames == b.frames and not found.count,
        same_format=same_format,
        comparable=True,
        frames_a=a.frames,
        frames_b=b.frames,
        frames_compared=both.frames,
        differing_samples=found.count,
        first_difference=found.first,
        last_difference=found.last,
        peak_difference=peak,
        peak_difference_lsb=None if both.is_float else int(found.peak),
        peak_difference_dbfs=_decibels(peak),
        rms_difference_dbfs=_decibels(math.sqrt(mean_square)),
        peak_place=found.peak_place,
    )


class _Found:
    """Differences found so far."""

    def __init__(self, both: Difference) -> None:
        self._both = both
        self.count = 0
        self.first: Place | None = None
        self.last: Place | None = None
        self.peak: Any = 0
        self.peak_place: Place | None = None
        self.energy = 0.0

    def look(self, start: int, stop: int) -> None:
        differs = self._both.differs(start, stop)
        count = int(np.count_nonzero(differs))
        if not count:
            return
        self.count += count
        places = np.flatnonzero(differs)
        self.first = self.first or self._place(start, int(places[0]))
        self.last = self._place(start, int(places[-1]))
        sizes = np.abs(self._both.read(start, stop))
        if self._both.is_float:
            sizes[~np.isfinite(sizes)] = 0
        largest = int(sizes.argmax())
        if (peak := sizes.flat[largest]) > self.peak:
            self.peak, self.peak_place = peak, self._place(start, largest)
        self.energy += float(np.square(sizes, dtype=np.float64).sum())

    def _place(self, start: int, index: int) -> Place:
        frame, channel = divmod(index, self._both.channels)
        return Place(start + frame, channel, (start + frame) / self._both.sample_rate)


def _decibels(value: float) -> float | None:
    return 20 * math.log10(value) if value > 0 else None
