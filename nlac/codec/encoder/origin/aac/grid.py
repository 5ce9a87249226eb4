"""Detection of the grid of frames in samples that an AAC-LC decoder wrote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.grid_scores import WINDOW, grid_scores, slides
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.grids import Grid, GridSearch
from nlac.predictors.origin.aac.frames import table_of

_FIRST_LINE = 60  # many lower ones are too finely quantised to be zeros


def find_grid(
    channels: NDArray[np.int32],
    sample_rate: int,
    bits_per_sample: int = 16,
    without: Sequence[int] = (),
) -> Grid | None:
    """Find the grid of frames, if samples look as if an AAC-LC decoder wrote them.

    Parameters
    ----------
    channels : (C, n) int32
        Samples of each channel.
    sample_rate : int
        In Hz.
    bits_per_sample : int, default 16
        Depth of the samples.
    without : sequence of int, optional
        Offsets of grids that it is not.

    Returns
    -------
    Grid or None
        Its `shape` is the commoner one of windows, `SINE` or `KBD`. None if there is no likely
        grid, or AAC has no such channels or sampling rate.
    """
    if table_of(sample_rate) is None:
        return None
    return _SEARCH.find(channels, sample_rate, bits_per_sample, without)


def _scores(window: Floats) -> Floats:
    return np.asarray(grid_scores(window.astype(np.float32), _FIRST_LINE, slides()))


_HOPELESS = {2: 3.0, 3: 3.4, 4: 3.7, 5: 4.1, 6: 4.4, 8: 4.6, 10: 5.1}
_SEARCH = GridSearch(WINDOW, 6.0, _HOPELESS, True, _scores)
