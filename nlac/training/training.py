"""Training in one call, for scripts and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nlac.training.config.experiment import Experiment, read_experiment
from nlac.training.loop.stopping import SignalStop
from nlac.training.loop.trainer import Progress, Trainer
from nlac.training.runs.folder import INTERRUPTED
from nlac.training.runs.loading import TrainedRun, load_run


def train(
    config: str | Path | Experiment,
    folder: str | Path,
    overrides: Mapping[str, Any] | None = None,
    data: str = "",
    device: str = "cpu",
    tell: Callable[[str], None] = print,
) -> TrainedRun:
    """Train what a configuration describes, as ``nlac train`` does.

    Parameters
    ----------
    config : str, Path or Experiment
        YAML file; or what `read_experiment` or `make_experiment` returned, for which `overrides`
        and `data` are not considered.
    folder : str or Path
        Folder of the run. One that is there goes on where it was, and is done at once if it has
        finished.
    overrides : mapping, optional
        Values by dotted key that replace those of the file, for example ``{"train.steps": 500}``.
    data : str
        Folder of other data than the file names, or ``synthetic``.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    tell : callable
        Called with lines that say what is being done.

    Returns
    -------
    TrainedRun
        The model with its best weights. After Ctrl-C too: the run ends with a checkpoint, from
        which the same call goes on.

    Raises
    ------
    UsageError
        A setting is wrong, the data cannot be opened, or the folder has a run with others.

    Examples
    --------
    >>> run = train("recipes/gru.yaml", "runs/gru", {"train.steps": 500})   # doctest: +SKIP
    """
    experiment = (
        config if isinstance(config, Experiment) else read_experiment(config, overrides, data)
    )
    trainer = Trainer(experiment, folder, device, tell=tell)
    if run_trainer(trainer) == INTERRUPTED:
        tell(f"interrupted at step {trainer.state.step}; the same call goes on")
    return load_run(folder, trainer.device)


def run_trainer(
    trainer: Trainer, progress: Progress = lambda done, total: None
) -> str:
    """Train to the end, or to a signal: SIGINT and SIGTERM end it with a checkpoint.

    Parameters
    ----------
    trainer : Trainer
        What trains.
    progress : callable
        Called after each step with the steps done and the number of steps.

    Returns
    -------
    str
        State of the run, see `Trainer.run`.
    """
    # nothing can be printed safely while a signal is answered
    with SignalStop(lambda text: None) as stop:
        return trainer.run(progress=progress, stop=stop)
