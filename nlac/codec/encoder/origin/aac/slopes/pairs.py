"""Pairs of slopes of a frame: which to try, by how sparse its lines are with each.

Pair ``4 * left + right`` has these slopes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.tables import SHORT_SINE, SLOPES, Bank
from nlac.codec.encoder.origin.aac.transforms import (
    cosines,
    fold_left,
    fold_right,
    long_lines,
    short_lines,
)
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.logarithm import mean_log
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.aac.frames import LINES

PAIRS = SLOPES * SLOPES
UNTRIED = 1e7  # cost
_CLASSES = 4  # of pairs, by which of their slopes are short
_HOPELESS = 0.5  # by that much denser than the sparsest, slopes aren't tried
_ALIKE = 0.1  # densities that differ less tell nothing


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
def densities_of(samples: Floats, begin: int, densities: Floats, work: Floats, bank: Bank) -> None:
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
def sparsest(densities: Floats, taken: NDArray[np.bool_], number: int) -> int:
    """Return the sparsest pair that isn't taken and not hopeless, or -1; take it.

    The first four that are asked for are each the sparsest of a class: with two short slopes, with
    one on the right, one on the left, and none. Without that many that differ in shapes alone would
    hide the others.
    """
    least = densities.min()
    choice = -1
    for pair in range(PAIRS):
        if taken[pair] or densities[pair] >= least + _HOPELESS:
            continue
        if number < _CLASSES and _class_of(pair) != _CLASSES - 1 - number:
            continue
        if choice < 0 or densities[pair] < densities[choice]:
            choice = pair
    if choice >= 0:
        taken[choice] = True
    return choice


@inline_kernel
def _class_of(pair: int) -> int:
    """Twice whether the left slope is short, and whether the right one is, with the right first."""
    return int(pair // SLOPES >= SHORT_SINE) + 2 * int(pair % SLOPES >= SHORT_SINE)


@kernel
def asked_for(costs: Floats, beside: Floats, right: bool, densities: Floats, usual: int) -> int:
    """Return the sparsest pair with the slope that a neighbour's best pair has, if none was tried.

    Parameters
    ----------
    costs, beside : (16,) float64
        Costs of a frame's pairs, and of those of its neighbour.
    right : bool
        Whether the neighbour follows.
    densities : (16,) float64
        Of the frame.
    usual : int
        Usual slope of the other edge.

    Returns
    -------
    int
        -1 if there is nothing to try.
    """
    best = int(np.argmin(beside))
    if beside[best] == UNTRIED:
        return -1
    slope = best // SLOPES if right else best % SLOPES
    choice, least = -1, 0.0
    for other in range(SLOPES):
        pair = SLOPES * other + slope if right else SLOPES * slope + other
        if costs[pair] != UNTRIED:
            return -1
        # in silence all are alike
        density = densities[pair] + (0.0 if other == usual else _ALIKE)
        if choice < 0 or density < least:
            choice, least = pair, density
    return choice
