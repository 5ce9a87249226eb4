"""``nlac continue``."""

from __future__ import annotations

import json
import os
import time

import click

from nlac._files import check_distinct
from nlac.cli import _console
from nlac.cli.options.times import SECONDS
from nlac.cli.training.generating import (
    check_outputs,
    facts,
    make_sampling,
    open_run,
    reporting,
    sampling_options,
)
from nlac.cli.training.options import device_options
from nlac.training.requirements import need_packages


@click.command("continue")
@click.argument("folder", metavar="RUN", type=click.Path(exists=True, file_okay=False))
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False))
@click.argument("output", metavar="[OUT]", required=False)
@click.option(
    "--seconds", type=SECONDS, metavar="S",
    help="How much to make; by default as much as a continuation was trained to, or 5.",
)  # fmt: skip
@click.option("--only-new", is_flag=True, help="Write what was made, without the recording.")
@sampling_options
@device_options
@_console.verbosity_options
def command(
    folder: str, source: str, output: str | None, seconds: float | None, only_new: bool,
    temperature: float, top_k: int, top_p: float, seed: int, label: str | None, as_json: bool,
    force: bool, device: str, gpu_id: int | None,
) -> None:  # fmt: skip
    """Go on with a recording, as the model of a training run would.

    IN is any audio file at any rate. OUT, a WAV, FLAC, MP3 (by ffmpeg) or nlac file, gets
    the recording at the rate of the model and then what the model makes of it; without
    OUT that is artifacts/generated.wav in RUN, which is replaced. RUN has trained the
    recipe continuation, or a predictor of samples.

    \b
    Examples:
      nlac continue runs/rock in.mp3 out.wav
      nlac continue runs/rock in.mp3 out.mp3 --seconds 30 --only-new
    """
    path = output or os.path.join(folder, "artifacts", "generated.wav")
    need_packages("torch", "safetensors", "yaml")
    import numpy as np

    from nlac.training.generation.audio import continue_audio, num_channels, num_inputs
    from nlac.training.generation.files import check_output, read_audio, write_audio

    if output is not None:
        check_output(path)
    check_distinct(source, path)
    force = force or output is None
    check_outputs([path], force)
    run = open_run(folder, device, gpu_id)
    sampling = make_sampling(run, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    recording = read_audio(source, run.rate, num_channels(run))
    begin = time.perf_counter()
    total = num_inputs(run, len(recording) + max(1, round((seconds or 5.0) * run.rate)))
    with reporting(path, total) as report:
        audio = continue_audio(run, recording, seconds, sampling, label, report)
    made = facts(run, path, len(audio.samples), sampling, begin)
    samples = audio.samples if only_new else np.concatenate([recording, audio.samples])
    write_audio(path, samples, run.rate, force=force)
    made |= {"begins_with": audio.begins_with, "written_seconds": len(samples) / run.rate}
    if as_json:
        click.echo(json.dumps(made))
    else:
        _console.say(
            f"{path}: {made['written_seconds']:.2f} s at {run.rate} Hz, of which "
            f"{made['seconds']:.2f} s follow {audio.begins_with}"
        )
