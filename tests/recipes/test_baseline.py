"""Linear prediction without training, and the bits of its residual."""

from __future__ import annotations

import numpy as np
import pytest
from model_tools import sound

from nlac._errors import UsageError
from nlac.training.recipes.baseline.joint import JointSettings, predict_jointly
from nlac.training.recipes.baseline.lpc import (
    LpcSettings,
    autocorrelation,
    levinson_durbin,
    predict,
    rounded,
)
from nlac.training.recipes.baseline.rice import adaptive_rice_bits


def test_recursion_solves_the_normal_equations():
    from scipy.linalg import solve_toeplitz

    x = sound(1, 2000)[0].astype(float)
    products = autocorrelation(x, 12)
    assert products[3] == pytest.approx(np.correlate(x, x, "full")[len(x) - 1 + 3])
    products[0] *= 1.0001
    found = levinson_durbin(products)
    assert found.weights == pytest.approx(solve_toeplitz(products[:-1], products[1:]), rel=1e-6)
    assert (np.abs(found.reflections) < 1).all()
    assert (np.diff(found.errors) <= 0).all()
    assert found.errors[-1] == pytest.approx(products[0] - found.weights @ products[1:])
    # the weights of each order are those of a shorter recursion
    assert levinson_durbin(products[:6]).errors == pytest.approx(found.errors[:6])


def test_recursion_of_silence_and_of_few_samples():
    assert levinson_durbin(np.zeros(5)).weights.tolist() == [0.0] * 4
    assert autocorrelation(np.array([2.0, 3.0]), 4).tolist() == [13.0, 6.0, 0, 0, 0]


@pytest.mark.parametrize("frame", [0, 500])
def test_prediction(frame):
    samples = sound(2, 3000).T.astype(np.int32)
    found = predict(samples, LpcSettings(order=16, frame=frame))
    assert np.array_equal(found.predicted + found.residual, samples)
    assert found.residual.dtype == np.int64
    frames = 1 if frame == 0 else 6
    assert found.side_bits == 2 * frames * (16 * 14 + 5)
    assert np.abs(found.residual).mean() < 0.1 * np.abs(samples).mean()
    # only the past counts
    changed = samples.copy()
    changed[-1] += 1000
    if frame:
        same = predict(changed, LpcSettings(order=16, frame=frame)).predicted[:2500]
        assert np.array_equal(same, found.predicted[:2500])
    with pytest.raises(UsageError, match=r"samples of shape \(3000,\)"):
        predict(samples[:, 0], LpcSettings())


def test_weights_are_rounded_as_flac_does():
    weights, bits = rounded(np.array([1.9, -0.7, 0.01]), 8)
    assert weights.tolist() == [122 / 64, -45 / 64, 1 / 64]
    assert bits == 3 * 8 + 5
    assert rounded(np.zeros(3), 8)[0].tolist() == [0.0] * 3


def test_joint_prediction_uses_the_other_channel():
    left = sound(1, 6000)[0] + np.random.default_rng(5).normal(0, 800, 6000)
    right = 0.6 * left + np.roll(left, 2) * 0.2
    samples = np.rint(np.stack([left, right], 1)).astype(np.int32)
    alone = predict(samples, LpcSettings(order=32))
    joint = predict_jointly(samples, JointSettings())
    assert np.array_equal(joint.predicted + joint.residual, samples)
    assert np.abs(joint.residual[100:, 1]).mean() < 0.01 * np.abs(alone.residual[100:, 1]).mean()
    assert joint.side_bits == 2 * (32 * 15 + 5) + 2 * (33 * 15 + 5)
    mono = predict_jointly(samples[:, :1], JointSettings(own=32))
    assert mono.side_bits == 2 * (32 * 15 + 5)
    assert np.abs(mono.residual).mean() < 1.05 * np.abs(alone.residual[:, 0]).mean()
    with pytest.raises(UsageError, match=r"\(frames, 1 or 2\)"):
        predict_jointly(np.zeros((5, 3), np.int32), JointSettings())


def test_rice_lengths():
    constant = np.zeros(1000, np.int64)
    lengths = adaptive_rice_bits(constant)
    assert lengths[-1] == 1
    assert (np.diff(lengths) <= 0).all()
    # at geometric values Rice codes are near the entropy
    rng = np.random.default_rng(0)
    values = np.rint(rng.laplace(0, 100, (20_000, 2))).astype(np.int64)
    bits = adaptive_rice_bits(values)
    assert bits.shape == values.shape
    assert np.array_equal(bits, np.rint(bits))
    entropy = np.log2(2 * np.e * 100)
    assert entropy < bits[500:].mean() < entropy + 0.25
