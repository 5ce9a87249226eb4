"""Streams with networks, decoded by a decoder that only the specification has made."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

import nlac
from nlac.bitstream import constants
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem
from nlac.codec.encoder import analysis as preparation
from nlac.codec.encoder.inter_channel import InterChannelOrder
from nlac.codec.encoder.presets import CASCADES
from nlac.predictors.cascade.parameters import CascadeParameters, RlsParameters, StageParameters
from nlac.predictors.networks.layers import Activation, Linear, Network
from nlac.predictors.networks.models import Model
from oracle import cascade, cascade_mixture, network_block
from oracle.container import SpecError, read_stream
from oracle.decoder import decode_stream
from oracle.network_tools import random_matrix, random_model, written
from oracle.oracle_tools import Parts, assemble, told_samples, verdicts

pytestmark = pytest.mark.usefixtures("cascade_alone")

FIRST = RlsParameters(order=4, cross_order=2, forgetting=8, period=4, ltp_taps=1)
OPTIONAL = RlsParameters(order=2, cross_order=1, forgetting=7, period=2, ltp_taps=2, optional=True)
STAGES = (StageParameters(64, 32, 39), StageParameters(32, 0, 33))
SMALL = CascadeParameters(4, (FIRST, OPTIONAL), (), (6,), 8)
FIVE = replace(SMALL, cascades=(STAGES,), final_combiners=(6, 8, 10))
SIX = replace(FIVE, online=(33,))
FRONTS = ("lpc", "high")


def walk(frames: int, channels: int, bits: int = 16, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 2, (frames, channels)) + rng.normal(0, 3, (frames, 1))
    return np.rint(np.cumsum(steps, axis=0) * 2.0 ** (bits - 9)).astype(np.int32)


class Seen(list[tuple[str, Any]]):
    """What the second decoder found in blocks: names and values."""

    def only(self, name: str) -> Any:
        (value,) = [value for found, value in self if found == name]
        return value


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    found = Seen()
    for module, name in (
        (network_block, "read_plan"),
        (cascade, "read_head"),
        (cascade, "read_parameters"),
    ):
        read = getattr(module, name)

        def watched(*arguments: Any, read: Any = read, name: str = name) -> Any:
            result = read(*arguments)
            found.append((name, result))
            return result

        monkeypatch.setattr(module, name, watched)
    return found


@pytest.fixture
def write(tmp_path: Path):
    """Write with a random network behind the windows or a small cascade."""

    def write(
        samples: np.ndarray,
        bits: int | None,
        model: Model,
        parameters: CascadeParameters = SMALL,
        kind: str = "cnn",
    ) -> bytes:
        path = tmp_path / "model.nlacm"
        path.write_bytes(model.to_bytes())
        with patch.dict(CASCADES, high=parameters):
            return written(samples, path, bits, kind)

    return write


def check(stream: bytes, samples: np.ndarray, *models: Model) -> None:
    assert read_stream(stream)[2][0].payload[0], "the block is verbatim"
    told = told_samples(decode_stream(stream, models=[model.to_bytes() for model in models]))
    assert told.dtype == samples.dtype
    assert np.array_equal(told.view(np.int32), samples.view(np.int32))


@pytest.mark.parametrize(
    ("model", "kind", "frames", "channels", "bits"),
    [
        ("cnn", "cnn", 200, 2, 24),
        ("cnn-rls", "cnn", 200, 1, 16),
        ("gru", "gru", 100, 1, 16),
        ("gru-rls", "gru", 150, 2, 16),
        ("neural", "gru", 100, 2, 20),
    ],
)
def test_shipped_models(seen, model, kind, frames, channels, bits):
    samples = walk(frames, channels, bits)
    check(written(samples, model, bits, kind), samples)
    assert {name for name, _ in seen} == (
        {"read_plan"} if model in ("cnn", "gru") else {"read_head", "read_parameters"}
    )


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_random_networks(seen, write, front, channels):
    for recurrent in (False, True):
        model = random_model(channels, front, recurrent)
        samples = walk(150, channels, 18)
        kind = "gru" if recurrent else "cnn"
        cascade_of = FIVE if recurrent else SIX
        check(write(samples, 18, model, cascade_of, kind), samples, model)
    names = ["read_plan"] if front == "lpc" else ["read_parameters", "read_head"]
    assert [name for name, _ in seen] == 2 * names


@pytest.mark.parametrize("front", FRONTS)
def test_delay_and_pairing(seen, write, front):
    """The second channel goes first, and the other one behind it."""
    order = np.array([1, 0])
    chosen = InterChannelOrder(order, order.copy(), np.array([0, 8]))
    model = random_model(4, front)
    samples = walk(200, 2)
    with patch.object(preparation, "choose_order", lambda *_arguments: chosen):
        stream = write(samples, 16, model, SIX)
    check(stream, samples, model)
    places = seen.only("read_plan" if front == "lpc" else "read_head").places
    assert [(place.reference, place.delay) for place in places] == [(1, 0), (0, 8)]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(("name", "kind"), [("list", 2), ("grid", 1)])
def test_value_sets(seen, write, front, name, kind):
    rng = np.random.default_rng(kind)
    k = rng.integers(-60, 61, (400, 1))
    samples = np.sign(k) * (np.abs(k) + k * k // 9)
    if name == "grid":
        samples = 2153 * rng.integers(-200, 201, (500, 1)) // 1000
    samples = samples.astype(np.int32)
    model = random_model(5, front)
    check(write(samples, 16, model), samples, model)
    if front == "lpc":
        sets = [part.values for part in seen.only("read_plan").segments[0].parts]
    else:
        sets = seen.only("read_head").sets[0]
    assert {values.kind for values in sets} == {kind}


@pytest.mark.parametrize("front", FRONTS)
def test_lag(seen, write, front):
    rng = np.random.default_rng(9)
    bar = np.cumsum(rng.normal(0, 9, (150, 1)), axis=0)
    samples = np.rint(np.tile(bar, (8, 1)) + rng.integers(-1, 2, (1200, 1))).astype(np.int32)
    model = random_model(6, front)
    check(write(samples, 10, model), samples, model)
    if front == "lpc":
        assert any(segment.lag for segment in seen.only("read_plan").segments)
    else:
        assert seen.only("read_head").lags == [150]


@pytest.mark.parametrize("front", FRONTS)
def test_far_samples_escape(write, monkeypatch, front):
    """Those of 32 bits: no differences are wider."""
    escapes, take = [], cascade_mixture.RangeDecoder.take

    def watched(self: Any, c: int, f: int) -> None:
        if c == cascade_mixture.ESCAPE:
            escapes.append(f)
        take(self, c, f)

    monkeypatch.setattr(cascade_mixture.RangeDecoder, "take", watched)
    samples = np.random.default_rng(8).integers(-2, 3, (150, 2)).astype(np.int32)
    samples[70::30, 0] = [-(2**31), 2**31 - 1, 7000]
    model = random_model(7, front)
    check(write(samples, 32, model, SIX), samples, model)
    assert escapes


@pytest.mark.parametrize("front", FRONTS)
def test_floats(seen, write, front):
    samples = (walk(150, 2) / 32768).astype(np.float32)
    model = random_model(8, front)
    check(write(samples, None, model), samples, model)
    assert seen


def embedding(stream: bytes, model: Model, **changes: Any) -> bytes:
    """The same blocks with the model, and with changes to the header."""
    told, _items, blocks, trailer = read_stream(stream)
    fields = {
        "predictor_id": told.predictor,
        "coder_id": told.coder,
        "model_hash": told.model_hash,
    } | changes
    header = StreamHeader(
        told.sample_rate, told.channels, told.bits_per_sample, False, 0, None, 5000, **fields
    )
    item = MetadataItem(constants.ITEM_MODEL, model.to_bytes())
    payloads = [(block.payload, block.frames) for block in blocks]
    return assemble(Parts(header, [item], payloads, [], trailer.samples_md5))


@pytest.mark.parametrize("front", FRONTS)
def test_headers(write, front):
    model, stranger = random_model(9, front, True), random_model(10, front)
    stream = write(walk(200, 1), 16, model, kind="gru")
    assert verdicts(embedding(stream, model)) == (True, True)
    assert verdicts(embedding(stream, model, coder_id=1)) == (True, True)
    assert verdicts(embedding(stream, model, predictor_id=3)) == (True, True)
    changes: tuple[dict[str, Any], ...] = (
        {"coder_id": 2},
        {"predictor_parameters": b"x"},
        {"model_hash": b""},
        {"model_hash": bytes(32)},
    )
    for change in changes:
        assert verdicts(embedding(stream, model, **change)) == (False, False), change
    with pytest.raises(SpecError, match="the model is not known"):
        decode_stream(write(walk(200, 1), 16, stranger))


@pytest.mark.parametrize(("inputs", "outputs"), [(19, 4), (21, 4), (20, 3), (20, 5)])
def test_networks_of_another_size(write, inputs, outputs):
    stream = write(walk(200, 1), 16, random_model(11, "lpc"))
    matrix = random_matrix(np.random.default_rng(1), outputs, inputs, 10, 12)
    model = Model(Network(inputs, (Linear(matrix, Activation.NONE),)), {"name": "other"})
    changed = embedding(stream, model, model_hash=model.hash)
    assert verdicts(changed) == (False, False)
    with pytest.raises(SpecError, match=f"{inputs} inputs and {outputs} outputs"):
        decode_stream(changed)


@pytest.mark.parametrize("coder", ["range", "rice"])
def test_lpc_blocks(coder):
    """Kinds 0 and 1; the model is not used, but it must be there."""
    source, model = io.BytesIO(), random_model(12, "lpc")
    samples = walk(300, 2)
    options = {"predictor": "lpc", "coder": coder, "preset": "fast"}
    nlac.write(source, samples, 44100, bits_per_sample=16, **options)
    changes = {"predictor_id": 3, "model_hash": model.hash}
    for coder_id in (0, 1, 2):
        fine = coder_id == 0 or (coder_id, coder) == (1, "range")
        stream = embedding(source.getvalue(), model, coder_id=coder_id, **changes)
        assert verdicts(stream) == (fine, fine)
    changes["model_hash"] = bytes(32)
    assert verdicts(embedding(source.getvalue(), model, **changes)) == (False, False)
