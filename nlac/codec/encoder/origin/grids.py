"""Search for the grid on which the spectra of a lossy stream lie.

Windows are taken all over the samples where these are loud, steady and not clipped. A grid's score
in a window is compared with those at the next few samples, so that what changes slowly, such as
the rise of a note, cancels out; and in units of the scores' usual spread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel

_WINDOWS, _MORE_WINDOWS = 12, 16  # of short and of longer samples
_LONGER_SECONDS = 15
_CANDIDATES = 10  # places that are considered for each
_PIECE = 256
_NEIGHBOURS = 3  # grids on either side that a grid is compared with
_QUIET = 4.0  # least mean difference of neighbouring samples
_MOST = 8.0  # of one window, so that no single one decides
_SURE = 8.0
_SURE_WINDOWS = 3


class Grid(NamedTuple):
    """A grid.

    Attributes
    ----------
    offset : int
        Units begin at this frame and every so many before and after it.
    score : float
        Standard deviations by which the grid stands out. Samples that were never coded rarely
        reach 5, decoded ones mostly 18; finely quantised ones 7.
    shape : int, optional
        Row of the scores in which it does.
    """

    offset: int
    score: float
    shape: int = 0


@dataclass(frozen=True)
class GridSearch:
    """How to look for the grid of a kind of lossy stream.

    Attributes
    ----------
    window : int
        Samples of a window.
    likely : float
        Least score of a grid.
    hopeless : mapping of int to float
        Scores after some windows below which more are not looked at.
    loud_first : bool
        Whether to look at loud windows first.
    scores : callable
        ``scores(window)``: how sparse the lines of a window are on each grid, low where many are
        zeros, (shapes, grids) float64; None where it tells nothing.
    """

    window: int
    likely: float
    hopeless: Mapping[int, float]
    loud_first: bool
    scores: Callable[[Floats], Floats | None]

    def find(
        self,
        channels: NDArray[np.int32],
        sample_rate: int,
        bits_per_sample: int,
        without: Sequence[int] = (),
    ) -> Grid | None:
        """Return the grid that stands out, if one does.

        Parameters
        ----------
        channels : (C, n) int32
            Samples of each channel.
        sample_rate : int
            In Hz.
        bits_per_sample : int
            Depth of the samples.
        without : sequence of int, optional
            Offsets of grids that it is not.
        """
        count, length = channels.shape
        if count not in (1, 2) or length < 2 * self.window:
            return None
        channels = np.ascontiguousarray(channels)
        # of deeper samples only the highest 16 bits: what leaks between subbands is below
        shift = max(bits_per_sample - 16, 0)
        total: Floats | None = None
        whole: Floats | None = None
        used = 0
        windows = _MORE_WINDOWS if length > _LONGER_SECONDS * sample_rate else _WINDOWS
        places = []
        # far ones first, so that the first few already tell of the whole
        for order in range(windows):
            number = order * 7 % windows
            begin = number * (length - self.window) // windows
            end = (number + 1) * (length - self.window) // windows
            places.append(steadiest(channels, begin, end, self.window, shift))
        if self.loud_first:
            places.sort(key=lambda place: -place[0])
        for changes, start in places:
            found = None if changes < 0 else self._standing_out(channels, start, shift)
            if found is None:
                continue
            for offset in without:
                near = offset + np.arange(-_NEIGHBOURS, _NEIGHBOURS + 1)
                found[:, near % found.shape[1]] = 0.0
            capped = np.minimum(found, _MOST)
            total = capped if total is None else total + capped
            whole = found if whole is None else whole + found
            used += 1
            if used >= _SURE_WINDOWS and total.max() > _SURE * used**0.5:
                break
            if total.max() < self.hopeless.get(used, 0.0) * used**0.5:
                return None
        if total is None or whole is None:
            return None
        offset = int(np.argmax(total.max(axis=0)))
        score = float(total[:, offset].max()) / used**0.5
        # several shapes may reach the most of each window
        shape = int(np.argmax(whole[:, offset]))
        return Grid(offset, score, shape) if score >= self.likely else None

    def _standing_out(self, channels: NDArray[np.int32], start: int, shift: int) -> Floats | None:
        """Return by how many deviations each grid is sparser than those around."""
        window = channels[:, start : start + self.window] >> shift
        mixed = window.sum(axis=0, dtype=np.int64)
        scale = 0.7071067811865476 if len(channels) == 2 else 1.0
        scores = self.scores(np.asarray(mixed * scale))
        if scores is None:
            return None
        gain = _differences(scores)
        gain -= _medians(gain)
        found = gain / (1.48 * _medians(np.abs(gain)) + 1e-6)
        return np.asarray(np.roll(found, start % scores.shape[1], axis=1))


def _medians(rows: Floats) -> Floats:
    """Return the median of each row of an even number."""
    middle = rows.shape[1] // 2
    near = np.partition(rows, (middle - 1, middle), axis=1)
    return np.asarray(0.5 * (near[:, middle - 1 : middle] + near[:, middle : middle + 1]))


@kernel
def _differences(scores: Floats) -> Floats:
    """Return by how much each score of a row is below the mean of those beside it."""
    count = scores.shape[1]
    found = np.empty(scores.shape)
    for shape in range(scores.shape[0]):
        row = scores[shape]
        for i in range(count):
            around = 0.0
            for distance in range(1, _NEIGHBOURS + 1):
                around += row[(i + count - distance) % count] + row[(i + distance) % count]
            found[shape, i] = around / (2 * _NEIGHBOURS) - row[i]
    return found


@kernel
def steadiest(
    channels: NDArray[np.int32], begin: int, end: int, length: int, shift: int
) -> tuple[int, int]:
    """Return the changes in a window that is most even in loudness and not clipped, and its place.

    The changes are -1 where all are quiet.

    Parameters
    ----------
    channels : (C, n) int32
        Samples.
    begin, end : int
        Between which it begins.
    length : int
        Of the window.
    shift : int
        Low bits of samples that are left off.
    """
    best, loudness = begin, -1
    least = np.inf
    pieces = (length - 1) // _PIECE
    mixed = np.empty(length, np.int32)
    for number in range(_CANDIDATES):
        start = begin + number * (end - begin) // _CANDIDATES
        mixed[:] = 0
        clipped = 0
        for c in range(len(channels)):
            given = channels[c, start : start + length]
            for i in range(length):
                sample = given[i] >> shift
                mixed[i] += sample
                clipped += (sample >= 32767) | (sample <= -32768)
        total, most = 0, 0
        for piece in range(pieces):
            part = mixed[_PIECE * piece : _PIECE * (piece + 1) + 1]
            changes = 0
            for i in range(_PIECE):
                changes += abs(part[i + 1] - part[i])
            total += changes
            most = max(most, changes)
        if total < _QUIET * _PIECE * pieces:
            continue
        uneven = most * pieces / total + 0.2 * clipped
        if uneven < least:
            best, loudness, least = start, total, uneven
    return loudness, best
