"""The online network's vector loops against plain arithmetic, at the ends of their ranges."""

from __future__ import annotations

import numpy as np
import pytest

from nlac.kernels.jit import kernel
from nlac.predictors.networks.online import INPUT_LIMIT, INPUTS, PADDED, first_weights
from nlac.predictors.networks.online_vectors import ROWS, learn_row, learn_rows

PAIRS = 6


@kernel
def run_rows(step, values, outward, weights, copies, inputs, pairs):
    learn_rows(step, values, outward, weights, copies, inputs, pairs)


@kernel
def run_row(weights, copies, inputs, count, step):
    learn_row(weights, copies, inputs, count, step)


def at(array: np.ndarray) -> int:
    return int(array.ctypes.data)


def draw(rng: np.random.Generator, limit: int, size: object, ends: bool) -> np.ndarray:
    """Integers up to a limit, or only the limit itself with either sign."""
    if ends:
        return rng.choice([-limit, limit], size)
    return rng.integers(-limit, limit + 1, size)


@pytest.mark.jit
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("step", [-(2**15), -77, 0, 1, 2**15])
def test_units(step, ends):
    rng = np.random.default_rng(abs(step))
    for _ in range(20):
        values = draw(rng, 32767, ROWS, ends) >> (15 if ends and rng.random() < 0.5 else 0)
        outward = draw(rng, 2**23, ROWS, ends)
        weights = draw(rng, 2**30, (PAIRS, 2, ROWS), ends)
        inputs = draw(rng, INPUT_LIMIT, (PAIRS, 2), ends)
        slope = (2**30 - values**2) >> 15
        turn = (step * (((outward >> 8) * slope) >> 15) + 2**6) >> 7
        turn = turn.clip(-(2**19), 2**19)
        further = (outward + ((step * values + 2**8) >> 9)).clip(-(2**23), 2**23)
        expected = (weights + turn * inputs[:, :, None]).clip(-(2**30), 2**30)
        values, outward, weights = (a.astype(np.int32) for a in (values, outward, weights))
        inputs, copies = inputs.astype(np.int16), np.zeros((PAIRS, ROWS, 2), np.int16)
        run_rows(
            step, at(values), at(outward), at(weights), at(copies), at(inputs), PAIRS
        )
        np.testing.assert_array_equal(outward, further)
        np.testing.assert_array_equal(weights, expected)
        np.testing.assert_array_equal(copies.transpose(0, 2, 1), expected >> 16)


@pytest.mark.jit
@pytest.mark.parametrize("step", [-(2**14), -3, 0, 2**14])
def test_linear_path(step):
    rng = np.random.default_rng(abs(step))
    inputs = draw(rng, INPUT_LIMIT, 64, False).astype(np.int16)
    weights, copies = draw(rng, 2**30, 64, False).astype(np.int32), np.zeros(64, np.int16)
    expected = (weights + np.int64(step) * inputs).clip(-(2**30), 2**30)
    run_row(at(weights), at(copies), at(inputs), 64, step)
    np.testing.assert_array_equal(weights, expected)
    np.testing.assert_array_equal(copies, expected >> 16)


def test_first_weights():
    weights = first_weights()
    assert not weights[:, INPUTS:].any(), "inputs that there are not"
    assert weights.shape == (ROWS, PADDED)
    assert len(np.unique(weights[:, :INPUTS])) == ROWS * INPUTS
    assert weights[0, 0] == ((1664525 + 1013904223) >> 7) - 2**24
