"""The quantised spectra of AAC-LC: frames, scale-factor bands, windows, filters of lines.

A frame holds 1,024 spectral lines a channel: those of one MDCT of 2,048 samples, or of eight of
256. Lines of a band share a step, which is a power of 2**(1/4): a line n of a band with exponent k
stands for ``sign(n) * |n|**(4/3) * 2**(k / 4)`` in an orthonormal MDCT of samples of 16 bits
(ISO/IEC 14496-3, 4.6.1 and 4.6.2).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LINES = 1024  # of a frame and channel
WINDOWS, WINDOW_LINES = 8, 128  # of a frame of short windows
LONG, START, SHORT, STOP = range(4)  # sequences of windows
SINE, KBD = range(2)  # shapes of windows
LEFT_RIGHT, MID_SIDE, IN_PHASE, OUT_OF_PHASE = range(4)  # stereo of a band
MAX_BANDS = 120  # of a frame: 8 groups of 15
MAX_VALUE = 8191
NO_STEP = -128  # exponent of a band of zeros
MIN_STEP, MAX_STEP = -122, 139
MIN_POSITION, MAX_POSITION = MIN_STEP, MAX_STEP  # of intensity
FILTERS, MAX_ORDER = 8, 12  # of a frame and channel; of a filter

# ends of the bands of long windows and of short ones, by the highest sampling rate that has them
_ENDS_48 = (
    4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 72, 80, 88, 96, 108, 120, 132, 144, 160, 176,
    196, 216, 240, 264, 292, 320, 352, 384, 416, 448, 480, 512, 544, 576, 608, 640, 672, 704, 736,
    768, 800, 832, 864, 896, 928,
)  # fmt: skip
_ENDS = {
    96000: ((4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 64, 72, 80, 88, 96, 108, 120,
             132, 144, 156, 172, 188, 212, 240, 276, 320, 384, 448, 512, 576, 640, 704, 768, 832,
             896, 960, 1024),
            (4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 92, 128)),
    64000: ((4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 64, 72, 80, 88, 100, 112, 124,
             140, 156, 172, 192, 216, 240, 268, 304, 344, 384, 424, 464, 504, 544, 584, 624, 664,
             704, 744, 784, 824, 864, 904, 944, 984, 1024),
            (4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 92, 128)),
    48000: ((*_ENDS_48, 1024), (4, 8, 12, 16, 20, 28, 36, 44, 56, 68, 80, 96, 112, 128)),
    32000: ((*_ENDS_48, 960, 992, 1024), (4, 8, 12, 16, 20, 28, 36, 44, 56, 68, 80, 96, 112, 128)),
    24000: ((4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 52, 60, 68, 76, 84, 92, 100, 108, 116, 124,
             136, 148, 160, 172, 188, 204, 220, 240, 260, 284, 308, 336, 364, 396, 432, 468, 508,
             552, 600, 652, 704, 768, 832, 896, 960, 1024),
            (4, 8, 12, 16, 20, 24, 28, 36, 44, 52, 64, 76, 92, 108, 128)),
    16000: ((8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 100, 112, 124, 136, 148, 160, 172, 184, 196,
             212, 228, 244, 260, 280, 300, 320, 344, 368, 396, 424, 456, 492, 532, 572, 616, 664,
             716, 772, 832, 896, 960, 1024),
            (4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 60, 72, 88, 108, 128)),
    8000: ((12, 24, 36, 48, 60, 72, 84, 96, 108, 120, 132, 144, 156, 172, 188, 204, 220, 236, 252,
            268, 288, 308, 328, 348, 372, 396, 420, 448, 476, 508, 544, 580, 620, 664, 712, 764,
            820, 880, 944, 1024),
           (4, 8, 12, 16, 20, 24, 28, 36, 44, 52, 60, 72, 88, 108, 128)),
}  # fmt: skip
# rates of the tables, by their number in streams
RATES = (48000, 32000, 24000, 16000, 8000, 64000, 96000)
_SAME = {44100: 48000, 22050: 24000, 12000: 16000, 11025: 16000, 88200: 96000}


class Bands(NamedTuple):
    """Bands of a sampling rate.

    Attributes
    ----------
    long : (1024,) int64
        Band of each line of a long window.
    short : (1024,) int64
        Band of each line of short windows, of its own window. Line ``8 * f + w`` is line f of
        window w.
    long_starts, short_starts : int64
        First line of each band of a window, and the end of the last.
    """

    long: NDArray[np.int64]
    short: NDArray[np.int64]
    long_starts: NDArray[np.int64]
    short_starts: NDArray[np.int64]


def table_of(sample_rate: int) -> int | None:
    """Return the number of the table of bands for a sampling rate in Hz, if AAC has it."""
    rate = _SAME.get(sample_rate, sample_rate)
    return RATES.index(rate) if rate in RATES else None


def bands_of(table: int) -> Bands:
    """Return the bands of a table, 0 to ``len(RATES) - 1``."""
    long, short = (np.array((0, *ends), np.int64) for ends in _ENDS[RATES[table]])
    windows = np.repeat(np.arange(len(short) - 1), np.diff(short))
    return Bands(
        np.repeat(np.arange(len(long) - 1), np.diff(long)).astype(np.int64),
        np.repeat(windows, WINDOWS).astype(np.int64),
        long,
        short,
    )


class Frames(NamedTuple):
    """Consecutive frames of an AAC-LC stream; F of them, C channels.

    Attributes
    ----------
    sequences : (F, C) uint8
        `LONG`, `START`, `SHORT` or `STOP`: a start has a short slope on the right, a stop on the
        left.
    shapes : (F, C) uint8
        `SINE` or `KBD`: the shape of a frame's right slope, and of its short windows after the
        first. The left slope has the shape of the frame before.
    first_shapes : (C,) uint8
        Shape of the left slope of the first frame.
    groups : (F, C) uint8
        Seven bits for the windows 1 to 7 of a short frame, the highest for window 1: whether a
        window shares the steps of the one before. 0 in other frames.
    steps : (F, C, 120) int16
        Exponent of each band, `MIN_STEP` to `MAX_STEP`, or `NO_STEP` where all lines are 0. Band b
        of group g of a short frame, of which each window has n bands, is band ``g * n + b``. Where
        the band's stereo is intensity, the second channel holds the position instead.
    stereo : (F, 120) uint8
        Of each band: `LEFT_RIGHT`; `MID_SIDE`, half the sum and half the difference of the
        channels; `IN_PHASE` or `OUT_OF_PHASE`, the second channel is plus or minus the first
        times ``2**(-position / 4)``, before the first's filters. `LEFT_RIGHT` where the channels
        have different sequences, shapes or groups.
    values : (F, C, 1024) int16
        Lines, each at most `MAX_VALUE` in magnitude; of short frames, line ``8 * f + w`` is line f
        of window w. 0 in the second channel where stereo is intensity.
    filters : (F, C, 8, 5) uint8
        Filters over lines (temporal noise shaping): first band, end of bands, order (0 for no
        filter), direction (0 from low to high lines, 1 from high to low) and resolution (3 or 4
        bits). Up to three of a long window; of a short frame, the filter of each window. Bands are
        those of a window, and those of a window's filters do not overlap.
    reflections : (F, C, 8, 12) int8
        Indices of the filters' reflection coefficients, -8 to 7; 0 from the order on.
    noise : (F, C, 120) uint8
        1 where a band holds noise (perceptual noise substitution). Its values are 0 then, its
        stereo is `LEFT_RIGHT`, and its exponent, `MIN_STEP` to `MAX_STEP`, that of the norm of its
        lines in each window: line by line, window by window, a state of the generator as a signed
        number, times ``2**(k / 4)`` over the norm of the states of the band in that window.
    states : (F, C, 120, 2) uint32
        State of the generator before the first line of a band of noise, see `noise.follower`; 0 for
        other bands. Mostly that after the last line of the band of noise before.
    """

    sequences: NDArray[np.uint8]
    shapes: NDArray[np.uint8]
    first_shapes: NDArray[np.uint8]
    groups: NDArray[np.uint8]
    steps: NDArray[np.int16]
    stereo: NDArray[np.uint8]
    values: NDArray[np.int16]
    filters: NDArray[np.uint8]
    reflections: NDArray[np.int8]
    noise: NDArray[np.uint8]
    states: NDArray[np.uint32]

    @property
    def length(self) -> int:
        """Number of frames."""
        return len(self.sequences)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.sequences.shape[1])

    def part(self, begin: int, end: int) -> Frames:
        """Return copies of the frames from `begin` to `end`."""
        first = self.shapes[begin - 1] if begin > 0 else self.first_shapes
        return Frames(
            self.sequences[begin:end].copy(), self.shapes[begin:end].copy(), first.copy(),
            self.groups[begin:end].copy(), self.steps[begin:end].copy(),
            self.stereo[begin:end].copy(), self.values[begin:end].copy(),
            self.filters[begin:end].copy(), self.reflections[begin:end].copy(),
            self.noise[begin:end].copy(), self.states[begin:end].copy(),
        )  # fmt: skip


def empty_frames(count: int, channels: int) -> Frames:
    """Return frames of zeros in long windows of sine shape."""
    return Frames(
        np.zeros((count, channels), np.uint8),
        np.zeros((count, channels), np.uint8),
        np.zeros(channels, np.uint8),
        np.zeros((count, channels), np.uint8),
        np.full((count, channels, MAX_BANDS), NO_STEP, np.int16),
        np.zeros((count, MAX_BANDS), np.uint8),
        np.zeros((count, channels, LINES), np.int16),
        np.zeros((count, channels, FILTERS, 5), np.uint8),
        np.zeros((count, channels, FILTERS, MAX_ORDER), np.int8),
        np.zeros((count, channels, MAX_BANDS), np.uint8),
        np.zeros((count, channels, MAX_BANDS, 2), np.uint32),
    )
