"""Training: runs, exact resumption, what they tell, what they begin with, what is exported."""

from __future__ import annotations

import json
import sys

import pytest
from training_tools import SMALL

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from nlac._errors import UsageError
from nlac.predictors.networks.models import Model, open_model
from nlac.predictors.networks.serialization import model_hash
from nlac.training import quantise
from nlac.training.config import make_config
from nlac.training.run import CHECKPOINT, METRICS, Trainer, export


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
    config = make_config({"corpus": str(corpus), **SMALL, "save_every": 4})
    folder = tmp_path / "run"
    Trainer(config, folder).run()
    told = (folder / METRICS).read_text()
    for saved, again in ((4, [6]), (0, [3, 6])):
        (folder / CHECKPOINT).unlink()
        if saved:
            Trainer(config, folder).run(until=saved)
        # as if interrupted after step 6, and in the middle of a line, not saved since
        (folder / METRICS).write_text(told + '{"step": 6, "sec')
        records: list = []
        Trainer(config, folder).run(records.append)
        assert [record["step"] for record in records] == again
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


def test_patience_ends_training(corpus, tmp_path):
    values = {"corpus": str(corpus), **SMALL, "steps": 40, "valid_every": 1, "patience": 2}
    # with no rate nothing gets better
    trainer = Trainer(make_config({**values, "rate": 1e-12, "ema": 0.0}), tmp_path / "run")
    trainer.run()
    assert trainer.step < 10
