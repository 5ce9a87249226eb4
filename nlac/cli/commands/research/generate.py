"""``nlac generate``."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import UsageError
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

if TYPE_CHECKING:
    from nlac._typing import F64
    from nlac.training.generation.sampling import Sampling
    from nlac.training.runs.loading import TrainedRun


@click.command("generate")
@click.argument("folder", metavar="RUN", type=click.Path(exists=True, file_okay=False))
@click.argument("output", metavar="[OUT]", required=False)
@click.option(
    "--seconds", type=SECONDS, default=5.0, show_default=True,
    metavar="S", help="How much to make.",
)  # fmt: skip
@sampling_options
@click.option(
    "--prime", metavar="FILE", type=click.Path(exists=True, dir_okay=False),
    help="Recording to begin with; any audio file, at any rate.",
)  # fmt: skip
@click.option(
    "--prime-seconds", type=SECONDS, metavar="S",
    help="Take only the first S seconds of it; all by default, with --diverge one, or half.",
)  # fmt: skip
@click.option("--with-prime", is_flag=True, help="Write the beginning too, before what was made.")
@click.option(
    "--diverge", is_flag=True,
    help="Also predict what follows in the recording from the recording, and compare.",
)  # fmt: skip
@device_options
@_console.verbosity_options
def command(
    folder: str, output: str | None, seconds: float, temperature: float, top_k: int, top_p: float,
    seed: int, label: str | None, prime: str | None, prime_seconds: float | None,
    with_prime: bool, diverge: bool, as_json: bool, force: bool, device: str, gpu_id: int | None,
) -> None:  # fmt: skip
    """Make audio with the model of a training run.

    OUT is a WAV, FLAC, MP3 (by ffmpeg) or nlac file; without it, it is
    artifacts/generated.wav in RUN, which is replaced. Predictors of samples hear what
    they make; a mel autoencoder decodes values that it draws, or rebuilds the recording
    of --prime; a continuation goes on with that, or with a sound of the built-in set.

    With --diverge the model begins with the first seconds of the recording and runs
    twice, each sample from the true ones before it, and each from its own (of a
    continuation: each passage). When and how the two part is told, and written beside
    OUT as NAME.diverge.json and .png.

    \b
    Examples:
      nlac generate runs/w12 out.wav --seconds 5 --temperature 0.8 --top-k 64 --seed 42
      nlac generate runs/w12 out.flac --prime in.wav --diverge
    """
    path = output or os.path.join(folder, "artifacts", "generated.wav")
    if prime is None and (diverge or with_prime or prime_seconds is not None):
        needing = "--diverge" if diverge else "--with-prime" if with_prime else "--prime-seconds"
        raise click.UsageError(f"{needing} needs --prime")
    if diverge and with_prime:
        raise click.UsageError("--diverge and --with-prime exclude each other")
    need_packages("torch", "safetensors", "yaml", *(["matplotlib"] if diverge else []))
    from nlac.training.generation.audio import generate_audio, num_channels, num_inputs
    from nlac.training.generation.files import check_output, read_audio, write_audio

    if output is not None:
        check_output(path)
    beside = [str(Path(path).with_suffix(end)) for end in (".diverge.json", ".diverge.png")]
    force = force or output is None
    check_outputs([path, *(beside if diverge else [])], force)
    run = open_run(folder, device, gpu_id)
    sampling = make_sampling(run, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    recording = None if prime is None else read_audio(prime, run.rate, num_channels(run))
    begin = time.perf_counter()
    if diverge:
        assert recording is not None
        result = _diverged(
            run, recording, path, beside, seconds, prime_seconds, sampling, label, force
        )
        made = facts(run, path, result["samples"], sampling, begin) | {"diverge": result}
        told = f"{path}: {result['summary']}; {beside[0]}, {beside[1]}"
    else:
        if recording is not None and prime_seconds is not None:
            length = len(recording) / run.rate
            if prime_seconds > length:
                raise UsageError(f"--prime-seconds {prime_seconds:g}: {prime} has {length:.2f} s")
            recording = recording[: max(1, round(prime_seconds * run.rate))]
        primed = 0 if recording is None else len(recording)
        total = num_inputs(run, primed + max(1, round(seconds * run.rate)))
        with reporting(path, total) as report:
            audio = generate_audio(run, seconds, sampling, recording, label, report)
        made = facts(run, path, len(audio.samples), sampling, begin)
        made["begins_with"] = audio.begins_with
        write_audio(path, _joined(recording, audio.samples, with_prime), run.rate, force=force)
        told = (
            f"{path}: {made['seconds']:.2f} s at {run.rate} Hz, after {audio.begins_with}; "
            f"{made['samples_per_second']:,} samples a second"
        )
    if as_json:
        click.echo(json.dumps(made))
    else:
        _console.say(told)


def _joined(recording: F64 | None, samples: F64, with_prime: bool) -> F64:
    import numpy as np

    return np.concatenate([recording, samples]) if with_prime and recording is not None else samples


def _diverged(
    run: TrainedRun, recording: F64, path: str, beside: list[str], seconds: float,
    prime_seconds: float | None, sampling: Sampling, label: str | None, force: bool,
) -> dict[str, Any]:  # fmt: skip
    """Compare, write the free run, the facts and the picture; what ``--json`` tells of it."""
    from nlac._output import open_output
    from nlac.training.generation.audio import diverge_audio, num_inputs
    from nlac.training.generation.files import write_audio
    from nlac.training.generation.plot import save_divergence

    length = len(recording) / run.rate
    if prime_seconds is None:
        prime_seconds = min(1.0, length / 2)
    if not prime_seconds < length:
        raise UsageError(
            f"--prime-seconds {prime_seconds:g}: the recording has {length:.2f} s, and --diverge "
            "compares with what follows"
        )
    compared = num_inputs(run, round(min(seconds, length - prime_seconds) * run.rate))
    total = 2 * (num_inputs(run, round(prime_seconds * run.rate)) + compared)
    with reporting(path, total) as report:
        result = diverge_audio(run, recording, prime_seconds, seconds, sampling, label, report)
    told = {"prime_seconds": prime_seconds, **result.as_dict(), "summary": result.summary()}
    write_audio(path, result.free, run.rate, force=force)
    with open_output(beside[0], force=force) as file:
        file.write(json.dumps(told, indent=2).encode() + b"\n")
    save_divergence(result, beside[1], force=force)
    return {**told, "json": beside[0], "plot": beside[1]}
