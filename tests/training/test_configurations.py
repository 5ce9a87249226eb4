"""Configurations: sections, paths, settings of the command line, and how bad ones are told."""

from __future__ import annotations

from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import UsageError
from nlac.training.config.experiment import differences, make_experiment, read_experiment
from nlac.training.config.files import parse_overrides

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture
def path(tmp_path):
    (tmp_path / "tiny_recipe.py").write_text((HERE / "tiny_recipe.py").read_text())
    path = tmp_path / "tiny.yaml"
    path.write_text(
        "recipe: tiny_recipe.py:tiny\ndata: {frames: 32}\nmodel: {order: 4}\n"
        "train: {steps: 10, rate: 1e-2}\n"
    )
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: {width: 17}", "tiny.yaml: model.width: 17; a multiple of 8 from 8 to 64"),
        ("model: {width: wide}", "tiny.yaml: model.width: 'wide'; a multiple of 8"),
        ("model: {wdth: 16}", r"tiny.yaml: model.wdth: unknown setting; did you mean width\?"),
        ("model: {order: 4.5}", "model.order: 4.5; from 1 to 64"),
        ("model: 3", "tiny.yaml: model: 3; a mapping"),
        ("modle: {}", r"modle: unknown section \(known: recipe, data, model, train, tune\)"),
        ("train: {optimiser: sgd}", "train.optimiser: sgd; one of adam, adamw"),
        ("train: {compile: 1}", "train.compile: 1; true or false"),
        ("train: {rate: fast}", "train.rate: 'fast'; more than 0"),
        ("train: {rate: 0}", "train.rate: 0.0; more than 0"),
        ("train: {rate: .inf}", "train.rate: inf; a finite number"),
        ("train: {betas: [0.9]}", "train.betas: .* two numbers from 0 to below 1"),
        ("train: {betas: 1}", "train.betas: 1; two numbers"),
        ("train: {batch: 6, accumulate: 4}", "train.accumulate: 4; a divisor of batch, 6"),
        ("train: {steps: 1, steps: 2}", "line 2: steps is set twice"),
        ("train: [", "not valid YAML"),
    ],
)
def test_bad_settings_are_named(path, text, message):
    path.write_text("recipe: tiny_recipe.py:tiny\n" + text)
    with pytest.raises(UsageError, match=message):
        read_experiment(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "tiny.yaml: not a mapping"),
        ("model: {}", "tiny.yaml: recipe: is missing"),
        ("recipe: 3", "recipe: 3; the name of a recipe"),
        ("recipe: none", "recipe: none; one of .*codec"),
        ("recipe: none.py:none", "no file .*none.py"),
        ("recipe: tiny_recipe.py:none", "recipe: tiny_recipe.py:none; one of tiny in that file"),
        ("width: 17\ncorpus: x", "tiny.yaml: width: 17; a multiple of 16 from 16 to 320"),
        ("corpus: x\nwdth: 32", "wdth: unknown setting"),
        ("predictor: cnn", "tiny.yaml: corpus: is missing"),
        ("corpus: x\npredictor: rnn", "predictor: rnn; one of cnn, gru"),
        ("corpus: x\nfront: none", "front: none; one of .*rls"),
        ("corpus: x\nburn_in: 4000", "burn_in: 4000; less than length, 2048"),
        ("corpus: x\npredictor: gru\ndepth: 2", "depth: 2; from 1 to 1 for gru"),
        ("corpus: x\npredictor: gru\ndepth: 1\ngated: true", "gated: true; only for"),
        ("corpus: x\nbatch: 0", "batch: 0; 1 or more"),
        ("corpus: x\nbfloat16: 1", "bfloat16: 1; true or false"),
        ("corpus: x\noften: {music: 0}", "often: .* counts of 1 or more"),
        ("corpus: x\noften: [music]", "often: .* counts of 1 or more"),
    ],
)
def test_bad_files_are_named(path, text, message):
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_experiment(path)


def test_settings_of_the_command_line(path):
    given = parse_overrides(["model.width=24", "train.rate=1e-4", "data.folder=there"])
    experiment = read_experiment(path, given)
    assert experiment.settings.model.width == 24
    assert experiment.settings.model.order == 4
    assert (experiment.train.rate, experiment.train.steps) == (1e-4, 10)
    for text, message in (
        ("model.width", "not of the form key=value"),
        (".width=3", "not of the form key=value"),
        ("model.width=[", "not valid YAML"),
    ):
        with pytest.raises(UsageError, match=f"--set .*: .*{message}"):
            parse_overrides([text])
    for text, message in (
        ("model.width=17", "^--set model.width: 17; a multiple of 8"),
        ("recipe.name=3", "^--set recipe.name: recipe is not a section"),
    ):
        with pytest.raises(UsageError, match=message):
            read_experiment(path, parse_overrides([text]))


def test_paths_are_relative_to_the_file_or_the_command_line(path, monkeypatch):
    folder = path.parent
    (folder / "sub").mkdir()
    for name in ("mine", "sub/mine"):
        (folder / name).mkdir()
    monkeypatch.chdir(folder / "sub")
    path.write_text(path.read_text().replace("{frames: 32}", "{folder: mine}"))
    assert read_experiment(path).settings.data.folder == str(folder / "mine")
    given = read_experiment(path, {"data.folder": "mine"})
    assert given.settings.data.folder == str(folder / "sub/mine")
    assert read_experiment(path, data="mine").settings.data.folder == str(folder / "sub/mine")
    assert read_experiment(path, data="synthetic").settings.data.folder == "synthetic"


def test_a_configuration_as_written_is_the_same(path, tmp_path):
    experiment = read_experiment(path)
    written = yaml.safe_load(yaml.safe_dump(experiment.as_dict()))
    assert make_experiment(written) == experiment
    other = read_experiment(path, {"model.order": 5})
    assert differences(written, other.as_dict()) == {"model.order": (4, 5)}


@pytest.mark.parametrize("path", sorted(ROOT.glob("training/*.yaml")), ids=lambda p: p.stem)
def test_shipped_configurations_of_networks_are_read(path):
    experiment = read_experiment(path)
    assert experiment.name == "codec"
    values = yaml.safe_load(path.read_text())
    sections = experiment.as_dict()
    merged = {**sections["data"], **sections["model"], **sections["train"]}
    for key in ("width", "depth", "length", "batch", "rate", "steps", "seed", "valid_crops"):
        assert merged[key] == values[key]
    assert merged["ema"] == 0.998
    assert merged["optimiser"] == "adamw"
    # on other recordings, categories of that corpus mean nothing
    assert read_experiment(path, data="synthetic").settings.data.categories == []
