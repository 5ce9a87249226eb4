"""Detection of the grid of frames in samples that an AAC-LC decoder wrote.

As for Layer III: windows are taken all over the samples where these are loud and steady, and a
grid's score is compared with those a few samples away, in units of the usual spread.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.grid_scores import WINDOW, grid_scores, slides
from nlac.codec.encoder.origin.layer3.tables import Floats
from nlac.predictors.origin.aac.frames import LINES, table_of

_WINDOWS = 16
_CANDIDATES = 8  # places that are considered for each
_PIECE = 256
_QUIET = 4.0  # least mean difference of neighbouring samples
_FIRST_LINE = 16
_NEIGHBOURS = (-6, -5, -4, 4, 5, 6)
_MOST = 12.0  # of one window, so that no single one decides
_SURE = 8.0
_LIKELY = 6.0
# scores after some windows below which more are not looked at
_HOPELESS = {4: 4.0, 8: 4.6, 12: 5.0}
_SURE_WINDOWS = 4


class Grid(NamedTuple):
    """A grid of frames.

    Attributes
    ----------
    offset : int
        Frames begin at this sample and every 1,024 before and after it.
    shape : int
        `SINE` or `KBD`: the commoner shape of windows.
    score : float
        Standard deviations by which the grid stands out.
    """

    offset: int
    shape: int
    score: float


def find_grid(channels: NDArray[np.int32], sample_rate: int) -> Grid | None:
    """Find the grid of frames, if samples look as if an AAC-LC decoder wrote them.

    Parameters
    ----------
    channels : (C, n) int32
        Samples of each channel.
    sample_rate : int
        In Hz.

    Returns
    -------
    Grid or None
        None if there is no likely grid, or AAC has no such channels or sampling rate.
    """
    count, length = channels.shape
    if count not in (1, 2) or table_of(sample_rate) is None or length < 2 * WINDOW:
        return None
    total = np.zeros((2, LINES))
    used = 0
    # far ones first, so that the first few already tell of the whole
    for order in range(_WINDOWS):
        number = order * 7 % _WINDOWS
        edges = [(number + i) * (length - WINDOW) // _WINDOWS for i in range(2)]
        window = _steadiest(channels, *edges)
        if window is None:
            continue
        start, samples = window
        total += np.minimum(np.roll(_standing_out(samples), start % LINES, axis=1), _MOST)
        used += 1
        if used >= _SURE_WINDOWS and total.max() > _SURE * used**0.5:
            break
        if total.max() < _HOPELESS.get(used, 0.0) * used**0.5:
            return None
    if used == 0:
        return None
    shape, offset = divmod(int(np.argmax(total)), LINES)
    score = float(total[shape, offset]) / used**0.5
    return Grid(offset, shape, score) if score >= _LIKELY else None


def _steadiest(channels: NDArray[np.int32], begin: int, end: int) -> tuple[int, Floats] | None:
    """Return where a window is most even in loudness, and its mix."""
    best = None
    least = np.inf
    for number in range(_CANDIDATES):
        start = begin + number * (end - begin) // _CANDIDATES
        mixed = channels[:, start : start + WINDOW].sum(axis=0, dtype=np.int64)
        changes = np.abs(np.diff(mixed, prepend=mixed[:1])).reshape(-1, _PIECE).sum(axis=1)
        mean = int(changes.sum()) / changes.size
        if mean >= _QUIET * _PIECE and float(changes.max()) / mean < least:
            least = float(changes.max()) / mean
            best = start, mixed * (0.7071067811865476 if len(channels) == 2 else 1.0)
    return best


def _standing_out(window: Floats) -> Floats:
    """Return by how many deviations each grid of a window is sparser than those around."""
    scores = grid_scores(window, _FIRST_LINE, slides())
    around = np.zeros(scores.shape)
    for distance in _NEIGHBOURS:
        around += np.roll(scores, distance, axis=1)
    gain = around / len(_NEIGHBOURS) - scores
    gain -= np.median(gain, axis=1, keepdims=True)
    spread = np.median(np.abs(gain), axis=1, keepdims=True)
    return np.asarray(gain / (1.48 * spread + 1e-6))
