"""``nlac tune``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nlac._errors import UsageError
from nlac.cli import _console, _interrupt
from nlac.cli.training.options import device_name, device_options
from nlac.training.requirements import need_packages

if TYPE_CHECKING:
    from nlac.training.tuning.study import StudyFolder


@click.command("tune")
@click.argument("config", metavar="CONFIG.yaml", type=click.Path(dir_okay=False))
@click.option(
    "--trials", type=click.IntRange(1), default=20, show_default=True, metavar="N",
    help="Trials in all, those of earlier calls included.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, metavar="N",
    help="Processes that train trials at the same time.",
)  # fmt: skip
@click.option(
    "-o", "--out", "output", metavar="FOLDER",
    help="Folder of the search; by default tunes/ and the name of CONFIG.",
)  # fmt: skip
@click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True,
    help="Replace a setting, such as train.steps=500; may be repeated.",
)  # fmt: skip
@click.option("--data", metavar="FOLDER|synthetic", help="Train on other data than CONFIG names.")
@device_options
@_console.verbosity_options
def command(
    config: str, trials: int, workers: int, output: str | None, overrides: tuple[str, ...],
    data: str | None, device: str, gpu_id: int | None,
) -> int:  # fmt: skip
    """Search for good settings of a recipe, with Optuna.

    The section tune of CONFIG.yaml, which may be the name of a shipped configuration,
    says which settings to try, and between which values. Each trial is a run in
    FOLDER/trials. The same command goes on with a search, and with a larger --trials
    extends it. best.yaml has the best settings, importance.png shows what mattered.

    \b
    Examples:
      nlac tune wavenet --trials 20 --workers 2
      nlac train tunes/wavenet/best.yaml --set train.steps=9000
    """
    need_packages("torch", "safetensors", "yaml", "optuna")
    from nlac.training.config.experiment import read_experiment
    from nlac.training.config.files import parse_overrides
    from nlac.training.config.shipped import find_config
    from nlac.training.tuning.study import StudyFolder, num_done, requeue_unfinished

    experiment = read_experiment(find_config(config), parse_overrides(overrides), data or "")
    folder = StudyFolder(output or Path("tunes") / Path(config).stem)
    folder.begin(experiment)
    _console.before_coding()
    with folder.locked():
        study = folder.open(experiment.train.seed)
        again = requeue_unfinished(study)
        left = trials - num_done(study)
        told = f", {again} of them begun before" if again else ""
        _console.say(f"{folder.path}: {max(left, 0)} trials to do{told}, {workers} at a time")
        is_whole = _search(folder, left, workers, device_name(device, gpu_id))
        _show(folder)
    if not is_whole:
        _console.say("the same command goes on")
        return _interrupt.EXIT_CODE
    return 0


def _search(folder: StudyFolder, left: int, workers: int, device: str) -> bool:
    from nlac.training.loop.stopping import SignalStop
    from nlac.training.tuning.worker import run_trials, run_trials_in_processes

    if left <= 0:
        return True
    if workers == 1:
        with SignalStop(lambda text: None) as stop:
            return run_trials(folder, left, device, _console.say, stop)
    run_trials_in_processes(folder, left, workers, device, _console.say)
    return True


def _show(folder: StudyFolder) -> None:
    from nlac.training.tuning.plot import importances, plot_importance
    from nlac.training.tuning.study import best_trial, write_findings

    experiment = folder.experiment()
    study = folder.open(0)
    write_findings(folder, study)
    best = best_trial(study)
    if best is None:
        raise UsageError(f"{folder.path}: no trial has come to its end; trials.json tells why")
    criterion = experiment.kind.criterion
    _console.say(f"best: trial {best.number}, {criterion} {best.value:.5g}: {best.params}")
    try:
        shares = importances(study)
        plot_importance(study, folder.path / "importance.png", criterion)
    except UsageError as error:
        _console.say(str(error))
        return
    told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
    _console.say(f"what mattered: {told} ({folder.path}{os.sep}importance.png)")
