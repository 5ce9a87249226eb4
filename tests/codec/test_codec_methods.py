"""A built-in predictor is a row in the table of methods and the two modules that the row names."""

from __future__ import annotations

import io
import sys
from types import ModuleType

import numpy as np
import pytest

import nlac
from nlac._errors import CorruptStream, UnknownPredictor, UsageError
from nlac.predictors import methods
from nlac.predictors.methods import Method
from nlac.predictors.registry import predictor_names

NUMBER, NAME = 5, "toy"
SAMPLES = np.arange(3000, dtype=np.int16).reshape(-1, 2) % 91


def decode(data, at, frames, channels, stream):
    """Differences of neighbouring samples, 16 bits each."""
    if len(data) != at + 2 * frames * channels:
        raise CorruptStream("length does not fit the samples", path="payload")
    steps = np.frombuffer(data, "<i2", offset=at).reshape(channels, frames)
    yield np.cumsum(steps, axis=1, dtype=np.int32)


def choose(options):
    for name in options.predictor_options:
        raise UsageError(f"predictor {NAME} has no option {name!r}")
    return b"", b""


def encode(channels, stream, options, before):
    return np.diff(channels, axis=1, prepend=0).astype("<i2").tobytes()


@pytest.fixture
def add_toy(monkeypatch):
    """A decoder module, an encoder module, and a row."""
    decoder, encoder = ModuleType("toy_decoder"), ModuleType("toy_encoder")
    decoder.decode = decode
    encoder.choose, encoder.encode = choose, encode
    monkeypatch.setitem(sys.modules, decoder.__name__, decoder)
    monkeypatch.setitem(sys.modules, encoder.__name__, encoder)
    row = Method(NUMBER, NAME, decoder.__name__, encoder.__name__)
    monkeypatch.setattr(methods, "METHODS", [*methods.METHODS, row])


def written(**options) -> bytes:
    stream = io.BytesIO()
    # of 32 bits, since a block that does not become smaller is stored verbatim
    nlac.write(stream, SAMPLES.astype(np.int32), 8000, bits_per_sample=32, **options)
    return stream.getvalue()


@pytest.mark.usefixtures("add_toy")
def test_predictor_moves_in():
    assert predictor_names() == ("cascade", "cnn", "gru", "lpc", NAME)
    stream = written(predictor=NAME)
    assert len(stream) < 3 * SAMPLES.size
    info = nlac.info(stream)
    assert (info.predictor_id, info.predictor) == (NUMBER, NAME)
    back, _rate = nlac.read(stream)
    np.testing.assert_array_equal(back, SAMPLES)


@pytest.mark.usefixtures("add_toy")
def test_its_row_says_what_it_takes():
    for options, why in [
        ({"predictor_options": {"x": 1}}, "toy has no option 'x'"),
        ({"coder": "rice"}, "toy has no Rice codes"),
        ({"effort": 1}, "toy takes no effort"),
        ({"model": "cnn"}, "toy takes no model"),
    ]:
        with pytest.raises(UsageError, match=why):
            written(predictor=NAME, **options)


def test_predictor_moves_out(request):
    request.getfixturevalue("add_toy")
    stream = written(predictor=NAME)
    request.getfixturevalue("monkeypatch").undo()
    assert NAME not in predictor_names()
    with pytest.raises(UnknownPredictor, match="number 5"):
        nlac.read(stream)
    with pytest.raises(UnknownPredictor, match="'toy'"):
        written(predictor=NAME)
