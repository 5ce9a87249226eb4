"""Slopes of windows at the edges of frames: which of four in each channel.

A slope is long or short, of sine or KBD shape. Frames whose slopes are both short hold eight
windows. Two long slopes of the usual shape are tried everywhere, others where these do not fit.
A shortest path chooses, since the right slope of a frame is the left one of the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.frame_fit import cost_of_windows, fit_long, forget
from nlac.codec.encoder.origin.aac.part_fit import Part
from nlac.codec.encoder.origin.aac.slopes.pairs import (
    PAIRS,
    UNTRIED,
    asked_for,
    densities_of,
    lines_of,
    sparsest,
)
from nlac.codec.encoder.origin.aac.tables import SHORT_SINE, SLOPES, Bank, Ladder, Layout
from nlac.codec.encoder.origin.aac.transforms import WORK
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.logarithm import mean_log
from nlac.codec.encoder.origin.step_costs import IMPOSSIBLE
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES

CLEAN = 1.35  # squared misfit of a right fit, in variances, is hardly ever more
_CHEAP = 1.3  # bits a line that a right fit may cost more than log2 of its lines
_TRIED = 6  # pairs of slopes for both channels, beside the usual one
_TRIED_APART = 4  # for each channel
_UNEQUAL = 10.0  # bits of channels with different slopes
# fits of other slopes that may be made at first, and for each frame, so that they are bounded where
# nothing fits; then one a frame is
_CREDIT, _INCOME = 120, 9


class Trial(NamedTuple):
    """Costs of the frames of a stretch by their pairs of slopes.

    Attributes
    ----------
    apart : (C, 16, F) float64
        Cost in bits of each channel alone.
    together : (16, F) float64
        Cost of both channels with the same slopes.
    density : (F,) float64
        Least mean of log2(abs(line) + 1/2) of any slopes.
    """

    apart: Floats
    together: Floats
    density: Floats


@kernel
def _cost(
    part: Part,
    samples: Floats,
    begin: int,
    first: int,
    channels: int,
    pair: int,
    lines: Floats,
    work: Floats,
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> float:
    """Return the cost of some channels of a frame for a pair of slopes."""
    left, right = pair // SLOPES, pair % SLOPES
    for c in range(first, first + channels):
        lines_of(samples[c], begin, left, right, lines[c], work, bank)
    if left >= SHORT_SINE and right >= SHORT_SINE:
        return cost_of_windows(part, lines, first, channels, layout, ladder)
    return fit_long(part, lines, first, channels, layout, ladder)


class _Trials(NamedTuple):
    """What trials of slopes read and write; see `try_slopes`."""

    samples: Floats
    part: Part
    trial: Trial
    lines: Floats
    work: Floats
    densities: Floats
    layout: Layout
    ladder: Ladder
    bank: Bank


@kernel
def _try_together(trials: _Trials, g: int, pair: int) -> float:
    """Try a pair of slopes for all channels of a frame; return the cost."""
    channels = trials.samples.shape[0]
    cost = _cost(
        trials.part, trials.samples, LINES * g, 0, channels, pair, trials.lines, trials.work,
        trials.layout, trials.ladder, trials.bank,
    )  # fmt: skip
    trials.trial.together[pair, g] = cost
    return cost


@kernel
def _try_apart(trials: _Trials, g: int, c: int, pair: int) -> None:
    """Try a pair of slopes for one channel of a frame."""
    forget(trials.part)
    trials.trial.apart[c, pair, g] = _cost(
        trials.part, trials.samples, LINES * g, c, 1, pair, trials.lines, trials.work,
        trials.layout, trials.ladder, trials.bank,
    )  # fmt: skip


@kernel
def _try_others(
    trials: _Trials, g: int, usual: int, cost: float, before: NDArray[np.int64], all_of_them: bool
) -> int:
    """Try other slopes than the usual ones for a frame that these do not fit; return the fits."""
    part, trial, densities = trials.part, trials.trial, trials.densities
    channels = trials.samples.shape[0]
    after, best = part.guesses.copy(), cost
    mixed = _all_densities(trials, g)
    trial.density[g] = min(trial.density[g], mixed.min())
    taken = np.zeros(PAIRS, np.bool_)
    taken[usual] = True
    fits = 0
    # the last of these is the sparsest of any
    for number in range(0 if all_of_them else _TRIED - 1, _TRIED):
        pair = sparsest(mixed, taken, number)
        if pair >= 0:
            fits += 1
            forget(part)
            part.guesses[:] = before
            cost = _try_together(trials, g, pair)
            if cost < best:
                after, best = part.guesses.copy(), cost
    if channels == 2 and all_of_them:
        for c in range(2):
            alone = np.zeros(PAIRS, np.bool_)
            alone[usual] = True
            for number in range(_TRIED_APART + 1):
                pair = usual
                if number < _TRIED_APART:
                    pair = sparsest(densities[c], alone, number)
                if pair >= 0:
                    fits += c  # one channel is half a fit
                    part.guesses[:] = before
                    _try_apart(trials, g, c, pair)
    forget(part)
    part.guesses[:] = after
    return fits


@kernel
def _all_densities(trials: _Trials, g: int) -> Floats:
    """Write the densities of a frame for each channel and pair; return their means."""
    densities = trials.densities
    channels = len(densities)
    for c in range(channels):
        densities_of(trials.samples[c], LINES * g, densities[c], trials.work, trials.bank)
    mixed = np.zeros(PAIRS)
    for pair in range(PAIRS):
        for c in range(channels):
            mixed[pair] += densities[c, pair] / channels
    return mixed


@kernel
def _try_beside(
    trials: _Trials, g: int, other: int, usual: int, guesses: NDArray[np.int64]
) -> None:
    """Try slopes that the best ones of a neighbour ask for, where none such were tried."""
    part, trial = trials.part, trials.trial
    right = other > g
    best = int(np.argmin(trial.together[:, other]))
    if best == usual and trial.apart[0, usual, other] == UNTRIED:
        return
    mixed = _all_densities(trials, g)
    pair = asked_for(trial.together[:, g], trial.together[:, other], right, mixed, usual % SLOPES)
    if pair >= 0:
        forget(part)
        part.guesses[:] = guesses
        _try_together(trials, g, pair)
    if len(trial.apart) < 2:
        return
    for c in range(2):
        pair = asked_for(
            trial.apart[c, :, g],
            trial.apart[c, :, other],
            right,
            trials.densities[c],
            usual % SLOPES,
        )
        if pair >= 0:
            for each in range(2):
                if trial.apart[each, usual, g] == UNTRIED:
                    part.guesses[:] = guesses
                    _try_apart(trials, g, each, usual)
            if trial.apart[c, pair, g] == UNTRIED:
                part.guesses[:] = guesses
                _try_apart(trials, g, c, pair)


@kernel
def try_slopes(
    samples: Floats,
    variances: Floats,
    shape: int,
    part: Part,
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> Trial:
    """Fit the frames of a stretch with the slopes that they may have.

    Parameters
    ----------
    samples : (C, 1024 * (F + 1)) float64
        Samples of one or two channels.
    variances : (F,) float64
        Variance of the noise of each frame.
    shape : int
        Usual shape of windows.
    part : Part
        Overwritten.
    layout, ladder, bank : Layout, Ladder, Bank
        Tables.
    """
    channels = samples.shape[0]
    count = len(variances)
    trial = Trial(
        np.full((channels, PAIRS, count), UNTRIED), np.full((PAIRS, count), UNTRIED),
        np.empty(count),
    )  # fmt: skip
    trials = _Trials(
        samples, part, trial, np.empty((2, LINES)), np.empty(WORK), np.empty((channels, PAIRS)),
        layout, ladder, bank,
    )  # fmt: skip
    usual = (SLOPES + 1) * shape
    guesses = np.empty((count, len(part.guesses)), np.int64)
    clean = np.zeros(count, np.bool_)
    credit = _CREDIT
    for g in range(count):
        credit = min(credit + _INCOME, _CREDIT)
        for c in range(2):
            part.variances[c, :] = variances[g]
        before = part.guesses.copy()
        for i in range(len(before)):
            guesses[g, i] = before[i]
        cost = _try_together(trials, g, usual)
        trial.density[g] = 0.0
        for c in range(channels):
            trial.density[g] += mean_log(trials.lines[c], 0, LINES, 1.0) / channels
        clean[g] = cost < (trial.density[g] + _CHEAP) * channels * LINES
        for c in range(channels):
            clean[g] &= part.misfits[c] < CLEAN * LINES
        if not clean[g]:
            credit -= _try_others(trials, g, usual, cost, before, credit > 0)
    for g in range(count):
        for c in range(2):
            part.variances[c, :] = variances[g]
        if g + 1 < count and not (clean[g] and clean[g + 1]):
            _try_beside(trials, g, g + 1, usual, guesses[g])
        if g > 0 and not (clean[g] and clean[g - 1]):
            _try_beside(trials, g, g - 1, usual, guesses[g])
    return trial


@kernel
def choose_slopes(trial: Trial) -> NDArray[np.int64]:
    """Choose the slopes at all edges of frames: (F + 1, C)."""
    channels, _, count = trial.apart.shape
    states = PAIRS if channels == 2 else SLOPES
    total = np.zeros(states)
    after = np.empty(states)
    origin = np.zeros((count, states), np.int8)
    for g in range(count):
        for state in range(states):
            after[state] = IMPOSSIBLE
            for previous in range(states):
                first = SLOPES * (previous & 3) + (state & 3)
                second = SLOPES * (previous >> 2) + (state >> 2)
                if channels == 1:
                    cost = trial.together[first, g]
                else:
                    cost = trial.apart[0, first, g] + trial.apart[1, second, g] + _UNEQUAL
                    if first == second:
                        cost = min(cost, trial.together[first, g])
                cost += total[previous]
                if cost < after[state]:
                    after[state] = cost
                    origin[g, state] = previous
        for state in range(states):
            total[state] = after[state]
    slopes = np.zeros((count + 1, channels), np.int64)
    at = int(np.argmin(total))
    for g in range(count, -1, -1):
        slopes[g, 0] = at & 3
        if channels == 2:
            slopes[g, 1] = at >> 2
        if g > 0:
            at = int(origin[g - 1, at])
    return slopes
