"""Find recordings, split them for training and validation, read and augment crops."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac.bench.corpus import MANIFEST, Item, find_items
from nlac.training.data import shards
from nlac.training.data.dataset import SYNTHETIC, Dataset, open_dataset

_VALID_SHARE = 0.1  # of recordings, without a manifest


@dataclass(frozen=True, slots=True)
class DatasetItem:
    """A recording of a prepared dataset, or of the built-in set.

    Attributes
    ----------
    dataset : Dataset
        The dataset.
    index : int
        Place among its recordings.
    """

    dataset: Dataset
    index: int

    @property
    def name(self) -> str:
        """Name of the recording."""
        return self.dataset.recordings[self.index].name

    @property
    def category(self) -> str:
        """Its label ``category``, or ``kind``; ``all`` without one."""
        labels = self.dataset.recordings[self.index].labels
        return str(labels.get("category", labels.get("kind", "all")))

    @property
    def licence(self) -> str:
        """Its licence."""
        return self.dataset.recordings[self.index].licence

    @property
    def fingerprint(self) -> str:
        """What tells its samples from others."""
        return f"{self.dataset.manifest_hash} {self.index}"


Recording = Item | DatasetItem


class Sound(NamedTuple):
    """A piece of a recording: (channels, frames) int32, and frames a second."""

    samples: NDArray[np.int32]
    rate: int


def find_recordings(
    folder: str, categories: Sequence[str], avoid: Sequence[str] = ()
) -> tuple[list[Recording], list[Recording]]:
    """List the recordings for training and those for validation.

    The manifest has the splits ``train`` and ``valid``. Without a manifest, a hash of the name
    decides, so that a recording keeps its split when others are added. Recordings whose licence in
    the manifest has one of the words in `avoid` are left out. The folder may also be what
    ``nlac data prepare`` wrote, or ``synthetic`` for the built-in set.

    Raises
    ------
    UsageError
        A split has no recording.
    """
    if folder == SYNTHETIC or (Path(folder) / shards.MANIFEST).is_file():
        found = _of_dataset(open_dataset(folder), categories)
    else:
        found = _of_folder(folder, categories)
    allowed = [
        [item for item in split if not set(avoid) & set(re.findall(r"\w+", item.licence))]
        for split in found
    ]
    for split, purpose in zip(allowed, ("train on", "validate with"), strict=True):
        if not split:
            raise UsageError(f"{folder} has no recordings to {purpose} among those chosen")
    return allowed[0], allowed[1]


def _of_dataset(dataset: Dataset, categories: Sequence[str]) -> list[list[Recording]]:
    splits: list[list[Recording]] = []
    for name in ("train", "valid"):
        items = [DatasetItem(dataset, index) for index in dataset.split(name)]
        splits.append([i for i in items if not categories or i.category in categories])
    return splits


def _of_folder(folder: str, categories: Sequence[str]) -> list[list[Recording]]:
    items = find_items(folder, categories=categories)
    if (Path(folder) / MANIFEST).is_file():
        return [[item for item in items if item.split == s] for s in ("train", "valid")]
    shares = {item.name: zlib.crc32(item.name.encode()) / 2**32 for item in items}
    # of few recordings, the one with the least hash
    least = max(_VALID_SHARE, min(shares.values()))
    return [
        [item for item in items if shares[item.name] > least],
        [item for item in items if shares[item.name] <= least],
    ]


def read_crop(item: Recording, seconds: float, rng: np.random.Generator) -> Sound:
    """Read a random piece of a recording: some seconds, one or two neighbouring channels."""
    if isinstance(item, DatasetItem):
        dataset, frames = item.dataset, item.dataset.recordings[item.index].frames
        rate, wanted = dataset.rate, min(int(seconds * dataset.rate), frames)
        begin = int(rng.integers(frames - wanted + 1))
        samples = dataset.read(item.index, begin, begin + wanted)
    else:
        samples, rate = _read_file(item.path, seconds, rng)
    first = int(rng.integers(max(samples.shape[1] - 1, 1)))
    return Sound(np.ascontiguousarray(samples[:, first : first + 2].T), rate)


def _read_file(
    path: Path, seconds: float, rng: np.random.Generator
) -> tuple[NDArray[np.int32], int]:
    import soundfile

    with soundfile.SoundFile(path) as file:
        wanted = min(int(seconds * file.samplerate), file.frames)
        file.seek(int(rng.integers(file.frames - wanted + 1)))
        samples = file.read(wanted, dtype="int32", always_2d=True)
        bits = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24}.get(file.subtype, 32)
        return samples >> (32 - bits), file.samplerate


def augment(sound: Sound, rng: np.random.Generator) -> Sound:
    """Vary a sound at random: swap channels, invert, change gain and sample rate."""
    samples, rate = sound
    if rng.random() < 0.5:
        samples = samples[::-1]
    if rng.random() < 0.5:
        samples = -samples
    changed = samples.astype(np.float64)
    resampled, louder = rng.random() < 0.25, rng.random() < 0.6
    if resampled:
        frames = int(changed.shape[1] / rng.uniform(1.0, 1.5))
        rate = rate * frames // changed.shape[1]
        changed = _resample(changed, frames)
    if louder:
        changed *= 2.0 ** rng.uniform(-3.0, 0.5)
    if resampled or louder:
        most = max(int(np.abs(samples).max(initial=0)), 1)
        samples = np.clip(np.rint(changed), -most - 1, most).astype(np.int32)
    return Sound(np.ascontiguousarray(samples), rate)


def mix(sound: Sound, other: Sound) -> Sound:
    """Mean of two recordings; channels and sample rate are those of the first."""
    samples, others = sound.samples, other.samples
    frames = min(samples.shape[1], others.shape[1])
    both = samples[:, :frames].astype(np.int64) + others[: len(samples), :frames]
    return Sound(((both + 1) >> 1).astype(np.int32), sound.rate)


def _resample(samples: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Resample to fewer frames by FFT, band-limited to half the new sample rate."""
    spectrum = np.fft.rfft(samples, axis=1)[:, : frames // 2 + 1]
    resampled: NDArray[np.float64] = np.fft.irfft(spectrum, frames, axis=1)
    resampled *= frames / samples.shape[1]
    return resampled
