"""Granules of a stretch of samples on a known grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.clipping import replaced, unclipped
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.block_types import Fits, choose_types, fit_stretch, new_fits
from nlac.codec.encoder.origin.layer3.clipping import (
    cut_of,
    edge_of,
    errors_of,
    granules_of,
    noise_above,
)
from nlac.codec.encoder.origin.layer3.filter_bank import analyse_slots
from nlac.codec.encoder.origin.layer3.rounding.refinement import refine
from nlac.codec.encoder.origin.layer3.synthesis import synthesise
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, bank, ladder, layout
from nlac.predictors.origin.granules import LINES, NO_STEP, Granules

_PASSES = 1
# excess of what was surely coded: what was never coded has 2.6 and more, decoded granules at most
# 1.5 unless they are nearly lossless
_CODED = 1.8
# evidence in bits a line: what was never coded and wrong grids have -0.2 and less, and 0 where all
# is zero; decoded granules 0.4 and more, unless their steps are below those of the samples
_EVIDENT = 0.1
_AGAINST = -0.2  # evidence below which a granule looks as if it was never coded
_LEAST_SHARE = 0.05  # of granules that do not, where any were coded
_LOST = 5.0  # excess of a granule that isn't worth its values, among coded ones either
_ROUNDS = 20  # of refinement for each granule on average, at most
_DEARER = 1.5  # bits of values when granules are fitted again
_TRIES = 3  # with clipped samples replaced by what the fit before gives
_RIGHT = 1.4  # mean squared error, in variances, below which a fit isn't tried again
_TENTHS = (4, 6, 8)  # of the lines that are ever in use, that may be all that are
_CALM = 3.0  # variance of what may be noise above them


class Fit(NamedTuple):
    """Granules that were fitted.

    Attributes
    ----------
    granules : Granules
        Granules of the stretch; zeros where the fit failed.
    excess : (G,) float64
        Bits a line that the values cost more than the mean log2 of the lines.
    evidence : (G,) float64
        Bits a line by which the lines are nearer to the values than they would be by chance.
    errors : (G,) float64
        Mean squared error of the 576 samples that begin with each granule, in variances of noise;
        infinite where none of them is known.
    """

    granules: Granules
    excess: Floats
    evidence: Floats
    errors: Floats

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Where an encoder surely made the granule."""
        return self.below(_CODED)

    def below(self, excess: float) -> NDArray[np.bool_]:
        """Return where there is less excess, or evidence."""
        return np.asarray((self.excess < excess) | (self.evidence > _EVIDENT))


def length_of(count: int) -> int:
    """Return the number of samples that some granules reach."""
    return LINES * (count - 1) + SUPPORT


def fit(
    samples: Floats,
    rails: NDArray[np.int8],
    seen: tuple[int, int],
    variance: float,
    table: int,
    gain: float = 0.0,
) -> Fit:
    """Fit granules to samples.

    Parameters
    ----------
    samples : (C, 576 (G - 1) + 1632) float64
        Samples, divided by the gain. The first is the first that granule 0 reaches.
    rails : (C, 576 (G - 1) + 1632) int8
        1 and -1 where a sample may have been clipped from above and from below.
    seen : tuple of int
        First sample that is known, and the first after it that is not; others are 0.
    variance : float
        Variance of the noise of the samples.
    table : int
        Table of bands.
    gain : float, default 0.0
        Gain of samples that were only rounded, to refine values by that; else 0.

    Returns
    -------
    Fit
    """
    count = (samples.shape[1] - SUPPORT) // LINES + 1
    touched = granules_of(rails)
    slots = analyse_slots(samples, _PASSES, bank())
    fits = new_fits(len(samples), count)
    best, excess, evidence = fit_slots(slots, np.full(count, variance), ~touched, fits, table)
    if np.mean((evidence > _AGAINST) | touched) < _LEAST_SHARE:
        # values cost little where a channel is nearly silent, coded or not
        clear(best, np.ones(count, np.bool_))
        return Fit(best, np.full(count, np.inf), evidence, np.full(count, np.inf))
    if touched.any():
        cut = cut_of(slots, touched, variance, bank())
        filling = _Filling(cut, variance, table, fits)
        best, excess, evidence = filling.fit(samples, rails, touched)
    given = samples_of(best, table)
    errors = errors_of(samples, rails, given, *seen)
    for number in range(_TRIES):
        todo = touched & (_reached(errors) > _RIGHT * variance)
        if not todo.any():
            break
        known = _covered((evidence > _EVIDENT) & ~todo, samples.shape[1])
        # at first only what is sure is replaced, then anything
        known |= number > 0
        tried, spent, told = filling.fit(
            np.where(known, replaced(samples, rails, given), samples),
            np.where(known, 0, rails).astype(np.int8), todo,
        )  # fmt: skip
        given = samples_of(tried, table)
        found = errors_of(samples, rails, given, *seen)
        better = _reached(found) < _reached(errors)
        best = _choice(better, tried, best)
        excess = np.where(better, spent, excess)
        evidence = np.where(better, told, evidence)
        errors = np.minimum(found, errors)
    clear(best, (excess > _LOST) & (evidence < _EVIDENT))
    if gain > 0.0:
        # where samples are not known, nothing is beyond
        rest = np.zeros_like(samples)
        part = slice(max(seen[0], 0), max(seen[1], 0))
        rest[:, part] = (samples[:, part] - samples_of(best, table)[:, part]) * gain
        steps = ladder()
        dear = steps._replace(bits=steps.bits * _DEARER)
        refine(rest, rails, gain, *best, _ROUNDS * count, layout(table), steps, dear, bank())
    errors = errors_of(samples, rails, samples_of(best, table), *seen)
    errors = errors[:count] / variance
    begins = LINES * np.arange(count)
    errors[(begins + LINES <= seen[0]) | (begins >= seen[1])] = np.inf
    return Fit(best, excess, evidence, errors)


class _Filling:
    """Fits granules to samples whose clipped ones are first moved beyond the rails.

    How far is told by the lines above the highest one in use. That differs: the lowest one is taken
    that leaves nothing but noise above it, since the fewer lines are in use, the more tells.
    """

    def __init__(self, cut: int, variance: float, table: int, fits: Fits) -> None:
        self._cuts = [*(cut * tenths // 10 for tenths in _TENTHS), cut]
        self._variance = variance
        self._table = table
        self._fits = fits

    def fit(
        self, samples: Floats, rails: NDArray[np.int8], todo: NDArray[np.bool_]
    ) -> tuple[Granules, Floats, Floats]:
        """Fit some granules; return what `fit_slots` does."""
        left = todo.copy()
        for cut in self._cuts if rails.any() else self._cuts[-1:]:
            slots = analyse_slots(unclipped(samples, rails, edge_of(cut)), _PASSES, bank())
            variances = noise_above(slots, left, cut, self._variance, bank())
            calm = left & (variances < _CALM * self._variance)
            now = left if cut == self._cuts[-1] else calm
            result = fit_slots(slots, variances, now, self._fits, self._table)
            left = left & ~now
            if not left.any():
                break
        return result


def _covered(granules: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Return which samples only certain granules reach."""
    count = (length - 1) // LINES + 1
    known = np.ones(count + 2, np.bool_)
    for late in range(3):
        known[late : late + len(granules)] &= granules
    return np.repeat(known[:count], LINES)[:length]


def fit_slots(
    slots: Floats, variances: Floats, todo: NDArray[np.bool_], fits: Fits, table: int
) -> tuple[Granules, Floats, Floats]:
    """Fit some granules; return all, excess and evidence of each (see `Fit`)."""
    fit_stretch(slots, variances, todo, fits, layout(table), ladder(), bank())
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


def _reached(errors: Floats) -> Floats:
    """Return the mean over all samples that a granule reaches."""
    return (errors[:-2] + errors[1:-1] + errors[2:]) / 3


def _choice(first: NDArray[np.bool_], one: Granules, other: Granules) -> Granules:
    return Granules(
        np.where(first, one.mid_side, other.mid_side),
        np.where(first[:, None], one.types, other.types),
        np.where(first[:, None, None], one.steps, other.steps),
        np.where(first[:, None, None], one.values, other.values),
    )


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
