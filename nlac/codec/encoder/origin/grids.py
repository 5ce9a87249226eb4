"""Search for the grid on which the spectra of a lossy stream lie.

Windows are taken all over the samples where these are loud, steady and not clipped. A grid's score
in a window is compared with those a few samples away, so that what changes slowly, such as the
rise of a note, cancels out; and in units of the scores' usual spread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats

_WINDOWS, _MORE_WINDOWS = 12, 16  # of short and of longer samples
_LONGER_SECONDS = 15
_CANDIDATES = 10  # places that are considered for each
_PIECE = 256
_QUIET = 4.0  # least mean difference of neighbouring samples
_MOST = 12.0  # of one window, so that no single one decides
_SURE = 8.0
_SURE_WINDOWS = 4


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
    neighbours : sequence of int
        How far the grids are that a grid is compared with.
    likely : float
        Least score of a grid.
    hopeless : mapping of int to float
        Scores after some windows below which more are not looked at.
    scores : callable
        ``scores(window)``: how sparse the lines of a window are on each grid, low where many are
        zeros, (shapes, grids) float64; None where it tells nothing.
    """

    window: int
    neighbours: Sequence[int]
    likely: float
    hopeless: Mapping[int, float]
    scores: Callable[[Floats], Floats | None]

    def find(
        self, channels: NDArray[np.int32], sample_rate: int, bits_per_sample: int
    ) -> Grid | None:
        """Return the grid that stands out, if one does."""
        count, length = channels.shape
        if count not in (1, 2) or length < 2 * self.window:
            return None
        # of deeper samples only the highest 16 bits: what leaks between subbands is below
        shift = max(bits_per_sample - 16, 0)
        total: Floats | None = None
        used = 0
        # far ones first, so that the first few already tell of the whole
        windows = _MORE_WINDOWS if length > _LONGER_SECONDS * sample_rate else _WINDOWS
        for order in range(windows):
            number = order * 7 % windows
            begin = number * (length - self.window) // windows
            end = (number + 1) * (length - self.window) // windows
            start = self._steadiest(channels, begin, end, shift)
            found = None if start is None else self._standing_out(channels, start, shift)
            if found is None:
                continue
            total = found if total is None else total + found
            used += 1
            if used >= _SURE_WINDOWS and total.max() > _SURE * used**0.5:
                break
            if total.max() < self.hopeless.get(used, 0.0) * used**0.5:
                return None
        if total is None:
            return None
        shape, offset = divmod(int(np.argmax(total)), total.shape[1])
        score = float(total[shape, offset]) / used**0.5
        return Grid(offset, score, shape) if score >= self.likely else None

    def _steadiest(
        self, channels: NDArray[np.int32], begin: int, end: int, shift: int
    ) -> int | None:
        """Return where a window is most even in loudness and not clipped."""
        best = None
        least = np.inf
        for number in range(_CANDIDATES):
            start = begin + number * (end - begin) // _CANDIDATES
            window = channels[:, start : start + self.window] >> shift
            mixed = window.sum(axis=0, dtype=np.int64)
            changes = np.abs(np.diff(mixed))[: (self.window - 1) // _PIECE * _PIECE]
            pieces = changes.reshape(-1, _PIECE).sum(axis=1)
            mean = int(pieces.sum()) / pieces.size
            if mean < _QUIET * _PIECE:
                continue
            low, high = window.min(), window.max()
            clipped = int(np.count_nonzero(window == high)) if high >= 32767 else 0
            clipped += int(np.count_nonzero(window == low)) if low <= -32768 else 0
            uneven = float(pieces.max()) / mean + 0.2 * clipped
            if uneven < least:
                best, least = start, uneven
        return best

    def _standing_out(self, channels: NDArray[np.int32], start: int, shift: int) -> Floats | None:
        """Return by how many deviations each grid is sparser than those around."""
        window = channels[:, start : start + self.window] >> shift
        mixed = window.sum(axis=0, dtype=np.int64)
        scale = 0.7071067811865476 if len(channels) == 2 else 1.0
        scores = self.scores(np.asarray(mixed * scale))
        if scores is None:
            return None
        around = np.zeros(scores.shape)
        for distance in self.neighbours:
            around += np.roll(scores, distance, axis=1)
        gain = around / len(self.neighbours) - scores
        gain -= np.median(gain, axis=1, keepdims=True)
        spread = np.median(np.abs(gain), axis=1, keepdims=True)
        found = np.minimum(gain / (1.48 * spread + 1e-6), _MOST)
        return np.asarray(np.roll(found, start % scores.shape[1], axis=1))
