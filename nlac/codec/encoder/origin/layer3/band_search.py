"""Search of the step of each scale-factor band of a granule, jointly over its bands.

The cost of a step for a band is the squared misfit of its lines over twice the noise's variance,
in bits, and the bits of its values. All steps of a channel's granule have exponents of one parity
(scale factors count half or whole factors of two), and neighbours are mostly alike; so dynamic
programming over the bands chooses. Bands of zeros need no step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.tables import NUM_STEPS, Ladder, Layout
from nlac.codec.encoder.origin.logarithm import log2
from nlac.codec.encoder.origin.step_costs import (
    BITS,
    IMPOSSIBLE,
    costs_of_band,
    size_index,
)
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import (
    LINES,
    LONG_BANDS,
    MIN_STEP,
    NO_STEP,
    SHORT,
    SHORT_BANDS,
    SUBBAND_LINES,
)

FIRST = 2.0  # bits of the first step of a granule
CHANGE = 1.0  # of every further step
SLOPE = 0.35  # of each unit of difference
STEEPEST = 7.0  # of all units of difference at most
# of the distance of values 0 and 1 in standard deviations of noise: log2(4/3 / sqrt(pi / ln 2)),
# since a distance of one step has `weight` bits, which are squares over 2 ln 2 variances
_SPACING = -0.675
_ANY_STEP = 6.0  # bits of evidence that the choice among steps takes
_SILENCE = 1.1  # bits a line of noise around zeros that are nothing against them
# what another step can save elsewhere, so that a costlier one is never chosen
_MARGIN = 2 * (CHANGE + STEEPEST)


@kernel
def choose_steps(
    costs: Floats, zeros: Floats, count: int, chains: int, chosen: NDArray[np.int64]
) -> float:
    """Choose the steps of all bands of a granule; return their cost.

    Parameters
    ----------
    costs : (>= count, NUM_STEPS) float64
        Cost of each step for each band.
    zeros : (>= count,) float64
        Cost of zeros for each band.
    count : int
        Number of bands.
    chains : int
        Bands with the same remainder by this follow each other: 3 for the windows of short blocks.
    chosen : (>= count,) int64
        Index of the step of each band, or -1; overwritten.
    """
    rows = count // chains
    state = np.empty(NUM_STEPS)
    nearest = np.empty(NUM_STEPS)
    source = np.empty(NUM_STEPS, np.int64)
    origin = np.empty((rows, NUM_STEPS), np.int16)  # state before the band; -1 keeps its own
    paths = np.empty((2, count), np.int64)
    totals = np.zeros(2)
    for parity in range(2):
        for chain in range(chains):
            for k in range(NUM_STEPS):
                state[k] = 0.0
            for row in range(rows):
                band = row * chains + chain
                least = IMPOSSIBLE
                least_at = parity
                for k in range(parity, NUM_STEPS, 2):
                    nearest[k] = state[k]
                    source[k] = k
                    if state[k] < least:
                        least = state[k]
                        least_at = k
                for k in range(parity + 2, NUM_STEPS, 2):
                    if nearest[k - 2] + 2 * SLOPE < nearest[k]:
                        nearest[k] = nearest[k - 2] + 2 * SLOPE
                        source[k] = source[k - 2]
                for k in range(NUM_STEPS - 4 + parity, -1, -2):
                    if nearest[k + 2] + 2 * SLOPE < nearest[k]:
                        nearest[k] = nearest[k + 2] + 2 * SLOPE
                        source[k] = source[k + 2]
                for k in range(parity, NUM_STEPS, 2):
                    origin[row, k] = -1
                    total = state[k] + zeros[band]
                    if costs[band, k] < IMPOSSIBLE:
                        before = nearest[k] + CHANGE
                        came = source[k]
                        if row == 0:
                            before = FIRST
                            came = k
                        elif least + STEEPEST + CHANGE < before:
                            before = least + STEEPEST + CHANGE
                            came = least_at
                        if before + costs[band, k] < total:
                            total = before + costs[band, k]
                            origin[row, k] = came
                    state[k] = total
            least = IMPOSSIBLE * NUM_STEPS
            at = parity
            for k in range(parity, NUM_STEPS, 2):
                if state[k] < least:
                    least = state[k]
                    at = k
            totals[parity] += least
            for row in range(rows - 1, -1, -1):
                came = origin[row, at]
                paths[parity, row * chains + chain] = at if came >= 0 else -1
                if came >= 0:
                    at = came
    winner = 0 if totals[0] <= totals[1] else 1
    for band in range(count):
        chosen[band] = paths[winner, band]
    return float(totals[winner])


@kernel
def fit_granule(
    lines: Floats,
    kind: int,
    variances: Floats,
    limit: float,
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    layout: Layout,
    ladder: Ladder,
) -> tuple[float, float, float]:
    """Fit steps and values to the lines of a granule.

    Parameters
    ----------
    lines : (576,) float64
        Lines in orthonormal units of samples.
    kind : int
        Block type.
    variances : (32,) float64
        Variance of the noise of the lines of each subband.
    limit : float
        Cost in bits above which the fit is of no interest.
    steps : (39,) int8
        Exponents: a guess on entry, `NO_STEP` where there is none; overwritten.
    values : (576,) int16
        Overwritten.
    layout : Layout
        Order of lines.
    ladder : Ladder
        Tables.

    Returns
    -------
    float
        Cost in bits; `IMPOSSIBLE` if above the limit, and nothing is written then.
    float
        Squared misfit over the variances, by line.
    float
        Evidence in bits that the lines were quantised so.
    """
    which = 1 if kind == SHORT else 0
    count = SHORT_BANDS if kind == SHORT else LONG_BANDS
    order, starts = layout.order, layout.starts
    unit = ladder.unit[kind]
    sizes = np.empty(LINES)
    roots = np.empty(LINES)
    for i in range(LINES):
        size = abs(lines[order[which, i]]) / unit
        sizes[i] = size
        roots[i] = np.sqrt(size * np.sqrt(size))
    costs = np.empty((count, NUM_STEPS))
    zeros = np.empty(count)
    levels = np.empty(count)
    bound = 0.0
    for band in range(count):
        hint = steps[band] - MIN_STEP if steps[band] != NO_STEP else -1
        levels[band] = _noise_of_band(variances, layout, which, band)
        weight = BITS * unit * unit / levels[band]
        zeros[band], least, _ = costs_of_band(
            sizes, roots, starts[which, band], starts[which, band + 1], hint, weight, 2, _MARGIN,
            IMPOSSIBLE, costs[band], ladder,
        )  # fmt: skip
        bound += least
        if bound > limit:
            return IMPOSSIBLE, 0.0, -IMPOSSIBLE
    chosen = np.empty(count, np.int64)
    cost = choose_steps(costs, zeros, count, 3 if kind == SHORT else 1, chosen)
    misfit = 0.0
    evidence = 0.0
    for band in range(SHORT_BANDS):
        steps[band] = NO_STEP
    for band in range(count):
        index = chosen[band]
        if index >= 0:
            steps[band] = index + MIN_STEP
        off, found = _write_band(
            lines, sizes, roots, starts[which, band], starts[which, band + 1], index,
            BITS * unit * unit / levels[band], order[which], values, ladder,
        )  # fmt: skip
        misfit += off * (levels[0] / levels[band])
        evidence += found
    return cost, misfit * unit * unit / (levels[0] * LINES), evidence


@kernel
def _noise_of_band(variances: Floats, layout: Layout, which: int, band: int) -> float:
    """Return the largest variance of noise of the subbands that a band is in."""
    most = 0.0
    for i in range(layout.starts[which, band], layout.starts[which, band + 1]):
        most = max(most, variances[layout.order[which, i] // SUBBAND_LINES])
    return most


@kernel
def _write_band(
    lines: Floats,
    sizes: Floats,
    roots: Floats,
    begin: int,
    end: int,
    index: int,
    weight: float,
    order: NDArray[np.int64],
    values: NDArray[np.int16],
    ladder: Ladder,
) -> tuple[float, float]:
    """Write the values of a band; return their squared misfit, and the evidence for them.

    Lines of any other origin lie anywhere between the values, so each that is near a value tells
    as many bits as the values are further apart than noise is wide. Zeros tell nothing: lines can
    be small for other reasons.
    """
    misfit = 0.0
    told = 0.0
    if index < 0:
        for i in range(begin, end):
            values[order[i]] = 0
            misfit += sizes[i] * sizes[i]
        return misfit, -max(misfit * weight - _SILENCE * (end - begin), 0.0)
    apart = _SPACING + 0.5 * log2(weight * ladder.steps[index] * ladder.steps[index])
    for i in range(begin, end):
        line = order[i]
        value = size_index(sizes[i], roots[i], index, ladder)
        off = sizes[i] - ladder.powers[value] * ladder.steps[index]
        misfit += off * off
        values[line] = value if lines[line] >= 0 else -value
        if value > 0:
            told += apart
            if value > 1:
                # a third of the logarithm of the value, of which the table has twice
                told += (ladder.bits[value - 1] - 1.0) / 6.0
    return misfit, told - misfit * weight - _ANY_STEP
