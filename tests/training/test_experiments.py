"""Shipped recipes: their configurations are read, and train on the built-in set."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from nlac._errors import UsageError
from nlac.training.config.experiment import read_experiment
from nlac.training.loop.trainer import Trainer
from nlac.training.runs.checkpoints import read_checkpoint
from nlac.training.tuning.space import make_tune_settings

RECIPES = Path(__file__).parents[2] / "recipes"
# by name of the configuration: a model that takes no time
SMALL = {
    "cnn": {
        "data.frames": 256, "model.residual": 8, "model.gate": 8, "model.skip": 8,
        "model.layers": 3, "model.front_order": 4,
    },
    "wavenet": {
        "data.frames": 256, "model.residual": 8, "model.gate": 8, "model.skip": 8,
        "model.layers": 3, "data.labels": ["kind"], "model.classes": 7,
    },
    "gru": {"data.frames": 250, "model.units": 8, "model.context": 100},
    "bytes": {"data.frames": 128, "model.width": 16, "model.layers": 1, "model.heads": 2},
    "continuation": {
        "data.frames": 1200, "data.pair_frames": 1200, "model.seconds": 0.1, "model.width": 8,
        "model.layers": 1, "model.heads": 2, "model.alone": 0.5, "model.stages": 2,
        "model.spectral": 0.0,
    },
    "mel": {"data.frames": 3840, "model.frames": 16, "model.bands": 16},
}  # fmt: skip
QUICK = {
    "data.valid_crops": 2, "data.synthetic": {"seconds": 0.5}, "train.batch": 2, "train.steps": 4,
    "train.valid_every": 2, "train.save_every": 2, "train.log_every": 1, "train.warmup": 0,
    "train.threads": 1, "train.workers": 0,
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_configurations_are_read(path):
    experiment = read_experiment(path)
    assert experiment.name == path.stem.removesuffix("-full")
    assert experiment.settings.data.folder == "synthetic"
    if experiment.tune:
        make_tune_settings(experiment)


@pytest.mark.parametrize("name", SMALL)
def test_recipes_train_and_resume(name, tmp_path, monkeypatch):
    experiment = read_experiment(RECIPES / f"{name}.yaml", {**QUICK, **SMALL[name]})
    monkeypatch.setattr("nlac.training.loop.results._SAMPLE_SECONDS", 0.02)
    whole = Trainer(experiment, tmp_path / "whole")
    assert whole.run() == "finished"
    run = whole.run_folder
    for path in (run.results / "predictions.wav", run.artifacts / "generated.wav"):
        with wave.open(str(path)) as file:
            assert file.getframerate() == whole.facts["rate"]
            assert file.getnframes() > 100
    figures = set(run.metrics()[-1])
    assert {f"valid.{key}" for key in (experiment.kind.criterion, "loss")} <= figures
    assert run.best.is_file()
    Trainer(experiment, tmp_path / "parts").run(until=3)
    Trainer(experiment, tmp_path / "parts").run()
    ours, theirs = (
        read_checkpoint(tmp_path / part / "checkpoints/last.safetensors")[0]
        for part in ("whole", "parts")
    )
    for key, value in ours.items():
        assert torch.equal(value, theirs[key]), key


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("cnn", {"model.residual": 17}, "--set model.residual: 17; a multiple of 4 from 4"),
        ("cnn", {"model.residual": "wide"}, "--set model.residual: 'wide'; a multiple of 4"),
        ("cnn", {"data.short": "no"}, "--set data.short: 'no'; pad, skip, refuse"),
        ("bytes", {"model.heads": 5}, "--set model.heads: 5; a divisor of"),
        ("wavenet", {"data.labels": ["kind"]}, "data.labels: kind; one label if model.classes"),
        ("wavenet", {"data.labels": ["kind"], "model.classes": 2}, "model.classes: 2; 7 or more"),
        ("wavenet", {"data.labels": ["pitch"], "model.classes": 2}, "no label 'pitch'"),
        ("cnn", {"model.bits": 8}, "samples of 16 bits; the model takes 8"),
        ("cnn", {"data.mono": False, "data.synthetic": {"channels": 2}}, "data.mono: false; true"),
        ("cnn", {"data.folder": "none"}, "none"),
        ("mel", {"data.frames": 100}, "data.frames: 100; 16128, which fill model.frames, 64"),
        ("mel", {"data.rate": 8000}, "data: rate 8000; 16000"),
        ("continuation", {"data.pair_frames": 1}, "data.pair_frames: 1; 24000, which are"),
    ],
)
def test_what_does_not_fit_is_named(name, change, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        Trainer(
            read_experiment(RECIPES / f"{name}.yaml", {**QUICK, **change}), tmp_path / "run"
        )  # fmt: skip
