"""Training: the loss, and networks in floating point against the integers they become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from training_tools import telling_module

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac.predictors.networks import reference
from nlac.predictors.networks.layers import Activation, Affine, Linear, Network
from nlac.predictors.networks.serialization import model_hash
from nlac.predictors.neural.features import FEATURES, OUTPUTS
from nlac.training.codec import modules, quantise
from nlac.training.codec.loss import code_length
from nlac.training.codec.settings import CodecModel


def test_loss_is_the_code_length():
    # one part alone, as wide as known, against the integral of its density
    outputs = torch.tensor([[0.5, 1.0, 0.0, 0.0]])
    shares = torch.tensor([50.0, 0.0, 0.0, 0.0])
    error, unit, bits = torch.tensor([7.0]), torch.tensor([3.0]), torch.tensor([9.0])
    sigma = 2 * 3 * np.sqrt(np.pi / 2)
    normal = torch.distributions.Normal(1.5, sigma)
    expected = -torch.log2(normal.cdf(torch.tensor(7.5)) - normal.cdf(torch.tensor(6.5)))
    assert code_length(outputs, error, unit, bits, shares).item() == pytest.approx(
        expected.item(), rel=1e-4
    )
    # without a share the network changes nothing, and far away it costs no more than its share
    alone = torch.tensor([0.0, 0.0, 0.0, 50.0])
    assert code_length(outputs, error, unit, bits, alone).item() == pytest.approx(9.0)
    even = torch.zeros(4)
    far = code_length(outputs, torch.tensor([1e6]), unit, torch.tensor([40.0]), even)
    assert far.item() == pytest.approx(42.0)


def test_integers_do_what_was_trained(experiment):
    module = telling_module(experiment.settings.model, 3)
    network = quantise.to_network(module)
    features = np.random.default_rng(1).integers(-800, 800, (400, FEATURES)).astype(np.int16)
    out = reference.run(network, features) * 2.0**-modules.ACTIVATION_BITS
    weights = quantise.rounded_parameters(dict(module.named_parameters()))
    inputs = quantise.raw_features(features)[None]
    with torch.no_grad():
        rounded = torch.func.functional_call(module, weights, (inputs, True))[0].numpy()
        plain = module(inputs)[0].numpy()
    assert out.shape == (400, OUTPUTS)
    spread = plain.std()
    assert spread > 0.1
    # rounding of activations is all that is left
    assert np.abs(out - rounded).mean() < 0.01 * spread
    assert np.abs(out - plain).mean() < 0.05 * spread


def test_parameters_come_back_of_integers(experiment):
    module = telling_module(experiment.settings.model, 4)
    network = quantise.to_network(module)
    again = modules.make_module(experiment.settings.model)
    again.load_state_dict(quantise.from_network(network))
    assert model_hash(quantise.to_network(again)) == model_hash(network)
    for name, value in quantise.rounded_parameters(module.state_dict()).items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=0, atol=1e-5)


def test_networks_of_another_make_are_no_start():
    plain = Affine(np.ones((4, FEATURES), np.int8), np.zeros(4, np.int32), np.zeros(4, np.int32))
    square = Affine(np.ones((4, 4), np.int8), np.zeros(4, np.int32), np.zeros(4, np.int32))
    first, last = Linear(plain, Activation.RELU), Linear(square, Activation.NONE)
    other = Linear(square, Activation.RELU)
    quantise.from_network(Network(FEATURES, (first, last)))
    both = Affine(np.ones((4, 8), np.int8), square.bias, square.shift)
    wrong = [
        Linear(both, Activation.TANH, 2, 1, residual=True),
        Linear(both, Activation.RELU, 2, 2, residual=True),
        Linear(both, Activation.RELU, 2, 1),
        Linear(square, Activation.RELU, 1, 1, residual=True),
    ]
    quantise.from_network(Network(FEATURES, (first, replace(wrong[2], residual=True), last)))
    for layers in ((Linear(plain, Activation.NONE),), (first, other), (first, other, last),
                   (Linear(plain, Activation.TANH), last),
                   *((first, layer, last) for layer in wrong)):  # fmt: skip
        with pytest.raises(ValueError, match=r"is not (that|one) of"):
            quantise.from_network(Network(FEATURES, layers))


@pytest.mark.parametrize("kind", ["cnn", "gated", "gru"])
def test_a_larger_network_begins_as_the_smaller_one(kind):
    values = {"gated": kind == "gated", "depth": 1 if kind == "gru" else 3}
    values["predictor"] = "gru" if kind == "gru" else "cnn"
    torch.manual_seed(5)
    small, large, same = (
        modules.make_module(CodecModel(**values, width=width)) for width in (16, 48, 16)
    )
    with torch.no_grad():
        small.last.weight.normal_(0, 0.3)
    for module in (large, same):
        modules.adopt(module, small.state_dict())
    features = torch.randn(2, 200, FEATURES)
    torch.testing.assert_close(large(features), small(features), rtol=1e-4, atol=1e-4)
    assert all(torch.equal(v, small.state_dict()[k]) for k, v in same.state_dict().items())
    # what is new learns
    large(features).square().mean().backward()
    assert large.last.weight.grad[:, 16:].abs().min() > 0
    with pytest.raises(ValueError, match="larger"):
        modules.adopt(small, large.state_dict())
    if kind != "gru":
        deeper = modules.make_module(CodecModel(**{**values, "width": 16, "depth": 4}))
        modules.adopt(deeper, small.state_dict())
        spread = small(features).std()
        assert 0 < (deeper(features) - small(features)).abs().mean() < 0.2 * spread
