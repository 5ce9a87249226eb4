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
from nlac.codec.encoder.origin.aac.tables import SHORT_SINE, SLOPES, Bank, Ladder, Layout
from nlac.codec.encoder.origin.aac.transforms import (
    WORK,
    cosines,
    fold_left,
    fold_right,
    long_lines,
    short_lines,
)
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.logarithm import mean_log
from nlac.codec.encoder.origin.step_costs import IMPOSSIBLE
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES

CLEAN = 1.35  # squared misfit of a right fit, in variances, is hardly ever more
_CHEAP = 1.3  # bits a line that a right fit may cost more than log2 of its lines
_TRIED = 4  # pairs of slopes for both channels, beside the usual one
_TRIED_APART = 3  # for each channel
_HOPELESS = 0.3  # by that much denser than the sparsest, slopes aren't tried
_UNTRIED = 1e7
_UNEQUAL = 10.0  # bits of channels with different slopes
PAIRS = SLOPES * SLOPES


class Trial(NamedTuple):
    """Costs of the frames of a stretch by their slopes; pair ``4 * left + right``.

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
def lines_of(
    samples: Floats, begin: int, left: int, right: int, lines: Floats, work: Floats, bank: Bank
) -> None:
    """Write the lines of a frame with two slopes."""
    if left >= SHORT_SINE and right >= SHORT_SINE:
        short_lines(samples, begin, left - SHORT_SINE, right - SHORT_SINE, lines, work, bank)
    else:
        long_lines(samples, begin, left, right, lines, work, bank)


@kernel
def _densities(samples: Floats, begin: int, densities: Floats, work: Floats, bank: Bank) -> None:
    """Write the mean log2(abs(line) + 1/2) of a frame for each pair of slopes."""
    lefts, rights = np.zeros((SLOPES, LINES)), np.zeros((SLOPES, LINES))
    lines = np.empty(LINES)
    for slope in range(SLOPES):
        fold_left(samples, begin, bank.slopes[slope], lefts[slope])
        cosines(lefts[slope], lefts[slope], work, bank)
        fold_right(samples, begin + LINES, bank.slopes[slope], rights[slope])
        cosines(rights[slope], rights[slope], work, bank)
    for left in range(SLOPES):
        for right in range(SLOPES):
            if left >= SHORT_SINE and right >= SHORT_SINE:
                lines_of(samples, begin, left, right, lines, work, bank)
            else:
                for i in range(LINES):
                    lines[i] = lefts[left, i] + rights[right, i]
            densities[SLOPES * left + right] = mean_log(lines, 0, LINES, 1.0)


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


@kernel
def _least(densities: Floats, taken: NDArray[np.bool_], number: int) -> int:
    """Return the sparsest pair that isn't taken and not hopeless, or -1; take it.

    The first that is asked for has two short slopes.
    """
    least = densities.min()
    choice = -1
    for pair in range(PAIRS):
        if taken[pair] or densities[pair] >= least + _HOPELESS:
            continue
        if number == 0 and (pair < SLOPES * SHORT_SINE or pair % SLOPES < SHORT_SINE):
            continue
        if choice < 0 or densities[pair] < densities[choice]:
            choice = pair
    if choice >= 0:
        taken[choice] = True
    return choice


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
        np.full((channels, PAIRS, count), _UNTRIED), np.full((PAIRS, count), _UNTRIED),
        np.empty(count),
    )  # fmt: skip
    work = np.empty(WORK)
    lines = np.empty((2, LINES))
    densities = np.empty((channels, PAIRS))
    mixed = np.empty(PAIRS)
    usual = (SLOPES + 1) * shape
    for g in range(count):
        begin = LINES * g
        for c in range(2):
            part.variances[c, :] = variances[g]
        before = part.guesses.copy()
        cost = _cost(
            part, samples, begin, 0, channels, usual, lines, work, layout, ladder, bank
        )  # fmt: skip
        trial.together[usual, g] = cost
        trial.density[g] = 0.0
        for c in range(channels):
            trial.density[g] += mean_log(lines[c], 0, LINES, 1.0) / channels
        clean = cost < (trial.density[g] + _CHEAP) * channels * LINES
        for c in range(channels):
            clean &= part.misfits[c] < CLEAN * LINES
        if clean:
            continue
        after, best = part.guesses.copy(), cost
        for c in range(channels):
            _densities(samples[c], begin, densities[c], work, bank)
        for pair in range(PAIRS):
            mixed[pair] = densities[0, pair]
            if channels == 2:
                mixed[pair] = 0.5 * (mixed[pair] + densities[1, pair])
        trial.density[g] = min(trial.density[g], mixed.min())
        taken = np.zeros(PAIRS, np.bool_)
        taken[usual] = True
        for number in range(_TRIED):
            pair = _least(mixed, taken, number)
            if pair >= 0:
                forget(part)
                part.guesses[:] = before
                cost = _cost(
                    part, samples, begin, 0, channels, pair, lines, work, layout, ladder, bank
                )
                trial.together[pair, g] = cost
                if cost < best:
                    after, best = part.guesses.copy(), cost
        if channels == 2:
            for c in range(2):
                alone = np.zeros(PAIRS, np.bool_)
                alone[usual] = True
                for number in range(_TRIED_APART + 1):
                    pair = usual
                    if number < _TRIED_APART:
                        pair = _least(densities[c], alone, number)
                    if pair >= 0:
                        forget(part)
                        part.guesses[:] = before
                        trial.apart[c, pair, g] = _cost(
                            part, samples, begin, c, 1, pair, lines, work, layout, ladder, bank
                        )
        forget(part)
        part.guesses[:] = after
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
