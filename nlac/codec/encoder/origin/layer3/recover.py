"""Recovery of granules from samples: stretches that a Layer III decoder wrote."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.clipping import rails_of
from nlac.codec.encoder.origin.grids import Grid
from nlac.codec.encoder.origin.layer3.fine_grid import find_any_grid
from nlac.codec.encoder.origin.layer3.gain import find_level
from nlac.codec.encoder.origin.layer3.stretch import fit, joined, length_of, part_of
from nlac.codec.encoder.origin.recovered import Recovered
from nlac.codec.encoder.origin.search import Fitted, Level, Search
from nlac.predictors.origin.granules import Granules, table_of
from nlac.predictors.origin.lossy import LAYER3

_DOUBTFUL = 2.4  # excess of granules that may have been coded
_WRONG = 1000.0  # mean squared error, in variances of noise, with which no run begins or ends
_ROUNDED = 0.15  # variance of noise in squared steps of samples that is little but rounding


def recover(
    channels: NDArray[np.int32],
    sample_rate: int,
    bits_per_sample: int = 16,
    grid: Grid | None = None,
) -> list[Recovered]:
    """Find the granules that samples were decoded from.

    Parameters
    ----------
    channels : (C, n) int32
        Samples of each channel.
    sample_rate : int
        In Hz.
    bits_per_sample : int, default 16
        Depth of the samples.
    grid : Grid, optional
        What `find_grid` found in all of the samples.

    Returns
    -------
    list of Recovered
        In order, without overlaps; zeros where the fit of a granule failed. None where the samples
        were not decoded from Layer III, as far as can be told.
    """
    table = table_of(sample_rate)
    if table is None or channels.shape[0] not in (1, 2):
        return []
    return _GranuleSearch(channels, sample_rate, table, bits_per_sample).sections(grid)


class _GranuleSearch(Search[Granules]):
    lossy = LAYER3
    piece, around, gap = 256, 6, 24
    late, least_clear, least_units = 0, 8, 0

    def find_grid(self, begin: int, end: int) -> Grid | None:
        return find_any_grid(self.channels[:, begin:end], self.rate, self.bits)

    def find_level(self, begin: int, end: int, grid: Grid) -> Level | None:
        return find_level(self.channels[:, begin:end], grid, self.table, self.bits)

    def fit(
        self, start: int, count: int, bounds: tuple[int, int], grid: Grid, level: Level
    ) -> Fitted[Granules]:
        samples = np.zeros((len(self.channels), length_of(count)))
        rails = np.zeros(samples.shape, np.int8)
        low, high = max(start, bounds[0]), min(start + samples.shape[1], bounds[1])
        if high > low:
            given = self.channels[:, low:high]
            samples[:, low - start : high - start] = given / level.gain
            rails[:, low - start : high - start] = rails_of(given, self.bits)
        seen = (low - start, high - start)
        rounded = level.variance * level.gain**2 < _ROUNDED
        gain = level.gain if rounded else 0.0
        found = fit(samples, rails, seen, level.variance, self.table, gain)
        likely = found.below(_DOUBTFUL) & (found.errors < _WRONG)
        return Fitted(found.granules, found.clear, likely)

    def part(self, units: Granules, begin: int, end: int) -> Granules:
        return part_of(units, begin, end)

    def joined(self, parts: list[Granules]) -> Granules:
        return joined(parts)
