"""Searches: spaces, trials, pruning, continuation, workers, what mattered."""

from __future__ import annotations

import json

import pytest
from training_tools import tiny

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
optuna = pytest.importorskip("optuna", reason="Optuna is not installed")

from nlac._errors import UsageError
from nlac.training.config.files import read_yaml
from nlac.training.tuning.plot import importances, plot_importance
from nlac.training.tuning.space import make_tune_settings
from nlac.training.tuning.study import StudyFolder, num_done, requeue_unfinished, write_findings
from nlac.training.tuning.worker import run_trials, run_trials_in_processes

SPACE = {
    "model.order": {"from": 1, "to": 8},
    "model.width": [8, 16],
    "train.rate": {"from": "1e-3", "to": 0.1, "log": True},
}


def search(path, **changes) -> StudyFolder:
    settings = {
        "train__steps": 4, "train__valid_every": 2, "train__threads": 1,
        "tune": {"space": SPACE, "startup": 2},
    }  # fmt: skip
    folder = StudyFolder(path)
    folder.begin(tiny(**{**settings, **changes}))
    return folder


def never() -> bool:
    return False


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ({}, "tune: is missing"),
        ({"space": {}}, "tune.space: is empty"),
        ({"startup": 3}, "tune.space: is missing"),
        ({"space": {"model.wdth": [1]}}, "tune.space.model.wdth: no setting; one of .*model.width"),
        ({"space": {"model.width": 8}}, "tune.space.model.width: 8; a list of choices, or"),
        ({"space": {"model.width": []}}, "a list of choices, or"),
        ({"space": {"model.width": {"from": 8}}}, "a list of choices, or"),
        ({"space": {"model.width": {"from": 8, "to": 2}}}, "from is not more than to"),
        ({"space": {"model.width": {"from": 0, "to": 2, "log": True}}}, "with log more than 0"),
        ({"space": {"model.width": {"from": "a", "to": 2}}}, "from and to are numbers"),
        (
            {"space": {"model.width": {"from": 1, "to": 2, "log": True, "step": 1}}},
            "log and step exclude each other",
        ),
        ({"space": SPACE, "storage": "redis"}, "tune.storage: redis; one of sqlite, journal"),
    ],
)
def test_bad_spaces_are_named(tune, message):
    with pytest.raises(UsageError, match=message):
        make_tune_settings(tiny(tune=tune))


@pytest.mark.parametrize("storage", ["sqlite", "journal"])
def test_a_search_is_continued(storage, tmp_path):
    changes = {"tune": {"space": SPACE, "startup": 2, "storage": storage}}
    folder = search(tmp_path / "tune", **changes)
    told: list = []
    assert run_trials(folder, 2, "cpu", told.append, never)
    assert told[0].startswith("trial 0: model.order=")
    # interrupted in the middle of a trial, which is done again
    assert not run_trials(folder, 2, "cpu", told.append, lambda: True)
    again = search(tmp_path / "tune", **changes)
    study = again.open(1)
    assert num_done(study) == 2
    assert run_trials(again, 1, "cpu", told.append, never)
    trials = again.open(1).get_trials()
    assert [t.state.name for t in trials] == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE"]
    assert trials[2].params == trials[3].params
    # killed in the middle of one
    study.ask()
    study = again.open(1)
    assert requeue_unfinished(study) == 1
    write_findings(again, study)
    best = read_yaml(again.path / "best.yaml")
    assert best["model"]["order"] == study.best_trial.params["model.order"]
    assert "tune" not in best
    table = json.loads((again.path / "trials.json").read_text())
    assert table[0]["value"] == trials[0].value
    assert read_yaml(again.path / table[0]["run"] / "config.yaml")["train"]["steps"] == 4
    with pytest.raises(UsageError, match=r"other settings: train.steps was 4, now 5"):
        search(tmp_path / "tune", **changes, train__steps=5)


def test_what_mattered(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    folder = search(tmp_path / "tune")
    study = folder.open(1)
    with pytest.raises(UsageError, match="0 complete trials; 3 or more"):
        importances(study)
    for order, rate, width in ((1, 0.001, 8), (3, 0.01, 16), (5, 0.1, 8), (8, 0.03, 16)):
        study.enqueue_trial({"model.order": order, "train.rate": rate, "model.width": width})
        trial = study.ask()
        trial.suggest_int("model.order", 1, 8)
        trial.suggest_float("train.rate", 1e-3, 0.1, log=True)
        trial.suggest_categorical("model.width", [8, 16])
        study.tell(trial, rate)
    shares = importances(study)
    assert max(shares, key=shares.get) == "train.rate"
    plot_importance(study, tmp_path / "a.png", "loss")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_bad_trials_end_early(tmp_path):
    folder = search(tmp_path / "tune", train__steps=40, train__valid_every=5)
    study = folder.open(1)
    for rate in (0.05, 0.05, 1e-3):
        study.enqueue_trial({"model.order": 4, "model.width": 16, "train.rate": rate})
    told: list = []
    assert run_trials(folder, 3, "cpu", told.append, never)
    assert "pruned at" in told[2]
    assert [t.state.name for t in folder.open(1).get_trials()] == ["COMPLETE"] * 2 + ["PRUNED"]
    metadata = json.loads((folder.trial_path(2) / "metadata.json").read_text())
    assert metadata["state"] == "pruned"
    assert metadata["results"]["step"] < 40


def test_trials_that_cannot_be_trained_fail(tmp_path):
    folder = search(tmp_path / "tune", tune={"space": {"model.width": [17]}})
    told: list = []
    assert run_trials(folder, 1, "cpu", told.append, never)
    assert told == ["trial 0: failed: model.width: 17; a multiple of 8 from 8 to 64"]


def test_workers_share_the_trials(tmp_path):
    folder = search(tmp_path / "tune")
    told: list = []
    run_trials_in_processes(folder, 3, 2, "cpu", told.append)
    assert num_done(folder.open(1)) == 3
    assert sorted(line.partition(":")[0] for line in told) == ["trial 0", "trial 1", "trial 2"]
