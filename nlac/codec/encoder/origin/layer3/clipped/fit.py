"""Fits of granules that reach clipped samples.

What was beyond the rails is estimated from where lines are expected, and then granules are fitted,
with the noise that the estimate leaves; what surely fits tells where lines are expected then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.block_types import Fits
from nlac.codec.encoder.origin.layer3.clipped.excess import solve_excess
from nlac.codec.encoder.origin.layer3.clipped.expectation import expect_power, expect_values
from nlac.codec.encoder.origin.layer3.clipped.reach import errors_of
from nlac.codec.encoder.origin.layer3.filter_bank import analyse_slots, lines_of
from nlac.codec.encoder.origin.layer3.granule_fit import PASSES, choice, fit_slots, samples_of
from nlac.codec.encoder.origin.layer3.tables import Bank, bank, ladder, layout
from nlac.codec.encoder.origin.logarithm import log2
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, SUBBAND_LINES, SUBBANDS, Granules

_ROUNDS = 8  # of estimates and fits
_FIRST, _FURTHER = 4, 2  # estimates in the first one, and in others
_CREDIT = 2_500  # of work for each granule of a stretch, after which rounds end
_PRICE = 1_000  # work of a fit
_PATIENCE = 2  # rounds without success, after which a granule is left as it is
_PROGRESS = 0.8  # of the error before, that is a success
_RIGHT = 1.4  # mean squared error, in variances, below which a fit isn't tried again
_BEYOND = 1  # lines after the last one in use that may hold something


@kernel
def _lines(slots: Floats, kinds: NDArray[np.uint8], lines: Floats, bank: Bank) -> None:
    """Write the lines (C, G, 576) of all granules."""
    for c in range(len(slots)):
        for g in range(len(kinds)):
            at = SUBBAND_LINES * g
            lines_of(slots[c, at : at + 36], kinds[g, c], lines[c, g], bank)


@kernel
def _typical(noise: Floats) -> Floats:
    """Return the geometric mean of the variances (G, C, 32) of each granule."""
    count, channels, subbands = noise.shape
    typical = np.empty(count)
    for g in range(count):
        total = 0.0
        for c in range(channels):
            for band in range(subbands):
                total += log2(noise[g, c, band])
        total /= channels * subbands
        whole = np.floor(total)
        # 2 ** x is 1 + x and a little less between 0 and 1
        part = total - whole
        power = 1.0 + part * (0.6565 + 0.3435 * part)
        while whole > 0.0:
            power *= 2.0
            whole -= 1.0
        while whole < 0.0:
            power *= 0.5
            whole += 1.0
        typical[g] = power
    return typical


def fit_clipped(
    samples: Floats,
    rails: NDArray[np.int8],
    seen: tuple[int, int],
    variance: float,
    cut: int,
    touched: NDArray[np.bool_],
    fits: Fits,
    table: int,
) -> tuple[Granules, Floats, Floats]:
    """Fit granules that reach clipped samples; return what `fit_slots` does.

    Parameters
    ----------
    samples, rails, seen, variance, table
        See `stretch.fit`.
    cut : int
        Line from which on an encoder left out all.
    touched : (G,) bool
        The granules.
    fits : Fits
        Fits of the others; changed.
    """
    count, channels = len(touched), len(samples)
    guess, beyond = samples.copy(), np.zeros_like(samples)
    lines = np.empty((channels, count, LINES))
    targets, spreads = np.empty_like(lines), np.empty_like(lines)
    kinds = np.zeros((count, channels), np.uint8)
    noise = np.full((count, channels, SUBBANDS), variance)
    todo = touched.copy()
    waited = np.zeros(count, np.int64)
    tables = layout(table), ladder()
    best = last = None
    credit = _CREDIT * count
    for number in range(_ROUNDS):
        blocks = np.zeros(count + 2, np.bool_)
        for late in range(3):
            blocks[late : late + count] |= todo
        before = noise
        estimates = _FURTHER if number else _FIRST
        for estimate in range(estimates):
            # only at first what granules may use there is less than what clipping put there
            empty = LINES if number + estimate else cut + _BEYOND
            _lines(analyse_slots(guess, PASSES, bank()), kinds, lines, bank())
            for c in range(channels):
                expect_power(lines[c], empty, variance, targets[c], spreads[c])
            if last is not None:
                expect_values(
                    lines, before, *last, variance, targets, spreads, *tables
                )  # fmt: skip
            noise = np.full((count, channels, SUBBANDS), variance)
            for c in range(channels):
                left = np.zeros((count, SUBBANDS))
                credit -= solve_excess(
                    guess[c], rails[c], blocks, lines[c], np.ascontiguousarray(kinds[:, c]),
                    targets[c], spreads[c], left, beyond[c],
                    estimate == estimates - 1, bank(),
                )  # fmt: skip
                noise[:, c] += left
        slots = analyse_slots(guess, PASSES, bank())
        credit -= _PRICE * int(np.count_nonzero(todo))
        tried, spent, told = fit_slots(slots, _typical(noise), todo, fits, table, noise)
        found = errors_of(samples, rails, samples_of(tried, table), *seen)
        last, kinds = tried, tried.types
        if best is None:
            best, excess, evidence, errors = tried, spent, told, found
        else:
            before_that = _reached(errors)
            better = _reached(found) < before_that
            best = choice(better, tried, best)
            excess, evidence = np.where(better, spent, excess), np.where(better, told, evidence)
            errors = errors_of(samples, rails, samples_of(best, table), *seen)
            waited = np.where(_reached(errors) < _PROGRESS * before_that, 0, waited + 1)
        todo = touched & (_reached(errors) > _RIGHT * variance) & (waited < _PATIENCE)
        if credit < 0 or not todo.any():
            break
    assert best is not None
    return best, excess, evidence


def _reached(errors: Floats) -> Floats:
    """Return the mean over all samples that a granule reaches."""
    return (errors[:-2] + errors[1:-1] + errors[2:]) / 3
