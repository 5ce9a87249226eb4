"""Small residuals: near their entropy, in the same bits, and told apart from what is not small."""

from __future__ import annotations

import io

import numpy as np
import pytest

import nlac

FRAMES = 40_000


def entropy_bits(values: np.ndarray) -> float:
    """Bits of all values at the entropy of their histogram."""
    counts = np.unique(values, return_counts=True)[1]
    return float(-(counts * np.log2(counts / len(values))).sum())


def bits_of(samples: np.ndarray, preset: str) -> int:
    """Bits of a stream, verified while it is written."""
    out = io.BytesIO()
    nlac.write(out, samples.astype(np.int16), 44100, preset=preset)
    np.testing.assert_array_equal(nlac.read(out.getvalue(), always_2d=True)[0], samples)
    return 8 * len(out.getvalue())


NOISES = {
    "uniform": lambda rng: rng.integers(-1, 2, FRAMES),
    "triangular": lambda rng: np.rint(rng.triangular(-1, 0, 1, FRAMES)).astype(int),
    "gauss": lambda rng: np.rint(rng.normal(0, 1, FRAMES)).astype(int),
    "two-values": lambda rng: np.where(rng.random(FRAMES) < 0.3, 7, 5),
}


@pytest.mark.parametrize("preset", ["standard", "high"])
@pytest.mark.parametrize("kind", NOISES)
def test_noise_of_few_values_is_near_its_entropy(kind, preset):
    x = NOISES[kind](np.random.default_rng(3))
    # the table has to be learned first, and a stream has some 250 bytes besides
    assert bits_of(x[:, None], preset) < 1.015 * entropy_bits(x) + 8 * 250


@pytest.mark.parametrize(("preset", "most"), [("standard", 1.005), ("high", 1.008)])
def test_channels_equal_but_for_dither(preset, most):
    rng = np.random.default_rng(4)
    music = np.rint(np.cumsum(rng.normal(0, 40, FRAMES)) % 4000)
    both = music[:, None] + np.rint(rng.triangular(-1, 0, 1, (FRAMES, 2)))
    apart = bits_of(both[:, :1], preset) + entropy_bits(both[:, 1] - both[:, 0])
    assert bits_of(both, preset) < most * apart


@pytest.mark.parametrize("preset", ["fast", "standard", "high"])
@pytest.mark.parametrize("jump", [30, 1000, 32000])
def test_jumps_out_of_the_table_escape(preset, jump):
    x = np.random.default_rng(5).integers(-1, 2, (6000, 1))
    x[3000::500] += jump
    x[3001::700] -= jump
    bits_of(x, preset)
