"""Streams of cnn and gru with the model inside, and without."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from pathlib import Path

import numpy as np
import pytest
from network_tools import kind_of, music, options_for

import nlac
from nlac._errors import CorruptStream, ModelMismatch, UsageError
from nlac.codec.encoder.models import model_base
from nlac.predictors.networks import models as model
from nlac.predictors.networks import serialization as description
from nlac.predictors.networks.models import Model

# a smaller lpc block would say nothing of networks
pytestmark = pytest.mark.usefixtures("cascade_alone", "own_models")


def encoded(made: Path, **options) -> io.BytesIO:
    wav = io.BytesIO()
    nlac_file = io.BytesIO()
    with wave.open(wav, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(music(3000).astype("<i2").tobytes())
    nlac.encode(
        wav.getvalue(), nlac_file, block_seconds=0.2, threads=2, **options_for(made, **options)
    )
    nlac_file.seek(0)
    return nlac_file


def test_streams_with_the_model_inside(made):
    stream = encoded(made, embed_model=True)
    facts = nlac.info(stream)
    assert facts.predictor == kind_of(made)
    assert any(item.name == "model" for item in facts.metadata)
    for recover in (False, True):
        model._added.clear()
        stream.seek(0)
        nlac.decode(stream, None, recover=recover)
    model._added.clear()
    stream.seek(0)
    back, _rate = nlac.read(stream)
    np.testing.assert_array_equal(back, music(3000))


def test_the_decoder_in_pieces_takes_the_model_inside(made):
    data = encoded(made, embed_model=True).getvalue()
    model._added.clear()
    decoder = nlac.Decoder()
    arrays = [*decoder.feed(data[:5000]), *decoder.feed(data[5000:]), *decoder.finish()]
    np.testing.assert_array_equal(np.concatenate(arrays), music(3000))


CARDS = {
    "no object": b"[1]",
    "no JSON": b"{",
    "nested": b'{"a":' + 40 * b"[" + 40 * b"]" + b"}",
    "half a surrogate pair": rb'{"name": "\ud800"}',
}


def with_card(good: Model, card: bytes) -> bytes:
    """Bytes of a model file with any card at all."""
    network = description.to_bytes(good.network)
    lengths = [struct.pack("<I", len(part)) for part in (card, network)]
    body = model.MAGIC + lengths[0] + card + lengths[1] + network
    return body + struct.pack("<I", zlib.crc32(body))


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
def test_bad_cards(made, monkeypatch, card):
    damaged = with_card(Model.read(made), card)
    with pytest.raises(CorruptStream, match="model: "):
        Model.from_bytes(damaged)
    with monkeypatch.context() as patch:
        patch.setattr(Model, "to_bytes", lambda self: damaged)
        stream = encoded(made, embed_model=True).getvalue()
    # known already: what stands on the card is of no matter
    np.testing.assert_array_equal(nlac.read(stream)[0], music(3000))
    nlac.decode(stream, None)
    model._added.clear()
    for decode in (nlac.read, nlac.info, nlac.Decoder().feed, lambda s: nlac.decode(s, None)):
        with pytest.raises(CorruptStream, match="model: "):
            decode(stream)
    with pytest.raises(ModelMismatch):
        nlac.decode(stream, None, recover=True)


def test_a_stranger_does_not_replace_the_card_of_a_known_model(made, monkeypatch):
    known = model.open_model(made)
    strange = Model(known.network, {"name": "strange", "front": ["x"]}).to_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Model, "to_bytes", lambda self: strange)
        stream = encoded(made, embed_model=True)
    nlac.decode(stream, None)
    assert model.find_model(known.hash).name == made.stem
    with pytest.raises(UsageError, match=r"unknown base predictor \['x'\]"):
        model_base(Model.from_bytes(strange))


def test_streams_without_it(made):
    stream = encoded(made)
    digest = nlac.info(stream).model_hash
    model._added.clear()
    stream.seek(0)
    with pytest.raises(ModelMismatch, match=digest):
        nlac.decode(stream, None)
    assert nlac.add_model(made) == digest
    stream.seek(0)
    nlac.decode(stream, None)


def test_only_networks_are_embedded():
    with pytest.raises(UsageError, match="only predictors cnn and gru use one"):
        nlac.encode(
            bytes(100), io.BytesIO(), raw="8000,s16le,1", preset="fast", embed_model=True
        )
