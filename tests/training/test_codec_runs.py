"""Training of the codec's networks: exact resumption, what a run begins with, what is exported."""

from __future__ import annotations

import json

import pytest
from training_tools import SMALL

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from nlac._errors import UsageError
from nlac.predictors.networks.models import Model, open_model
from nlac.predictors.networks.serialization import model_hash
from nlac.training.codec import quantise
from nlac.training.codec.export import export
from nlac.training.config.experiment import make_experiment
from nlac.training.loop.trainer import Trainer
from nlac.training.runs.checkpoints import best_weights


def test_a_run_that_is_resumed_is_the_same(experiment, tmp_path):
    records: list = []
    whole = Trainer(experiment, tmp_path / "whole", report=records.append)
    assert whole.run() == "finished"
    parts = Trainer(experiment, tmp_path / "parts")
    assert parts.run(until=3) == "interrupted"
    again = Trainer(experiment, tmp_path / "parts")
    assert again.state.step == 3
    again.run()
    tensors = whole.state.tensors()
    for name, value in again.state.tensors().items():
        torch.testing.assert_close(value, tensors[name], rtol=0, atol=0)
    assert json.loads(json.dumps(records)) == whole.run_folder.metrics()
    validated = [record["step"] for record in records if "valid.relative" in record]
    assert validated == [3, 6]


@pytest.mark.parametrize("bfloat16", [False, True])
def test_training_learns_and_exports(bfloat16, corpus, tmp_path):
    values = {**SMALL, "steps": 40, "valid_every": 10, "rate": 0.01, "bfloat16": bfloat16}
    experiment = make_experiment({"corpus": str(corpus), **values})
    records: list = []
    Trainer(experiment, tmp_path / "run", report=records.append).run()
    assert records[-1]["valid.relative"] < records[0]["valid.relative"]
    model = export(tmp_path / "run", "mine")
    card = model.card
    assert (card["name"], card["predictor"], card["front"]) == ("mine", "cnn", "rls")
    # no licence but that of the recordings
    assert card["licence"] == "CC0"
    assert card["data"]["recordings"] == 2
    assert len(card["data"]["manifest_hash"]) == 64
    assert card["date"].startswith("20")
    assert card["training"]["width"] == 16
    best = min(r["valid.relative"] for r in records if "valid.relative" in r)
    assert card["metrics"]["bits_relative_to_front"] == best
    assert Model.from_bytes(model.to_bytes()).hash == model.hash
    with pytest.raises(UsageError, match="no run with a checkpoint"):
        export(tmp_path, "none")


def test_a_run_may_begin_with_another_one(corpus, tmp_path):
    values = {"corpus": str(corpus), **SMALL}
    Trainer(make_experiment(values), tmp_path / "first").run()
    start = str(tmp_path / "first")
    second = Trainer(make_experiment({**values, "front": "high", "start": start}), tmp_path / "b")
    weights = best_weights(start)
    for name, value in second.state.model.network.state_dict().items():
        assert torch.equal(value, weights[f"network.{name}"])
    for change, begin, text in (
        ({}, tmp_path / "none.nlacm", "no such file"),
        ({}, tmp_path, "no run with a checkpoint"),
        ({"predictor": "gru", "depth": 1}, start, "another kind"),
        ({"gated": True, "width": 32}, start, "another kind"),
        ({"depth": 1}, start, "deeper"),
    ):
        experiment = make_experiment({**values, **change, "start": str(begin)})
        with pytest.raises(UsageError, match=text):
            Trainer(experiment, tmp_path / "third")


@pytest.mark.parametrize("name", ["neural", "gru-rls", "cnn-rls"])
def test_a_run_may_begin_with_a_shipped_model(name, corpus, tmp_path):
    model = open_model(name)
    architecture = {k: model.card["training"][k] for k in ("predictor", "width", "depth")}
    values = {"corpus": str(corpus), **SMALL, **architecture, "start": name}
    trainer = Trainer(make_experiment(values), tmp_path / "run")
    assert model_hash(quantise.to_network(trainer.state.model.network)) == model.hash
    with pytest.raises(UsageError, match="no such name"):
        Trainer(make_experiment(values | {"start": "none"}), tmp_path / "other")
    with pytest.raises(UsageError, match="larger"):
        Trainer(make_experiment(values | {"width": 16}), tmp_path / "other")
