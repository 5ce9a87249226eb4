"""Where the lines of granules are expected, and how far from there they may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.synthesis import dequantise
from nlac.codec.encoder.origin.layer3.tables import Ladder, Layout
from nlac.codec.encoder.origin.logarithm import log2
from nlac.codec.encoder.origin.step_costs import BITS
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import (
    LINES,
    MIN_STEP,
    NO_STEP,
    SHORT,
    SHORT_BANDS,
    SUBBAND_LINES,
)

_AROUND = 4  # lines on either side that are about as loud
_HALF = 0.7071067811865476
_APART = -0.675  # see `band_search`
_SURE = 8.0  # bits of evidence of a band whose values are believed


@kernel
def expect_power(
    lines: Floats, cut: int, variance: float, targets: Floats, spreads: Floats
) -> None:
    """Expect lines (G, 576) of a channel near zero, as loud as those around; none above the cut."""
    count = len(lines)
    for g in range(count):
        total, number = 0.0, 0
        for i in range(LINES + _AROUND):
            if i < LINES:
                total += lines[g, i] * lines[g, i]
                number += 1
            if i > 2 * _AROUND:
                total -= lines[g, i - 2 * _AROUND - 1] * lines[g, i - 2 * _AROUND - 1]
                number -= 1
            if i >= _AROUND:
                at = i - _AROUND
                targets[g, at] = 0.0
                spreads[g, at] = max(total / number, variance)
                if at > cut:
                    spreads[g, at] = variance


@kernel
def expect_values(
    lines: Floats,
    noise: Floats,
    mid_side: NDArray[np.uint8],
    types: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    variance: float,
    targets: Floats,
    spreads: Floats,
    layout: Layout,
    ladder: Ladder,
) -> None:
    """Expect lines near the values of bands that surely fit; leave other expectations as they are.

    Parameters
    ----------
    lines : (C, G, 576) float64
        Lines of the samples, as far as these are known.
    noise : (G, C, 32) float64
        Variances with which the granules were fitted.
    mid_side, types, steps, values : as of `Granules`
        Granules.
    variance : float
        Variance of the noise of samples.
    targets, spreads : (C, G, 576) float64
        Where lines are expected, and with which variance; changed.
    layout, ladder : Layout, Ladder
        Tables.
    """
    channels, count, _ = lines.shape
    exact = np.empty((channels, LINES))
    own = np.empty((channels, LINES))
    spread = np.empty((channels, LINES))
    squares = np.empty(SHORT_BANDS)
    told = np.empty(SHORT_BANDS)
    numbers = np.empty(SHORT_BANDS)
    for g in range(count):
        mixed = mid_side[g] != 0
        for c in range(channels):
            dequantise(values[g, c], steps[g, c], types[g, c], exact[c], layout, ladder)
            for i in range(LINES):
                own[c, i] = lines[c, g, i]
                spread[c, i] = spreads[c, g, i]
        if mixed:
            for i in range(LINES):
                one, other = own[0, i], own[1, i]
                own[0, i], own[1, i] = (one + other) * _HALF, (one - other) * _HALF
                # the louder of both is hardly as loud as these
                spread[0, i] = spread[1, i] = spread[0, i] + spread[1, i]
        for c in range(channels):
            bands = layout.bands[1 if types[g, c] == SHORT else 0]
            unit = ladder.unit[types[g, c]]
            squares[:] = 0.0
            told[:] = 0.0
            numbers[:] = 0.0
            for i in range(LINES):
                band = bands[i]
                off = own[c, i] - exact[c, i]
                squares[band] += off * off
                numbers[band] += 1.0
                subband = i // SUBBAND_LINES
                level = noise[g, c, subband]
                if mixed:
                    level = 0.5 * (noise[g, 0, subband] + noise[g, channels - 1, subband])
                told[band] -= BITS * off * off / level
                value = abs(int(values[g, c, i]))
                if value != 0:
                    step = unit * ladder.steps[steps[g, c, band] - MIN_STEP]
                    apart = step * step * np.sqrt(ladder.powers[value])
                    told[band] += _APART + 0.5 * log2(BITS * apart / level)
            for i in range(LINES):
                band = bands[i]
                if steps[g, c, band] != NO_STEP and told[band] > _SURE:
                    spread[c, i] = max(squares[band] / numbers[band], variance)
                else:
                    exact[c, i] = 0.0
        for i in range(LINES):
            if mixed:
                one, other = exact[0, i], exact[1, i]
                exact[0, i], exact[1, i] = (one + other) * _HALF, (one - other) * _HALF
                spread[0, i] = spread[1, i] = 0.5 * (spread[0, i] + spread[1, i])
            for c in range(channels):
                if spread[c, i] < spreads[c, g, i]:
                    targets[c, g, i] = exact[c, i]
                    spreads[c, g, i] = spread[c, i]
