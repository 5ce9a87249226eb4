"""When and how a free run parts from the recording that it began with.

From the same beginning a model predicts the rest of a recording twice: each sample, or each passage
of a continuation, from the true ones before it (teacher-forced), and from its own (free).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64, I64
from nlac.training.evaluation.metrics import ratio_db, snr
from nlac.training.evaluation.spectral import log_spectral_distance
from nlac.training.generation.free_run import Report, generate, prime
from nlac.training.generation.sampling import Sampler, Sampling

if TYPE_CHECKING:
    from nlac.training.recipes.continuation import Continuation
    from nlac.training.recipes.predictor import SamplePredictor

_SPECTRUM = 256  # samples of a window of the spectral distance
_ALIKE = 1e-3  # difference of correlations that says nothing


@dataclass(frozen=True, slots=True)
class Track:
    """How one of the two runs compares with the recording, window by window.

    Attributes
    ----------
    snr : list of float
        Signal-to-noise ratio in dB.
    energy : list of float
        Energy over that of the recording, in dB.
    spectral_distance : list of float
        Log-spectral distance in dB.
    lag : list of int
        Shift in samples at which the run is most like the recording: positive if it is late.
    match : list of float
        Correlation at this lag, -1 to 1; 0 for silence.
    """

    snr: list[float]
    energy: list[float]
    spectral_distance: list[float]
    lag: list[int]
    match: list[float]


@dataclass(frozen=True, slots=True)
class Divergence:
    """The two runs beside the recording.

    Attributes
    ----------
    rate : int
        Samples a second.
    window : int
        Samples of a window.
    truth, forced, free : (times,) float64 array
        The recording after its beginning, and the two runs.
    forced_track, free_track : Track
        How they compare with it.
    first_difference : int or None
        First sample in which the runs differ; None if they do not.
    parted : int or None
        Begin, in samples, of the window from which on silence would be nearer to the recording
        than the free run is: where the energy of the error before it and of the recording after
        it have the least sum. None if the free run is best kept to its end.
    """

    rate: int
    window: int
    truth: F64
    forced: F64
    free: F64
    forced_track: Track
    free_track: Track
    first_difference: int | None
    parted: int | None

    def as_dict(self) -> dict[str, Any]:
        """What goes into a JSON file: all but the samples; infinite ratios are None."""

        def plain(track: Track) -> dict[str, list[float | None]]:
            return {
                name: [value if math.isfinite(value) else None for value in getattr(track, name)]
                for name in Track.__slots__
            }

        return {
            "rate": self.rate,
            "window": self.window,
            "samples": len(self.truth),
            "first_difference": self.first_difference,
            "parted": self.parted,
            "forced": plain(self.forced_track),
            "free": plain(self.free_track),
        }

    def summary(self) -> str:
        """When and how they part, in one sentence."""
        if self.first_difference is None:
            return "the free run does not part from the teacher-forced one"
        differs = f"the runs differ from {self.first_difference / self.rate:.4f} s on"
        track = self.free_track
        if self.parted is None:
            return f"{differs}; the free run stays with the recording"
        tail = (
            f"at the end its level is {track.energy[-1]:+.1f} dB from the recording's, its "
            f"spectrum {track.spectral_distance[-1]:.1f} dB away"
        )
        return f"{differs}; the free run has lost the recording at {self._seconds()} s; {tail}"

    def _seconds(self) -> str:
        return f"{(self.parted or 0) / self.rate:.3f}"


def diverge(
    model: SamplePredictor,
    samples: I64,
    begin: int,
    rate: int,
    sampling: Sampling | None = None,
    condition: I64 | None = None,
    window: int = 1024,
    report: Report | None = None,
) -> Divergence:
    """Run a model teacher-forced and free from the same beginning.

    Both draw with the same random numbers, so they differ by what they have heard only.

    Parameters
    ----------
    model : SamplePredictor
        The model.
    samples : (times,) integer array
        Recording, with the bits of the model's representation.
    begin : int
        Samples that both begin with; the rest is compared.
    rate : int
        Samples a second.
    sampling : Sampling, optional
        How to draw; the most likely values if None.
    condition : (1,) int64 array, optional
        Class of the recording, for models that take one.
    window : int
        Samples of a window.
    report : callable, optional
        Called with the number of inputs after some of them, of both runs together.

    Raises
    ------
    UsageError
        The recording has no whole window after its beginning.
    """
    _check_begin(begin, window, len(samples))
    sampling = sampling if sampling is not None else Sampling(temperature=0.0)
    representation = model.representation
    inputs = representation.encode(samples)[None]
    first = begin * representation.codes_per_sample
    stepper = model.stepper()
    outputs = prime(stepper, inputs[:, :first], condition, report)
    following = stepper.advance(inputs[:, first:-1])[0]
    sampler = Sampler(model, sampling)
    rows = np.concatenate([outputs, following])
    forced = np.concatenate([sampler.draw(row[None]) for row in rows])
    if report is not None:
        report(len(forced))
    free = generate(
        model, len(forced), sampling, inputs[:, :first], condition, stepper=stepper, report=report
    )[0]
    differing = np.flatnonzero(forced != free)
    # only what follows the beginning was predicted, but the sample before it matters
    all_forced = np.concatenate([inputs[0, :first], forced])
    truth = samples[begin:].astype(np.float64) * model.step
    forced_audio = representation.predicted(all_forced, samples)[begin:]
    before = float(samples[begin - 1]) * model.step if begin else 0.0
    free_audio = representation.decode(free, before)
    parts = int(differing[0]) // representation.codes_per_sample if differing.size else None
    return _compared(truth, forced_audio, free_audio, rate, window, parts)


def diverge_continuation(
    model: Continuation, audio: F64, begin: int, rate: int, window: int = 1024
) -> Divergence:
    """Continue a recording passage by passage: each after the true one, and each after its own.

    Parameters
    ----------
    model : Continuation
        The model; a passage has as many samples as it makes at a time.
    audio : (channels, times) float64 array
        The recording, in -1 to 1; its first channel is compared.
    begin : int
        Samples that both begin with. The first passage is the same in both runs.
    rate : int
        Samples a second.
    window : int
        Samples of a window.

    Raises
    ------
    UsageError
        The recording has no whole window after its beginning, or the model does not continue.
    """
    _check_begin(begin, window, audio.shape[1])
    times, step = audio.shape[1] - begin, model.settings.samples
    passages = [
        model.go_on(audio[:, :start], min(step, audio.shape[1] - start))[0]
        for start in range(begin, audio.shape[1], step)
    ]
    forced, free = np.concatenate(passages), model.go_on(audio[:, :begin], times)[0]
    differing = np.flatnonzero(forced != free)
    first_difference = int(differing[0]) if differing.size else None
    return _compared(audio[0, begin:], forced, free, rate, window, first_difference)


def _check_begin(begin: int, window: int, times: int) -> None:
    if not 0 <= begin <= times - window or window < 1:
        raise UsageError(
            f"begin: {begin}; at least a window of {window} samples must follow it, the recording "
            f"has {times}"
        )


def _compared(
    truth: F64, forced: F64, free: F64, rate: int, window: int, first_difference: int | None
) -> Divergence:
    return Divergence(
        rate=rate,
        window=window,
        truth=truth,
        forced=forced,
        free=free,
        forced_track=_track(truth, forced, window),
        free_track=_track(truth, free, window),
        first_difference=first_difference,
        parted=_parted(truth, free, window),
    )


def _parted(truth: F64, run: F64, window: int) -> int | None:
    """Where silence begins to be nearer to the recording than the run (see `Divergence.parted`).

    One good window among bad ones changes little in the sums, as one bad among good ones does.
    """
    whole = len(truth) // window * window
    excess = ((truth - run)[:whole] ** 2 - truth[:whole] ** 2).reshape(-1, window).sum(axis=1)
    best = int(np.argmin(np.concatenate([[0.0], np.cumsum(excess)])))
    return best * window if best < len(excess) else None


def _track(truth: F64, run: F64, window: int) -> Track:
    track = Track([], [], [], [], [])
    for begin in range(0, len(truth) - window + 1, window):
        here = slice(begin, begin + window)
        a, b = truth[here], run[here]
        track.snr.append(snr(a, b))
        track.energy.append(ratio_db(float(b @ b), float(a @ a)))
        track.spectral_distance.append(log_spectral_distance(a, b, _SPECTRUM))
        # the piece of the recording reaches a window further to both sides
        first = max(begin - window, 0)
        place, match = best_place(truth[first : begin + 2 * window], b, begin - first)
        track.lag.append(begin - first - place)
        track.match.append(match)
    return track


def best_place(long: F64, short: F64, expected: int) -> tuple[int, float]:
    """Place in a long signal that is most like a short one, and the correlation there.

    Parameters
    ----------
    long, short : (times,) float64 arrays
        Signals; the first is no shorter.
    expected : int
        Of places that are about equally good, as in a periodic signal, the nearest to this one
        is taken.

    Returns
    -------
    place : int
        Sample of `long` at which `short` fits best.
    match : float
        Normalised correlation there, -1 to 1; 0 if either is silent.
    """
    size = 1 << (len(long) + len(short) - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(long, size) * np.fft.rfft(short, size).conj(), size)
    count = len(long) - len(short) + 1
    sums = np.concatenate([[0.0], np.cumsum(long * long)])
    energies = np.maximum(sums[len(short) :] - sums[: -len(short)], 0) * float(short @ short)
    # differences of sums are not exact: what is far below the loudest place counts as silence
    loud = energies > 1e-9 * max(float(energies.max()), 1e-20)
    match = np.where(loud, products[:count] / np.sqrt(np.where(loud, energies, 1.0)), 0.0)
    good = np.flatnonzero(match >= match.max() - _ALIKE)
    place = int(good[np.abs(good - expected).argmin()])
    return place, float(np.clip(match[place], -1.0, 1.0))
