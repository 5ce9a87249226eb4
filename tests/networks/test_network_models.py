"""Networks as bytes and as files: what comes back, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_tools import loud, random_network
from tiny_networks import tiny_network

from nlac._errors import CorruptStream, ModelMismatch, UsageError
from nlac.predictors.networks import models as model
from nlac.predictors.networks import reference
from nlac.predictors.networks import serialization as description
from nlac.predictors.networks.layers import (
    ACTIVATION_LIMIT,
    Activation,
    Affine,
    Gru,
    Linear,
    Network,
)
from nlac.predictors.networks.models import Model

HASHES = {
    "cnn": "d3f722e6ff6c62ee9b6486d37f844b33341e8ac4be53c7610b1d6b01dead0d11",
    "gru": "8f71917fcacd4ccef3a9e4c95032ffcb34d636a8c5a928f8c35cbf47180a995b",
}


@pytest.fixture(autouse=True)
def _own_models(monkeypatch):
    monkeypatch.setattr(model, "_added", {})


def affine(weights, bias=0, shift=4) -> Affine:
    weights = np.asarray(weights)
    numbers = [np.full(len(weights), n, np.int32) for n in (bias, shift)]
    return Affine(weights.astype(np.int8), *numbers)


@pytest.mark.parametrize("seed", range(8))
def test_description_comes_back(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, extreme=bool(seed % 2))
    data = description.to_bytes(network)
    again = description.from_bytes(data)
    assert description.to_bytes(again) == data
    x = loud(rng, 30, network.inputs)
    np.testing.assert_array_equal(reference.run(again, x), reference.run(network, x))


@pytest.mark.parametrize("kind", ["cnn", "gru"])
def test_hashes_are_frozen(kind):
    assert description.model_hash(tiny_network(kind)).hex() == HASHES[kind]


def test_hash_is_that_of_the_network_alone():
    network = tiny_network("gru")
    named = Model(network, {"name": "a"})
    assert named.hash == Model(network, {"name": "b"}).hash
    assert Model.from_bytes(named.to_bytes()).card == {"name": "a"}


@pytest.mark.parametrize("cut", [0, 3, 8, 11, 40, -5, -1])
def test_shortened_files_are_refused(cut):
    data = Model(tiny_network("cnn"), {"name": "x"}).to_bytes()
    with pytest.raises(CorruptStream):
        Model.from_bytes(data[:cut])


def test_every_damaged_byte_is_noticed():
    data = Model(tiny_network("gru"), {"name": "x"}).to_bytes()
    for at in range(0, len(data), 7):
        with pytest.raises(CorruptStream):
            Model.from_bytes(data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :])


def test_damaged_descriptions_are_refused_or_safe():
    rng = np.random.default_rng(5)
    data = bytearray(description.to_bytes(tiny_network("cnn")))
    refused = 0
    for _ in range(300):
        at = int(rng.integers(12 if rng.random() < 0.5 else len(data)))
        changed = bytearray(data)
        changed[at] = int(rng.integers(256))
        try:
            network = description.from_bytes(bytes(changed))
        except ValueError:
            refused += 1
        else:
            reference.run(network, loud(rng, 3, network.inputs))
    assert refused > 50


def test_sums_are_proved_to_fit():
    # 516 weights of 127 fit, 517 do not
    Network(516, (Linear(affine(np.full((1, 516), 127), 0, 1), Activation.NONE),))
    with pytest.raises(ValueError, match=r"layer 0: a sum could reach 21\d+, which exceeds 32"):
        Network(517, (Linear(affine(np.full((1, 517), 127), 0, 1), Activation.NONE),))
    # the bias counts, and so does the half that rounds
    room = (1 << 31) - 1 - 127 * ACTIVATION_LIMIT - (1 << 23)
    Network(1, (Linear(affine([[127]], room, 24), Activation.NONE),))
    for bias, shift in ((room + 1, 24), (-(1 << 31), 0)):
        with pytest.raises(ValueError, match="exceeds 32 bits"):
            Network(1, (Linear(affine([[127]], bias, shift), Activation.NONE),))


def test_a_gru_is_proved_too():
    good, bad = affine(np.ones((3, 2))), affine(np.ones((3, 1)), bias=2**31 - 1)
    with pytest.raises(ValueError, match="exceeds 32 bits"):
        Network(2, (Gru(good, bad),))


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Linear(affine(np.ones((2, 3))), Activation.NONE), "weights"),
        (Linear(affine(np.ones((3, 2))), Activation.GATED), "even number"),
        (Linear(affine(np.ones((3, 2))), Activation.NONE, residual=True), "cannot be added"),
        (Linear(affine(np.ones((3, 2))), Activation.NONE, taps=3), "taps"),
        (Linear(affine(np.ones((3, 2))), Activation.NONE, dilation=4097), "dilation"),
        (Linear(affine([[-128, 1]]), Activation.NONE), "-127 to 127"),
        (Linear(affine([[1, 1]], shift=25), Activation.NONE), "shift"),
        (Linear(affine([[1, 1]], shift=-1), Activation.NONE), "shift"),
        (Gru(affine(np.ones((4, 2))), affine(np.ones((4, 1)))), "three rows"),
        (Gru(affine(np.ones((6, 2))), affine(np.ones((3, 2)))), "as many rows"),
    ],
)
def test_what_does_not_fit_is_refused(layer, text):
    with pytest.raises(ValueError, match=text):
        Network(2, (layer,))


def test_sizes_are_bounded():
    long = Linear(affine(np.ones((64, 128))), Activation.RELU, taps=2, dilation=2048)
    Network(64, (long, long))
    with pytest.raises(ValueError, match="remember too much"):
        Network(64, (long, long, long))
    wide = Linear(affine(np.ones((1024, 1024))), Activation.RELU)
    Network(1024, (wide,))
    with pytest.raises(ValueError, match="2097152 weights, at most 1048576"):
        Network(1024, (wide, wide))


def test_models_are_found_by_name_path_and_hash(tmp_path, monkeypatch):
    made = Model(tiny_network("cnn"), {"name": "x"})
    path = tmp_path / "mine.nlacm"
    path.write_bytes(made.to_bytes())
    with pytest.raises(ModelMismatch, match=made.hash.hex()):
        model.find_model(made.hash)
    with pytest.raises(UsageError, match="no such name"):
        model.open_model("mine")
    assert model.open_model(path).hash == made.hash
    assert model.find_model(made.hash).card == {"name": "x"}
    model._added.clear()
    monkeypatch.setenv("NLAC_MODELS", str(tmp_path))
    assert model.find_model(made.hash).hash == made.hash
    assert model.open_model("mine").hash == made.hash


def test_bad_files_do_not_stand_in_the_way(tmp_path, monkeypatch):
    made = Model(tiny_network("cnn"), {"name": "x"})
    (tmp_path / "b.nlacm").write_bytes(made.to_bytes())
    (tmp_path / "a.nlacm").write_bytes(made.to_bytes()[:-9])
    monkeypatch.setenv("NLAC_MODELS", str(tmp_path))
    assert model.find_model(made.hash).hash == made.hash
    with pytest.raises(ModelMismatch, match=r"is not here.*a\.nlacm: "):
        model.find_model(bytes(32))


def test_few_models_are_kept():
    network = tiny_network("cnn")
    hashes = []
    for bias in range(70):
        last = network.layers[-1]
        changed = replace(last, affine=replace(last.affine, bias=last.affine.bias + bias))
        made = Model(Network(network.inputs, (*network.layers[:-1], changed)))
        model.add_model(made)
        hashes.append(made.hash)
    assert list(model._added) == hashes[-64:]


def test_a_bad_file_is_named(tmp_path):
    path = tmp_path / "bad.nlacm"
    path.write_bytes(b"something else")
    with pytest.raises(CorruptStream, match=r"bad\.nlacm: no nlac model file"):
        model.open_model(path)
