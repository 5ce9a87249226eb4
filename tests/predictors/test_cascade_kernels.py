"""The cascade's integer kernels against plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from nlac.kernels.arithmetic import bit_length, square_root
from nlac.kernels.jit import kernel
from nlac.kernels.vectors_covariance import DIAGONALS, accumulate
from nlac.kernels.vectors_i16 import add_four_gradients, add_two_gradients, dot_i16
from nlac.kernels.vectors_i64 import I64_LANES, dot_low
from nlac.predictors.cascade import cholesky
from nlac.predictors.cascade import covariance as cov
from nlac.predictors.cascade import nlms as lms

pytestmark = pytest.mark.jit


def at(array: np.ndarray) -> int:
    return int(array.ctypes.data)


@kernel
def run_dots(left, right, count, narrow):
    return dot_i16(left, right, count) if narrow else dot_low(left, right, count)


@kernel
def run_gradients(weights, copies, history, count, shift, newest, oldest, four):
    if four:
        add_four_gradients(weights, copies, history, count, shift, newest, oldest)
    else:
        add_two_gradients(weights, copies, history, count, shift, newest, oldest)


@kernel
def run_accumulate(target, sums, step, rows, columns, lower, decay, up, down, mask):
    accumulate(target, step, sums, step, rows, columns, lower, decay, up, down, mask)


def test_bit_length_and_root():
    rng = np.random.default_rng(1)
    values = [1, 2, 3, 2**53 - 1, 2**53, 2**60 - 1, 2**60, 2**61 - 1, 2**40, 2**40 - 1]
    values += [int(v) for v in 2.0 ** rng.uniform(0, 60, 300)]
    for value in values:
        assert bit_length(value) == value.bit_length()
        root = square_root(value)
        assert root * root <= value < (root + 1) * (root + 1)
        assert square_root(root * root) == root


@pytest.mark.parametrize("count", [32, 64, 256])
def test_dot_i16(count):
    rng = np.random.default_rng(count)
    a, b = (rng.integers(-32767, 32768, count).astype(np.int16) for _ in range(2))
    total = int(a.astype(np.int64) @ b.astype(np.int64))
    wrapped = (total + 2**31) % 2**32 - 2**31
    assert run_dots(at(a), at(b), count, True) == wrapped


@pytest.mark.parametrize("count", [1, 7, 8, 9, 33])
def test_dot_low(count):
    rng = np.random.default_rng(count)
    a, b = (rng.integers(-(2**28), 2**28, count + 8) for _ in range(2))
    assert run_dots(at(a), at(b), count, False) == int(a[:count] @ b[:count])


@pytest.mark.parametrize("four", [False, True])
def test_gradients(four):
    rng = np.random.default_rng(3)
    history = rng.integers(-8191, 8192, 200).astype(np.int16)
    weights = np.zeros(64, np.int32)
    copies = np.zeros(64, np.int16)
    steps = rng.integers(-32768, 32768, 4).astype(np.int16)
    newest, oldest = steps.view(np.int32).tolist()  # each a step above the one before it
    expected = np.zeros(64, np.int64)
    for _ in range(40):
        run_gradients(at(weights), at(copies), at(history) + 40, 64, 1, newest, oldest, four)
        x = history.astype(np.int64)
        total = steps[1] * x[20:84] + steps[0] * x[19:83]
        if four:
            total += steps[3] * x[18:82] + steps[2] * x[17:81]
        total = (total + 2**31) % 2**32 - 2**31
        expected = np.clip(expected + ((total + 1) >> 1), -(2**30), 2**30)
    natural = weights.reshape(2, 2, 16).transpose(0, 2, 1).ravel()
    np.testing.assert_array_equal(natural, expected)
    np.testing.assert_array_equal(copies, expected >> 16)


@kernel
def run_spread(gradients, weights, copies, history, count):
    lms._spread(gradients, np.int64(4), weights, copies, history, count)


@pytest.mark.parametrize("gradient", [-16778428, 16778428, -(2**30), -1, 5])
def test_gradients_that_fall_with_distance(gradient):
    """The first is, 512 taps away, by one less than 16 bits hold."""
    taps, gradients = 1024, np.zeros(4 * I64_LANES, np.int64)
    gradients[0] = gradient
    history = np.random.default_rng(6).integers(-8191, 8192, taps + 8).astype(np.int16)
    weights, copies = np.zeros(taps, np.int32), np.zeros(taps, np.int16)
    run_spread(at(gradients), at(weights), at(copies), at(history) + 16, taps)
    expected = np.zeros(taps, np.int64)
    end, width, most = taps, 32, abs(gradient)
    while end and most:
        size = max(most.bit_length() - 15, 1)
        step = max(gradient >> size, -32768) * history[8 + end - width : 8 + end].astype(np.int64)
        expected[end - width : end] = (step + (1 << (16 - size) >> 1)) >> (16 - size)
        width, end = width * 2 if end < taps else width, end - width
        gradient, most = (gradient * 18820) >> 15, (most * 18820) >> 15
    natural = weights.reshape(-1, 2, 16).transpose(0, 2, 1).ravel()
    np.testing.assert_array_equal(natural, expected.clip(-(2**30), 2**30))


@pytest.mark.parametrize("mask", [0, -1])
@pytest.mark.parametrize("triangle", [False, True])
@pytest.mark.parametrize("columns", [21, 32, 70])
def test_accumulate(mask, triangle, columns):
    rng = np.random.default_rng(4)
    target, sums = (rng.integers(-(2**50), 2**50, (columns, columns + 3)) for _ in range(2))
    before = target.copy()
    rows = columns - 2
    lower = 0 if triangle else rows
    step = 8 * (columns + 3)
    run_accumulate(at(target), at(sums), step, rows, columns, lower, 5, 2, 7, mask)
    new = (sums << 2) >> 7
    expected = before - (before >> 5) + new + ((new >> 1) & mask)
    inside = np.zeros(target.shape, bool)
    inside[:rows, :columns] = True
    needed = np.triu(inside) if triangle else inside
    np.testing.assert_array_equal(target[needed], expected[needed])
    np.testing.assert_array_equal(target[~inside], before[~inside])


def test_batch_sums():
    rng = np.random.default_rng(5)
    x, y = (rng.integers(-(2**19), 2**19, 900) for _ in range(2))
    lengths, places, sources = (5, 7, 9, 12), (300, 290, 391, 389), (y, x, y, x)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    total, batch = int(starts[-1]), 16
    stride = -(-(total + DIAGONALS) // I64_LANES) * I64_LANES
    sums = np.zeros((total + 1, stride), np.int64)
    window = np.zeros(cov.WINDOW_CELLS, np.int64)
    window[: cov.WindowCell.STRETCHES] = total, 0, stride, batch, at(sums)
    for i in range(4):
        part = cov.WindowCell.STRETCHES + 4 * i
        window[part : part + 4] = starts[i], lengths[i], at(sources[i]), places[i]
    cov.batch_sums(at(window), 32)
    rows = [
        np.concatenate([sources[i][places[i] + t :][: lengths[i]] for i in range(4)])
        for t in range(32, 32 + batch)
    ]
    expected = np.array(rows).T @ np.array(rows)
    upper = np.triu_indices(total)
    np.testing.assert_array_equal(sums[:total, :total][upper], expected[upper])


class System:
    """A system of normally distributed inputs, and the weights that solve it."""

    def __init__(self, taps: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        inputs = rng.normal(0, 3000, (4000, taps))
        inputs[:, 1:] += 0.9 * inputs[:, :-1]
        self.weights = rng.normal(0, 1, taps)
        target = inputs @ self.weights + rng.normal(0, 10, 4000)
        joint = np.round(np.column_stack([inputs, target])).astype(np.int64)
        stride = -(-(taps + 1) // I64_LANES) * I64_LANES
        self.covariance = np.zeros((taps + 1, stride), np.int64)
        self.covariance[:, : taps + 1] = joint.T @ joint
        self.factor, self.inverses = np.zeros_like(self.covariance), np.zeros(stride, np.int64)
        self.found = np.zeros(stride + 8, np.int64)
        self.cells = np.zeros(cholesky.SYSTEM_CELLS, np.int64)
        self.cells[: cholesky.SystemCell.DUE] = (
            taps + 1, 0, stride, at(self.covariance), at(self.factor), at(self.found),
            at(self.inverses), 1 << 26,
        )  # fmt: skip


@pytest.mark.parametrize("taps", [3, 15, 16, 40])
def test_solution_is_that_of_least_squares(taps):
    system = System(taps, taps)
    cholesky.solve(at(system.cells), 0)
    np.testing.assert_allclose(system.found[:taps] / 2**20, system.weights, atol=2e-3)


@pytest.mark.parametrize("taps", [1, 4, 17, 40])
def test_two_systems_are_solved_as_each_alone(taps):
    alone, together = ([System(taps, seed) for seed in (1, 2)] for _ in range(2))
    together[1].covariance[taps // 2] = alone[1].covariance[taps // 2] = 0  # left out
    for system in alone:
        cholesky.solve(at(system.cells), 0)
    cholesky.solve(*(at(system.cells) for system in together))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a.found, b.found)
    assert np.any(alone[0].found != alone[1].found)
