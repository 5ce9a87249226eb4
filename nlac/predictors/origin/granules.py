"""The quantised spectra of MPEG audio Layer III: granules, scale-factor bands, block types.

A granule holds 576 spectral lines a channel. Lines of a band share a step, which is a power of
2**(1/4): a line n of a band with exponent k stands for ``sign(n) * |n|**(4/3) * 2**(k / 4)``
(ISO/IEC 11172-3, 2.4.3.4; ISO/IEC 13818-3 for the lower rates).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LINES = 576  # of a granule and channel
SUBBANDS, SUBBAND_LINES = 32, 18
LONG, START, SHORT, STOP = range(4)  # block types
LONG_BANDS, SHORT_BANDS = 22, 39  # 13 of each of three windows
MAX_VALUE = 8206
NO_STEP = -128  # exponent of a band of zeros
MIN_STEP, MAX_STEP = -108, 19

# widths of the bands of long blocks and of one window of short blocks, for each sampling rate
_WIDTHS = {
    44100: ((4, 4, 4, 4, 4, 4, 6, 6, 8, 8, 10, 12, 16, 20, 24, 28, 34, 42, 50, 54, 76, 158),
            (4, 4, 4, 4, 6, 8, 10, 12, 14, 18, 22, 30, 56)),
    48000: ((4, 4, 4, 4, 4, 4, 6, 6, 6, 8, 10, 12, 16, 18, 22, 28, 34, 40, 46, 54, 54, 192),
            (4, 4, 4, 4, 6, 6, 10, 12, 14, 16, 20, 26, 66)),
    32000: ((4, 4, 4, 4, 4, 4, 6, 6, 8, 10, 12, 16, 20, 24, 30, 38, 46, 56, 68, 84, 102, 26),
            (4, 4, 4, 4, 6, 8, 12, 16, 20, 26, 34, 42, 12)),
    22050: ((6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54),
            (4, 4, 4, 6, 6, 8, 10, 14, 18, 26, 32, 42, 18)),
    24000: ((6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 18, 22, 26, 32, 38, 46, 54, 62, 70, 76, 36),
            (4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 32, 44, 12)),
    16000: ((6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54),
            (4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 30, 40, 18)),
    8000: ((12, 12, 12, 12, 12, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 76, 90, 2, 2, 2, 2, 2),
           (8, 8, 8, 12, 16, 20, 24, 28, 36, 2, 2, 2, 26)),
}  # fmt: skip
# rates of the tables, by their number in streams
RATES = (44100, 48000, 32000, 22050, 24000, 16000, 8000)
_SAME = {11025: 16000, 12000: 16000}


class Bands(NamedTuple):
    """Bands of a sampling rate.

    Attributes
    ----------
    long : (576,) int64
        Band of each line of a long block, 0 to 21.
    short : (576,) int64
        Band of each line of a short block, 0 to 38: three times the band of its window, and the
        window. Line ``3 * f + w`` is line f of window w.
    """

    long: NDArray[np.int64]
    short: NDArray[np.int64]


def table_of(sample_rate: int) -> int | None:
    """Return the number of the table of bands for a sampling rate in Hz, if Layer III has it."""
    rate = _SAME.get(sample_rate, sample_rate)
    return RATES.index(rate) if rate in RATES else None


def bands_of(table: int) -> Bands:
    """Return the bands of a table, 0 to ``len(RATES) - 1``."""
    long, short = _WIDTHS[RATES[table]]
    windows = 3 * np.repeat(np.arange(13), short)
    return Bands(
        np.repeat(np.arange(LONG_BANDS), long).astype(np.int64),
        (windows[:, None] + np.arange(3)).reshape(-1).astype(np.int64),
    )


class Granules(NamedTuple):
    """Consecutive granules of a Layer III stream; G of them, C channels.

    Attributes
    ----------
    mid_side : (G,) uint8
        1 where the two channels hold sum and difference, over the square root of 2.
    types : (G, C) uint8
        `LONG`, `START`, `SHORT` or `STOP`.
    steps : (G, C, 39) int8
        Exponent of each band, `MIN_STEP` to `MAX_STEP`, or `NO_STEP` where all lines are 0. With
        an exponent of 0, the line 1 is as loud as 32,768 sample units. Long blocks use the first
        22.
    values : (G, C, 576) int16
        Lines, each at most `MAX_VALUE` in magnitude; of a short block in the order of
        `Bands.short`.
    """

    mid_side: NDArray[np.uint8]
    types: NDArray[np.uint8]
    steps: NDArray[np.int8]
    values: NDArray[np.int16]

    @property
    def length(self) -> int:
        """Number of granules."""
        return len(self.mid_side)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.types.shape[1])

    def part(self, begin: int, end: int) -> Granules:
        """Return copies of the granules from `begin` to `end`."""
        return Granules(
            self.mid_side[begin:end].copy(), self.types[begin:end].copy(),
            self.steps[begin:end].copy(), self.values[begin:end].copy(),
        )  # fmt: skip


def empty_granules(count: int, channels: int) -> Granules:
    """Return granules of zeros in long blocks."""
    return Granules(
        np.zeros(count, np.uint8),
        np.zeros((count, channels), np.uint8),
        np.full((count, channels, SHORT_BANDS), NO_STEP, np.int8),
        np.zeros((count, channels, LINES), np.int16),
    )
