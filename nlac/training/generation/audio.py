"""Audio that a trained run makes: by itself, after a beginning, or as what follows a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64, I64, AnyArray
from nlac.training.data.synthetic import SyntheticDataset
from nlac.training.generation.divergence import Divergence, diverge, diverge_continuation
from nlac.training.generation.free_run import Hear, Report, generate
from nlac.training.generation.sampling import Sampling
from nlac.training.recipes.continuation import Continuation
from nlac.training.recipes.mel.autoencoder import MelAutoencoder
from nlac.training.recipes.mel.synthesis import draw, rebuild
from nlac.training.recipes.predictor import SamplePredictor
from nlac.training.runs.loading import TrainedRun
from nlac.training.signal.representation import Representation

SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Generated:
    """Audio from a model.

    Attributes
    ----------
    samples : (times, channels) float64 array
        In -1 to 1; what a model began with is not part of it.
    rate : int
        Frames a second.
    begins_with : str
        What the model began with, in words.
    """

    samples: F64
    rate: int
    begins_with: str


def num_channels(run: TrainedRun) -> int:
    """Channels of the audio that a run's model takes and makes."""
    model = run.model
    return model.settings.channels if isinstance(model, Continuation) else 1


def unused_settings(run: TrainedRun) -> tuple[str, ...]:
    """Settings of `Sampling` that mean nothing to the model of a run.

    A mel autoencoder draws latent values: there are no levels to choose from. A continuation
    draws nothing; its seed chooses what it begins with where no recording is given.
    """
    if isinstance(run.model, SamplePredictor):
        return ("top_k", "top_p") if run.model.kind == "point" else ()
    if isinstance(run.model, MelAutoencoder):
        return ("top_k", "top_p")
    return ("temperature", "top_k", "top_p")


def class_of(run: TrainedRun, label: str | None) -> I64 | None:
    """Condition for the model of a run.

    Parameters
    ----------
    run : TrainedRun
        The run.
    label : str, optional
        A value of the label that the model was trained with, or a number of a class. The first
        class if None.

    Returns
    -------
    (1,) int64 array, or None
        None for models that take no condition.

    Raises
    ------
    UsageError
        The model has no such class.
    """
    classes = int(getattr(run.model, "classes", 0))
    if not classes:
        if label is not None:
            raise UsageError(f"label: {label}; this model was trained without labels")
        return None
    if label is None:
        return np.zeros(1, np.int64)
    labels: Mapping[str, list[Any]] = run.facts.get("labels", {})
    values = [str(value) for each in labels.values() for value in each]
    if label in values:
        return np.array([values.index(label)])
    if label.isdecimal() and int(label) < classes:
        return np.array([int(label)])
    known = ", ".join(values) or f"a class from 0 to {classes - 1}"
    raise UsageError(f"label: {label}; one of {known}")


def generate_audio(
    run: TrainedRun,
    seconds: float = SECONDS,
    sampling: Sampling | None = None,
    prime: F64 | None = None,
    label: str | None = None,
    report: Report | None = None,
    hear: Hear | None = None,
) -> Generated:
    """Make audio.

    Predictors of samples run free: each sample that they draw is fed back to them. A continuation
    goes on with what it is given, or with a sound of the built-in set. A mel autoencoder decodes
    latent values that are drawn, or those of the recording that it is given.

    Parameters
    ----------
    run : TrainedRun
        From `nlac.training.load_run`.
    seconds : float
        How much to make. Of a mel autoencoder that is given a recording, at most as much as that
        has.
    sampling : Sampling, optional
        How to draw; `Sampling()` if None. `unused_settings` tells what of it means nothing.
    prime : (times, channels) float array, optional
        What to begin with, in -1 to 1, at the rate and with the channels of the model.
    label : str, optional
        Class to make, for models with a condition; see `class_of`.
    report : callable, optional
        Called with the number of inputs after some of them, those of the beginning included.
    hear : callable, optional
        Called with (times, channels) samples as they are made; joined, they are the result.

    Raises
    ------
    UsageError
        The model makes no audio, or an argument does not fit.

    Examples
    --------
    >>> run = load_run("runs/w12")                                          # doctest: +SKIP
    >>> made = generate_audio(run, 5, Sampling(temperature=0.8, seed=42))   # doctest: +SKIP
    """
    sampling = sampling if sampling is not None else Sampling()
    if not seconds > 0:
        raise UsageError(f"seconds: {seconds}; more than 0")
    if prime is not None and (prime.ndim != 2 or prime.shape[1] != num_channels(run)):
        raise UsageError(f"prime: shape {prime.shape}; (times, {num_channels(run)})")
    times = max(1, round(seconds * run.rate))
    condition = class_of(run, label)
    model = run.model
    begins_with = "nothing" if prime is None else f"{len(prime) / run.rate:.2f} s of a recording"
    if isinstance(model, SamplePredictor):
        samples = _free(model, times, sampling, prime, condition, report, hear)
    elif isinstance(model, MelAutoencoder):
        if prime is None:
            samples = draw(model, sampling.temperature, condition, seed=sampling.seed, times=times)
        else:
            samples = rebuild(model, prime[:times, 0], condition, seed=sampling.seed)
    elif isinstance(model, Continuation):
        if prime is None:
            name, prime = _built_in(model, sampling.seed)
            begins_with = f"the sound {name} of the built-in set"
        samples = model.go_on(prime.T, times).T
    else:
        if prime is not None:
            raise UsageError(f"prime: recipe {run.experiment.name} takes none")
        made = run.recipe.sample(model, seconds, sampling.seed)
        if made is None:
            raise UsageError(f"{run.folder.path}: recipe {run.experiment.name} makes no audio")
        samples = np.asarray(made, np.float64)
    clipped = _clipped(samples)
    if hear is not None and not isinstance(model, SamplePredictor):
        hear(clipped)
    return Generated(clipped, run.rate, begins_with)


def continue_audio(
    run: TrainedRun,
    recording: F64,
    seconds: float | None = None,
    sampling: Sampling | None = None,
    label: str | None = None,
    report: Report | None = None,
) -> Generated:
    """Make what follows a recording.

    Parameters
    ----------
    run : TrainedRun
        Of a continuation, or of a predictor of samples.
    recording : (times, channels) float array
        The recording, at the rate and with the channels of the model.
    seconds : float, optional
        How much to make; by default as much as a continuation has been trained to, or 5.
    sampling, label, report
        As for `generate_audio`.

    Raises
    ------
    UsageError
        The model cannot continue recordings.
    """
    if not isinstance(run.model, (Continuation, SamplePredictor)):
        raise UsageError(
            f"{run.folder.path}: recipe {run.experiment.name} does not continue recordings; "
            "continuation does, and those that predict samples"
        )
    if seconds is None:
        model = run.model
        seconds = model.settings.seconds if isinstance(model, Continuation) else SECONDS
    return generate_audio(run, seconds, sampling, recording, label, report)


def diverge_audio(
    run: TrainedRun,
    recording: F64,
    prime_seconds: float,
    seconds: float = SECONDS,
    sampling: Sampling | None = None,
    label: str | None = None,
    report: Report | None = None,
) -> Divergence:
    """Run a model teacher-forced and free from the beginning of a recording.

    Parameters
    ----------
    run : TrainedRun
        Of a predictor of samples, or of a continuation, which goes on passage by passage.
    recording : (times, channels) float array
        The recording, at the rate and with the channels of the model.
    prime_seconds : float
        How much of it both begin with.
    seconds : float
        How much after that to compare, as far as the recording goes.
    sampling, label, report
        As for `generate_audio`.

    Raises
    ------
    UsageError
        The model predicts nothing that follows, or the recording is too short.
    """
    model = run.model
    if not isinstance(model, (SamplePredictor, Continuation)):
        raise UsageError(
            f"{run.folder.path}: recipe {run.experiment.name} predicts nothing that follows, so "
            "there is nothing to compare"
        )
    begin = round(prime_seconds * run.rate)
    compared = recording[: begin + round(seconds * run.rate)]
    if begin >= len(compared):
        raise UsageError(
            f"the recording has {len(recording) / run.rate:.2f} s; more than the "
            f"{prime_seconds:.2f} s to begin with"
        )
    window = min(1024, len(compared) - begin)
    if isinstance(model, Continuation):
        return diverge_continuation(model, compared.T, begin, run.rate, window)
    codes = _integers(model, compared)
    return diverge(
        model, codes, begin, run.rate, sampling, class_of(run, label), window, report
    )


def num_inputs(run: TrainedRun, times: int) -> int:
    """Inputs of a model that so many samples are, for progress; 0 if it makes all at once."""
    model = run.model
    is_stepped = isinstance(model, SamplePredictor)
    return times * model.representation.codes_per_sample if is_stepped else 0


def _integers(model: SamplePredictor, audio: F64) -> I64:
    limit = 2 ** (model.representation.bits - 1)
    found: I64 = np.clip(np.rint(audio[:, 0] * limit), -limit, limit - 1).astype(np.int64)
    return found


def _free(
    model: SamplePredictor, times: int, sampling: Sampling, prime: F64 | None,
    condition: I64 | None, report: Report | None, hear: Hear | None,
) -> F64:  # fmt: skip
    representation = model.representation
    integers = _integers(model, np.zeros((0, 1)) if prime is None else prime)
    start = representation.encode(integers)[None]
    length = times * representation.codes_per_sample
    before = float(integers[-1]) * model.step if len(integers) else 0.0
    follow = None if hear is None else _followed(representation, before, hear)
    drawn = generate(model, length, sampling, start, condition, report=report, hear=follow)
    return representation.decode(drawn[0], before)


def _followed(representation: Representation, before: float, hear: Hear) -> Hear:
    """What decodes values as they are drawn, as far as they are whole samples."""
    pending: AnyArray = np.zeros(0)

    def follow(drawn: AnyArray) -> None:
        nonlocal pending, before
        values = np.concatenate([pending, drawn[0]]) if len(pending) else drawn[0]
        end = len(values) - len(values) % representation.codes_per_sample
        pending = values[end:]
        samples = representation.decode(values[:end], before)
        if len(samples):
            before = float(samples[-1])
            hear(_clipped(samples))

    return follow


def _clipped(samples: F64) -> F64:
    """Samples as (times, channels), within full scale: de-emphasis may go beyond it."""
    return np.clip(samples.reshape(len(samples), -1), -1.0, 1.0)


def _built_in(model: Continuation, seed: int) -> tuple[str, F64]:
    settings = model.settings
    sounds = SyntheticDataset(settings.rate, settings.seconds, settings.channels)
    index = seed % len(sounds.recordings)
    return sounds.recordings[index].name, sounds.samples(index) / 32768
