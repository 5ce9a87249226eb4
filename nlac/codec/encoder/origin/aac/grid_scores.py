"""How sparse the lines of long windows are on each of the 1,024 grids, as kernels.

A window of sine shape is a difference of two exponentials, so a line of its MDCT is a sum of two
bins of a Fourier transform without a window, and a rotation moves these on by a sample. A KBD
window is nearly a sum of four such windows, of 1, 3, 5 and 7 half waves.

With the phase in which they are kept here, line k of the window of 2 j + 1 half waves is
``(-1)**(j // 2)`` times the real part of bin k + 1 + j or k - j, whichever number j is even or odd
for, plus the imaginary part of the other.

Numbers of 24 bits suffice here and are twice as fast.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.tables import LONG_KBD, bank
from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.codec.encoder.origin.logarithm import add_logs, mean_of_logs
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES

FRAMES = 2  # that a window holds on each grid
WINDOW = (FRAMES + 2) * LINES  # samples of a window
SCORED = 384  # lines
_TERMS = 4
_BINS = SCORED + 2 * _TERMS  # from the first line less 3 on
_LANES = 64  # six factors a lane, whose product is a number of 24 bits


class Slides(NamedTuple):
    """Tables of the sliding transform.

    Attributes
    ----------
    turns : (2, 1040) float32
        Cosines and sines by which bins, from -8 on, turn in a sample.
    entries : (2, 1040) float32
        What a sample of 1 that enters the window adds to bins.
    waves : (4,) float32
        Parts of 1, 3, 5 and 7 half waves of a KBD window.
    """

    turns: NDArray[np.float32]
    entries: NDArray[np.float32]
    waves: NDArray[np.float32]


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
    tables = (
        rounded(np.stack([np.cos(angles), np.sin(angles)])),
        rounded(scale * np.stack([np.cos(enter), np.sin(enter)])),
        rounded(waves),
    )
    return Slides(*(table.astype(np.float32) for table in tables))


@kernel
def _multiply_lines(
    re: NDArray[np.float32],
    im: NDArray[np.float32],
    sine: NDArray[np.float32],
    kbd: NDArray[np.float32],
    waves: NDArray[np.float32],
) -> None:
    """Write products of the lines' magnitudes plus 1/2, of sine and of KBD windows."""
    w0, w1, w2, w3 = waves[0], waves[1], waves[2], waves[3]
    half = np.float32(0.5)
    for lane in range(_LANES):
        sine[lane] = kbd[lane] = np.float32(1.0)
    for row in range(3, SCORED + 3, _LANES):
        for lane in range(_LANES):
            i = row + lane
            wave = re[i + 1] + im[i]
            other = w0 * wave + w1 * (re[i - 1] + im[i + 2])
            other -= w2 * (re[i + 3] + im[i - 2]) + w3 * (re[i - 3] + im[i + 4])
            sine[lane] *= abs(wave) + half
            kbd[lane] *= abs(other) + half


@kernel
def _slide(
    change: np.float32, re: NDArray[np.float32], im: NDArray[np.float32], tables: Slides
) -> None:
    """Move bins on by a sample that changes what is in the transform by so much."""
    cosines, sines = tables.turns[0], tables.turns[1]
    enter_re, enter_im = tables.entries[0], tables.entries[1]
    for i in range(_BINS):
        a = re[i] + change * enter_re[i]
        b = im[i] + change * enter_im[i]
        re[i] = a * cosines[i] - b * sines[i]
        im[i] = a * sines[i] + b * cosines[i]


@kernel
def grid_scores(samples: NDArray[np.float32], first: int, tables: Slides) -> Floats:
    """Return the mean log2(abs(line) + 1/2) of some lines, on each grid, for both shapes.

    Parameters
    ----------
    samples : (WINDOW,) float32
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
    tables = Slides(
        tables.turns[:, begin : begin + _BINS].copy(),
        tables.entries[:, begin : begin + _BINS].copy(),
        tables.waves,
    )
    re, im = np.zeros(_BINS, np.float32), np.zeros(_BINS, np.float32)
    products = np.empty((2, _LANES), np.float32)
    logs = np.empty(_LANES, np.int64)
    scores = np.zeros((2, LINES))
    for at in range((FRAMES + 2) * LINES):
        change = samples[at]
        # the window ends before sample `at`
        if at >= 2 * LINES:
            _multiply_lines(re, im, products[0], products[1], tables.waves)
            for shape in range(2):
                logs[:] = 0
                add_logs(products[shape], logs)
                scores[shape, at & (LINES - 1)] += mean_of_logs(logs.sum(), _LANES, FRAMES * SCORED)
            change -= samples[at - 2 * LINES]
        _slide(change, re, im, tables)
    return scores
