"""The MDCT of AAC, orthonormal, both ways, as kernels in float64.

An MDCT of 2 M windowed samples is a DCT-IV of M sums: those of the right half of the window in the
first M / 2 places, those of the left half in the others. So the slopes of a window can be
transformed apart. A DCT-IV is its own inverse.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.aac.tables import FLAT, HALF, Bank
from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES, WINDOW_LINES, WINDOWS

WORK = (4, HALF)  # shape of an array that transforms work in


@kernel
def _fourier(work: Floats, length: int, bank: Bank) -> int:
    """Transform complex numbers in the rows 0 and 1; return the first row of the result."""
    roots = bank.roots
    source, target = 0, 2
    count = length
    stride = 1
    while count > 1:
        half = count // 2
        turn = HALF // count
        re, im = work[source], work[source + 1]
        out_re, out_im = work[target], work[target + 1]
        for p in range(half):
            cosine, sine = roots[0, p * turn], roots[1, p * turn]
            low, high = stride * p, stride * (p + half)
            even, odd = 2 * stride * p, 2 * stride * p + stride
            for q in range(stride):
                a, b = re[low + q], im[low + q]
                c, d = re[high + q], im[high + q]
                out_re[even + q] = a + c
                out_im[even + q] = b + d
                a -= c
                b -= d
                out_re[odd + q] = a * cosine - b * sine
                out_im[odd + q] = a * sine + b * cosine
        source, target = target, source
        count = half
        stride *= 2
    return source


@kernel
def cosines(sums: Floats, lines: Floats, work: Floats, bank: Bank) -> None:
    """Write the orthonormal DCT-IV of 1,024 or 128 numbers.

    Parameters
    ----------
    sums, lines : (1024,) or (128,) float64
        Input and output; may be the same.
    work : WORK float64
        Overwritten.
    bank : Bank
        Tables.
    """
    length = len(sums)
    half = length // 2
    turns = bank.long_turns if length == LINES else bank.short_turns
    for i in range(half):
        a, b = sums[2 * i], sums[length - 1 - 2 * i]
        c, s = turns[0, i], turns[1, i]
        work[0, i] = a * c - b * s
        work[1, i] = a * s + b * c
    row = _fourier(work, half, bank)
    for i in range(half):
        a, b = work[row, i], work[row + 1, i]
        c, s = turns[0, i], turns[1, i]
        lines[2 * i] = a * c - b * s
        lines[length - 1 - 2 * i] = -(a * s + b * c)


@kernel
def fold_left(samples: Floats, begin: int, slope: Floats, sums: Floats) -> None:
    """Write the sums of the left half of a window that begins at a sample."""
    length = len(slope)
    half = length // 2
    for i in range(half):
        j = length - 1 - i
        sums[half + i] = slope[i] * samples[begin + i] - slope[j] * samples[begin + j]


@kernel
def fold_right(samples: Floats, begin: int, slope: Floats, sums: Floats) -> None:
    """Write the sums of the right half of a window whose right half begins at a sample."""
    length = len(slope)
    half = length // 2
    for i in range(half):
        j = half - 1 - i
        k = half + i
        # falling slope: that of place n is slope[length - 1 - n]
        sums[i] = -(slope[length - 1 - j] * samples[begin + j])
        sums[i] -= slope[length - 1 - k] * samples[begin + k]


@kernel
def long_lines(
    samples: Floats, begin: int, left: int, right: int, lines: Floats, work: Floats, bank: Bank
) -> None:
    """Write the 1,024 lines of a window of 2,048 samples with two slopes."""
    fold_left(samples, begin, bank.slopes[left], lines)
    fold_right(samples, begin + LINES, bank.slopes[right], lines)
    cosines(lines, lines, work, bank)


@kernel
def short_lines(
    samples: Floats, begin: int, left: int, shape: int, lines: Floats, work: Floats, bank: Bank
) -> None:
    """Write the lines of eight windows of 256 samples, line f of window w at 8 f + w.

    `left` and `shape` are the shapes of the first slope and of all others.
    """
    sums = np.empty(WINDOW_LINES)
    for w in range(WINDOWS):
        at = begin + FLAT + WINDOW_LINES * w
        fold_left(samples, at, bank.short_slopes[left if w == 0 else shape], sums)
        fold_right(samples, at + WINDOW_LINES, bank.short_slopes[shape], sums)
        cosines(sums, sums, work, bank)
        for f in range(WINDOW_LINES):
            lines[WINDOWS * f + w] = sums[f]


@kernel
def _unfold(sums: Floats, left: Floats, right: Floats, samples: Floats, begin: int) -> None:
    """Add the windowed samples that sums give."""
    length = len(sums)
    half = length // 2
    for i in range(half):
        j = length - 1 - i
        samples[begin + i] += sums[half + i] * left[i]
        samples[begin + j] -= sums[half + i] * left[j]
        j = half - 1 - i
        k = half + i
        samples[begin + length + j] -= sums[i] * right[length - 1 - j]
        samples[begin + length + k] -= sums[i] * right[length - 1 - k]


@kernel
def add_long(
    lines: Floats, left: int, right: int, samples: Floats, begin: int, work: Floats, bank: Bank
) -> None:
    """Add the 2,048 samples of a long window; the transpose of `long_lines`."""
    sums = np.empty(LINES)
    cosines(lines, sums, work, bank)
    _unfold(sums, bank.slopes[left], bank.slopes[right], samples, begin)


@kernel
def add_short(
    lines: Floats, left: int, shape: int, samples: Floats, begin: int, work: Floats, bank: Bank
) -> None:
    """Add the samples of eight short windows; the transpose of `short_lines`."""
    sums = np.empty(WINDOW_LINES)
    for w in range(WINDOWS):
        for f in range(WINDOW_LINES):
            sums[f] = lines[WINDOWS * f + w]
        cosines(sums, sums, work, bank)
        _unfold(
            sums, bank.short_slopes[left if w == 0 else shape], bank.short_slopes[shape], samples,
            begin + FLAT + WINDOW_LINES * w,
        )  # fmt: skip
