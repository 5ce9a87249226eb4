"""``nlac train``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import click

from nlac._errors import MissingDependency
from nlac.cli import _console


@click.command("train")
@click.argument("config", metavar="CONFIG.yaml", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "-o", "--output", metavar="RUN", help="Folder of the run; by default the name of CONFIG."
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute; auto takes a GPU if there is one.",
)
@_console.verbosity_options
def command(config: str, output: str | None, device: str) -> int:
    """Train a network for the predictors cnn and gru.

    CONFIG.yaml names a folder of recordings, and may set what nlac.training.config
    lists. Metrics go to RUN/metrics.jsonl, checkpoints to RUN; the same command goes on
    with a run that was interrupted. nlac model export makes a model of it.

    \b
    Examples:
      nlac train first.yaml
      nlac train first.yaml -o runs/second --device cuda
      nlac model export first first.nlacm
    """
    missing = [n for n in ("torch", "safetensors", "yaml") if importlib.util.find_spec(n) is None]
    if missing:
        raise MissingDependency(f"{', '.join(missing)} not installed: pip install 'nlac[train]'")
    from nlac.training.config import read_config
    from nlac.training.run import Trainer

    settings = read_config(config)
    folder = Path(output) if output else Path(config).with_suffix("")
    _console.before_coding()
    trainer = Trainer(settings, folder, device)
    if trainer.step:
        _console.say(f"going on at step {trainer.step}")
    with _console.progress_bar(str(folder), " steps") as progress:
        trainer.run(_show, progress=progress or (lambda done, total: None))
    best = f"{100 * (trainer.best - 1):+.3f} % at best"
    _console.say(f"{folder}: {trainer.step} steps, {best}")
    return 0


def _show(record: dict[str, Any]) -> None:
    _console.say_beside_bar(
        f"step {record['step']}, {record['seconds']:.0f} s: training "
        f"{100 * (record['train'] - 1):+.3f} %, validation {100 * (record['valid'] - 1):+.3f} % "
        "of the base predictor's bits"
    )
