"""Generation that is heard while it goes on: a file of samples that grows, and at the end a WAV."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlac._errors import UsageError
from nlac._typing import AnyArray
from nlac.training.generation.sampling import Sampling

SAMPLES, AUDIO = "samples.pcm", "generated.wav"
LONGEST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made.

    Attributes
    ----------
    run : str
        Folder of the run.
    seconds : float
        How much.
    sampling : Sampling
        How values are drawn.
    label : str or None
        Class, for models with a condition.
    prime : str or None
        Audio file to begin with.
    prime_seconds : float or None
        How much of it; all if None.
    """

    run: str
    seconds: float
    sampling: Sampling
    label: str | None = None
    prime: str | None = None
    prime_seconds: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= LONGEST_SECONDS:
            raise UsageError(f"seconds: {self.seconds}; above 0, up to {LONGEST_SECONDS:g}")
        if self.prime_seconds is not None and not self.prime_seconds > 0:
            raise UsageError(f"prime_seconds: {self.prime_seconds}; more than 0")


def generate_live(
    report: Callable[[Mapping[str, Any]], None], wish: Wish, folder: str
) -> Mapping[str, Any]:
    """Make audio as ``nlac generate`` does, into a folder.

    ``samples.pcm`` grows while audio is made: 16 bits, little-endian, interleaved. At the end
    ``generated.wav`` has the same samples, and the bytes that ``nlac generate`` writes for the same
    wishes on the same device. The signal of Ctrl-C ends it with a ``generated.wav`` of what there
    is, and the fact ``kept``, whether there is any.

    Parameters
    ----------
    report : callable
        Called with facts as they come: ``stage`` in words, ``device``, ``rate``, ``channels``,
        ``total`` (frames that will be made), ``frames`` (of them in the file).
    wish : Wish
        What to make.
    folder : str
        An existing folder.

    Returns
    -------
    mapping
        ``begins_with``, ``frames``, ``unused`` (settings that mean nothing to this model),
        ``took_seconds`` and ``samples_per_second``.

    Raises
    ------
    UsageError
        The run has no weights, or a wish does not fit its model.
    """
    report({"stage": "loading the model"})
    from nlac.training.generation import audio, files
    from nlac.training.loop.devices import choose_device, describe_device
    from nlac.training.runs.loading import load_run

    device = choose_device()
    run = load_run(wish.run, device)
    channels = audio.num_channels(run)
    report({"device": describe_device(device), "rate": run.rate, "channels": channels,
            "total": max(1, round(wish.seconds * run.rate)), "frames": 0})  # fmt: skip
    prime = None
    if wish.prime is not None:
        report({"stage": "reading the beginning"})
        prime = files.read_audio(wish.prime, run.rate, channels)
        if wish.prime_seconds is not None:
            prime = prime[: max(1, round(wish.prime_seconds * run.rate))]
    report({"stage": "making"})
    begin, frames = time.perf_counter(), 0
    try:
        with open(Path(folder, SAMPLES), "wb") as file:

            def hear(samples: AnyArray) -> None:
                nonlocal frames
                file.write(files.as_frames(samples).astype("<i2").tobytes())
                file.flush()
                frames += len(samples)
                report({"frames": frames})

            made = audio.generate_audio(
                run, wish.seconds, wish.sampling, prime, wish.label, hear=hear
            )
    except KeyboardInterrupt:
        report({"kept": _keep(Path(folder), run.rate, channels)})
        raise
    took = time.perf_counter() - begin
    files.write_audio(Path(folder, AUDIO), made.samples, made.rate, force=True)
    return {
        "stage": "",
        "begins_with": made.begins_with,
        "frames": frames,
        "total": frames,
        "unused": [
            name for name in audio.unused_settings(run)
            if asdict(wish.sampling)[name] != asdict(Sampling())[name]
        ],
        "took_seconds": round(took, 3),
        "samples_per_second": round(frames / took),
    }  # fmt: skip


def _keep(folder: Path, rate: int, channels: int) -> bool:
    """Make the WAV file of a generation that was stopped; tell whether there was any audio."""
    from nlac.training.generation.files import contained

    data = (folder / SAMPLES).read_bytes()
    # the last frame may not be whole
    samples = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], "<i2")
    if not len(samples):
        return False
    samples = samples.reshape(-1, channels)
    (folder / AUDIO).write_bytes(contained(samples, rate, "wav"))
    return True
