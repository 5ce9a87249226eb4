"""Tables of the synthesis: part of the format, and never computed at run time.

Spec, section "Synthesis"; ``tools/make_layer3_tables.py`` makes the file.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.predictors.origin.granules import MAX_VALUE, SUBBAND_LINES
from nlac.predictors.origin.sizes import SizeTables

_TYPES, _FOLDED = 4, 2 * SUBBAND_LINES
_ALIASED = 8


class Layer3Tables(NamedTuple):
    """Tables of the synthesis; arrays are int64.

    Attributes
    ----------
    sizes : SizeTables
    transform : (4, 18, 36)
        Windowed inverse MDCT of each block type, Q24.
    kept, crossed : (8,)
        Factors of the butterflies that reduce aliasing, Q24.
    cosines : (32, 16)
        Row i has the cosines of (16 + p) (2 k + 1) pi / 64 for k = 0 to 15, Q24, where p is the
        place of the row among the 64 sums of the filter bank: 0 to 15, and 33 to 48.
    window : (512,)
        Window of the filter bank, Q16.
    """

    sizes: SizeTables
    transform: NDArray[np.int64]
    kept: NDArray[np.int64]
    crossed: NDArray[np.int64]
    cosines: NDArray[np.int64]
    window: NDArray[np.int64]


@cache
def layer3_tables() -> Layer3Tables:
    """Load the tables."""
    data = files("nlac.predictors.origin").joinpath("layer3.bin").read_bytes()
    numbers = np.frombuffer(data, "<i4").astype(np.int64)
    sizes = [MAX_VALUE, 4, _TYPES * SUBBAND_LINES * _FOLDED, _ALIASED, _ALIASED, 128, 512]
    powers, roots, transform, kept, crossed, cosines, window = np.split(
        numbers, np.cumsum(sizes)[:-1]
    )
    lines = np.arange(1, MAX_VALUE + 1, dtype=np.int64)
    # exact: fourth powers are below 2**53, and frexp gives their length
    lengths = np.frexp((lines**4).astype(np.float64))[1].astype(np.int64)
    zero = np.zeros(1, np.int64)
    places = np.concatenate([np.arange(16), np.arange(33, 49)])
    angles = (16 + places[:, None]) * (2 * np.arange(16) + 1) % 128
    return Layer3Tables(
        SizeTables(
            np.concatenate([zero, powers]),
            np.concatenate([zero, (lengths - 1) // 3]),
            roots.copy(),
        ),
        transform.reshape(_TYPES, SUBBAND_LINES, _FOLDED).copy(),
        kept.copy(),
        crossed.copy(),
        np.ascontiguousarray(cosines[angles]),
        window.copy(),
    )
