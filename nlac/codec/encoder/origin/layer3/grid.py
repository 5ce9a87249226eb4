"""Detection of the grid of granules in samples that a Layer III decoder wrote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.grids import Grid, GridSearch
from nlac.codec.encoder.origin.layer3.grid_scores import (
    SCORED,
    WINDOW,
    band_levels,
    grid_scores,
    slides,
)
from nlac.codec.encoder.origin.layer3.tables import bank
from nlac.predictors.origin.granules import SUBBANDS, table_of

_NOISE = -0.2  # least level of a subband that is looked at: more than rounding noise


def find_grid(
    channels: NDArray[np.int32],
    sample_rate: int,
    bits_per_sample: int = 16,
    without: Sequence[int] = (),
) -> Grid | None:
    """Find the grid of granules, if samples look as if a Layer III decoder wrote them.

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
        None if there is no likely grid, or Layer III has no such channels or sampling rate.
    """
    if table_of(sample_rate) is None:
        return None
    return _SEARCH.find(channels, sample_rate, bits_per_sample, without)


def _scores(window: Floats) -> Floats | None:
    tables = bank()
    loud = np.flatnonzero(band_levels(window, tables)[: SUBBANDS - 1] > _NOISE)
    if len(loud) == 0:
        return None
    band = max(1, int(loud[-1]) + 1 - SCORED)
    return np.asarray(grid_scores(window.astype(np.float32), band, slides())[None])


_HOPELESS = {3: 2.9, 4: 3.2, 5: 3.4, 6: 3.6, 7: 3.8, 8: 4.1, 10: 4.4}
# lines of loud windows are mostly coded more coarsely
_SEARCH = GridSearch(WINDOW, 5.0, _HOPELESS, True, _scores)
