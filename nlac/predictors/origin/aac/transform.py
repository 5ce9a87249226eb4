"""The inverse MDCT in integers (spec, section "Synthesis of AAC").

It is an orthonormal DCT-IV by a complex Fourier transform of half its length: pairs of lines are
turned, transformed by radix 2, decimated in time, and turned again. Each step rounds once.
"""

from __future__ import annotations

from nlac.kernels.jit import kernel
from nlac.predictors.origin.sizes import shifted

BITS = 24


@kernel
def _reverse(value, bits):
    result = 0
    for _ in range(bits):
        result = result * 2 + (value & 1)
        value >>= 1
    return result


@kernel
def _fourier(real, imaginary, length, turns):
    """Transform in place what is in the order of reversed bits; every second pass halves."""
    halves = False
    span = 1
    while span < length:
        step = 256 // span
        for begin in range(0, length, 2 * span):
            for j in range(span):
                cosine, sine = turns[0, j * step], turns[1, j * step]
                a, b = begin + j, begin + j + span
                x = shifted(real[b] * cosine + imaginary[b] * sine, BITS)
                y = shifted(imaginary[b] * cosine - real[b] * sine, BITS)
                top, side = real[a], imaginary[a]
                if halves:
                    real[a], imaginary[a] = shifted(top + x, 1), shifted(side + y, 1)
                    real[b], imaginary[b] = shifted(top - x, 1), shifted(side - y, 1)
                else:
                    real[a], imaginary[a] = top + x, side + y
                    real[b], imaginary[b] = top - x, side - y
        span *= 2
        halves = not halves


@kernel
def inverse_mdct(lines, first, stride, length, before, after, turns, work, out):
    """Samples of a window before the window function.

    Parameters
    ----------
    lines : int64
        Line k of the window is ``lines[first + stride * k]``, below 2**34 in magnitude.
    first, stride, length : int
        `length` is 1,024 or 128.
    before, after, turns : int64
        Of `AacTables`.
    work : (3, 1024) int64
        Scratch memory.
    out : (2048,) int64
        Filled up to twice `length`.
    """
    half = length // 2
    bits = 9 if half == 512 else 6
    real, imaginary, flat = work[0], work[1], work[2]
    for k in range(half):
        a = lines[first + stride * 2 * k]
        b = lines[first + stride * (length - 1 - 2 * k)]
        cosine, sine = before[0, k], before[1, k]
        place = _reverse(k, bits)
        real[place] = shifted(a * cosine + b * sine, BITS)
        imaginary[place] = shifted(b * cosine - a * sine, BITS)
    _fourier(real, imaginary, half, turns)
    for n in range(half):
        cosine, sine = after[0, n], after[1, n]
        flat[2 * n] = shifted(real[n] * cosine + imaginary[n] * sine, BITS)
        flat[length - 1 - 2 * n] = shifted(real[n] * sine - imaginary[n] * cosine, BITS)
    for n in range(half):
        out[n] = flat[half + n]
        out[half + n] = -flat[length - 1 - n]
        out[length + n] = -flat[half - 1 - n]
        out[length + half + n] = -flat[n]
