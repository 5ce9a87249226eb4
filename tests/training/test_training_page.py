"""The recipe on the page about training runs as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from nlac.training.config.experiment import read_experiment
from nlac.training.config.files import read_yaml
from nlac.training.config.train import MAY_DIFFER, TrainSettings
from nlac.training.loop.trainer import Trainer
from nlac.training.tuning.space import TuneSettings

PAGE = (Path(__file__).parents[2] / "docs/training.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def test_the_recipe_learns(tmp_path):
    (tmp_path / "mine.py").write_text(blocks("python")[0])
    (tmp_path / "mine.yaml").write_text(blocks("yaml")[1])
    quick = {"data.synthetic": {"seconds": 0.5}, "train.threads": 1}
    trainer = Trainer(read_experiment(tmp_path / "mine.yaml", quick), tmp_path / "run")
    assert trainer.run() == "finished"
    # zero is no prediction: its loss is the power
    batches = trainer.feed.validation()
    power = sum(float((b.samples / 32768).square().sum()) for b in batches)
    power /= sum(int(b.mask.sum()) for b in batches)
    assert trainer.run_folder.metrics()[-1]["valid.loss"] < 0.85 * power
    facts = trainer.run_folder.metadata()["data"]
    assert (facts["licences"], facts["rate"]) == (["CC0-1.0"], 16000)


def test_the_tables_are_complete(tmp_path):
    table = PAGE.split("The section `train`")[1].split("Recipes over prepared")[0]
    named: set[str] = set()
    for row in table.splitlines():
        if row.startswith("| `"):
            named |= set(re.findall(r"`(\w+)`", row.split("|")[1]))
    assert named == set(TrainSettings.__dataclass_fields__)
    told = PAGE.split("A resumed run may differ in")[1].split(", and its data")[0]
    assert set(re.findall(r"`(\w+)`", told)) == set(MAY_DIFFER)
    (tmp_path / "tune.yaml").write_text(blocks("yaml")[0])
    tune = read_yaml(tmp_path / "tune.yaml")["tune"]
    assert set(tune) == set(TuneSettings.__dataclass_fields__)
