"""Recovery of frames from samples: stretches that an AAC-LC decoder wrote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.clipped_fit import fit
from nlac.codec.encoder.origin.aac.gain import find_level
from nlac.codec.encoder.origin.aac.grid import find_grid
from nlac.codec.encoder.origin.aac.refinement.refit import refine
from nlac.codec.encoder.origin.box import ROUNDED
from nlac.codec.encoder.origin.clipping import rails_of
from nlac.codec.encoder.origin.grids import Grid
from nlac.codec.encoder.origin.recovered import Recovered
from nlac.codec.encoder.origin.search import Fitted, Level, Search
from nlac.predictors.origin.aac.frames import LINES, Frames, table_of
from nlac.predictors.origin.lossy import AAC


def recover(
    channels: NDArray[np.int32],
    sample_rate: int,
    bits_per_sample: int = 16,
    grid: Grid | None = None,
) -> list[Recovered]:
    """Find the frames that samples were decoded from.

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
        In order, without overlaps. Where no frame fits, the nearest that are worth their bits. None
        where the samples were not decoded from AAC-LC, as far as can be told.
    """
    table = table_of(sample_rate)
    if table is None or channels.shape[0] not in (1, 2):
        return []
    return _FrameSearch(channels, sample_rate, table, bits_per_sample).sections(grid)


class _FrameSearch(Search[Frames]):
    lossy = AAC
    piece, around, gap = 128, 3, 16
    # a sample hears its own frame and the one before
    late, least_clear, least_units = 1, 1, 6

    def find_grid(self, begin: int, end: int, without: Sequence[int] = ()) -> Grid | None:
        return find_grid(self.channels[:, begin:end], self.rate, self.bits, without)

    def find_level(self, begin: int, end: int, grid: Grid) -> Level | None:
        scale = 2.0 ** (self.bits - 16)
        return find_level(self.channels[:, begin:end], grid, self.table, scale)

    def fit(
        self, start: int, count: int, bounds: tuple[int, int], grid: Grid, level: Level
    ) -> Fitted[Frames]:
        samples = np.zeros((len(self.channels), LINES * (count + 1)))
        rails = np.zeros(samples.shape, np.int8)
        low, high = max(start, bounds[0]), min(start + samples.shape[1], bounds[1])
        if high > low:
            given = self.channels[:, low:high]
            samples[:, low - start : high - start] = given / level.gain
            rails[:, low - start : high - start] = rails_of(given, self.bits)
        found = fit(samples, rails, level.variance, grid.shape, self.table)
        if level.variance * level.gain**2 < ROUNDED:
            seen = (low - start, high - start)
            refine(found, samples, rails, seen, level.gain, self.table)
        return Fitted(found.frames, found.coded, found.coded)

    def part(self, units: Frames, begin: int, end: int) -> Frames:
        return units.part(begin, end)

    def joined(self, parts: list[Frames]) -> Frames:
        whole = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Frames._fields
            if name != "first_shapes"
        }
        return parts[0]._replace(**whole)
