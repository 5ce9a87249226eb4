"""Blocks and streams of cnn and gru there and back, with any network; models in streams."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import threading
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from codec_tools import code, header_of
from strategies import joined
from tiny_networks import INPUTS, tiny_network

import nlac
from nlac._errors import CorruptStream, MissingDependency, ModelMismatch, UsageError
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder import network as encoder_network
from nlac.codec.encoder.models import model_base
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.payload import encode_block
from nlac.predictors.cascade.kernels import LAG_SPAN
from nlac.predictors.networks import models as model
from nlac.predictors.networks import serialization as description
from nlac.predictors.networks import torch_runner as bulk
from nlac.predictors.networks.layers import Network
from nlac.predictors.networks.models import Model
from nlac.predictors.neural import samples as network_samples

# a smaller lpc block would say nothing of networks
pytestmark = pytest.mark.usefixtures("cascade_alone")


@pytest.fixture(autouse=True)
def _own_models(monkeypatch):
    monkeypatch.setattr(model, "_added", {})


@pytest.fixture(params=["cnn-rls", "gru-high", "gru-lpc"])
def made(request, tmp_path) -> Path:
    """A model file of a random network, which answers wildly."""
    kind, front = request.param.split("-")
    path = tmp_path / f"{request.param}.nlacm"
    path.write_bytes(Model(tiny_network(kind), {"name": path.stem, "front": front}).to_bytes())
    return path


def kind_of(path: Path) -> str:
    return path.stem.split("-")[0]


def behind_lpc(path: Path) -> bool:
    return path.stem.endswith("-lpc")


def options_for(path: Path, **others) -> dict:
    return {"preset": "high", "predictor": kind_of(path), "model": path, **others}


def music(frames: int, channels: int = 2, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 300, (frames, channels)) + rng.normal(0, 500, (frames, 1))
    return np.clip(np.cumsum(steps, 0) * 0.3, -32768, 32767).astype(np.int32)


@pytest.mark.parametrize("frames", [1, 2, 17, 1025, 20000])
def test_lengths(made, frames):
    code(music(frames), 16, **options_for(made))


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_channels(made, channels):
    code(music(1500, channels), 16, **options_for(made))


@pytest.mark.parametrize(
    "names",
    [("extremes",), ("slow_square", "noise"), ("silence", "noise", "silence"), ("clipped", "ramp")],
)
@pytest.mark.parametrize("bits", [1, 16, 32])
def test_full_scale(made, names, bits):
    code(joined(names, 1500, 2, bits), bits, **options_for(made))


def test_floats(made):
    code((music(1000) / 32768).astype(np.float32), 32, **options_for(made))


def test_a_wild_network_costs_little(made):
    samples = music(40000)
    plain = len(code(samples, 16, preset="high", predictor="lpc" if behind_lpc(made) else None))
    assert len(code(samples, 16, **options_for(made))) < 1.02 * plain


@pytest.mark.parametrize(("frames", "channels"), [(17, 2), (2500, 2), (LAG_SPAN + 100, 1)])
def test_pytorch_writes_the_same_bytes(made, device, frames, channels, monkeypatch):
    samples = music(frames, channels)
    payload = code(samples, 16, **options_for(made))
    devices = []

    class Noted(bulk.BulkRunner):
        def __init__(self, network, device):
            devices.append(device)
            super().__init__(network, device)

    def with_pytorch(network, channels, device):
        return [Noted(network, device).run for _ in range(channels)]

    monkeypatch.setattr(bulk, "BulkRunner", Noted)
    if device == "cpu":  # where the option means the compiled networks
        for module in (network_samples, encoder_network):
            monkeypatch.setattr(module, "make_runners", with_pytorch)
    options = EncodeOptions(**options_for(made, device=device))
    assert encode_block(samples, header_of(samples, 16, options), options) == payload
    assert devices == [device] * channels


@pytest.fixture
def _asked_anew():
    bulk.encoding_device.cache_clear()
    yield
    bulk.encoding_device.cache_clear()


@pytest.mark.usefixtures("_asked_anew")
@pytest.mark.parametrize(
    ("driver", "gpu", "device"), [(0, 1, "cpu"), (1, 0, "cpu"), (1, 1, "cuda")]
)
def test_auto_is_the_gpu_that_is_there(driver, gpu, device, monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(gpu))
    monkeypatch.setattr(bulk, "_has_driver", lambda: bool(driver))
    assert bulk.encoding_device("auto") == device
    assert bulk.encoding_device("auto", recurrent=True) == "cpu"
    assert bulk.encoding_device("cpu") == "cpu"


@pytest.mark.usefixtures("_asked_anew")
def test_recurrent_networks_on_a_gpu_are_warned_of_once(monkeypatch, caplog):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert bulk.encoding_device("cuda") == "cuda"
    assert not caplog.records
    for _ in range(2):
        assert bulk.encoding_device("cuda", recurrent=True) == "cuda"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "recurrent" in caplog.text


def test_auto_does_not_import_pytorch_without_a_driver():
    code = (
        "import sys; from nlac.predictors.networks import torch_runner as bulk; "
        "bulk._has_driver = lambda: False; "
        "assert bulk.encoding_device('auto') == 'cpu'; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("_asked_anew")
def test_without_a_gpu_cuda_is_refused(made, monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MissingDependency, match="no GPU"):
        header_of(music(10), 16, EncodeOptions(**options_for(made, device="cuda")))


def test_damaged_payloads_are_refused_or_decode(made):
    samples = music(1200)
    options = EncodeOptions(**options_for(made))
    header = header_of(samples, 16, options)
    payload = encode_block(samples, header, options)
    rng = np.random.default_rng(4)
    for _ in range(150):
        at = int(rng.integers(40 if rng.random() < 0.5 else len(payload)))
        damaged = bytearray(payload)
        damaged[at] = int(rng.integers(256))
        with contextlib.suppress(CorruptStream):
            decode_block(bytes(damaged), len(samples), header)


def test_effort(made):
    """The search knows of no network, so that what it finds may not be taken."""
    samples = music(6000)
    if behind_lpc(made):
        with pytest.raises(UsageError, match="no cascade"):
            code(samples, 16, **options_for(made, effort=2))
        return
    found = code(samples, 16, **options_for(made, effort=2))
    assert len(found) <= len(code(samples, 16, **options_for(made)))


def test_headers_that_cannot_be(made):
    samples = music(300)
    options = EncodeOptions(**options_for(made))
    header = header_of(samples, 16, options)
    payload = encode_block(samples, header, options)
    with pytest.raises(CorruptStream, match="names no model"):
        decode_block(payload, 300, replace(header, model_hash=b""))
    with pytest.raises(ModelMismatch, match="11" * 32 + " is not here: put its"):
        decode_block(payload, 300, replace(header, model_hash=b"\x11" * 32))
    with pytest.raises(CorruptStream, match="no Rice codes"):
        decode_block(payload, 300, replace(header, coder_id=2))
    with pytest.raises(CorruptStream, match="takes no parameters"):
        decode_block(payload, 300, replace(header, predictor_parameters=b"1"))
    narrow = Network(INPUTS, tiny_network("cnn").layers[:-1])
    model.add_model(Model(narrow))
    with pytest.raises(CorruptStream, match=f"{INPUTS} inputs and 16 outputs instead of"):
        decode_block(payload, 300, replace(header, model_hash=Model(narrow).hash))


def test_wrong_choices(made, tmp_path):
    samples = music(50)
    other = {"cnn": "gru", "gru": "cnn"}[kind_of(made)]
    for options, text in (
        ({"predictor": other}, f"is for {kind_of(made)}, not {other}"),
        ({"predictor": "cascade"}, "predictor cascade takes no model; cnn and gru do"),
        ({"predictor": None, "predictor_options": {"x": "1"}}, f"{kind_of(made)} has no option"),
        ({"model": "absent"}, "no such file"),
        ({"coder": "rice"}, "no Rice codes"),
        ({"predictor_options": {"x": "1"}}, "no option 'x'"),
    ):
        with pytest.raises(UsageError, match=text):
            code(samples, 16, **options_for(made) | options)
    path = tmp_path / "else.nlacm"
    path.write_bytes(Model(tiny_network(kind_of(made)), {"front": "none"}).to_bytes())
    with pytest.raises(UsageError, match="unknown base predictor 'none'; known: lpc, rls, high"):
        code(samples, 16, **options_for(made, model=path))


def test_a_model_tells_the_predictor(made):
    samples = music(3000)
    for preset in ("standard", "high"):
        options = options_for(made, preset=preset)
        alone = options | {"predictor": None}
        assert code(samples, 16, **alone) == code(samples, 16, **options)


def encoded(made: Path, **options) -> io.BytesIO:
    wav = io.BytesIO()
    nlac_file = io.BytesIO()
    import wave

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


def test_a_front_that_runs_ahead_changes_nothing(made, monkeypatch):
    samples = music(3 * LAG_SPAN + 100)
    run, where, payloads = network_samples.BasePredictor.run, [], []

    def noted(front, *arguments):
        where.append(threading.get_ident())
        return run(front, *arguments)

    monkeypatch.setattr(network_samples.BasePredictor, "run", noted)
    for threads in (1, 2):
        where.clear()
        options = EncodeOptions(**options_for(made, threads=threads))
        payloads.append(encode_block(samples, header_of(samples, 16, options), options))
        assert len(where) >= 4
        assert (threading.get_ident() in where) == (threads == 1)
        assert len(set(where)) == 1
    assert payloads[0] == payloads[1]
