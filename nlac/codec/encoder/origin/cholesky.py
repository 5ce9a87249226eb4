"""Systems of linear equations with a positive matrix, solved by its Cholesky factor."""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel


@kernel
def decompose(matrix: Floats, count: int, least: float, instead: float) -> None:
    """Replace the lower half of a matrix by its Cholesky factor.

    Parameters
    ----------
    matrix : (>= count, >= count) float64
        Symmetric, of which the lower half is read.
    count : int
        Unknowns.
    least : float
        Squared diagonal of the factor at which the matrix is no longer positive.
    instead : float
        Diagonal there.
    """
    for row in range(count):
        for column in range(row + 1):
            total = matrix[row, column]
            for i in range(column):
                total -= matrix[row, i] * matrix[column, i]
            if row == column:
                matrix[row, row] = np.sqrt(total) if total > least else instead
            else:
                matrix[row, column] = total / matrix[column, column]


@kernel
def solve(factor: Floats, count: int, values: Floats) -> None:
    """Replace the right side of equations by their solution.

    Parameters
    ----------
    factor : (>= count, >= count) float64
        Of `decompose`.
    count : int
        Unknowns.
    values : (>= count,) float64
        Overwritten.
    """
    for row in range(count):
        total = values[row]
        for i in range(row):
            total -= factor[row, i] * values[i]
        values[row] = total / factor[row, row]
    for row in range(count - 1, -1, -1):
        total = values[row]
        for i in range(row + 1, count):
            total -= factor[i, row] * values[i]
        values[row] = total / factor[row, row]
