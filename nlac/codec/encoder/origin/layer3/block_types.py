"""Fits of all granules of a stretch: block types, and sum and difference of channels.

Long blocks are tried everywhere, other types only where the lines of a long block are not clearly
those of the encoder. A shortest path chooses among what was tried, since types follow rules: a
start block leads to short ones, and these end with a stop block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.band_search import fit_granule
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of
from nlac.codec.encoder.origin.layer3.tables import Bank, Ladder, Layout
from nlac.codec.encoder.origin.logarithm import mean_log
from nlac.codec.encoder.origin.step_costs import IMPOSSIBLE
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import (
    LINES,
    LONG,
    NO_STEP,
    SHORT,
    SHORT_BANDS,
    START,
    STOP,
    SUBBAND_LINES,
)

_CLEAN = 1.5  # squared misfit of a right fit, in variances, is hardly ever more
_SPARSER = 0.02  # by that much the lines of another type are clearly sparser
_HOPELESS = 0.6  # by that much denser, a type isn't tried
_HOPELESS_LOST = 1.5  # the same where a long block is surely wrong
_UNTRIED = 1e7
_BREACH = 3000.0  # bits of types that may not follow each other
_UNEQUAL = 20.0  # bits of channels with different types
_HALF = 0.7071067811865476


@kernel
def _mix(lines: Floats, channels: int) -> None:
    """Write sum and difference of the first two rows into the last two."""
    if channels == 2:
        for i in range(LINES):
            lines[2, i] = (lines[0, i] + lines[1, i]) * _HALF
            lines[3, i] = (lines[0, i] - lines[1, i]) * _HALF


@kernel
def _fit_type(
    lines: Floats,
    channels: int,
    kind: int,
    variances: Floats,
    best: float,
    costs: Floats,
    evidence: Floats,
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    layout: Layout,
    ladder: Ladder,
) -> tuple[float, float]:
    """Fit channels, then sum and difference; return the least cost and its misfit."""
    slack = 120.0
    limit = min(best, _UNTRIED) + slack
    total = 0.0
    worst = 0.0
    for signal in range(channels):
        cost, misfit, evidence[signal] = fit_granule(
            lines[signal], kind, variances[signal], limit - total, steps[signal], values[signal],
            layout, ladder,
        )  # fmt: skip
        costs[signal] = min(cost, _UNTRIED)
        total += costs[signal]
        worst = max(worst, misfit)
    if channels == 2:
        # channels of different types may still want the other channel alone
        limit = min(limit, total + slack)
        mixed = 0.0
        other = 0.0
        mean = 0.5 * (variances[0] + variances[1])
        for signal in range(2, 4):
            cost, misfit, evidence[signal] = fit_granule(
                lines[signal], kind, mean, limit - mixed, steps[signal], values[signal],
                layout, ladder,
            )  # fmt: skip
            costs[signal] = min(cost, _UNTRIED)
            mixed += costs[signal]
            other = max(other, misfit)
            if cost >= IMPOSSIBLE:
                costs[2] = costs[3] = mixed = _UNTRIED
                break
        if mixed < total:
            total = mixed
            worst = other
    return total, worst


class Fits(NamedTuple):
    """Fits of G granules of C channels for all block types that they may have.

    Attributes
    ----------
    costs : (S, 4, G) float64
        Cost in bits of the channels, and of their sum and difference (S is 1 or 4), by block type.
    evidence : (S, 4, G) float64
        Bits by which their lines are nearer to the values than lines of any other origin would be.
    steps : (S, 4, G, 39) int8
        Exponents.
    values : (S, 4, G, 576) int16
        Values.
    density : (G, 4) float64
        Mean of log2(abs(line) / unit + 1/2) by block type; noise has a variance of unit**2 / 12.
    """

    costs: Floats
    evidence: Floats
    steps: NDArray[np.int8]
    values: NDArray[np.int16]
    density: Floats


def new_fits(channels: int, count: int) -> Fits:
    """Return what `fit_stretch` writes to, untried."""
    signals = 4 if channels == 2 else 1
    return Fits(
        np.full((signals, 4, count), _UNTRIED),
        np.zeros((signals, 4, count)),
        np.full((signals, 4, count, SHORT_BANDS), NO_STEP, np.int8),
        np.zeros((signals, 4, count, LINES), np.int16),
        np.zeros((count, 4)),
    )


@kernel
def fit_stretch(
    slots: Floats,
    variances: Floats,
    units: Floats,
    todo: NDArray[np.bool_],
    fits: Fits,
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> None:
    """Fit granules of a stretch.

    Parameters
    ----------
    slots : (C, 18 * (G + 1), 32) float64
        Slots of one or two channels.
    variances : (G, C, 32) float64
        Variance of the noise of the lines of each subband of each granule.
    units : (G,) float64
        Unit of the density of each (see `Fits`).
    todo : (G,) bool
        Granules that are fitted.
    fits : Fits
        Overwritten at these.
    layout, ladder, bank : Layout, Ladder, Bank
        Tables.
    """
    channels = slots.shape[0]
    count = len(units)
    signals = 4 if channels == 2 else 1
    costs, steps, values, density = fits.costs, fits.steps, fits.values, fits.density
    lines = np.empty((signals, LINES))
    need = np.zeros(count, np.bool_)
    lost = np.zeros(count, np.bool_)
    best = np.empty(count)
    fitted = np.empty(signals)
    told = np.zeros(signals)
    kept = np.empty((signals, SHORT_BANDS), np.int8)
    found = np.empty((signals, LINES), np.int16)
    for pas in range(2):
        for g in range(count):
            if not todo[g]:
                continue
            if pas == 1 and not (need[g] or (g > 0 and need[g - 1]) or need[min(g + 1, count - 1)]):
                continue
            begin = SUBBAND_LINES * g
            unit = units[g]
            if pas == 0:
                costs[:, :, g] = _UNTRIED
            for kind in range(4):
                worst = _HOPELESS_LOST if lost[g] else _HOPELESS
                if pas == 1 and (kind == LONG or density[g, kind] > density[g].min() + worst):
                    continue
                for channel in range(channels):
                    lines_of(slots[channel, begin : begin + 36], kind, lines[channel], bank)
                if pas == 0:
                    density[g, kind] = 0.0
                    for channel in range(channels):
                        density[g, kind] += mean_log(lines[channel], 0, LINES, unit) / channels
                    if kind != LONG:
                        continue
                _mix(lines, channels)
                for signal in range(signals):
                    for band in range(SHORT_BANDS):
                        kept[signal, band] = NO_STEP
                        if kind == LONG and g > 0:
                            kept[signal, band] = steps[signal, LONG, g - 1, band]
                limit = IMPOSSIBLE if pas == 0 else best[g]
                told[:] = -IMPOSSIBLE
                total, misfit = _fit_type(
                    lines, channels, kind, variances[g], limit, fitted, told, kept, found,
                    layout, ladder,
                )  # fmt: skip
                for signal in range(signals):
                    costs[signal, kind, g] = fitted[signal]
                    if fitted[signal] < _UNTRIED:
                        fits.evidence[signal, kind, g] = told[signal]
                        steps[signal, kind, g] = kept[signal]
                        values[signal, kind, g] = found[signal]
                if pas == 0:
                    best[g] = total
                    need[g] = misfit > _CLEAN
                    # by chance, lines are as near to values as these
                    near = told[0] if channels == 1 else max(told[0] + told[1], told[2] + told[3])
                    lost[g] = near < 0.0
                else:
                    best[g] = min(best[g], total)
            if pas == 0:
                need[g] = need[g] or density[g, LONG] > density[g].min() + _SPARSER


@kernel
def _may_follow(before: int, after: int) -> bool:
    if before in (LONG, STOP):
        return after in (LONG, START)
    return after == SHORT or (after == STOP and before == SHORT)


@kernel
def choose_types(costs: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Choose the block types of all granules, and where sum and difference are coded.

    Parameters
    ----------
    costs : (S, 4, G) float64
        As of `fit_stretch`.

    Returns
    -------
    types : (G, C) uint8
        Block types.
    mid_side : (G,) uint8
        1 where sum and difference are coded.
    """
    signals, _, count = costs.shape
    channels = 2 if signals == 4 else 1
    states = 16 if channels == 2 else 4
    total = np.zeros(states)
    after = np.empty(states)
    origin = np.zeros((count, states), np.int8)
    mixed = np.zeros((count, states), np.uint8)
    for g in range(count):
        for state in range(states):
            first, second = state & 3, state >> 2
            least = IMPOSSIBLE
            for previous in range(states):
                cost = total[previous]
                if not _may_follow(previous & 3, first) or (
                    channels == 2 and not _may_follow(previous >> 2, second)
                ):
                    cost += _BREACH
                if cost < least:
                    least = cost
                    origin[g, state] = previous
            own = costs[0, first, g]
            if channels == 2:
                own += costs[1, second, g]
                if first != second:
                    own += _UNEQUAL
                else:
                    other = costs[2, first, g] + costs[3, first, g]
                    if other < own:
                        own = other
                        mixed[g, state] = 1
            after[state] = least + own
        for state in range(states):
            total[state] = after[state]
    types = np.zeros((count, channels), np.uint8)
    mid_side = np.zeros(count, np.uint8)
    at = int(np.argmin(total))
    for g in range(count - 1, -1, -1):
        types[g, 0] = at & 3
        if channels == 2:
            types[g, 1] = at >> 2
        mid_side[g] = mixed[g, at]
        at = int(origin[g, at])
    return types, mid_side
