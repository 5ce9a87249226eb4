"""Granules of a stretch of samples on a known grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.block_types import choose_types, fit_stretch
from nlac.codec.encoder.origin.filter_bank import analyse_slots
from nlac.codec.encoder.origin.synthesis import synthesise
from nlac.codec.encoder.origin.tables import SUPPORT, Floats, bank, ladder, layout
from nlac.predictors.origin.granules import LINES, NO_STEP, Granules

_PASSES = 1
# bits a line that the values of a coded granule may cost more than log2 of its lines: what was
# never coded needs 2.6 and more, decoded granules at most 1.5 unless they were nearly lossless
_CODED = 1.8


class Fit(NamedTuple):
    """Granules that were fitted.

    Attributes
    ----------
    granules : Granules
        Granules of the stretch; zeros where the fit failed.
    coded : (G,) bool
        Where a Layer III encoder may well have made it: the values cost far less than what the
        samples hold.
    """

    granules: Granules
    coded: NDArray[np.bool_]


def length_of(count: int) -> int:
    """Return the number of samples that some granules reach."""
    return LINES * (count - 1) + SUPPORT


def fit(samples: Floats, variances: Floats, table: int) -> Fit:
    """Fit granules to samples.

    Parameters
    ----------
    samples : (C, 576 (G - 1) + 1632) float64
        Samples, divided by the gain. The first is the first that granule 0 reaches.
    variances : (G,) float64
        Variance of the noise on the samples that each granule reaches.
    table : int
        Table of bands.

    Returns
    -------
    Fit
    """
    slots = analyse_slots(samples, _PASSES, bank())
    costs, steps, values, density = fit_stretch(slots, variances, layout(table), ladder(), bank())
    types, mid_side = choose_types(costs)
    count, channels = types.shape
    rows = np.arange(count)[:, None]
    signals = np.arange(channels) + 2 * mid_side[:, None].astype(np.int64)
    total = costs[signals, types, rows].sum(axis=1) / (channels * LINES)
    coded = total - density.min(axis=1) < _CODED
    granules = Granules(mid_side, types, steps[signals, types, rows], values[signals, types, rows])
    clear(granules, ~coded)
    return Fit(granules, coded)


def clear(granules: Granules, failed: NDArray[np.bool_]) -> None:
    """Make some granules zeros in long blocks, in place."""
    granules.mid_side[failed] = 0
    granules.types[failed] = 0
    granules.steps[failed] = NO_STEP
    granules.values[failed] = 0


def samples_of(granules: Granules, table: int) -> Floats:
    """Return the samples that granules give, shape (C, 576 (G - 1) + 1632), before the gain."""
    return synthesise(
        granules.mid_side,
        granules.types,
        granules.steps,
        granules.values,
        layout(table),
        ladder(),
        bank(),
    )


def part_of(granules: Granules, begin: int, end: int) -> Granules:
    """Return the granules from one to before another."""
    return Granules(
        granules.mid_side[begin:end],
        granules.types[begin:end],
        granules.steps[begin:end],
        granules.values[begin:end],
    )


def joined(parts: list[Granules]) -> Granules:
    """Return granules that follow each other as one."""
    return Granules(
        np.concatenate([part.mid_side for part in parts]),
        np.concatenate([part.types for part in parts]),
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.values for part in parts]),
    )
