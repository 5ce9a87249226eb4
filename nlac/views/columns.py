"""Lowest and highest samples of the columns of a waveform, at any zoom, from the exact samples."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

# frames of which the lowest and highest samples are kept
BIN_FRAMES = 256
# columns of fewer frames are taken from the samples themselves
FINE_FRAMES = 4 * BIN_FRAMES


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Lowest and highest samples of columns.

    Attributes
    ----------
    start, stop : int
        First frame, and the frame after the last. Where columns are long, these and the borders
        of columns are multiples of 256; see `column_edges`.
    low, high : ndarray, shape (channels, columns)
        Integers as the recording has them, or floats.
    known : ndarray of bool, shape (columns,)
        Columns of which samples were decoded. Others show those of the nearest such column while
        more may come; in the end they are 0.
    exact : bool
        All samples of all columns were seen.
    complete : bool
        No more will come: what is not known is damaged.
    edges : ndarray, shape (columns + 1,)
        Borders of the columns.
    """

    start: int
    stop: int
    low: NDArray[Any]
    high: NDArray[Any]
    known: NDArray[np.bool_]
    exact: bool
    edges: NDArray[np.int64]
    complete: bool = True

    def without(self, gaps: list[tuple[int, int]]) -> Peaks:
        """The same, if frames between the given ones are missing."""
        known = self.known.copy()
        for start, stop in gaps:
            known &= (self.edges[:-1] < start) | (self.edges[1:] > stop)
        return replace(self, known=known, exact=self.exact and not gaps)

    def values(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Lowest and highest samples as floats, NaN where nothing is or will be known."""
        gap = self.complete & ~self.known
        low, high = (np.where(gap, np.nan, x.astype(np.float64)) for x in (self.low, self.high))
        return low, high

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; null for what is no number, or will not be known."""
        low, high = plain(self.low), plain(self.high)
        if self.complete:
            for row in (*low, *high):
                for i in np.flatnonzero(~self.known).tolist():
                    row[i] = None
        result = {
            "start": self.start,
            "stop": self.stop,
            "columns": self.low.shape[1],
            "low": low,
            "high": high,
            "exact": self.exact,
            "complete": self.complete,
        }
        if not self.exact:
            result["known"] = self.known.tolist()
        return result


def plain(values: NDArray[Any]) -> list[Any]:
    """Lists of numbers for JSON, which has neither infinities nor NaN: null stands for these."""
    if values.dtype.kind == "f":
        objects = values.astype(object)
        objects[~np.isfinite(values)] = None
        return list(objects.tolist())
    return list(values.tolist())


def column_edges(start: int, stop: int, columns: int, frames: int) -> NDArray[np.int64]:
    """Borders of the columns of a span.

    Parameters
    ----------
    start, stop : int
        First frame, and the frame after the last.
    columns : int
        How many there shall be; there are no more than frames.
    frames : int
        Length of the recording.

    Returns
    -------
    ndarray, shape (columns + 1,)
        Spread evenly. Where a column has 1024 frames and more, they are rounded to multiples of
        256, or the end of the recording.
    """
    start = min(max(start, 0), frames)
    stop = min(max(stop, start), frames)
    columns = max(1, min(columns, stop - start))
    edges = start + np.arange(columns + 1, dtype=np.int64) * (stop - start) // columns
    if stop - start >= FINE_FRAMES * columns:
        edges = (edges + BIN_FRAMES // 2) // BIN_FRAMES * BIN_FRAMES
        if stop == frames:
            edges[-1] = frames
        edges = np.minimum(edges, frames)
    return edges


def peaks_of(samples: NDArray[Any], edges: NDArray[np.int64], start: int = 0) -> Peaks:
    """Peaks of columns, from samples at hand.

    Parameters
    ----------
    samples : ndarray, shape (frames, channels)
        Samples from frame `start` on.
    edges : ndarray, shape (columns + 1,)
        Borders of the columns, ascending, none of them empty.
    """
    part = np.ascontiguousarray(samples[edges[0] - start : edges[-1] - start].T)
    least, most = extremes(part.dtype)
    begins = edges[:-1] - edges[0]
    low, high = least.reduceat(part, begins, axis=1), most.reduceat(part, begins, axis=1)
    known = np.ones(len(begins), np.bool_)
    return Peaks(int(edges[0]), int(edges[-1]), low, high, known, True, edges)


def extremes(dtype: np.dtype[Any]) -> tuple[np.ufunc, np.ufunc]:
    """What finds the lowest and the highest of samples; NaN counts for nothing."""
    return (np.fmin, np.fmax) if dtype.kind == "f" else (np.minimum, np.maximum)


class PeakStore:
    """Peaks of all bins of 256 frames of a recording, as far as its samples have come.

    Parameters
    ----------
    frames, channels : int
        Size of the recording.
    dtype : dtype
        Type of its samples.
    """

    def __init__(self, frames: int, channels: int, dtype: np.dtype[Any]) -> None:
        bins = -(-frames // BIN_FRAMES)
        lowest, highest = (-np.inf, np.inf)
        if dtype.kind != "f":
            lowest, highest = np.iinfo(dtype).min, np.iinfo(dtype).max
        self._low = np.full((channels, bins), highest, dtype)
        self._high = np.full((channels, bins), lowest, dtype)
        self._known = np.zeros(bins, np.bool_)
        # two threads may come to the same bin, from both sides
        self._lock = threading.Lock()

    def add(self, start: int, samples: NDArray[Any]) -> None:
        """Take samples, shape (frames, channels), from frame `start` on."""
        part = np.ascontiguousarray(samples.T)
        before = min(-start % BIN_FRAMES, part.shape[1])
        end = before + (part.shape[1] - before) // BIN_FRAMES * BIN_FRAMES
        pieces = [part[:, None, :before], part[:, None, end:]]
        pieces.insert(1, part[:, before:end].reshape(len(part), -1, BIN_FRAMES))
        with self._lock:
            first = start // BIN_FRAMES
            for piece in pieces:
                if piece.size:
                    self._merge(first, piece)
                    first += piece.shape[1]

    def _merge(self, first: int, bins: NDArray[Any]) -> None:
        """Take samples, shape (channels, bins, frames)."""
        least, most = extremes(bins.dtype)
        which = slice(first, first + bins.shape[1])
        self._low[:, which] = least(self._low[:, which], least.reduce(bins, axis=2))
        self._high[:, which] = most(self._high[:, which], most.reduce(bins, axis=2))
        self._known[which] = True

    def peaks(self, edges: NDArray[np.int64], exact: bool, complete: bool) -> Peaks:
        """Peaks of columns whose borders are multiples of 256, or the end of the recording.

        `exact` tells whether all of their samples have come, `complete` whether no more will.
        """
        borders = -(-edges // BIN_FRAMES)
        first, last = int(borders[0]), int(borders[-1])
        begins = borders[:-1] - first
        least, most = extremes(self._low.dtype)
        known = np.logical_or.reduceat(self._known[first:last], begins)
        low = least.reduceat(self._low[:, first:last], begins, axis=1)
        high = most.reduceat(self._high[:, first:last], begins, axis=1)
        if complete or not known.any():
            low[:, ~known] = high[:, ~known] = 0
        elif not known.all():
            nearest = nearest_known(known)
            low, high = low[:, nearest], high[:, nearest]
        return Peaks(int(edges[0]), int(edges[-1]), low, high, known, exact, edges, complete)


def nearest_known(known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each place the nearest at which `known` is true; there is one at least."""
    places = np.flatnonzero(known)
    right = np.searchsorted(places, np.arange(len(known)))
    after = places[np.minimum(right, len(places) - 1)]
    before = places[np.maximum(right - 1, 0)]
    own = np.arange(len(known))
    return np.where(np.abs(after - own) <= np.abs(own - before), after, before)
