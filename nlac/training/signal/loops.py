"""Compiled loops over samples."""

from __future__ import annotations

from nlac.kernels.jit import kernel


@kernel
def integrate(rows, coefficient, first):
    """``rows[i, t] += coefficient * rows[i, t-1]`` in order of t, with first[i] before row i."""
    for i in range(rows.shape[0]):
        value = first[i]
        for t in range(rows.shape[1]):
            value = rows[i, t] + coefficient * value
            rows[i, t] = value
