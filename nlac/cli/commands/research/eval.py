"""``nlac eval``: the front of `nlac.training.evaluation`."""

from __future__ import annotations

from pathlib import Path

import click

from nlac._errors import OutputExists
from nlac.cli import _console
from nlac.cli.options.times import SECONDS
from nlac.cli.training.options import device_name, device_options
from nlac.training.requirements import need_packages


@click.command("eval")
@click.argument("arguments", metavar="[RUN|NAME]... FILES|DATASET", nargs=-1, required=True)
@click.option(
    "--split", metavar="NAME", default="test", show_default=True,
    help="Split of the recordings; 'all' for every one. Recordings without any always count.",
)  # fmt: skip
@click.option(
    "--limit", metavar="SECONDS", type=SECONDS,
    help="At most so much of each recording, from its middle.",
)  # fmt: skip
@click.option(
    "--plot", "plot_folder", metavar="DIR", type=click.Path(file_okay=False),
    help="Draw curves, residuals, waveforms and spectrograms into a folder.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.option("-f", "--force", is_flag=True, help="Replace pictures that are in DIR.")
@device_options
@_console.verbosity_options
def command(
    arguments: tuple[str, ...],
    split: str,
    limit: float | None,
    plot_folder: str | None,
    as_json: bool,
    force: bool,
    device: str,
    gpu_id: int | None,
) -> int:
    """Compare predictors on the same samples: runs, linear prediction, the codec.

    RUN is the folder of a training run, NAME one of lpc8, lpc16, lpc32 (weights for
    each frame), lpc8-file and so on (for each file), joint (least squares over two
    channels), a preset (with options: fast:coder=rice), or cnn or gru. Without a NAME
    they are lpc32 and standard beside runs, and more where there is no run. flac is
    always among them if it is on PATH. Files are converted to the sample rate of the
    runs. What is told of a run is also written to results/ in its folder. Exit code 1:
    a recording could not be read.

    \b
    Examples:
      nlac eval runs/w12 music16k
      nlac eval runs/w12 runs/w10 lpc32 max song.flac --limit 5 --json
      nlac eval recordings --split all --plot pictures
    """
    folder = Path(plot_folder) if plot_folder else None
    if folder and not force and folder.is_dir() and any(folder.iterdir()):
        raise OutputExists(f"{plot_folder} is not empty; -f replaces pictures in it")
    from nlac.training.evaluation.evaluate import evaluate_arguments, sort_arguments
    from nlac.training.evaluation.report import save_plots, text, write_run_results

    # found out before the long run, not after it
    if sort_arguments(arguments).runs:
        need_packages("torch", "safetensors", "yaml")
    if folder:
        need_packages("matplotlib")
    _console.before_coding()
    with _console.progress_bar("eval", " recordings") as bar:

        def progress(done: int, total: int) -> None:
            if bar is not None:
                bar(done, total)

        request, evaluation = evaluate_arguments(
            arguments, split=split, seconds=limit or 0.0, device=device_name(device, gpu_id),
            progress=progress,
        )  # fmt: skip
    results = evaluation.results
    for run, codec in zip(request.runs, results.codecs, strict=False):
        write_run_results(evaluation, run, codec.label)
    if folder:
        save_plots(evaluation, request.runs, folder)
    _console.say(results.to_json().rstrip("\n") if as_json else text(results))
    return 1 if evaluation.num_unread else 0
