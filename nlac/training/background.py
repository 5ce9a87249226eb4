"""Training without a terminal: in a process of its own, with its progress reported."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlac._errors import UsageError

if TYPE_CHECKING:
    from nlac.training.config.experiment import Experiment

Report = Callable[[Mapping[str, Any]], None]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_REPORT_SECONDS = 0.25
# of a short run too some lines of metrics, and some validations, are wanted
_LINES, _VALIDATIONS = 50, 8


@dataclass(frozen=True, slots=True)
class TrainingWish:
    """What is to be trained.

    Attributes
    ----------
    config : str
        Configuration: a shipped one, or that of a run that goes on.
    folder : str
        Folder of the run.
    data : str
        Folder of the dataset, ``synthetic``, or empty for that of the configuration.
    settings : mapping
        Settings by dotted key that replace those of the configuration.
    epochs : float
        Passes over the training data, instead of steps; 0 for the steps of the settings.
    is_new : bool
        Whether the run begins. Then the intervals of its metrics are made to suit its length.
    """

    config: str
    folder: str
    data: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    epochs: float = 0.0
    is_new: bool = True


def check_run_name(name: str) -> str:
    """Return a name for a new run, which is one for a folder on every system.

    Raises
    ------
    UsageError
        It is none.
    """
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise UsageError(
            f"name: {name[:80]!r}; letters, digits, dots, hyphens and underscores, up to 64"
        )
    return name


def train_in_background(report: Report, wish: TrainingWish) -> Mapping[str, Any]:
    """Train as ``nlac train`` does; Ctrl-C's signal ends it with a checkpoint.

    Parameters
    ----------
    report : callable
        Called with facts as they come: ``stage`` in words, ``step``, ``steps``, and ``lines``, the
        number of lines of metrics so far.
    wish : TrainingWish
        What to train.

    Returns
    -------
    mapping
        ``run_state``, a state of `nlac.training.runs.folder`.

    Raises
    ------
    UsageError
        A setting is wrong, the data cannot be opened, or another process trains in the folder.
    """
    report({"stage": "opening the data"})
    from nlac.training.loop.trainer import Trainer
    from nlac.training.training import run_trainer

    lines, last = 0, 0.0

    def record(values: Mapping[str, Any]) -> None:
        nonlocal lines
        lines += 1
        report({"lines": lines, "step": values["step"]})

    def progress(step: int, steps: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _REPORT_SECONDS:
            last = time.monotonic()
            report({"step": step})

    trainer = Trainer(_experiment(wish), wish.folder, tell=_nothing, report=record)
    report({"stage": "training", "step": trainer.state.step, "steps": trainer.settings.steps})
    state = run_trainer(trainer, progress)
    return {"stage": "", "run_state": state, "step": trainer.state.step}


def _experiment(wish: TrainingWish) -> Experiment:
    from nlac.training.config.experiment import read_experiment

    settings = dict(wish.settings)
    experiment = read_experiment(wish.config, settings, wish.data)
    if not wish.is_new:
        return experiment
    train = experiment.train
    steps = steps_of(experiment, wish.epochs) if wish.epochs else train.steps
    settings |= {
        "train.steps": steps,
        "train.log_every": max(1, min(train.log_every, steps // _LINES)),
        "train.valid_every": max(1, min(train.valid_every, steps // _VALIDATIONS)),
    }
    return read_experiment(wish.config, settings, wish.data)


def steps_of(experiment: Experiment, epochs: float) -> int:
    """Number of steps in which an experiment sees as many samples as its training data has.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    epochs : float
        How often.

    Raises
    ------
    UsageError
        Its recipe does not train on crops of a dataset.
    """
    from nlac.training.data.dataset import SYNTHETIC, open_dataset
    from nlac.training.recipes.crops import CropData

    data = experiment.settings.data
    if not isinstance(data, CropData):
        raise UsageError(f"epochs: recipe {experiment.name} counts none; give steps")
    options = dict(data.synthetic) if data.folder == SYNTHETIC else {}
    dataset = open_dataset(data.folder, verify=False, rate=data.rate or None, **options)
    frames = sum(dataset.recordings[i].frames for i in dataset.split("train"))
    seen = experiment.train.batch * (data.frames + data.pair_frames)
    return max(1, math.ceil(epochs * frames / seen))


def resumable(folder: Path) -> str:
    """Why a run cannot go on; empty if it can."""
    from nlac.training.runs.folder import FINISHED, RUNNING, RunFolder

    run = RunFolder(folder)
    state = run.state()
    if not run.last.is_file():
        return "it has no checkpoint"
    if state == RUNNING:
        return "it is being trained"
    if state == FINISHED:
        return "it has finished; more steps make it go on"
    return ""


def _nothing(text: str) -> None:
    return None
