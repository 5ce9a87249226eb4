"""The recordings of an evaluation: integer samples of files and datasets, read one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac.training.data.conversion import convert
from nlac.training.data.dataset import SYNTHETIC, Dataset, open_dataset
from nlac.training.data.decoding import open_audio
from nlac.training.data.shards import MANIFEST
from nlac.training.data.sources import find_sources

ALL_SPLITS = "all"
_BITS = 16  # of files without integers


@dataclass(frozen=True, slots=True)
class Item:
    """Samples to evaluate with.

    Attributes
    ----------
    name, category : str
        Name of the recording; its label ``category`` or ``kind``, or ``all``.
    samples : (frames, channels) int32
        Right-justified samples.
    rate, bits : int
        Frames a second, bits of a sample.
    labels : dict
        Values of labels by name.
    """

    name: str
    category: str
    samples: NDArray[np.int32]
    rate: int
    bits: int
    labels: dict[str, str | int] = field(default_factory=dict)

    def part(self, frames: int) -> Item:
        """The first frames."""
        return Item(
            self.name, self.category, self.samples[:frames], self.rate, self.bits, self.labels
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """How recordings are read.

    Attributes
    ----------
    rate, bits : int
        Frames a second and bits of a sample that files are converted to; 0 leaves them.
    seconds : float
        At most so much of each recording, from its middle; 0 for all.
    split : str
        Split; recordings without any count too. ``all`` takes every split.
    """

    rate: int = 0
    bits: int = 0
    seconds: float = 0.0
    split: str = "test"


@dataclass(frozen=True, slots=True)
class Unread:
    """A recording that has been found.

    Attributes
    ----------
    name : str
        Its name.
    read : callable
        Returns the `Item`; raises `NlacError` if that is impossible.
    """

    name: str
    read: Callable[[], Item]


def is_dataset(path: str | Path) -> bool:
    """Whether a name is that of a prepared dataset, or of the built-in one."""
    return str(path) == SYNTHETIC or (Path(path) / MANIFEST).is_file()


def find(paths: Sequence[str | Path], wanted: Wanted) -> list[Unread]:
    """List the recordings of files, folders and datasets.

    Parameters
    ----------
    paths : sequence of path, or "synthetic"
        Audio files; folders of them, searched as ``nlac data prepare`` does; datasets that it made.
    wanted : Wanted
        Which of them, and how they are read.

    Raises
    ------
    UsageError
        There are none, or a dataset has another rate or depth.
    """
    found: list[Unread] = []
    splits: set[str] = set()
    for path in paths:
        if is_dataset(path):
            dataset = open_dataset(path, rate=wanted.rate or None)
            if wanted.bits not in (0, dataset.bits):
                raise UsageError(
                    f"{dataset.name} has {dataset.bits} bits, and {wanted.bits} are needed"
                )
            for index, each in enumerate(dataset.recordings):
                splits.add(each.split)
                if _counts(each.split, wanted.split):
                    found.append(Unread(each.name, partial(_of_dataset, dataset, index, wanted)))
            continue
        for source in find_sources([path]):
            splits.add(source.split)
            if _counts(source.split, wanted.split):
                read = partial(_of_file, source.path, source.name, source.labels, wanted)
                found.append(Unread(source.name, read))
    if not found:
        known = ", ".join(sorted(splits - {""})) or "none"
        where = ", ".join(map(str, paths))
        raise UsageError(f"split {wanted.split}: no recordings in {where}; splits are: {known}")
    return found


def _counts(split: str, wanted: str) -> bool:
    return wanted == ALL_SPLITS or split in ("", wanted)


def _of_dataset(dataset: Dataset, index: int, wanted: Wanted) -> Item:
    facts = dataset.recordings[index]
    begin, end = _middle(facts.frames, dataset.rate, wanted.seconds)
    samples = dataset.read(index, begin, end).astype(np.int32, copy=False)
    return _item(facts.name, samples, dataset.rate, dataset.bits, dict(facts.labels))


def _of_file(path: Path, name: str, labels: dict[str, str | int], wanted: Wanted) -> Item:
    with open_audio(path) as audio:
        rate, bits, channels = audio.rate, audio.bits, audio.channels
        as_it_is = wanted.rate in (0, rate) and wanted.bits in (0, bits) and not audio.is_float
        if as_it_is:
            pieces = [piece.astype(np.int32) for piece in audio.pieces]
            samples = np.concatenate(pieces) if pieces else np.zeros((0, channels), np.int32)
        else:
            bits = wanted.bits or (_BITS if audio.is_float else bits)
    if not as_it_is:
        rate = wanted.rate or rate
        scaled = convert(path, rate, min(channels, 2)).samples.astype(np.float64)
        top = 1 << (bits - 1)
        samples = np.clip(np.rint(scaled * top), -top, top - 1).astype(np.int32)
    if not len(samples):
        raise UsageError(f"{name}: no samples")
    begin, end = _middle(len(samples), rate, wanted.seconds)
    return _item(name, samples[begin:end], rate, bits, dict(labels))


def _item(
    name: str, samples: NDArray[np.int32], rate: int, bits: int, labels: dict[str, str | int]
) -> Item:
    category = str(labels.get("category", labels.get("kind", "all")))
    return Item(name, category, np.ascontiguousarray(samples), rate, bits, labels)


def _middle(frames: int, rate: int, seconds: float) -> tuple[int, int]:
    """First frame and the frame after the last of what is taken."""
    count = min(frames, max(round(seconds * rate), 1)) if seconds else frames
    begin = (frames - count) // 2
    return begin, begin + count
