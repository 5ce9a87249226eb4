"""Covariances by shift structure are those of the definition."""

from __future__ import annotations

import numpy as np
import pytest

from nlac.codec.encoder.lpc.covariance import covariance, mirror, room

pytestmark = pytest.mark.jit

BEGIN, END = 700, 956


def defined(samples: np.ndarray, sequences: list[tuple[int, int, int]]) -> np.ndarray:
    """Sums of products of all lagged sequences, from the definition."""
    rows = [
        samples[channel, BEGIN - delay - lag : END - delay - lag]
        for channel, delay, lags in sequences
        for lag in range(lags)
    ]
    stacked = np.array(rows)
    return stacked @ stacked.T


@pytest.mark.parametrize(
    "sequences",
    [
        [(0, 0, 1)],
        [(0, 0, 9), (1, 0, 8)],
        [(0, 0, 35), (1, 5, 35), (0, 300, 16), (1, 300, 16)],
        [(1, 0, 131), (0, 3, 90)],
    ],
)
@pytest.mark.parametrize("bits", [3, 16, 22])
def test_definition(sequences: list[tuple[int, int, int]], bits: int) -> None:
    rng = np.random.default_rng(bits)
    limit = 1 << (bits - 1)
    samples = rng.integers(-limit, limit, (2, 1000)).astype(np.float64)
    channels, delays, lags = (np.array(column) for column in zip(*sequences, strict=True))
    size = int(lags.sum())
    out = np.full((size, room(size)), np.nan)
    covariance(samples, channels, delays, lags, BEGIN, END, out, 0)
    mirror(out)
    # sums of so small integers are exact in any order
    np.testing.assert_array_equal(out[:, :size], defined(samples, sequences))


def test_what_is_known_stays() -> None:
    rng = np.random.default_rng(1)
    samples = rng.integers(-9, 10, (2, 1000)).astype(np.float64)
    channels, delays, lags = np.array([0, 1, 0]), np.array([0, 0, 90]), np.array([9, 8, 7])
    whole, parts = np.zeros((24, room(24))), np.zeros((24, room(24)))
    covariance(samples, channels, delays, lags, BEGIN, END, whole, 0)
    covariance(samples, channels[:2], delays[:2], lags[:2], BEGIN, END, parts, 0)
    np.testing.assert_array_equal(np.triu(parts[:17, :17]), np.triu(whole[:17, :17]))
    covariance(samples, channels, delays, lags, BEGIN, END, parts, 2)
    np.testing.assert_array_equal(np.triu(parts[:, :24]), np.triu(whole[:, :24]))
