"""Windows, transforms and steps of AAC in float64, for the search of frames.

All are rounded to multiples of 2**-44, so that they are the same whatever mathematical library
computed them.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.codec.encoder.origin.step_costs import step_tables
from nlac.predictors.origin.aac.frames import (
    LINES,
    MAX_VALUE,
    WINDOW_LINES,
    bands_of,
)

# slopes of windows: those of long ones, sine and KBD, and of short ones
LONG_SINE, LONG_KBD, SHORT_SINE, SHORT_KBD = range(4)
SLOPES = 4
FLAT = (LINES - WINDOW_LINES) // 2  # lines on either side of a short slope of a long window
LEAST_STEP = -24  # exponents that are looked for: finer steps than noise cannot be told apart
NUM_STEPS = 112
HALF = LINES // 2

_LONG_ALPHA, _SHORT_ALPHA = 4.0, 6.0


class Bank(NamedTuple):
    """Tables of the transforms.

    Attributes
    ----------
    slopes : (4, 1024) float64
        Rising slopes of windows of 2,048 samples.
    short_slopes : (2, 128) float64
        Rising slopes of windows of 256.
    roots : (2, 256) float64
        Cosines and negative sines of j / 512 turns.
    long_turns : (2, 512) float64
        Cosines and negative sines of (8 j + 1) / 16384 turns, times the fourth root of 2 / 1024.
    short_turns : (2, 64) float64
        The same for (8 j + 1) / 2048 turns and 2 / 128.
    """

    slopes: Floats
    short_slopes: Floats
    roots: Floats
    long_turns: Floats
    short_turns: Floats


class Ladder(NamedTuple):
    """Tables of steps and values.

    Attributes
    ----------
    powers, bits, steps, inverse : float64
        As in `StepTables`.
    positions : (NUM_STEPS,) float64
        2 ** (-p / 4): factors of intensity.
    reflections : (2, 16) float64
        Reflection coefficients of 3 and 4 bits; index i is at i + 8.
    """

    powers: Floats
    bits: Floats
    steps: Floats
    inverse: Floats
    positions: Floats
    reflections: Floats


class Layout(NamedTuple):
    """Bands of a sampling rate, of long windows and of short ones.

    Attributes
    ----------
    long_starts, short_starts : int64
        First line of each band of a window, and the end of the last.
    """

    long_starts: NDArray[np.int64]
    short_starts: NDArray[np.int64]


def _bessel(values: Floats) -> Floats:
    """Modified Bessel function of the first kind and order 0."""
    total = np.ones_like(values)
    term = np.ones_like(values)
    for k in range(1, 60):
        term = term * (values / (2 * k)) ** 2
        total = total + term
    return total


def _kbd(length: int, alpha: float) -> Floats:
    """Rising slope of a Kaiser-Bessel-derived window."""
    place = 2.0 * np.arange(length + 1) / length - 1
    sums = np.cumsum(_bessel(np.pi * alpha * np.sqrt(1 - place**2)))
    return np.asarray(np.sqrt(sums[:length] / sums[length]))


def _sine(length: int) -> Floats:
    return np.asarray(np.sin(np.pi / (2 * length) * (np.arange(length) + 0.5)))


def _turns(length: int) -> Floats:
    angles = np.pi / (8 * length) * (8 * np.arange(length // 2) + 1)
    return np.asarray(np.stack([np.cos(angles), -np.sin(angles)]) * (2 / length) ** 0.25)


@cache
def bank() -> Bank:
    """Return the tables of the transforms."""
    short = np.stack([_sine(WINDOW_LINES), _kbd(WINDOW_LINES, _SHORT_ALPHA)])
    slopes = np.zeros((SLOPES, LINES))
    slopes[LONG_SINE], slopes[LONG_KBD] = _sine(LINES), _kbd(LINES, _LONG_ALPHA)
    slopes[SHORT_SINE:, FLAT : FLAT + WINDOW_LINES] = short
    slopes[SHORT_SINE:, FLAT + WINDOW_LINES :] = 1
    angles = 2 * np.pi / HALF * np.arange(HALF // 2)
    return Bank(
        rounded(slopes),
        rounded(short),
        rounded(np.stack([np.cos(angles), -np.sin(angles)])),
        rounded(_turns(LINES)),
        rounded(_turns(WINDOW_LINES)),
    )


def _reflections() -> Floats:
    table = np.zeros((2, 16))
    index = np.arange(-8, 8)
    for row, half in enumerate((4, 8)):
        scale = np.where(index >= 0, half - 0.5, half + 0.5)
        table[row] = np.sin(np.clip(index, -half, half - 1) * (np.pi / 2) / scale)
    return table


@cache
def ladder() -> Ladder:
    """Return the tables of steps and values."""
    magnitudes = np.arange(MAX_VALUE + 2, dtype=np.float64)
    bits = np.where(magnitudes > 0, 1.5 + 2 * np.log2(np.maximum(magnitudes, 1)), 0.6)
    return Ladder(
        *step_tables(bits, LEAST_STEP, NUM_STEPS),
        np.ldexp(rounded(2.0 ** (-np.arange(NUM_STEPS) % 4 / 4)), -np.arange(NUM_STEPS) // 4),
        rounded(_reflections()),
    )


@cache
def layout(table: int) -> Layout:
    """Return the bands of a table."""
    bands = bands_of(table)
    return Layout(bands.long_starts, bands.short_starts)
