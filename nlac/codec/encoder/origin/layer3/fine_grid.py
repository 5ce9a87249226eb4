"""Detection of the grid of finely quantised granules, whose lines are hardly ever zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.grids import Grid, GridSearch
from nlac.codec.encoder.origin.layer3.grid import find_grid
from nlac.codec.encoder.origin.layer3.lattice_scores import LATTICE_WINDOW, lattice, lattice_scores
from nlac.codec.encoder.origin.layer3.tables import layout
from nlac.predictors.origin.granules import table_of

# of samples that were never coded the highest score is 4.2; of decoded ones 8 and more, but
# windows with short blocks tell nothing
_LIKELY = 5.5
_SURE_GRID = 9.0  # score of a grid that is not that of something else
_MOST = 8.0  # less than with what other gains are looked for
_HOPELESS = {2: 2.9, 3: 3.3, 4: 3.5, 5: 3.6, 6: 3.8, 8: 4.2}


def find_any_grid(
    channels: NDArray[np.int32],
    sample_rate: int,
    bits_per_sample: int,
    without: Sequence[int] = (),
) -> Grid | None:
    """Find the grid of granules, finely quantised ones too.

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

    Returns
    -------
    Grid or None
        None if there is no likely grid, or Layer III has no such channels or sampling rate.
    """
    table = table_of(sample_rate)
    if table is None or channels.shape[0] not in (1, 2):
        return None
    found = find_grid(channels, sample_rate, bits_per_sample, without)
    if found is None or found.score < _SURE_GRID:
        found = find_fine_grid(channels, table, sample_rate, bits_per_sample, without) or found
    return found


def find_fine_grid(
    channels: NDArray[np.int32],
    table: int,
    sample_rate: int,
    bits_per_sample: int,
    without: Sequence[int] = (),
) -> Grid | None:
    """Find the grid of granules whose values are near to the lines of loud bands.

    Parameters
    ----------
    channels : (C, n) int32
        Samples of each channel.
    table : int
        Table of bands.
    sample_rate : int
        In Hz.
    bits_per_sample : int
        Depth of the samples.
    without : sequence of int, optional
        Offsets of grids that it is not.

    Returns
    -------
    Grid or None
        None if there is no likely grid.
    """

    def scores(window: Floats) -> Floats:
        given = window.astype(np.float32)
        return np.asarray(lattice_scores(given, layout(table), lattice())[None])

    search = GridSearch(LATTICE_WINDOW, _LIKELY, _HOPELESS, True, scores)
    # where channels are coded apart, their sum is not near to values, and the other way round
    found = search.find(channels[:1], sample_rate, bits_per_sample, without)
    if found is None and len(channels) == 2:
        found = search.find(channels, sample_rate, bits_per_sample, without)
    # no value is near with a gain other than those of decoders, so it isn't worth to look for one
    return None if found is None else found._replace(score=min(found.score, _MOST))
