"""Tables of the synthesis of AAC: part of the format, and never computed at run time.

Spec, section "AAC"; ``tools/make_aac_tables.py`` makes the file.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.predictors.origin.aac.frames import LINES, WINDOW_LINES
from nlac.predictors.origin.sizes import SizeTables
from nlac.predictors.origin.tables import layer3_tables

_FLAT = (LINES - WINDOW_LINES) // 2
_ONE = 1 << 24


class AacTables(NamedTuple):
    """Tables of the synthesis; arrays are int64.

    Attributes
    ----------
    sizes : SizeTables
    slopes : (4, 1024)
        Rising slopes of a window of 2,048, Q24: sine and KBD, then the short slopes of both.
    short_slopes : (2, 128)
        Rising slopes of a short window, sine and KBD.
    turns : (2, 256)
        Cosines and sines of j pi / 256, Q24.
    long_before, long_after, short_twist : (2, 512), (2, 512), (2, 64)
        Cosines and sines by which pairs of lines are turned before and after the Fourier
        transform, Q24; in `long_after` over the square root of 2.
    sines : (2, 16)
        Reflection coefficients by index plus 8, at a resolution of 3 and of 4 bits, Q28.
    """

    sizes: SizeTables
    slopes: NDArray[np.int64]
    short_slopes: NDArray[np.int64]
    turns: NDArray[np.int64]
    long_before: NDArray[np.int64]
    long_after: NDArray[np.int64]
    short_twist: NDArray[np.int64]
    sines: NDArray[np.int64]


@cache
def aac_tables() -> AacTables:
    """Load the tables."""
    data = files("nlac.predictors.origin.aac").joinpath("aac.bin").read_bytes()
    numbers = np.frombuffer(data, "<i4").astype(np.int64)
    sizes = [2 * LINES, 2 * WINDOW_LINES, 512, LINES, LINES, WINDOW_LINES, 8, 16]
    slopes, short, turns, before, after, twist, coarse, fine = np.split(
        numbers, np.cumsum(sizes)[:-1]
    )
    short = short.reshape(2, WINDOW_LINES)
    flat = np.zeros((2, _FLAT), np.int64)
    sines = np.zeros((2, 16), np.int64)
    sines[0, 4:12], sines[1] = coarse, fine
    return AacTables(
        layer3_tables().sizes,
        np.concatenate(
            [slopes.reshape(2, LINES), np.concatenate([flat, short, flat + _ONE], axis=1)]
        ),
        short.copy(),
        turns.reshape(2, -1).copy(),
        before.reshape(2, -1).copy(),
        after.reshape(2, -1).copy(),
        twist.reshape(2, -1).copy(),
        sines,
    )
