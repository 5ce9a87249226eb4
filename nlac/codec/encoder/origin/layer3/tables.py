"""Tables of the hybrid filter bank of Layer III as an orthonormal transform, in float64.

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
from nlac.predictors.origin.granules import (
    LONG_BANDS,
    MAX_VALUE,
    MIN_STEP,
    SHORT,
    SHORT_BANDS,
    START,
    STOP,
    bands_of,
)
from nlac.predictors.origin.tables import layer3_tables

SUPPORT = 1632  # samples that a granule reaches: 1,152 of its overlapping window, 480 more
MEMORY = 15  # earlier slots of 32 samples that the filter bank still holds
NUM_STEPS = 128

_BUTTERFLIES = (-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037)


class Bank(NamedTuple):
    """Tables that the kernels of the filter bank take.

    Attributes
    ----------
    window : (512,) float64
        Window of the polyphase filter bank, with signs, scaled so that its columns have norm 1.
    cosines : (32, 32) float64
        Cosines by the 32 distinct phases and by subband.
    blocks : (4, 18, 36) float64
        Windowed cosines of each block type, with rows of norm 1.
    alias : (2, 8) float64
        Cosines and sines of the alias reduction.
    """

    window: Floats
    cosines: Floats
    blocks: Floats
    alias: Floats


class Ladder(NamedTuple):
    """Tables that the search of steps takes.

    Attributes
    ----------
    powers, bits, steps, inverse : float64
        As in `StepTables`.
    unit : (4,) float64
        Of each block type, size of the line 1 at exponent 0 in orthonormal units of samples.
    """

    powers: Floats
    bits: Floats
    steps: Floats
    inverse: Floats
    unit: Floats


class Layout(NamedTuple):
    """Lines in the order of their bands.

    Attributes
    ----------
    order : (2, 576) int64
        Lines sorted by band, of long and of short blocks.
    starts : (2, 40) int64
        Where each band begins in it, and the end; unused entries are 576.
    bands : (2, 576) int64
        Band of each line.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    bands: NDArray[np.int64]


def _window() -> Floats:
    return layer3_tables().window / 65536


def _norm() -> float:
    """Norm of the columns of the synthesis."""
    window = _window()
    index = np.arange(512)
    phase = index % 32 + 32 * (index // 32 % 2)
    angles = (16 + phase[:, None]) * (2 * np.arange(32) + 1) * (np.pi / 64)
    columns = np.sum((window[:, None] * np.cos(angles)) ** 2, axis=0)
    return float(rounded(np.sqrt(np.mean(columns))))


def _blocks() -> Floats:
    sine36 = np.sin(np.pi / 36 * (np.arange(36) + 0.5))
    sine12 = np.sin(np.pi / 12 * (np.arange(12) + 0.5))
    cosines = np.cos(np.pi / 72 * (2 * np.arange(36)[None] + 19) * (2 * np.arange(18)[:, None] + 1))
    blocks = np.zeros((4, 18, 36))
    blocks[0] = cosines * sine36
    start = np.concatenate([sine36[:18], np.ones(6), sine12[6:], np.zeros(6)])
    blocks[START] = cosines * start
    blocks[STOP] = cosines * start[::-1]
    short = sine12 * np.cos(
        np.pi / 24 * (2 * np.arange(12)[None] + 7) * (2 * np.arange(6)[:, None] + 1)
    )
    for window in range(3):
        blocks[SHORT, window::3, 6 + 6 * window : 18 + 6 * window] = short
    return blocks


@cache
def bank() -> Bank:
    """Return the tables of the filter bank."""
    phases = np.concatenate([np.arange(16), np.arange(48, 64)])
    cosines = np.cos((16 + phases[:, None]) * (2 * np.arange(32) + 1) * (np.pi / 64))
    factors = np.array(_BUTTERFLIES)
    blocks = _blocks() / np.sqrt([9.0, 9.0, 3.0, 9.0])[:, None, None]
    return Bank(
        rounded(_window() / _norm()),
        rounded(cosines),
        rounded(blocks),
        rounded(np.stack([np.ones(8), factors]) / np.sqrt(1 + factors**2)),
    )


@cache
def ladder() -> Ladder:
    """Return the tables of steps and values."""
    magnitudes = np.arange(MAX_VALUE + 2, dtype=np.float64)
    bits = np.where(magnitudes > 0, 1 + 2 * np.log2(1 + magnitudes), 0.5)
    norms = 32768 * _norm() * np.sqrt([9.0, 9.0, 3.0, 9.0])
    return Ladder(*step_tables(bits, MIN_STEP, NUM_STEPS), rounded(norms))


@cache
def layout(table: int) -> Layout:
    """Return the order of lines for a table of bands."""
    bands = np.stack(bands_of(table))
    starts = np.full((2, SHORT_BANDS + 1), 576, np.int64)
    for row, count in enumerate((LONG_BANDS, SHORT_BANDS)):
        starts[row, :count] = np.searchsorted(np.sort(bands[row]), np.arange(count))
    return Layout(np.argsort(bands, axis=1, kind="stable").astype(np.int64), starts, bands)
