"""What ``generate`` and ``continue`` share: options, the run, progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from nlac._errors import OutputExists
from nlac.cli import _console
from nlac.cli.training.options import device_name
from nlac.training.requirements import need_packages

if TYPE_CHECKING:
    from nlac.training.generation.free_run import Report
    from nlac.training.generation.sampling import Sampling
    from nlac.training.runs.loading import TrainedRun

F = TypeVar("F", bound=Callable[..., Any])


def sampling_options(command: F) -> F:
    """Add the options of `Sampling`, ``--label``, ``--json`` and ``-f``."""
    for option in (
        click.option("-f", "--force", is_flag=True, help="Replace outputs that exist."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a line."),
        click.option(
            "--label", metavar="VALUE",
            help="Speaker, instrument or other class, for models that were trained with labels.",
        ),
        click.option(
            "--seed", type=click.IntRange(0, (1 << 63) - 1), default=0, show_default=True,
            help="Of the random numbers; the same seed gives the same bytes on a CPU.",
        ),
        click.option(
            "--top-p", type=click.FloatRange(1e-6, 1.0), default=1.0, metavar="P",
            help="Draw from the fewest values whose probabilities add up to P.",
        ),
        click.option(
            "--top-k", type=click.IntRange(0, 1 << 24), default=0, metavar="K",
            help="Draw from the K most likely values; 0, the default, from all.",
        ),
        click.option(
            "--temperature", type=click.FloatRange(0.0, 100.0), default=1.0, show_default=True,
            metavar="T", help="Below 1 narrower, above 1 wider; 0 takes the most likely value.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def open_run(folder: str, device: str, gpu_id: int | None) -> TrainedRun:
    """Load a run for generation."""
    need_packages("torch", "safetensors", "yaml")
    from nlac.training.loop.devices import choose_device
    from nlac.training.runs.loading import load_run

    _console.before_coding()
    run = load_run(folder, choose_device(device_name(device, gpu_id)))
    if not run.folder.best.is_file():
        message = f"{folder} has no best weights; the last ones are used"
        _console.say(message, stdout_is_data=True)
    return run


def make_sampling(run: TrainedRun, **given: Any) -> Sampling:
    """Settings of the options; says which of those that were given mean nothing to the model."""
    from nlac.training.generation.audio import unused_settings
    from nlac.training.generation.sampling import Sampling

    context = click.get_current_context()
    named = [
        "--" + name.replace("_", "-")
        for name in unused_settings(run)
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    ]
    if named:
        told = f"{', '.join(named)}: without effect on the recipe {run.experiment.name}"
        click.echo(f"nlac: {told}", err=True)
    return Sampling(**given)


def check_outputs(paths: list[str], force: bool) -> None:
    """Refuse to replace files before anything is computed."""
    from os.path import exists

    for path in paths:
        if exists(path) and not force:
            raise OutputExists(f"{path} exists; -f replaces it")


@contextmanager
def reporting(title: str, total: int) -> Iterator[Report | None]:
    """Progress of so many inputs of a model, on a terminal; none if there are none."""
    with _console.progress_bar(title, " samples") as progress:
        if progress is None or not total:
            yield None
            return
        show, done = progress, 0

        def report(count: int) -> None:
            nonlocal done
            done += count
            show(done, total)

        yield report


def facts(
    run: TrainedRun, output: str, num_samples: int, sampling: Sampling, begin: float
) -> dict[str, Any]:
    """What ``--json`` tells of both commands.

    Parameters
    ----------
    run : TrainedRun
        The run.
    output : str
        File that was written.
    num_samples : int
        Samples of a channel that were made.
    sampling : Sampling
        How they were drawn.
    begin : float
        ``time.perf_counter()`` when it began.
    """
    took = time.perf_counter() - begin
    return {
        "run": str(run.folder.path),
        "recipe": run.experiment.name,
        "output": output,
        "rate": run.rate,
        "samples": num_samples,
        "seconds": num_samples / run.rate,
        **asdict(sampling),
        "took_seconds": round(took, 3),
        "samples_per_second": round(num_samples / took),
    }
