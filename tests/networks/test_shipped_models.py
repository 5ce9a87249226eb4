"""The models that are shipped: sound, small, and worth having."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from codec_tools import code
from test_network_blocks import music

import nlac
from nlac.codec.encoder.models import model_base
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.presets import BASES
from nlac.entropy.adaptive_mixture.state import MAX_LOCATIONS
from nlac.predictors.networks import reference, step, sweep
from nlac.predictors.networks.layers import ACTIVATION_LIMIT
from nlac.predictors.networks.models import Model, find_model, open_model
from nlac.predictors.neural.models import model_predictor

FOLDER = Path(nlac.__file__).parent / "models"
# what streams name: a model that was shipped once stays
HASHES = {
    "cnn": "631db80af2b24c673bd87a051776bcf5726d128103827f8695cc4b765df326e3",
    "cnn-rls": "144d97abf6e3fbe1092a6ecbe1390811255e56a426abc943a8c0c1cca0749708",
    "gru": "16b8e60a6560d6f53f5186610e9290b49b6331b5e99e9ffe6a4e48e3f4d4e072",
    "gru-rls": "9a9c00fe4f14161c58729c98a7795d603f13236bdea1633d5ef489b216e16bbf",
    "neural": "8fc38dc210edc4ff6431e25db3324f51fe9dc13c7a6daad6037771e41347a4be",
}


def test_what_is_shipped_is_what_was():
    found = {path.stem: Model.read(path).hash.hex() for path in FOLDER.glob("*")}
    assert found == HASHES
    assert sum(path.stat().st_size for path in FOLDER.glob("*")) < 1_000_000


@pytest.mark.parametrize("name", HASHES)
def test_models_are_sound(name):
    model = open_model(name)
    assert find_model(bytes.fromhex(HASHES[name])).hash == model.hash
    assert model_predictor(model) == model.card["predictor"]
    assert model.card["name"] == name
    assert model.card["licence"]
    front = model_base(model)
    if front is not None:
        front.check()
        assert front.num_locations <= MAX_LOCATIONS
    x = np.random.default_rng(1).integers(
        -ACTIVATION_LIMIT, ACTIVATION_LIMIT + 1, (300, model.network.inputs)
    )
    for quiet in (0, 6):
        inputs = (x >> quiet).astype(np.int16)
        expected = reference.run(model.network, inputs)
        for kind in (step.Runner, sweep.runner_for(model.network)):
            runner = kind(step.NetworkWeights(model.network))
            np.testing.assert_array_equal(runner.run(inputs), expected)


def test_coding_needs_no_pytorch(tmp_path):
    program = f"""
import sys
sys.modules.update(torch=None, safetensors=None, yaml=None)
import numpy as np, nlac
x = (3000 * np.sin(np.arange(2000) / 9)).astype(np.int16)
nlac.write({str(tmp_path / "a.nlac")!r}, x, 8000, preset="standard", predictor="cnn")
back, rate = nlac.read({str(tmp_path / "a.nlac")!r})
assert np.array_equal(back, x)
print("good")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "good\n"


@pytest.mark.parametrize("name", HASHES)
def test_samples_come_back(name, cascade_alone):
    samples = music(3000)
    payload = code(samples, 16, model=name)
    # a network that has nothing to say of noise costs next to nothing
    windows = model_base(open_model(name)) is None
    plain = code(samples, 16, preset="standard" if windows else "high")
    assert len(payload) < 1.02 * len(plain)


@pytest.mark.parametrize("name", HASHES)
def test_repetition_is_heard(name, cascade_alone):
    bar = np.random.default_rng(4).normal(0, 2000, (40000, 1)).astype(np.int32)
    once, twice = (len(code(np.tile(bar, (n, 1)), 16, model=name)) for n in (1, 2))
    assert twice < 1.3 * once


@pytest.mark.parametrize(("predictor", "preset"), [("cnn", "standard"), ("gru", "max")])
def test_predictors_have_their_own(predictor, preset, cascade_alone):
    samples = music(3000)
    own = code(samples, 16, preset=preset, predictor=predictor)
    model = f"{predictor}-rls"
    assert own == code(samples, 16, preset=preset, model=model)
    assert model_base(open_model(model)) == BASES["rls"]


def test_a_preset_has_its_own():
    assert EncodeOptions(preset="neural").model_name == "neural"
    assert EncodeOptions(preset="neural", predictor="gru").model_name == "gru-rls"
    assert EncodeOptions(preset="neural", model="cnn").model_name == "cnn"
    assert EncodeOptions(preset="max", predictor="cnn").model_name == "cnn-rls"
