"""Fits of granules to slots, and the samples that granules give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.block_types import Fits, choose_types, fit_stretch
from nlac.codec.encoder.origin.layer3.synthesis import synthesise
from nlac.codec.encoder.origin.layer3.tables import bank, ladder, layout
from nlac.predictors.origin.granules import LINES, SUBBANDS, Granules

PASSES = 1  # of the analysis, after the first


def fit_slots(
    slots: Floats,
    variances: Floats,
    todo: NDArray[np.bool_],
    fits: Fits,
    table: int,
    noise: Floats | None = None,
) -> tuple[Granules, Floats, Floats]:
    """Fit some granules to slots.

    Parameters
    ----------
    slots : (C, 18 * (G + 1), 32) float64
        Slots of one or two channels.
    variances : (G,) float64
        Typical variance of the noise of the lines of each granule.
    todo : (G,) bool
        Granules that are fitted.
    fits : Fits
        What was fitted before; changed.
    table : int
        Table of bands.
    noise : (G, C, 32) float64, optional
        The variances of each subband, where they differ.

    Returns
    -------
    granules : Granules
        All.
    excess, evidence : (G,) float64
        See `stretch.Fit`.
    """
    if noise is None:
        shape = (len(variances), len(slots), SUBBANDS)
        noise = np.ascontiguousarray(np.broadcast_to(variances[:, None, None], shape))
    # of rounding, the unit is 1
    units = np.sqrt(12.0 * variances)
    fit_stretch(slots, noise, units, todo, fits, layout(table), ladder(), bank())
    types, mid_side = choose_types(fits.costs)
    count, channels = types.shape
    rows = np.arange(count)[:, None]
    signals = np.arange(channels) + 2 * mid_side[:, None].astype(np.int64)
    cost = fits.costs[signals, types, rows].sum(axis=1) / (channels * LINES)
    granules = Granules(
        mid_side, types, fits.steps[signals, types, rows], fits.values[signals, types, rows]
    )
    evidence = fits.evidence[signals, types, rows].sum(axis=1) / (channels * LINES)
    return granules, cost - fits.density.min(axis=1), evidence


def choice(first: NDArray[np.bool_], one: Granules, other: Granules) -> Granules:
    """Return some granules of one kind, the others of another."""
    return Granules(
        np.where(first, one.mid_side, other.mid_side),
        np.where(first[:, None], one.types, other.types),
        np.where(first[:, None, None], one.steps, other.steps),
        np.where(first[:, None, None], one.values, other.values),
    )


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
