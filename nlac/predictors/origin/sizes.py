"""Sizes of dequantised lines in integers (spec, section "Lines")."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.jit import inline_kernel, kernel

LIMIT = 1 << 32


class SizeTables(NamedTuple):
    """Tables of n**(4/3) and 2**(r / 4), all int64.

    Attributes
    ----------
    mantissas, exponents : (8207,)
        n**(4/3) is about ``mantissas[n] * 2**(exponents[n] - 30)``; mantissas from 2**30 to 2**31,
        but 0 for n = 0.
    roots : (4,)
        2**(r / 4), Q30, perhaps times a gain.
    """

    mantissas: NDArray[np.int64]
    exponents: NDArray[np.int64]
    roots: NDArray[np.int64]

    def times(self, gain: int) -> SizeTables:
        """Return the tables with a gain, Q30."""
        roots = np.empty(4, np.int64)
        _multiply(self.roots, gain, roots)
        return self._replace(roots=roots)


@inline_kernel
def shifted(value, shift):
    """Round a value / 2**shift to the nearest, halves up; 1 <= shift <= 62."""
    return (value + (np.int64(1) << (shift - 1))) >> shift


@inline_kernel
def limited(value, limit):
    """Bring a value within -limit to limit."""
    return min(max(value, -limit), limit)


@kernel
def _multiply(roots, gain, out):
    for r in range(4):
        out[r] = shifted(roots[r] * gain, 30)


@inline_kernel
def line_size(tables, bits, size, step):
    """Size of a line with the magnitude `size` >= 1 and the exponent `step`.

    It has ``60 - bits`` fraction bits. Products are below 2**62.75, so half of 2**62 may not fit.
    """
    shift = min(max(bits - tables.exponents[size] - (step >> 2), np.int64(1)), np.int64(61))
    return min(shifted(tables.mantissas[size] * tables.roots[step & 3], shift), np.int64(LIMIT))
