"""Networks and model files, read and computed by what only the specification has made."""

from __future__ import annotations

import hashlib
import struct
import zlib

import numpy as np
import pytest

from nlac._errors import CorruptStream
from nlac.predictors.networks.models import Model
from nlac.predictors.networks.reference import run
from nlac.predictors.networks.serialization import from_bytes, to_bytes
from oracle.container import SpecError
from oracle.decoder import attached_gates
from oracle.network_tools import INPUTS, random_model, random_network
from oracle.networks import Gates, Network, read_model

TIMES = 130


def loud_inputs(seed: int) -> np.ndarray:
    """Inputs of which many are at the very limits."""
    rng = np.random.default_rng([seed, 1])
    values = rng.integers(-32767, 32768, (TIMES, INPUTS)) >> rng.integers(0, 12, (TIMES, 1))
    extreme = rng.random((TIMES, INPUTS)) < rng.choice([0, 0.3, 1], (TIMES, 1))
    return np.where(extreme, rng.choice([-32767, 32767], values.shape), values).astype(np.int16)


@pytest.mark.parametrize("recurrent", [False, True])
def test_outputs(recurrent):
    seen = set()
    for seed in range(25):
        network = random_network(seed, recurrent)
        inputs = loud_inputs(seed)
        told = Network(to_bytes(network), attached_gates()).start()
        outputs = [told.step(row) for row in inputs.tolist()]
        np.testing.assert_array_equal(outputs, run(network, inputs))
        for layer in network.layers:
            seen.add((getattr(layer, "activation", None), getattr(layer, "residual", None)))
            seen.add(("taps", getattr(layer, "taps", None)))
    assert {(activation, residual) for activation in range(4) for residual in (0, 1)} <= seen
    assert {("taps", 1), ("taps", 2)} <= seen
    assert ((None, None) in seen) == recurrent


@pytest.mark.parametrize("recurrent", [False, True])
def test_descriptions_that_are_refused(recurrent):
    """Either both refuse a description, or both compute the same."""
    rng = np.random.default_rng(5)
    taken = 0
    for seed in range(250):
        data = bytearray(to_bytes(random_network(seed % 25, recurrent)))
        place = int(rng.integers(min(len(data), 20) if seed % 2 else len(data)))
        data[place] = int(rng.choice([0, 1, 2, 5, 25, 127, 128, 255]))
        try:
            product = from_bytes(bytes(data))
        except (CorruptStream, ValueError):
            with pytest.raises(SpecError):
                Network(bytes(data), attached_gates())
            continue
        told = Network(bytes(data), attached_gates())
        assert (told.inputs, told.outputs) == (product.inputs, product.outputs)
        taken += 1
    assert 50 < taken < 200


def refitted(data: bytes) -> bytes:
    """A model file with a right CRC."""
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))


def test_model_files():
    model = random_model(1, "lpc")
    data = model.to_bytes()
    description = read_model(data)
    assert hashlib.sha256(description).digest() == model.hash
    other_card = refitted(data.replace(b"random 1", b"random 2"))
    assert read_model(other_card) == description
    assert Model.from_bytes(other_card).hash == model.hash
    for bad in (
        b"",
        data[:-1],
        data + b"\0",
        refitted(data + b"\0"),
        refitted(data[:-5] + data[-4:]),
        data[:20] + b"\xff" + data[21:],
        refitted(data[:12] + b"[" + data[13:]),
        refitted(data[:12] + b"\xff" + data[13:]),
        refitted(b"nlacmod2" + data[8:]),
        refitted(data[:8] + struct.pack("<I", 65537) + data[12:]),
    ):
        with pytest.raises(CorruptStream):
            Model.from_bytes(bad)
        with pytest.raises(SpecError):
            Network(read_model(bad), attached_gates())


def test_tables_that_are_not_those_of_the_specification():
    with pytest.raises(SpecError, match=r"gates\.bin"):
        Gates(bytes(16384))
