"""Blocks of the cascade, decoded by a decoder that only the specification has made."""

from __future__ import annotations

import io

import numpy as np
import pytest

import nlac
from nlac.codec.encoder import cascade
from nlac.codec.encoder.presets import CASCADES
from nlac.predictors.cascade.parameter_codes import write_parameters
from nlac.predictors.cascade.parameters import CascadeParameters
from oracle.decoder import decode_stream

pytestmark = pytest.mark.usefixtures("cascade_alone")


def signal(name: str) -> tuple[np.ndarray, int]:
    rng = np.random.default_rng(3)
    if name == "square":
        wave = np.where((np.arange(150) // 7) % 2, 32767, -32768)
        return np.stack([wave, rng.integers(-5, 6, 150)], axis=1).astype(np.int32), 16
    if name == "silence, then noise":
        x = np.zeros((150, 1), np.int64)
        x[75:] = rng.integers(-(2**31), 2**31, (75, 1))
        return x.astype(np.int32), 32
    if name == "longer":
        steps = rng.normal(0, 200, (480, 2)) + rng.normal(0, 300, (480, 1))
        return np.rint(np.cumsum(steps, axis=0)).astype(np.int32), 16
    steps = rng.normal(0, 200, (160, 3)) + rng.normal(0, 300, (160, 1))
    channels = {"mono": 1, "stereo": 2, "three": 3}[name]
    return np.rint(np.cumsum(steps[:, :channels], axis=0)).astype(np.int32), 16


@pytest.mark.parametrize("preset", ["high", "max"])
@pytest.mark.parametrize("name", ["mono", "stereo", "three", "square", "silence, then noise"])
def test_samples_come_back(name, preset):
    samples, bits = signal(name)
    stream = io.BytesIO()
    nlac.write(stream, samples, 44100, bits_per_sample=bits, preset=preset)
    decoded = decode_stream(stream.getvalue())
    assert np.array_equal(np.array(decoded.frames).T, samples)


@pytest.mark.parametrize(("name", "preset"), [("longer", "high"), ("stereo", "max")])
def test_tuned(name, preset, monkeypatch):
    """With parameters that a search has found."""
    samples, bits = signal(name)
    written = []

    def write(parameters: CascadeParameters) -> bytes:
        written.append(parameters)
        return write_parameters(parameters)

    monkeypatch.setattr(cascade, "write_parameters", write)
    stream = io.BytesIO()
    nlac.write(stream, samples, 44100, bits_per_sample=bits, preset=preset, effort=3)
    assert len(set(written)) == 2, "nothing was found"
    assert write_parameters(written[-1]) in stream.getvalue()
    assert np.array_equal(np.array(decode_stream(stream.getvalue()).frames).T, samples)


@pytest.mark.parametrize("preset", ["high", "max"])
def test_all_experts(write_cascade, preset):
    """Those of long windows too, which an encoder leaves out of a block as short."""
    samples, bits = signal("stereo")
    stream = write_cascade(samples[:100], bits, CASCADES[preset])
    assert np.array_equal(np.array(decode_stream(stream).frames).T, samples[:100])
