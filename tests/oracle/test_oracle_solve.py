"""Coefficients of the compiled kernel and of the second decoder, from the same covariances."""

from __future__ import annotations

import numpy as np
import pytest

from nlac.kernels.vectors_i64 import I64_LANES
from nlac.predictors.cascade import cholesky as cascade_cholesky
from nlac.predictors.cascade.cholesky import SystemCell
from oracle.cascade_solve import Covariance, solve

pytestmark = pytest.mark.jit


def at(array: np.ndarray) -> int:
    return int(array.ctypes.data)


def covariance_of(size: int, kind: str, rng: np.random.Generator) -> np.ndarray:
    samples = np.cumsum(rng.normal(0, 300, (2 * size + 50, size)), axis=0)
    if kind == "alike":
        samples[:, 1::3] = samples[:, ::3][:, : samples[:, 1::3].shape[1]]
    if kind == "silent":
        samples[:, size // 3 : size // 2] = 0
    values = np.round(samples).astype(np.int64)
    return (values.T @ values) << (20 if kind == "loud" else 0)


@pytest.mark.parametrize("kind", ["plain", "alike", "silent", "loud"])
@pytest.mark.parametrize(
    ("size", "first"),
    [(1, 0), (2, 0), (4, 1), (5, 0), (6, 0), (8, 3), (9, 0), (17, 5), (25, 0), (43, 18), (76, 34)],
)
def test_coefficients_agree(size, first, kind):
    rng = np.random.default_rng(size)
    matrix = covariance_of(size, kind, rng)
    load = 30 if kind in ("alike", "silent") else 33
    plain = Covariance(size)
    plain.rows = [matrix[i, i:].tolist() for i in range(size)]
    expected = solve(plain, first, load)
    stride = -(-size // I64_LANES) * I64_LANES
    cells = rng.integers(-9, 9, (size, stride))
    upper = np.triu_indices(size)
    cells[:, :size][upper] = matrix[upper]
    work = rng.integers(-(2**62), 2**62, (size + 1, stride))
    found, inverses = np.zeros(stride + 8, np.int64), np.zeros(stride, np.int64)
    system = np.zeros(cascade_cholesky.SYSTEM_CELLS, np.int64)
    system[: SystemCell.DUE] = (
        size, first, stride, at(cells), at(work), at(found), at(inverses), 1 << load
    )  # in the order of SystemCell
    cascade_cholesky.solve(at(system), 0)
    assert found[first : size - 1].tolist() == expected
