"""Detection of the grid of granules in samples that a Layer III decoder wrote.

Windows are taken all over the samples where these are loud, steady and not clipped. A grid's score
in a window is compared with those a few samples away, so that what changes slowly, such as the
rise of a note, cancels out; and in units of the scores' usual spread.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.layer3.grid_scores import SCORED, WINDOW, band_levels, grid_scores
from nlac.codec.encoder.origin.layer3.tables import Floats, bank
from nlac.predictors.origin.granules import LINES, SUBBANDS, table_of

_WINDOWS, _MORE_WINDOWS = 12, 16  # of short and of longer samples
_LONGER_SECONDS = 15
_CANDIDATES = 10  # places that are considered for each
_PIECE = 256
_QUIET = 4.0  # least mean difference of neighbouring samples
_NOISE = 0.3  # least level of a subband that is looked at: more than rounding noise
_NEIGHBOURS = (-4, -3, -2, 2, 3, 4)
_MOST = 12.0  # of one window, so that no single one decides
_SURE = 8.0
_LIKELY = 5.0
# scores after some windows below which more are not looked at
_HOPELESS = {4: 3.1, 8: 3.7, 12: 4.2}
_SURE_WINDOWS = 4


class Grid(NamedTuple):
    """A grid of granules.

    Attributes
    ----------
    offset : int
        Granules begin at this frame and every 576 before and after it.
    score : float
        Standard deviations by which the grid stands out. Samples that were never coded rarely
        reach 5, decoded ones mostly 18; finely quantised ones 7.
    """

    offset: int
    score: float


def find_grid(
    channels: NDArray[np.int32], sample_rate: int, bits_per_sample: int = 16
) -> Grid | None:
    """Find the grid of granules, if samples look as if a Layer III decoder wrote them.

    Parameters
    ----------
    channels : (C, n) int32
        Samples of each channel.
    sample_rate : int
        In Hz.
    bits_per_sample : int, default 16
        Depth of the samples. Of more than 16 bits only the highest 16 are looked at: what leaks
        between subbands is below.

    Returns
    -------
    Grid or None
        None if there is no likely grid, or Layer III has no such channels or sampling rate.
    """
    count, length = channels.shape
    if count not in (1, 2) or table_of(sample_rate) is None or length < 2 * WINDOW:
        return None
    shift = max(bits_per_sample - 16, 0)
    total = np.zeros(LINES)
    used = 0
    # far ones first, so that the first few already tell of the whole
    windows = _MORE_WINDOWS if length > _LONGER_SECONDS * sample_rate else _WINDOWS
    for order in range(windows):
        number = order * 7 % windows
        begin = number * (length - WINDOW) // windows
        end = (number + 1) * (length - WINDOW) // windows
        start = _steadiest(channels, begin, end, shift)
        if start is None:
            continue
        found = _standing_out(_mixed(channels[:, start : start + WINDOW] >> shift))
        if found is None:
            continue
        total += np.minimum(np.roll(found, start % LINES), _MOST)
        used += 1
        if used >= _SURE_WINDOWS and total.max() > _SURE * used**0.5:
            break
        if total.max() < _HOPELESS.get(used, 0.0) * used**0.5:
            return None
    if used == 0:
        return None
    offset = int(np.argmax(total))
    score = float(total[offset]) / used**0.5
    return Grid(offset, score) if score >= _LIKELY else None


def _steadiest(channels: NDArray[np.int32], begin: int, end: int, shift: int) -> int | None:
    """Return where a window is most even in loudness and not clipped."""
    best = None
    least = np.inf
    for number in range(_CANDIDATES):
        start = begin + number * (end - begin) // _CANDIDATES
        window = channels[:, start : start + WINDOW] >> shift
        mixed = window.sum(axis=0, dtype=np.int64)
        changes = np.abs(np.diff(mixed))[: WINDOW // _PIECE * _PIECE - _PIECE]
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


def _mixed(window: NDArray[np.int32]) -> Floats:
    mixed = window.sum(axis=0, dtype=np.int64)
    return np.asarray(mixed * (0.7071067811865476 if len(window) == 2 else 1.0))


def _standing_out(window: Floats) -> Floats | None:
    """Return by how many deviations each grid of a window is sparser than those around."""
    tables = bank()
    loud = np.flatnonzero(band_levels(window, tables)[: SUBBANDS - 1] > _NOISE)
    if len(loud) == 0:
        return None
    scores = grid_scores(window, max(1, int(loud[-1]) + 1 - SCORED), tables)
    around = np.zeros(LINES)
    for distance in _NEIGHBOURS:
        around += np.roll(scores, distance)
    gain = around / len(_NEIGHBOURS) - scores
    gain -= np.median(gain)
    return np.asarray(gain / (1.48 * np.median(np.abs(gain)) + 1e-6))
