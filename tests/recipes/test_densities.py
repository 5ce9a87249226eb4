"""Code lengths are those of distributions whose probabilities add up to 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac.training.recipes.densities import gaussian_nll, logistics_nll, masked_mean


@pytest.mark.parametrize("bits", [8, 16])
def test_probabilities_add_up(bits):
    step = 2.0 ** (1 - bits)
    x = torch.arange(-(1 << (bits - 1)), 1 << (bits - 1)) * step
    for means, scales in (
        ([0.0, 0.3], [0.01, 0.2]),
        ([-1.0, 0.999], [1e-4, 1e-5]),
        ([5.0, -3.0], [0.5, 1e-3]),
    ):
        outputs = torch.tensor([0.3, -1.0, *means, *np.log(scales)], dtype=torch.float32)
        nats = logistics_nll(outputs.expand(len(x), 6), x, step)
        assert torch.isfinite(nats).all()
        assert float((-nats.double()).exp().sum()) == pytest.approx(1.0, abs=2e-4)


def test_single_logistic_against_its_formula():
    step, mean, scale = 2.0**-15, 0.1, 0.02
    x = torch.tensor([3000, 3277, 9000]) * step
    outputs = torch.tensor([0.0, mean, math.log(scale)]).expand(3, 3)
    ends = [torch.sigmoid((x.double() + side * step / 2 - mean) / scale) for side in (1, -1)]
    expected = -torch.log(ends[0] - ends[1])
    torch.testing.assert_close(
        logistics_nll(outputs, x, step).double(), expected, rtol=1e-5, atol=1e-5
    )


def test_far_samples_have_gradients():
    outputs = torch.tensor([[0.0, -0.9, -11.0]], requires_grad=True)
    nats = logistics_nll(outputs, torch.tensor([0.9]), 2.0**-15)
    nats.sum().backward()
    assert torch.isfinite(outputs.grad).all()
    assert outputs.grad[0, 1] < 0  # towards the sample


def test_gaussian_is_a_density_times_a_step():
    step = 2.0**-15
    normal = torch.distributions.Normal(0.0, 0.01)
    error = torch.tensor([0.0, 0.02])
    expected = -normal.log_prob(error) - math.log(step)
    torch.testing.assert_close(gaussian_nll(error, torch.tensor(1e-4), step), expected)
    # never narrower than rounding
    assert torch.isfinite(gaussian_nll(error, torch.tensor(0.0), step)).all()


def test_masked_mean():
    values = torch.tensor([[1.0, 2.0], [3.0, 10.0]])
    assert masked_mean(values, None) == 4.0
    assert masked_mean(values, torch.tensor([[True, True], [True, False]])) == 2.0
