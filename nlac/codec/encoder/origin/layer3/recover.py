"""Recovery of granules from samples: stretches that a Layer III decoder wrote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.box import ROUNDED
from nlac.codec.encoder.origin.clipping import rails_of
from nlac.codec.encoder.origin.grids import Grid
from nlac.codec.encoder.origin.layer3.fine_grid import find_any_grid
from nlac.codec.encoder.origin.layer3.gain import find_level, search_level
from nlac.codec.encoder.origin.layer3.stretch import fit, joined, length_of, part_of
from nlac.codec.encoder.origin.recovered import Recovered
from nlac.codec.encoder.origin.search import Fitted, Level, Search
from nlac.predictors.origin.granules import Granules, table_of
from nlac.predictors.origin.lossy import LAYER3

_DOUBTFUL = 2.4  # excess of granules that may have been coded
_WRONG = 1000.0  # mean squared error, in variances of noise, with which no run begins or ends
_SURE_GRID = 9.0  # score of a grid on which gains are looked for
_SEARCH_SECONDS = 20  # for each of which one search of a gain is made, and one for what is left


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

    def __init__(
        self, channels: NDArray[np.int32], sample_rate: int, table: int, bits_per_sample: int
    ) -> None:
        super().__init__(channels, sample_rate, table, bits_per_sample)
        self._searches = 1 + channels.shape[1] // (_SEARCH_SECONDS * sample_rate)
        self._in_vain: set[int] = set()  # grids on which no gain was found

    def find_grid(self, begin: int, end: int, without: Sequence[int] = ()) -> Grid | None:
        return find_any_grid(self.channels[:, begin:end], self.rate, self.bits, without)

    def find_level(self, begin: int, end: int, grid: Grid) -> Level | None:
        given = self.channels[:, begin:end]
        level = find_level(given, grid, self.table, self.bits)
        place = (begin + grid.offset) % self._lines
        if level is None and grid.score >= _SURE_GRID and place not in self._in_vain:
            if self._searches > 0:
                self._searches -= 1
                level = search_level(given, grid, self.table, self.bits)
            if level is None:
                self._in_vain.add(place)
        return level

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
        rounded = level.variance * level.gain**2 < ROUNDED
        gain = level.gain if rounded else 0.0
        found = fit(samples, rails, seen, level.variance, self.table, gain)
        likely = found.below(_DOUBTFUL) & (found.errors < _WRONG)
        return Fitted(found.granules, found.clear, likely)

    def part(self, units: Granules, begin: int, end: int) -> Granules:
        return part_of(units, begin, end)

    def joined(self, parts: list[Granules]) -> Granules:
        return joined(parts)
