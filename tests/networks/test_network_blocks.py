"""Blocks of cnn and gru there and back, with any network."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from codec_tools import code, header_of
from network_tools import behind_lpc, kind_of, music, options_for
from strategies import joined
from tiny_networks import INPUTS, tiny_network

from nlac._errors import CorruptStream, MissingDependency, ModelMismatch, UsageError
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder import network as encoder_network
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.payload import encode_block
from nlac.predictors.cascade.kernels import LAG_SPAN
from nlac.predictors.networks import models as model
from nlac.predictors.networks import torch_runner as bulk
from nlac.predictors.networks.layers import Network
from nlac.predictors.networks.models import Model
from nlac.predictors.neural import samples as network_samples

# a smaller lpc block would say nothing of networks
pytestmark = pytest.mark.usefixtures("cascade_alone", "own_models")


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
