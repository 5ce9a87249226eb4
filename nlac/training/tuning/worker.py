"""Train the trials of a search, in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nlac._errors import NlacError
from nlac.training.config.experiment import Experiment
from nlac.training.loop.trainer import Trainer
from nlac.training.runs.folder import INTERRUPTED
from nlac.training.tuning.space import TuneSettings, make_tune_settings, suggest
from nlac.training.tuning.study import StudyFolder

if TYPE_CHECKING:
    from optuna import Study, Trial

PRUNED = "pruned"
Tell = Callable[[str], None]
Stop = Callable[[], bool]


def run_trials(folder: StudyFolder, count: int, device: str, tell: Tell, stop: Stop) -> bool:
    """Train some trials, one after the other.

    Parameters
    ----------
    folder : StudyFolder
        The search.
    count : int
        Number of trials.
    device : str
        Device to train on.
    tell : callable
        Called with a line for each trial.
    stop : callable
        Asked after each step whether to end.

    Returns
    -------
    bool
        Whether all were trained; False if `stop` said to end.
    """
    study = folder.open(_seed(folder, 0))
    return all(run_trial(folder, study, device, tell, stop) for _ in range(count))


def run_trials_in_processes(
    folder: StudyFolder, count: int, workers: int, device: str, tell: Tell
) -> None:
    """Train trials in several processes, which share a number of trials and the cores.

    Raises
    ------
    NlacError
        A process ended by itself.
    """
    # processes that make the same database at once are in each other's way
    folder.open(_seed(folder, 0))
    context = multiprocessing.get_context("spawn")
    left = context.Value("q", count)
    lines = context.SimpleQueue()
    threads = max(1, (os.cpu_count() or 1) // workers)
    processes = [
        context.Process(
            target=_work, args=(str(folder.path), i, left, lines, device, threads), daemon=True
        )
        for i in range(workers)
    ]  # fmt: skip
    for process in processes:
        process.start()
    try:
        while any(process.is_alive() for process in processes) or not lines.empty():
            if lines.empty():
                processes[0].join(0.1)
            else:
                tell(lines.get())
    finally:
        for process in processes:
            process.terminate()
            process.join()
    failed = [process.exitcode for process in processes if process.exitcode]
    if failed:
        raise NlacError(f"{len(failed)} of {workers} workers ended with an error")


def _work(path: str, index: int, left: Any, lines: Any, device: str, threads: int) -> None:
    """Train trials in a process until none is left."""
    import torch

    # Ctrl-C reaches all processes of a terminal; the first one ends the others
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    folder = StudyFolder(path)
    study = folder.open(_seed(folder, index))
    while True:
        with left.get_lock():
            if left.value <= 0:
                return
            left.value -= 1
        run_trial(folder, study, device, lines.put, lambda: False)


def run_trial(
    folder: StudyFolder, study: Study, device: str, tell: Tell, stop: Stop
) -> bool:  # fmt: skip
    """Train one trial, and tell the study what came out.

    One whose settings are not allowed, or whose loss is not finite, counts as failed.

    Returns
    -------
    bool
        False if `stop` said to end; the trial is then left to be done again.
    """
    from optuna.trial import TrialState

    settings = make_tune_settings(folder.experiment())
    trial = study.ask()
    name = f"trial {trial.number}"
    try:
        values = suggest(trial, settings)
        told = ", ".join(f"{key}={_short(value)}" for key, value in values.items())
        state, value = _train(folder, trial, folder.experiment_of(values), device, stop, settings)
    except NlacError as error:
        trial.set_user_attr("error", str(error))
        study.tell(trial, state=TrialState.FAIL)
        tell(f"{name}: failed: {error}")
        return True
    if state == INTERRUPTED:
        study.tell(trial, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
        return False
    if state == PRUNED:
        study.tell(trial, state=TrialState.PRUNED)
        tell(f"{name}: {told}: pruned at {value:.5g}")
    else:
        study.tell(trial, value)
        tell(f"{name}: {told}: {value:.5g}")
    return True


def _train(
    folder: StudyFolder, trial: Trial, experiment: Experiment, device: str, stop: Stop,
    settings: TuneSettings,
) -> tuple[str, float]:  # fmt: skip
    key = f"valid.{experiment.kind.criterion}"
    is_pruned, value = False, float("nan")

    def note(record: dict[str, Any]) -> None:
        nonlocal is_pruned, value
        if key in record:
            value = record[key]
            trial.report(value, record["step"])
            is_pruned = trial.should_prune()

    trainer = Trainer(experiment, folder.trial_path(trial.number), device, report=note)
    state = trainer.run(stop=lambda: is_pruned or stop())
    run = trainer.run_folder
    if is_pruned and state == INTERRUPTED:
        run.write_metadata({**run.metadata(), "state": PRUNED})
        return PRUNED, value
    return state, run.metadata()["results"].get(experiment.kind.criterion, value)


def _seed(folder: StudyFolder, index: int) -> int:
    """Seed of a sampler: another one for each worker, and each time that a search is continued."""
    trials = folder.path / "trials"
    done = len(list(trials.iterdir())) if trials.is_dir() else 0
    return folder.experiment().train.seed + 1000 * done + index


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
