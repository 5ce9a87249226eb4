"""What runs, configurations, datasets and models tell of themselves, without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from training_tools import tiny

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from nlac._errors import UsageError
from nlac.predictors.networks.models import model_files
from nlac.predictors.neural.models import describe_model
from nlac.training.background import check_run_name, resumable, steps_of
from nlac.training.config.experiment import read_experiment
from nlac.training.config.shipped import describe_config, find_config, shipped_configs
from nlac.training.data.dataset import find_datasets
from nlac.training.loop.trainer import Trainer
from nlac.training.recipes.receptive import receptive_field
from nlac.training.runs.description import describe_run, layers_of
from nlac.training.runs.folder import RunFolder


@pytest.mark.parametrize("name", shipped_configs())
def test_receptive_field_is_that_of_the_model(name: str):
    experiment = read_experiment(find_config(name))
    # shapes without weights
    with torch.device("meta"):
        model = experiment.recipe().build()
    found = receptive_field(experiment.name, experiment.as_dict()["model"])
    assert found is not None
    if experiment.name in ("mel", "continuation"):
        assert found.samples == experiment.settings.model.samples
    else:
        size = model.representation.codes_per_sample
        assert found.samples == -(-model.receptive_field // size)
    assert found.as_dict(16000)["milliseconds"] == pytest.approx(found.samples / 16)


def test_receptive_field_of_other_recipes_and_of_missing_settings():
    assert receptive_field("mine", {"layers": 3}) is None
    assert receptive_field("cnn", {"layers": 3}) is None
    codec = receptive_field("codec", {"predictor": "cnn", "depth": 7})
    assert codec is not None
    assert codec.samples == 128
    recurrent = receptive_field("codec", {"predictor": "gru", "depth": 1})
    assert recurrent is not None
    assert recurrent.as_dict(16000)["milliseconds"] is None


def test_description_of_a_run(tmp_path: Path):
    trainer = Trainer(tiny(train__ema=0.9), tmp_path / "run")
    trainer.run(until=6)
    run = RunFolder(tmp_path / "run")
    found = describe_run(run)
    assert found["state"] == "interrupted"
    shapes = {layer["name"]: layer["shapes"] for layer in found["layers"]}
    assert shapes == {
        "layers.0": {"weight": [16, 8], "bias": [16]}, "layers.3": {"weight": [1, 16], "bias": [1]},
    }  # fmt: skip
    assert sum(layer["parameters"] for layer in found["layers"]) == found["parameters"] == 161
    # of a run that goes on the averaged weights lie beside those that are trained
    assert layers_of(run.last) == layers_of(run.best)
    files = {each["name"]: each["bytes"] for each in found["files"]}
    assert files["checkpoints/last.safetensors"] == run.last.stat().st_size
    assert "logs/.lock" not in files
    assert found["bytes"] == sum(files.values())
    assert found["card"]["licence"] == "CC0-1.0"
    assert found["receptive_field"] is None
    assert found["problem"] is None
    assert resumable(run.path) == ""
    run.best.write_bytes(b"no checkpoint at all")
    assert "damaged" in describe_run(run)["problem"]
    Trainer(tiny(train__ema=0.9), tmp_path / "run").run()
    assert "finished" in resumable(run.path)
    assert "no checkpoint" in resumable(tmp_path)


def test_shipped_configurations():
    names = shipped_configs()
    assert {"bytes", "cnn", "continuation", "gru", "mel", "wavenet", "wavenet-full"} <= set(names)
    for path in names.values():
        facts = describe_config(path)
        assert facts["about"]
        assert facts["recipe"] == path.stem.removesuffix("-full")
        assert facts["train"]["steps"] > 0
    assert find_config("gru") == names["gru"]
    assert find_config(str(names["mel"])) == names["mel"]
    with pytest.raises(UsageError, match=r"configuration nothing: no such file.*wavenet"):
        find_config("nothing")


def test_epochs_are_as_many_samples_as_the_training_data_has():
    settings = {"data.synthetic": {"seconds": 1.0}, "data.frames": 2000, "train.batch": 14}
    experiment = read_experiment(find_config("gru"), settings)
    # 7 kinds, 8 recordings each, 16,000 samples
    assert steps_of(experiment, 1) == 32
    assert steps_of(experiment, 0.5) == 16
    with pytest.raises(UsageError, match="epochs"):
        steps_of(tiny(), 1)


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "a\0", "x" * 65, "nul.", "ä"])
def test_names_that_are_no_names_of_runs(name: str):
    with pytest.raises(UsageError, match="name"):
        check_run_name(name)
    assert check_run_name("w12.3-b_c") == "w12.3-b_c"


def test_datasets_in_a_folder(tmp_path: Path):
    for name in ("a", "b/c", "d/e/f/g"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "manifest.json").write_text("{}")
    assert find_datasets(tmp_path) == {"a": tmp_path / "a", "b/c": tmp_path / "b" / "c"}


def test_models_of_the_codec():
    by_name = {path.stem: describe_model(path) for path in model_files()}
    cnn, gru = by_name["cnn"], by_name["gru"]
    assert cnn["samples"] == 128
    assert [layer["dilation"] for layer in cnn["layers"] if layer["taps"] == 2] == [
        1, 2, 4, 8, 16, 32, 64,
    ]  # fmt: skip
    assert gru["samples"] is None
    assert gru["card"]["licence"]


def test_none_of_it_needs_torch():
    program = (
        "import sys; import nlac.training.runs.description, nlac.training.config.shipped,"
        " nlac.training.background, nlac.training.data.dataset, nlac.training.generation.live,"
        " nlac.training.recipes.receptive, nlac.predictors.neural.models;"
        " print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
