"""Integer distributions of the next sample, and the frequencies of their intervals.

A distribution is a location (sample units, Q8), a scale index and a shape (spec, section
"Distributions"). Its cumulative function is a normative table with integer interpolation, so
nothing here depends on floats. The scale index s means a mean absolute deviation of
2**(s/16 - 4) sample units.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.range_coder import TOTAL
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i16, load_i32

_PATH = Path(__file__).parents[1] / "bitstream" / "distribution.bin"
SHAPES = 7
CELLS = 1024  # of 1/32 of a mean absolute deviation each, from -16 to +16
ROW = CELLS + 1
TAIL = 64  # frequency of each tail beyond the table
MAX_SCALE = 16 * 38 - 1
REACH = 16 << 13  # half the table's width in positions (Q13)


class Tables(NamedTuple):
    """The normative tables, in the integer types that the kernels load.

    Attributes
    ----------
    cumulative : (SHAPES * ROW,) int32
        Frequencies below each cell edge, of 2**24.
    start : (SHAPES * 4096,) int16
        First cell for the top 12 bits of a quantile; derived, for searching only.
    reciprocal : (SHAPES * ROW,) int32
        2**30 over the frequency of each cell; derived, for searching only.
    shapes : (257,) int64
        The shape for the top bits of a mean of min(|u|, 1) (`_shapes`).
    down, up : (16,) int64
        Mantissas of 2**(-i/16) in Q16 and of 2**(i/16) in Q15.
    """

    cumulative: NDArray[np.int32]
    start: NDArray[np.int16]
    reciprocal: NDArray[np.int32]
    shapes: NDArray[np.int64]
    down: NDArray[np.int64]
    up: NDArray[np.int64]


@cache
def tables() -> Tables:
    """Load the normative tables (made by ``tools/make_tables.py``)."""
    data = _PATH.read_bytes()
    numbers = np.frombuffer(data, "<i4").astype(np.int64)
    cumulative = numbers[: SHAPES * ROW]
    rest = numbers[SHAPES * ROW :]
    quantiles = np.arange(4096, dtype=np.int64) << 12
    start = [
        np.clip(np.searchsorted(row, quantiles, side="right") - 1, 0, CELLS - 1)
        for row in cumulative.reshape(SHAPES, ROW)
    ]
    limits, down, up = np.split(rest, [SHAPES - 1, SHAPES - 1 + 16])
    widths = np.diff(cumulative, append=TOTAL)  # the last of a row is no cell
    return Tables(
        cumulative.astype(np.int32),
        np.concatenate(start).astype(np.int16),
        ((1 << 30) // np.maximum(widths, 1)).astype(np.int32),
        _shapes(limits),
        down,
        up,
    )


def _shapes(limits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the shapes by the top bits of the mean of min(|u|, 1), (257,) int64.

    For each run of 256 means: the number of limits above all of them, plus 8 times the one limit
    among them (0 for none).
    """
    bounds = np.arange(257)[:, None] << 8
    above = np.count_nonzero(limits >= bounds + 256, axis=1)
    among = np.where((limits > bounds) & (limits < bounds + 256), limits, 0)
    assert np.all(np.count_nonzero(among, axis=1) <= 1), "two limits share a run"
    return np.ascontiguousarray(above + 8 * among.sum(axis=1), np.int64)


@kernel(forceinline=True)
def cumulative_at(cumulative, row, distance, mantissa, shift):
    """Frequency below a boundary `distance` (Q8 sample units) away from the location.

    `row` is the shape times ROW; `mantissa` and `shift` come from the scale:
    ``down[s & 15]`` and ``7 + (s >> 4)``.
    """
    position = (distance * mantissa) >> shift
    if position <= -REACH:
        return np.int64(TAIL)
    if position >= REACH:
        return np.int64(TOTAL - TAIL)
    position += REACH
    cell = row + (position >> 8)
    left = load_i32(cumulative, cell)
    return left + (((load_i32(cumulative, cell + 1) - left) * (position & 255)) >> 8)


@kernel(forceinline=True)
def quantile_distance(cumulative, start, reciprocal, shape, q, mantissa, exponent):
    """Approximate distance (Q8) from the location at which the cumulative function reaches `q`.

    Not normative: a search for the bin begins there.
    """
    row = shape * ROW
    cell = load_i16(start, shape * 4096 + (q >> 12))
    while load_i32(cumulative, row + cell + 1) <= q and cell < CELLS - 1:
        cell += 1
    left = load_i32(cumulative, row + cell)
    inside = ((q - left) * load_i32(reciprocal, row + cell)) >> 22
    position = (cell << 8) + inside - REACH
    if exponent >= 24:
        return (position * mantissa) << (exponent - 24)
    return (position * mantissa) >> (24 - exponent)
