"""Training: configurations, recordings, the loss, exact resumption, and what is exported."""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from nlac._errors import UsageError  # noqa: E402
from nlac.bench.corpus import find_items  # noqa: E402
from nlac.codec.block_codec import window_settings  # noqa: E402
from nlac.codec.cascade_block import CascadeSettings, suited  # noqa: E402
from nlac.codec.fronts import FRONTS  # noqa: E402
from nlac.codec.options import EncodeOptions  # noqa: E402
from nlac.codec.preparation import prepare  # noqa: E402
from nlac.predictors.network_features import ANSWERS, FEATURES  # noqa: E402
from nlac.predictors.networks import reference  # noqa: E402
from nlac.predictors.networks.description import model_hash  # noqa: E402
from nlac.predictors.networks.layers import (  # noqa: E402
    Activation,
    Affine,
    Linear,
    Network,
)
from nlac.predictors.networks.model import Model, open_model  # noqa: E402
from nlac.training import modules, quantise  # noqa: E402
from nlac.training.config import make_config, read_config  # noqa: E402
from nlac.training.crops import make_crops  # noqa: E402
from nlac.training.loss import code_length  # noqa: E402
from nlac.training.pool import Pool  # noqa: E402
from nlac.training.recordings import (  # noqa: E402
    Sound,
    augment,
    find_recordings,
    mix,
    read_crop,
)
from nlac.training.run import CHECKPOINT, METRICS, Trainer, export  # noqa: E402

SMALL = {
    "width": 16, "depth": 2, "seconds": 0.25, "pool": 2, "refresh": 2, "batch": 4, "length": 256,
    "burn_in": 16, "steps": 6, "valid_every": 3, "valid_crops": 1, "save_every": 2,
    "quantised": 0.5, "mixed": 0.5,
}  # fmt: skip


def sound(seed: int, frames: int = 6000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 150, (frames, 2)) + rng.normal(0, 300, (frames, 1))
    return np.clip(np.cumsum(steps, 0) * 0.2, -30000, 30000).astype(np.int32)


@pytest.fixture
def corpus(tmp_path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    lines = ["file\tcategory\tsplit\tlicence"]
    for i, split in enumerate(("train", "train", "valid", "test")):
        with wave.open(str(folder / f"{i}.wav"), "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(16000)
            out.writeframes(sound(i).astype("<i2").tobytes())
        lines.append(f"{i}.wav\tmusic\t{split}\tCC0")
    (folder / "MANIFEST.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(params=["cnn", "gated", "gru"])
def config(request, corpus):
    kind = {"predictor": "cnn", "gated": request.param == "gated"}
    if request.param == "gru":
        kind = {"predictor": "gru", "depth": 1}
    return make_config({"corpus": str(corpus), **SMALL, **kind})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"nonsense": 1}, "no such setting: nonsense"),
        ({"width": 30}, "width: 30 is out of range"),
        ({"width": "wide"}, "width: 'wide' is no int"),
        ({"predictor": "rnn"}, "predictor"),
        ({"front": "none"}, "front"),
        ({"burn_in": 4000}, "burn_in"),
        ({"predictor": "gru", "depth": 2}, "depth"),
        ({"batch": 0}, "batch"),
        ({"often": {"music": 0}}, "often"),
        ({"often": ["music"]}, "often"),
    ],
)
def test_bad_settings_are_named(change, text):
    with pytest.raises(UsageError, match=text):
        make_config({"corpus": "x", **change})


def test_settings_from_a_file(tmp_path):
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = tmp_path / "a.yaml"
    path.write_text("corpus: music\nrate: 1\ncategories: [speech]\n")
    config = read_config(path)
    assert (config.corpus, config.rate) == (str(tmp_path / "music"), 1.0)
    (tmp_path / "first").mkdir()
    for start, expected in (("first", str(tmp_path / "first")), ("cnn-rls", "cnn-rls")):
        path.write_text(f"corpus: music\nstart: {start}\n")
        assert read_config(path).start == expected
    for text, message in (("- 1", "no settings"), ("width: 32", "corpus"), ("a: [", "a.yaml")):
        path.write_text(text)
        with pytest.raises(UsageError, match=message):
            read_config(path)


def test_recordings_are_divided(corpus):
    train, valid = find_recordings(str(corpus), ["music"])
    assert [item.name for item in train] == ["0.wav", "1.wav"]
    assert [item.name for item in valid] == ["2.wav"]
    with pytest.raises(UsageError, match="no category 'speech'"):
        find_recordings(str(corpus), ["speech"])
    # by their licence, of which whole words count
    manifest = corpus / "MANIFEST.tsv"
    manifest.write_text(manifest.read_text().replace("train\tCC0", "train\tCC BY-NC 4.0", 1))
    train, _ = find_recordings(str(corpus), [], ["NC", "B"])
    assert [item.name for item in train] == ["1.wav"]
    manifest.write_text(manifest.read_text().replace("valid\tCC0", "valid\tNC"))
    for avoid, purpose in (["NC"], "validate with"), (["NC", "CC0"], "train on"):
        with pytest.raises(UsageError, match=f"no recordings to {purpose}"):
            find_recordings(str(corpus), [], avoid)
    # without a manifest, by name: none is in both, and all are in one
    (corpus / "MANIFEST.tsv").unlink()
    for i in range(40):
        (corpus / f"more{i}.wav").write_bytes((corpus / "0.wav").read_bytes())
    parts = find_recordings(str(corpus), [])
    names = [{item.name for item in part} for part in parts]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 44


def test_crops_and_augmentation(corpus):
    item = find_items(corpus)[0]
    whole = sound(0).T
    rng = np.random.default_rng(2)
    kinds = set()
    for _ in range(30):
        piece = read_crop(item, 0.1, rng)
        crop, rate = piece
        assert rate == 16000
        assert crop.shape == (2, 1600)
        begin = np.flatnonzero((whole[0] == crop[0, 0]) & (whole[1] == crop[1, 0]))
        assert any(np.array_equal(whole[:, b : b + 1600], crop) for b in begin)
        changed, rate = augment(piece, rng)
        assert rate == 16000 * changed.shape[1] // 1600
        assert np.abs(changed).max() <= np.abs(crop).max() + 1
        kinds.add((changed.shape[1] == 1600, np.abs(changed).max() < np.abs(crop).max()))
    assert len(kinds) == 4


def test_sums_of_recordings():
    left = Sound(np.array([[4, -4, 6], [1, 2, 3]], np.int32), 48000)
    right = Sound(np.array([[2, 2, 1, 9]], np.int32), 8000)
    np.testing.assert_array_equal(mix(left, right).samples, [[3, -1, 4], [2, 2, 2]])
    assert mix(left, right).rate == 48000
    np.testing.assert_array_equal(mix(right, left).samples, [[3, -1, 4]])
    top = Sound(np.full((1, 2), 2**31 - 1, np.int32), 8000)
    np.testing.assert_array_equal(mix(top, top).samples, top.samples)


def test_crops_tell_what_coding_costs():
    crops = make_crops(Sound(np.ascontiguousarray(sound(5, 20000).T), 48000), "rls")
    assert len(crops) == 2
    for crop in crops:
        assert crop.features.shape == (20000, FEATURES)
        settled = slice(2000, None)
        # a Gaussian as wide as the mean error would cost about this
        rough = np.log2(crop.unit[settled] * np.sqrt(np.pi / 2)) + 2.05
        assert abs(float(np.mean(crop.bits[settled] - rough))) < 0.2
        assert abs(float(np.mean(np.abs(crop.error / crop.unit)[settled])) - 1) < 0.1
    assert make_crops(Sound(np.zeros((1, 500), np.int32), 48000), "rls") == []
    assert make_crops(Sound(np.ascontiguousarray(3 * sound(5, 3000).T), 48000), "rls") == []


def test_crops_have_the_experts_that_coding_would_take():
    # what a network never saw in training it would be told of by untrained weights
    echo = sound(6, 20000)[:, :1].T
    for i in range(150, echo.shape[1]):
        echo[0, i] += 3 * echo[0, i - 150] // 4
    for samples, has_long_windows in ((echo, True), (np.ascontiguousarray(sound(5).T), False)):
        (crop, *_) = make_crops(Sound(samples, 48000), "high")
        assert crop.features[:, 12 + 1].any()
        assert crop.features[:, 12 + 3].any() == has_long_windows
        assert not crop.features[:, 12 + 4].any()
        settings = CascadeSettings(FRONTS["high"], rival=window_settings(EncodeOptions()))
        parameters = suited(settings.parameters, prepare(samples, settings.search))
        assert len(parameters.experts) == 3 + has_long_windows


def test_some_recordings_are_drawn_more_often(corpus, monkeypatch):
    manifest = corpus / "MANIFEST.tsv"
    manifest.write_text(manifest.read_text().replace("1.wav\tmusic", "1.wav\tspeech"))
    drawn = []

    def read(item, seconds, rng):
        drawn.append(item.name)
        return read_crop(item, seconds, rng)

    monkeypatch.setattr("nlac.training.pool.read_crop", read)
    settings = {"corpus": str(corpus), **SMALL, "mixed": 0.0, "pool": 60, "length": 64}
    for often, low, high in (({}, 20, 40), ({"speech": 5}, 46, 59)):
        config = make_config(settings | {"often": often})
        train, _ = find_recordings(config.corpus, config.categories)
        drawn.clear()
        Pool(train, config).batch(0)
        assert low <= drawn.count("1.wav") <= high
    with pytest.raises(UsageError, match="often: no recordings of category talk"):
        Pool(train, make_config(settings | {"often": {"talk": 2}}))


def test_loss_is_the_code_length():
    # one part alone, as wide as known, against the integral of its density
    answers = torch.tensor([[0.5, 1.0, 0.0, 0.0]])
    shares = torch.tensor([50.0, 0.0, 0.0, 0.0])
    error, unit, bits = torch.tensor([7.0]), torch.tensor([3.0]), torch.tensor([9.0])
    sigma = 2 * 3 * np.sqrt(np.pi / 2)
    normal = torch.distributions.Normal(1.5, sigma)
    expected = -torch.log2(normal.cdf(torch.tensor(7.5)) - normal.cdf(torch.tensor(6.5)))
    assert code_length(answers, error, unit, bits, shares).item() == pytest.approx(
        expected.item(), rel=1e-4
    )
    # without a share the network changes nothing, and far away it costs no more than its share
    alone = torch.tensor([0.0, 0.0, 0.0, 50.0])
    assert code_length(answers, error, unit, bits, alone).item() == pytest.approx(9.0)
    even = torch.zeros(4)
    far = code_length(answers, torch.tensor([1e6]), unit, torch.tensor([40.0]), even)
    assert far.item() == pytest.approx(42.0)


def test_integers_do_what_was_trained(config):
    torch.manual_seed(3)
    module = modules.make_module(config)
    with torch.no_grad():
        module.last.weight.normal_(0, 0.3)
    network = quantise.to_network(module)
    features = np.random.default_rng(1).integers(-800, 800, (400, FEATURES)).astype(np.int16)
    out = reference.run(network, features) * 2.0**-modules.ACTIVATION_BITS
    weights = quantise.rounded_parameters(dict(module.named_parameters()))
    inputs = quantise.raw_features(features)[None]
    with torch.no_grad():
        rounded = torch.func.functional_call(module, weights, (inputs, True))[0].numpy()
        plain = module(inputs)[0].numpy()
    assert out.shape == (400, ANSWERS)
    spread = plain.std()
    assert spread > 0.1
    # rounding of activations is all that is left
    assert np.abs(out - rounded).mean() < 0.01 * spread
    assert np.abs(out - plain).mean() < 0.05 * spread


def test_a_run_that_is_resumed_is_the_same(config, tmp_path):
    records: list = []
    whole = Trainer(config, tmp_path / "whole")
    whole.run(records.append)
    parts = Trainer(config, tmp_path / "parts")
    parts.run(until=3)
    assert parts.step == 3
    again = Trainer(config, tmp_path / "parts")
    assert again.step == 3
    again.run()
    for name, value in whole.module.state_dict().items():
        torch.testing.assert_close(again.module.state_dict()[name], value, rtol=0, atol=0)
        torch.testing.assert_close(again.ema[name], whole.ema[name], rtol=0, atol=0)
    assert torch.equal(again.shares, whole.shares)
    lines = (tmp_path / "whole" / METRICS).read_text().splitlines()
    assert [json.loads(line) for line in lines] == records
    assert [record["step"] for record in records] == [3, 6]
    other = make_config({**config.as_dict(), "rate": 0.5})
    with pytest.raises(UsageError, match="another configuration"):
        Trainer(other, tmp_path / "whole")


def test_steps_that_were_lost_are_not_told_twice(corpus, tmp_path):
    config = make_config({"corpus": str(corpus), **SMALL})
    folder = tmp_path / "run"
    Trainer(config, folder).run()
    told = (folder / METRICS).read_text()
    (folder / CHECKPOINT).unlink()
    Trainer(config, folder).run(until=4)
    (folder / METRICS).write_text(told)  # as if interrupted after step 6, not saved since 4
    again: list = []
    Trainer(config, folder).run(again.append)
    assert [record["step"] for record in again] == [6]
    lines = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    assert [line["step"] for line in lines] == [3, 6]
    assert lines[1]["valid"] == json.loads(told.splitlines()[1])["valid"]


def test_progress_tells_each_step(corpus, tmp_path):
    config = make_config({"corpus": str(corpus), **SMALL})
    done: list = []
    trainer = Trainer(config, tmp_path / "run")
    trainer.run(progress=lambda *numbers: done.append(numbers), until=2)
    trainer.run(progress=lambda *numbers: done.append(numbers))
    assert done == [(1, 2), (2, 2), *((step, 6) for step in range(3, 7))]


def test_curves_in_tensorboard(corpus, tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    records: list = []
    Trainer(make_config({"corpus": str(corpus), **SMALL}), tmp_path / "run").run(records.append)
    events = EventAccumulator(str(tmp_path / "run"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == records[0].keys() - {"step"}
    curve = [(event.step, event.value) for event in events.Scalars("valid")]
    assert curve == [(r["step"], pytest.approx(r["valid"])) for r in records]


def test_training_goes_without_tensorboard(corpus, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    Trainer(make_config({"corpus": str(corpus), **SMALL}), tmp_path / "run").run(until=1)
    assert not list((tmp_path / "run").glob("events*"))


@pytest.mark.parametrize("bfloat16", [False, True])
def test_training_learns_and_exports(bfloat16, corpus, tmp_path):
    values = {**SMALL, "steps": 40, "valid_every": 10, "rate": 0.01, "bfloat16": bfloat16}
    config = make_config({"corpus": str(corpus), **values})
    records: list = []
    Trainer(config, tmp_path / "run").run(records.append)
    assert records[-1]["valid"] < records[0]["valid"]
    model = export(tmp_path / "run", "mine")
    assert (model.card["name"], model.card["front"]) == ("mine", "rls")
    assert model.card["data"] == {"recordings": 2, "licences": ["CC0"]}
    assert Model.from_bytes(model.to_bytes()).hash == model.hash
    with pytest.raises(UsageError, match="no checkpoint"):
        export(tmp_path, "none")


def test_a_run_may_begin_with_another_one(corpus, tmp_path):
    values = {"corpus": str(corpus), **SMALL}
    first = Trainer(make_config(values), tmp_path / "first")
    first.run()
    second = Trainer(
        make_config({**values, "front": "high", "start": str(tmp_path / "first")}),
        tmp_path / "second",
    )
    for name, value in second.module.state_dict().items():
        assert torch.equal(value, first.best_ema[name])
    for change, start, text in (
        ({}, tmp_path, "no checkpoint"),
        ({"predictor": "gru", "depth": 1}, "first", "another kind"),
        ({"gated": True, "width": 32}, "first", "another kind"),
        ({"depth": 1}, "first", "deeper"),
    ):
        config = make_config({**values, **change, "start": str(tmp_path / start)})
        with pytest.raises(UsageError, match=text):
            Trainer(config, tmp_path / "third")


def test_parameters_come_back_of_integers(config):
    torch.manual_seed(4)
    module = modules.make_module(config)
    with torch.no_grad():
        module.last.weight.normal_(0, 0.3)
    network = quantise.to_network(module)
    again = modules.make_module(config)
    again.load_state_dict(quantise.from_network(network))
    assert model_hash(quantise.to_network(again)) == model_hash(network)
    for name, value in quantise.rounded_parameters(module.state_dict()).items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["neural", "gru-rls", "cnn-rls"])
def test_a_run_may_begin_with_a_shipped_model(name, corpus, tmp_path):
    model = open_model(name)
    architecture = {k: model.card["training"][k] for k in ("predictor", "width", "depth")}
    values = {"corpus": str(corpus), **SMALL, **architecture, "start": name}
    trainer = Trainer(make_config(values), tmp_path / "run")
    assert model_hash(quantise.to_network(trainer.module)) == model.hash
    with pytest.raises(UsageError, match="no such name"):
        Trainer(make_config(values | {"start": "none"}), tmp_path / "other")
    smaller = make_config(values | {"width": 16})
    with pytest.raises(UsageError, match="larger"):
        Trainer(smaller, tmp_path / "other")


def test_networks_of_another_make_are_no_start():
    plain = Affine(np.ones((4, FEATURES), np.int8), np.zeros(4, np.int32), np.zeros(4, np.int32))
    square = Affine(np.ones((4, 4), np.int8), np.zeros(4, np.int32), np.zeros(4, np.int32))
    first, last = Linear(plain, Activation.RELU), Linear(square, Activation.NONE)
    other = Linear(square, Activation.RELU)
    quantise.from_network(Network(FEATURES, (first, last)))
    for layers in ((Linear(plain, Activation.NONE),), (first, other), (first, other, last),
                   (Linear(plain, Activation.TANH), last)):  # fmt: skip
        with pytest.raises(ValueError, match="is another one"):
            quantise.from_network(Network(FEATURES, layers))


@pytest.mark.parametrize("kind", ["cnn", "gated", "gru"])
def test_a_larger_network_begins_as_the_smaller_one(kind):
    values = {"corpus": "x", "gated": kind == "gated", "depth": 1 if kind == "gru" else 3}
    values["predictor"] = "gru" if kind == "gru" else "cnn"
    torch.manual_seed(5)
    small, large, same = (
        modules.make_module(make_config({**values, "width": width})) for width in (16, 48, 16)
    )
    with torch.no_grad():
        small.last.weight.normal_(0, 0.3)
    for module in (large, same):
        modules.adopt(module, small.state_dict())
    features = torch.randn(2, 200, FEATURES)
    torch.testing.assert_close(large(features), small(features), rtol=1e-4, atol=1e-4)
    assert all(torch.equal(v, small.state_dict()[k]) for k, v in same.state_dict().items())
    # what is new learns
    large(features).square().mean().backward()
    assert large.last.weight.grad[:, 16:].abs().min() > 0
    with pytest.raises(ValueError, match="larger"):
        modules.adopt(small, large.state_dict())
    if kind != "gru":
        deeper = modules.make_module(make_config({**values, "width": 16, "depth": 4}))
        modules.adopt(deeper, small.state_dict())
        spread = small(features).std()
        assert 0 < (deeper(features) - small(features)).abs().mean() < 0.2 * spread


def test_patience_ends_training(corpus, tmp_path):
    values = {"corpus": str(corpus), **SMALL, "steps": 40, "valid_every": 1, "patience": 2}
    # with no rate nothing gets better
    trainer = Trainer(make_config({**values, "rate": 1e-12, "ema": 0.0}), tmp_path / "run")
    trainer.run()
    assert trainer.step < 10
