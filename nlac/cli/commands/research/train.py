"""``nlac train``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import UsageError
from nlac.cli import _console, _interrupt
from nlac.cli.training.options import device_name, device_options
from nlac.training.requirements import need_packages

if TYPE_CHECKING:
    from nlac.training.config.experiment import Experiment


@click.command("train")
@click.argument(
    "config", metavar="[CONFIG.yaml]", required=False, type=click.Path(dir_okay=False)
)
@click.option(
    "-o", "--out", "--output", "output", metavar="RUN",
    help="Folder of the run; by default runs/ and the name of CONFIG.",
)  # fmt: skip
@click.option(
    "--resume", metavar="RUN", type=click.Path(exists=True, file_okay=False),
    help="Go on with a run, with the settings that it has.",
)  # fmt: skip
@click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True,
    help="Replace a setting, such as model.layers=12; may be repeated.",
)  # fmt: skip
@click.option(
    "--data", metavar="FOLDER|synthetic", help="Train on other data than CONFIG names."
)
@device_options
@_console.verbosity_options
def command(
    config: str | None,
    output: str | None,
    resume: str | None,
    overrides: tuple[str, ...],
    data: str | None,
    device: str,
    gpu_id: int | None,
) -> int:
    """Train what a recipe describes: a model, its data, its loss.

    CONFIG.yaml names a recipe and its settings; docs/training.md lists them. Shipped ones
    are known by name: bytes, cnn, continuation, gru, mel, wavenet, and each with -full
    for a GPU. Everything
    about the run is in its folder RUN: settings, checkpoints, metrics, results. A run
    that was interrupted goes on exactly where it was, by the same command or --resume.
    nlac runs shows and compares runs.

    \b
    Examples:
      nlac train wavenet --set model.layers=12 --out runs/w12
      nlac train --resume runs/w12 --set train.steps=9000
      nlac train training/cnn.yaml --data recordings --device cuda:1
      torchrun --nproc-per-node 2 -m nlac train recipes/wavenet.yaml
    """
    need_packages("torch", "safetensors", "yaml")
    if (config is None) == (resume is None) or (resume and output):
        raise click.UsageError("give either CONFIG.yaml or --resume RUN")
    from nlac.training.loop.processes import joined

    experiment = _experiment(config, resume, overrides, data or "")
    folder = Path(resume or output or Path("runs") / Path(config or "").stem)
    _console.before_coding()
    with joined() as processes:
        return _train(experiment, folder, device_name(device, gpu_id), processes)


def _experiment(
    config: str | None, resume: str | None, overrides: tuple[str, ...], data: str
) -> Experiment:
    from nlac.training.config.experiment import read_experiment
    from nlac.training.config.files import parse_overrides
    from nlac.training.config.shipped import find_config
    from nlac.training.runs.folder import RunFolder

    if resume:
        run = RunFolder(resume)
        if not run.exists():
            raise UsageError(f"{resume}: no run, for it has no config.yaml")
        path = run.config_path
    else:
        path = find_config(config or "")
    return read_experiment(path, parse_overrides(overrides), data)


def _train(experiment: Experiment, folder: Path, device: str, processes: Any) -> int:
    from nlac.training.loop.records import describe_figures, describe_record
    from nlac.training.loop.stopping import SignalStop
    from nlac.training.loop.trainer import Trainer
    from nlac.training.runs.folder import INTERRUPTED

    def show(record: dict[str, Any]) -> None:
        # lines of training alone would come too often
        if any(key.startswith("valid.") for key in record):
            _console.say_beside_bar(describe_record(trainer.recipe, record))

    tell = _console.say_beside_bar if processes.is_first else _silent
    trainer = Trainer(experiment, folder, device, processes=processes, tell=tell, report=show)
    with (
        _console.progress_bar(str(folder), " steps", trainer.state.step) as progress,
        SignalStop(_announce if processes.is_first else _silent) as stop,
    ):
        state = trainer.run(progress=progress or _no_progress, stop=stop)
    if not processes.is_first:
        return _interrupt.EXIT_CODE if state == INTERRUPTED else 0
    results = trainer.run_folder.metadata()["results"]
    told = describe_figures(trainer.recipe, results)
    best = f"; best at step {results['best_step']}: {told}" if "best_step" in results else ""
    _console.say(f"{folder}: {state} after {results['step']} steps{best}")
    if state == INTERRUPTED:
        _console.say(f"nlac train --resume {folder} goes on")
        return _interrupt.EXIT_CODE
    return 0


def _silent(text: str) -> None:
    return None


def _no_progress(done: int, total: int) -> None:
    return None


def _announce(text: str) -> None:
    # a signal may come in the middle of another line, where print cannot be called again
    os.write(2, f"\nnlac: {text}\n".encode())
