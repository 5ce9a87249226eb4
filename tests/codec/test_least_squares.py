"""The factorisation is that of the definition, whole or in two steps."""

from __future__ import annotations

import numpy as np
import pytest

from nlac.codec.encoder.lpc.least_squares import factorise, new_factor
from nlac.codec.encoder.ltp.gain import PIECE, add_gains

pytestmark = pytest.mark.jit


@pytest.mark.parametrize(("size", "known"), [(1, 0), (24, 8), (40, 24), (41, 24), (98, 32)])
def test_factor(size: int, known: int) -> None:
    rows = np.random.default_rng(size).normal(size=(2 * size, size))
    matrix = rows.T @ rows
    whole, steps = new_factor(size), new_factor(size)
    assert factorise(matrix, size, whole, 0) == size
    upper = np.triu(whole[:, :size])
    # 0.001 goes to the diagonal
    np.testing.assert_allclose(upper.T @ upper, matrix, atol=2e-3)
    assert factorise(matrix, known, steps, 0) == known
    unread = matrix.copy()
    unread[:known, :known] = np.nan
    assert factorise(unread, size, steps, known) == size
    np.testing.assert_array_equal(np.triu(steps[:, :size]), upper)


def _energy(target: np.ndarray, taps: list[np.ndarray]) -> float:
    columns = np.array(taps).T
    weights = np.linalg.lstsq(columns, target, rcond=None)[0]
    return float(np.sum((target - columns @ weights) ** 2))


def test_gains_of_lags_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(0, 100, (2, 4000))
    for t in range(1, 4000):
        base[:, t] += 0.9 * base[:, t - 1]
    base[:, 2500:] += 0.8 * base[:, 1500:3000]
    samples = np.round(base)
    lags, begin, first, end = np.array([700, 1000, 3100]), 100, 3000, 3900
    bits, frames = np.zeros(3), np.zeros(3)
    add_gains(samples, 0, True, lags, begin, first, end, bits, frames)
    # the last lag reaches so far that only the end of the piece has an earlier occurrence
    starts = np.maximum(first, begin + lags)
    stops = np.minimum(starts + PIECE, end)
    np.testing.assert_array_equal(frames, 2 * (stops - starts))
    for lag, start, stop, found in zip(lags, starts, stops, bits, strict=True):
        expected = 0.0
        time = np.arange(start, stop)
        for c in range(2):
            near = [samples[c, time - 1 - i] for i in range(16)]
            near += [samples[1 - c, time - i - (1 - c)] for i in range(8)]
            far = [samples[k, time - lag + 3 - i] for k in range(2) for i in range(8)]
            floor = 0.1 * (stop - start)
            without = _energy(samples[c, time], near) + floor
            ratio = without / (_energy(samples[c, time], near + far) + floor)
            expected += 0.5 * (stop - start) * np.log2(ratio)
        assert found == pytest.approx(expected, rel=1e-3, abs=0.5)
