"""How sparse the lines of long windows are on each of the 1,024 grids, as kernels.

A window of sine shape is a difference of two exponentials, so a line of its MDCT is a sum of two
bins of a Fourier transform without a window, and a rotation moves these on by a sample. A KBD
window is nearly a sum of four such windows, of 1, 3, 5 and 7 half waves.

With the phase in which they are kept here, line k of the window of 2 j + 1 half waves is
``(-1)**(j // 2)`` times the real part of bin k + 1 + j or k - j, whichever number j is even or odd
for, plus the imaginary part of the other.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from nlac.codec.encoder.origin.aac.tables import LONG_KBD, bank
from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.codec.encoder.origin.logarithm import log2
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES

FRAMES = 2  # that a window holds on each grid
WINDOW = (FRAMES + 2) * LINES  # samples of a window
SCORED = 320  # lines
_TERMS = 4
_BINS = SCORED + 2 * _TERMS  # from the first line less 3 on
_LANES = 16


class Slides(NamedTuple):
    """Tables of the sliding transform.

    Attributes
    ----------
    turns : (2, 1040) float64
        Cosines and sines by which bins, from -8 on, turn in a sample.
    entries : (2, 1040) float64
        What a sample of 1 that enters the window adds to bins.
    waves : (4,) float64
        Parts of 1, 3, 5 and 7 half waves of a KBD window.
    """

    turns: Floats
    entries: Floats
    waves: Floats


@cache
def slides() -> Slides:
    """Return the tables of the sliding transform."""
    bins = np.arange(-8, LINES + 8)
    angles = -np.pi / LINES * bins
    enter = np.pi / LINES * bins * (LINES / 2 + 0.5) + np.pi / 4
    scale = (2 / LINES) ** 0.5 / 2
    slope = bank().slopes[LONG_KBD]
    places = (np.arange(LINES) + 0.5) * np.pi / (2 * LINES)
    waves = np.array([2 / LINES * np.sum(slope * np.sin((2 * j + 1) * places)) for j in range(4)])
    return Slides(
        rounded(np.stack([np.cos(angles), np.sin(angles)])),
        rounded(scale * np.stack([np.cos(enter), np.sin(enter)])),
        rounded(waves),
    )


@kernel
def _log_of_product(lanes: Floats) -> float:
    total = 0.0
    for lane in range(0, _LANES, 2):
        total += log2(lanes[lane] * lanes[lane + 1])
    return total


@kernel
def grid_scores(samples: Floats, first: int, tables: Slides) -> Floats:
    """Return the mean log2(abs(line) + 1/2) of some lines, on each grid, for both shapes.

    Parameters
    ----------
    samples : (WINDOW,) float64
        Samples.
    first : int
        First of `SCORED` lines, 4 to ``LINES - SCORED``.
    tables : Slides
        Tables.

    Returns
    -------
    (2, 1024) float64
        Frames of grid o begin at sample o of the window.
    """
    begin = first - 3 + 8
    cosines, sines = tables.turns[0, begin : begin + _BINS], tables.turns[1, begin : begin + _BINS]
    enter_re = tables.entries[0, begin : begin + _BINS]
    enter_im = tables.entries[1, begin : begin + _BINS]
    w0, w1, w2, w3 = tables.waves[0], tables.waves[1], tables.waves[2], tables.waves[3]
    re, im = np.zeros(_BINS), np.zeros(_BINS)
    sine, kbd = np.empty(_LANES), np.empty(_LANES)
    scores = np.zeros((2, LINES))
    for at in range((FRAMES + 2) * LINES):
        # the window ends before sample `at`
        if at >= 2 * LINES:
            for lane in range(_LANES):
                sine[lane] = 1.0
                kbd[lane] = 1.0
            for row in range(0, SCORED, _LANES):
                for lane in range(_LANES):
                    i = row + lane + 3
                    wave = re[i + 1] + im[i]
                    other = w0 * wave + w1 * (re[i - 1] + im[i + 2])
                    other -= w2 * (re[i + 3] + im[i - 2]) + w3 * (re[i - 3] + im[i + 4])
                    sine[lane] *= abs(wave) + 0.5
                    kbd[lane] *= abs(other) + 0.5
            scores[0, at & (LINES - 1)] += _log_of_product(sine)
            scores[1, at & (LINES - 1)] += _log_of_product(kbd)
        change = samples[at]
        if at >= 2 * LINES:
            change -= samples[at - 2 * LINES]
        for i in range(_BINS):
            a = re[i] + change * enter_re[i]
            b = im[i] + change * enter_im[i]
            re[i] = a * cosines[i] - b * sines[i]
            im[i] = a * sines[i] + b * cosines[i]
    scores /= FRAMES * SCORED
    return scores
