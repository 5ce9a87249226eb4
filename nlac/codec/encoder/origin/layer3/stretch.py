"""Granules of a stretch of samples on a known grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.block_types import new_fits
from nlac.codec.encoder.origin.layer3.clipped.fit import fit_clipped
from nlac.codec.encoder.origin.layer3.clipped.reach import cut_of, errors_of, granules_of
from nlac.codec.encoder.origin.layer3.filter_bank import analyse_slots
from nlac.codec.encoder.origin.layer3.granule_fit import PASSES, fit_slots, samples_of
from nlac.codec.encoder.origin.layer3.rounding.refinement import refine
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, bank, ladder, layout
from nlac.predictors.origin.granules import LINES, NO_STEP, Granules

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
    fits = new_fits(len(samples), count)
    slots = analyse_slots(samples, PASSES, bank())
    found = fit_slots(slots, np.full(count, variance), ~touched, fits, table)
    if np.mean((found[2] > _AGAINST) | touched) < _LEAST_SHARE:
        # values cost little where a channel is nearly silent, coded or not
        clear(found[0], np.ones(count, np.bool_))
        return Fit(found[0], np.full(count, np.inf), found[2], np.full(count, np.inf))
    if touched.any():
        cut = cut_of(slots, touched, variance, bank())
        found = fit_clipped(samples, rails, seen, variance, cut, touched, fits, table)
    best, excess, evidence = found
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
    # a silent channel costs as little in what was never coded, and hides that the other one was not
    used = np.count_nonzero(np.any(best.values, axis=2), axis=1)
    excess[(evidence < _AGAINST) & (used == 1) & (len(samples) == 2)] = np.inf
    return Fit(best, excess, evidence, errors)


def clear(granules: Granules, failed: NDArray[np.bool_]) -> None:
    """Make some granules zeros in long blocks, in place."""
    granules.mid_side[failed] = 0
    granules.types[failed] = 0
    granules.steps[failed] = NO_STEP
    granules.values[failed] = 0


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
