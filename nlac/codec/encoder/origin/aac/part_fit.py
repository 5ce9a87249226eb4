"""Fits of steps, stereo and values to lines that share their bands: a long window, or a group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.band_search import MARGIN, choose_steps
from nlac.codec.encoder.origin.aac.noise.marks import (
    GUESSES,
    NO_NOISE,
    Generators,
    mark_noise,
    new_generators,
)
from nlac.codec.encoder.origin.aac.noise.registers import NO_STATE
from nlac.codec.encoder.origin.aac.tables import NUM_STEPS, Ladder
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.logarithm import log2
from nlac.codec.encoder.origin.step_costs import (
    BITS,
    IMPOSSIBLE,
    NO_INDEX,
    costs_of_band,
    size_index,
)
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import (
    IN_PHASE,
    LEFT_RIGHT,
    LINES,
    MAX_POSITION,
    MID_SIDE,
    OUT_OF_PHASE,
)

MOST_BANDS = 51  # of a window
_PAIRED = 0.5  # bits that sum and difference must save
_POSITION = 7.0  # bits of the position of a band of intensity
_INTENSE = 3.0  # bits that intensity must save
_HEARD = 4.0  # variances of a second channel that may come of intensity
_LEAST_CORRELATION = 1e-4


class Part(NamedTuple):
    """What is fitted, and what a fit is made in; C channels.

    Attributes
    ----------
    lines : (2, 1024) float64
        Lines in the order of bands.
    starts : (52,) int64
        Where each band begins, and the end.
    variances : (2, 51) float64
        Variance of the noise of each channel's bands.
    correlation : (1,) float64
        Correlation of the noise of both channels.
    prices : (2, 51) float64
        Cost of each band and channel in bits; overwritten.
    indices : (2, 51) int64
        Steps of bands: guesses on entry, negative for none; overwritten. Positions in the second
        channel of bands of intensity.
    stereo : (51,) int64
        Stereo of bands; overwritten.
    values : (2, 1024) int64
        Overwritten.
    exact : (2, 1024) float64
        What the values stand for, channel by channel; overwritten.
    misfits : (2,) float64
        Squared misfit of each channel over its variance; overwritten.
    sizes, roots : (4, 1024) float64
        Overwritten.
    costs : (4, 51, NUM_STEPS) float64
        Overwritten.
    zeros : (4, 51) float64
        Overwritten.
    origin : (51, NUM_STEPS) int16
        Overwritten.
    noise : (2, 1024) float64
        Lines of bands of noise; overwritten.
    exponents : (2, 51) int64
        Of bands of noise, `NO_NOISE` for others; overwritten.
    states : (2, 51) int64
        Of the generator before bands of noise, see `noise.marks`; overwritten.
    guesses : (GUESSES,) int64
        States that the generator may have, then `NO_STATE`; overwritten.
    generators : Generators
        Tables.
    """

    lines: Floats
    starts: NDArray[np.int64]
    variances: Floats
    correlation: Floats
    prices: Floats
    indices: NDArray[np.int64]
    stereo: NDArray[np.int64]
    values: NDArray[np.int64]
    exact: Floats
    misfits: Floats
    sizes: Floats
    roots: Floats
    costs: Floats
    zeros: Floats
    origin: NDArray[np.int16]
    noise: Floats
    exponents: NDArray[np.int64]
    states: NDArray[np.int64]
    guesses: NDArray[np.int64]
    generators: Generators


def new_part() -> Part:
    """Return room for a fit."""
    return Part(
        np.zeros((2, LINES)),
        np.zeros(MOST_BANDS + 1, np.int64),
        np.ones((2, MOST_BANDS)),
        np.zeros(1),
        np.zeros((2, MOST_BANDS)),
        np.full((2, MOST_BANDS), NO_INDEX, np.int64),
        np.zeros(MOST_BANDS, np.int64),
        np.zeros((2, LINES), np.int64),
        np.zeros((2, LINES)),
        np.zeros(2),
        np.zeros((4, LINES)),
        np.zeros((4, LINES)),
        np.zeros((4, MOST_BANDS, NUM_STEPS)),
        np.zeros((4, MOST_BANDS)),
        np.zeros((MOST_BANDS, NUM_STEPS), np.int16),
        np.zeros((2, LINES)),
        np.full((2, MOST_BANDS), NO_NOISE, np.int64),
        np.zeros((2, MOST_BANDS), np.int64),
        np.full(GUESSES, NO_STATE, np.int64),
        new_generators(),
    )


@kernel
def _sum_or_difference(part: Part, signal: int, i: int) -> float:
    if signal < 2:
        return float(part.lines[signal, i])
    if signal == 2:
        return float(0.5 * (part.lines[0, i] + part.lines[1, i]))
    return float(0.5 * (part.lines[0, i] - part.lines[1, i]))


@kernel
def _line(part: Part, signal: int, index: int, i: int, ladder: Ladder) -> tuple[int, float]:
    """Return the value of a line with a step, and what that stands for."""
    if index < 0:
        return 0, 0.0
    value = size_index(part.sizes[signal, i], part.roots[signal, i], index, ladder)
    exact = ladder.powers[value] * ladder.steps[index]
    if _sum_or_difference(part, signal, i) < 0:
        return -value, -exact
    return value, exact


@kernel
def _try_intensity(
    part: Part, band: int, index: int, weight: float, ladder: Ladder
) -> tuple[float, int, int]:
    """Return cost, position and kind of stereo of a second channel that repeats the first."""
    products = 0.0
    squares = 0.0
    heard = 0.0
    begin, end = part.starts[band], part.starts[band + 1]
    for i in range(begin, end):
        exact = _line(part, 0, index, i, ladder)[1]
        products += exact * part.lines[1, i]
        squares += exact * exact
        heard += part.lines[1, i] * part.lines[1, i]
    if squares < 1.0 or heard < _HEARD * part.variances[1, band] * (end - begin):
        return IMPOSSIBLE, 0, LEFT_RIGHT
    factor = products / squares
    if abs(factor) < _LEAST_CORRELATION:
        return IMPOSSIBLE, 0, LEFT_RIGHT
    position = int(np.floor(0.5 - 4.0 * log2(abs(factor))))
    if abs(position) > MAX_POSITION // 4:
        return IMPOSSIBLE, 0, LEFT_RIGHT
    factor = ladder.positions[abs(position)]
    if position < 0:
        factor = 1.0 / factor
    kind = IN_PHASE
    if products < 0:
        kind = OUT_OF_PHASE
        factor = -factor
    cost = _POSITION
    for i in range(begin, end):
        off = part.lines[1, i] - factor * _line(part, 0, index, i, ladder)[1]
        cost += off * off * weight
    return cost, position, kind


@kernel
def fit_part(part: Part, channels: int, bands: int, windows: int, ladder: Ladder) -> float:
    """Fit a part of some windows with one or two channels; return its cost in bits."""
    mark_noise(
        part.lines, part.starts, bands, windows, part.variances, part.noise, part.exponents,
        part.states, part.zeros, part.guesses, part.generators, channels,
    )  # fmt: skip
    signals = 4 if channels == 2 else 1
    total_lines = part.starts[bands]
    for signal in range(signals):
        for i in range(total_lines):
            size = abs(_sum_or_difference(part, signal, i))
            part.sizes[signal, i] = size
            part.roots[signal, i] = np.sqrt(size * np.sqrt(size))
    least = np.zeros(4)
    choices = np.empty(4, np.int64)
    positions = np.zeros(bands, np.int64)
    extra = 0.0
    for band in range(bands):
        begin, end = part.starts[band], part.starts[band + 1]
        before = part.stereo[band]
        part.stereo[band] = LEFT_RIGHT
        noisy = part.exponents[0, band] != NO_NOISE
        if channels == 2:
            noisy |= part.exponents[1, band] != NO_NOISE
        # what costs more than the other way of stereo is of no interest
        cap = IMPOSSIBLE
        turned = before == MID_SIDE and channels == 2 and not noisy
        for number in range(2 if channels == 2 and noisy else signals):
            signal = number ^ 2 if turned else number
            if signal < 2:
                variance = part.variances[signal, band]
                if part.exponents[signal, band] != NO_NOISE:
                    part.prices[signal, band] = part.zeros[signal, band]
                    for k in range(NUM_STEPS):
                        part.costs[signal, band, k] = IMPOSSIBLE
                    continue
            else:
                one, other = part.variances[0, band], part.variances[1, band]
                shared = 2.0 * part.correlation[0] * np.sqrt(one * other)
                variance = 0.25 * (one + other + (shared if signal == 2 else -shared))
            choices[signal] = NO_INDEX
            least[signal] = IMPOSSIBLE
            if cap <= 0.0:
                continue
            hint = NO_INDEX
            if (before == MID_SIDE) == (signal >= 2):
                hint = part.indices[signal & 1, band]
            zero, _, choice = costs_of_band(
                part.sizes[signal], part.roots[signal], begin, end, hint, BITS / variance, 1,
                MARGIN, cap, part.costs[signal, band], ladder,
            )  # fmt: skip
            part.zeros[signal, band] = zero
            choices[signal] = choice
            least[signal] = zero
            if choice >= 0:
                least[signal] = min(zero, part.costs[signal, band, choice] + 2.0)
            if signal < 2:
                part.prices[signal, band] = least[signal]
            if number == 1:
                cap = least[signal] + least[signal ^ 1] + _PAIRED
            elif number == 2:
                cap -= least[signal]
        if channels < 2 or noisy:
            continue
        apart, paired = least[0] + least[1], least[2] + least[3]
        if paired < apart - _PAIRED:
            part.stereo[band] = MID_SIDE
            part.prices[0, band] = part.prices[1, band] = 0.5 * paired
        if choices[0] >= 0:
            cost, position, kind = _try_intensity(
                part, band, choices[0], BITS / part.variances[1, band], ladder
            )
            first = part.costs[0, band, choices[0]] + 2.0
            if first + cost < min(apart, paired) - _INTENSE:
                part.stereo[band] = kind
                positions[band] = position
                part.prices[0, band], part.prices[1, band] = first, cost
                extra += cost
        shift = 0
        if part.stereo[band] == MID_SIDE:
            shift = 2
        for c in range(2):
            if shift != 0:
                part.zeros[c, band] = part.zeros[c + 2, band]
                for k in range(NUM_STEPS):
                    part.costs[c, band, k] = part.costs[c + 2, band, k]
        if part.stereo[band] >= IN_PHASE:
            part.zeros[1, band] = 0.0
            for k in range(NUM_STEPS):
                part.costs[1, band, k] = IMPOSSIBLE
    total = extra
    for c in range(channels):
        total += choose_steps(part.costs[c], part.zeros[c], bands, part.origin, part.indices[c])
    _write(part, channels, bands, positions, ladder)
    return total


@kernel
def _write(
    part: Part, channels: int, bands: int, positions: NDArray[np.int64], ladder: Ladder
) -> None:
    """Write values, what they stand for, and misfits."""
    for c in range(channels):
        part.misfits[c] = 0.0
    for band in range(bands):
        kind = part.stereo[band]
        if channels < 2:
            kind = LEFT_RIGHT
        factor = 0.0
        if kind >= IN_PHASE:
            part.indices[1, band] = positions[band]
            factor = ladder.positions[abs(positions[band])]
            if positions[band] < 0:
                factor = 1.0 / factor
            if kind == OUT_OF_PHASE:
                factor = -factor
        shift = 2 if kind == MID_SIDE else 0
        for i in range(part.starts[band], part.starts[band + 1]):
            for c in range(channels):
                if part.exponents[c, band] != NO_NOISE:
                    part.values[c, i] = 0
                    part.exact[c, i] = part.noise[c, i]
                elif c == 1 and kind >= IN_PHASE:
                    part.values[1, i] = 0
                    part.exact[1, i] = factor * part.exact[0, i]
                else:
                    value, exact = _line(part, c + shift, part.indices[c, band], i, ladder)
                    part.values[c, i] = value
                    part.exact[c, i] = exact
            if kind == MID_SIDE:
                middle, side = part.exact[0, i], part.exact[1, i]
                part.exact[0, i] = middle + side
                part.exact[1, i] = middle - side
            for c in range(channels):
                off = part.lines[c, i] - part.exact[c, i]
                part.misfits[c] += off * off / part.variances[c, band]
