"""The executors of networks agree bit for bit, whatever the weights and inputs."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from network_tools import loud, random_network
from tiny_networks import INPUTS, loud_inputs, tiny_network

from nlac.predictors.networks import reference, step, sweep
from nlac.predictors.networks.layers import ACTIVATION_LIMIT, Activation
from nlac.predictors.networks.tables import sigmoid_table, tanh_table

# SHA-256 of what the tiny networks put out for loud inputs
OUTPUTS = {
    "cnn": "5b8a148e88683bc6b6788aeae0bbd459b131189f7f0815f69a858fa7b7b7c4f0",
    "gru": "a950c143ff47e959b71974c9b37d2c6576c70755ac16c9ca53619c03a2979549",
}


@pytest.mark.parametrize("extreme", [False, True], ids=["usual", "extreme"])
@pytest.mark.parametrize("seed", range(12))
def test_compiled_step_is_the_reference(seed, extreme):
    rng = np.random.default_rng(seed)
    network = random_network(rng, extreme=extreme)
    x = loud(rng, 70, network.inputs)
    expected = reference.run(network, x)
    assert np.abs(expected.astype(int)).max() <= ACTIVATION_LIMIT
    np.testing.assert_array_equal(step.run(network, x), expected)


@pytest.mark.parametrize("extreme", [False, True], ids=["usual", "extreme"])
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("at_once", [8, 64, 256])
def test_sweep_is_the_reference(seed, extreme, at_once, monkeypatch):
    # what one piece leaves behind is what the next one begins with
    monkeypatch.setattr(sweep, "_PIECE", at_once)
    rng = np.random.default_rng(seed)
    kinds = (Activation.NONE, Activation.RELU)
    network = random_network(rng, extreme=extreme, recurrent=0.0, activations=kinds)
    assert sweep.runner_for(network) is sweep.Sweep
    x = loud(rng, 500, network.inputs)
    runner = sweep.Sweep(step.NetworkWeights(network))
    pieces = [runner.run(piece) for piece in np.split(x, [3, 4, 4, 60, 70])]
    np.testing.assert_array_equal(np.concatenate(pieces), reference.run(network, x))


def test_sweep_is_for_networks_without_recurrence_and_tables():
    assert {sweep.runner_for(tiny_network(kind)) for kind in ("cnn", "gru")} == {step.Runner}


@pytest.mark.parametrize("extreme", [False, True], ids=["usual", "extreme"])
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("at_once", [1, 31, 64, 1 << 15])
def test_bulk_is_the_reference(seed, extreme, at_once, device, monkeypatch):
    from nlac.predictors.networks import torch_runner as bulk

    # what one piece leaves behind is what the next one begins with
    monkeypatch.setattr(bulk, "_CHUNK", at_once)
    rng = np.random.default_rng(seed)
    network = random_network(rng, extreme=extreme)
    x = loud(rng, 70, network.inputs)
    runner = bulk.BulkRunner(network, device)
    pieces = [runner.run(piece) for piece in np.split(x, [3, 4, 60])]
    np.testing.assert_array_equal(np.concatenate(pieces), reference.run(network, x))


@pytest.mark.parametrize("kind", ["cnn", "gru"])
def test_bulk_of_many_times(kind, device):
    """Products as large as those of real blocks, for which libraries take other paths."""
    from nlac.predictors.networks import torch_runner as bulk

    network = tiny_network(kind)
    x = loud_inputs((1 << 15) + 100 if kind == "cnn" else 3000)
    runner = bulk.BulkRunner(network, device)
    np.testing.assert_array_equal(runner.run(x), step.run(network, x))


@pytest.mark.parametrize("kind", ["cnn", "gru"])
def test_bulk_stays_on_its_device(kind):
    """Tensors without numbers, on a device that is none, may not meet those of the CPU: so what
    would mix devices on a GPU, fails here."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from torch._subclasses.fake_tensor import FakeTensorMode

    from nlac.predictors.networks import torch_runner as bulk

    with FakeTensorMode(allow_non_fake_inputs=True):
        runner = bulk.BulkRunner(tiny_network(kind), "meta")
        for times in (1, 20):
            out = runner.outputs(torch.empty((times, INPUTS), dtype=torch.int16, device="meta"))
            assert (out.device.type, out.dtype, out.shape) == ("meta", torch.int16, (times, 4))
        with pytest.raises(RuntimeError, match="cpu"):
            runner.outputs(torch.empty((3, INPUTS), dtype=torch.int16))


@pytest.mark.parametrize("kind", ["cnn", "gru"])
def test_outputs_are_frozen(kind):
    network = tiny_network(kind)
    out = step.run(network, loud_inputs(300))
    assert hashlib.sha256(out.astype("<i2").tobytes()).hexdigest() == OUTPUTS[kind]
    # and they are no trivial ones
    assert len(np.unique(out)) > 100


def test_tables_are_frozen():
    both = np.concatenate([sigmoid_table(), tanh_table()]).astype("<i2").tobytes()
    assert hashlib.sha256(both).hexdigest() == (
        "e1829850a74d41947c7f2b8485fbba46df5b0495b306efa499ff837576bed196"
    )
    u = np.arange(-2048, 2048) / 256
    assert np.abs(sigmoid_table() - 32768 / (1 + np.exp(-u))).max() <= 0.5 + 1e-6
    assert (
        np.abs(
            tanh_table() - np.clip(32768 * np.tanh(u), -ACTIVATION_LIMIT, ACTIVATION_LIMIT)
        ).max()
        <= 0.5 + 1e-6
    )


def test_runners_share_weights_and_nothing_else():
    network = tiny_network("gru")
    rng = np.random.default_rng(3)
    x = loud(rng, 40, network.inputs)
    layout = step.NetworkWeights(network)
    runners = [step.Runner(layout), step.Runner(layout)]
    for runner in runners:
        out = np.concatenate([runner.run(piece) for piece in np.split(x, [1, 30])])
        np.testing.assert_array_equal(out, reference.run(network, x))
