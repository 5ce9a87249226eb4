"""Datasets: recordings of one rate, read from shards that are mapped into memory, or made up."""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac._typing import IntSamples
from nlac.training.data.shards import (
    MANIFEST,
    Manifest,
    Recording,
    check_shards,
    read_manifest,
    sample_type,
)

SYNTHETIC = "synthetic"
_SPLITS = ("train", "valid", "test")
# up to here reading all of the samples takes a second or two
_HASHED_BYTES = 1 << 30


class Dataset(ABC):
    """Recordings of one sample rate, with their splits, labels and licences.

    Attributes
    ----------
    name : str
        Folder, or ``synthetic``.
    rate, channels, bits : int
        Frames a second, samples of a frame, bits of a sample: samples are integers from
        ``-2**(bits - 1)`` to ``2**(bits - 1) - 1``.
    manifest_hash : str
        SHA-256, hexadecimal; datasets with the same hash hold the same samples.
    recordings : sequence of Recording
    """

    name: str
    rate: int
    channels: int
    bits: int
    manifest_hash: str
    recordings: Sequence[Recording]

    @abstractmethod
    def samples(self, index: int) -> NDArray[Any]:
        """All samples of a recording, without a copy.

        Parameters
        ----------
        index : int
            Place in `recordings`.

        Returns
        -------
        (frames, channels) int16 or int32
            Not to be changed.
        """

    def read(self, index: int, begin: int = 0, end: int | None = None) -> IntSamples:
        """Samples of a part of a recording.

        Parameters
        ----------
        index : int
            Place in `recordings`.
        begin, end : int
            First frame, and the frame after the last, as in slices.

        Returns
        -------
        (frames, channels) int32
            A copy.
        """
        return self.samples(index)[begin:end].astype(np.int32)

    @property
    def licences(self) -> tuple[str, ...]:
        """Licences of the recordings, sorted."""
        return tuple(sorted({each.licence for each in self.recordings}))

    @property
    def label_names(self) -> tuple[str, ...]:
        """Labels that some recording has, sorted."""
        return tuple(sorted({name for each in self.recordings for name in each.labels}))

    def label_values(self, name: str) -> tuple[str | int, ...]:
        """Values of a label in all splits: numbers by size, then texts by alphabet.

        Raises
        ------
        UsageError
            No recording has the label.
        """
        found = {each.labels[name] for each in self.recordings if name in each.labels}
        if not found:
            known = ", ".join(self.label_names) or "none"
            raise UsageError(f"{self.name} has no label {name!r}; it has: {known}")
        return tuple(sorted(found, key=lambda value: (isinstance(value, str), value)))

    def split(self, name: str) -> list[int]:
        """Places in `recordings` of those of a split."""
        return [i for i, each in enumerate(self.recordings) if each.split == name]


class FolderDataset(Dataset):
    """A prepared dataset, whose shards are mapped into memory when they are first read.

    It can be pickled for other processes, which map the shards anew.

    Parameters
    ----------
    folder : Path
        What `prepare` wrote.
    manifest : Manifest
        Its manifest, checked.
    manifest_hash : str
        SHA-256 of that.
    """

    def __init__(self, folder: Path, manifest: Manifest, manifest_hash: str) -> None:
        self.name = str(folder)
        self.rate = manifest.rate
        self.channels = manifest.channels
        self.bits = manifest.bits
        self.manifest = manifest
        self.manifest_hash = manifest_hash
        self.recordings = manifest.recordings
        # a process that gets the dataset may be in another folder
        self._folder = folder.absolute()
        self._maps: dict[int, NDArray[Any]] = {}

    def samples(self, index: int) -> NDArray[Any]:
        """All samples of a recording, without a copy; see `Dataset.samples`."""
        where = self.recordings[index]
        shard = self._maps.get(where.shard)
        if shard is None:
            shard = self._maps[where.shard] = self._map(where.shard)
        return shard[where.begin : where.begin + where.frames]

    def _map(self, number: int) -> NDArray[Any]:
        with open(self._folder / self.manifest.shards[number].file, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, sample_type(self.bits)).reshape(-1, self.channels)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_maps": {}}


def open_dataset(
    folder: str | Path, *, verify: bool | None = None, rate: int | None = None, **options: Any
) -> Dataset:
    """Open a dataset and check it.

    Parameters
    ----------
    folder : path, or "synthetic"
        What ``nlac data prepare`` wrote, or the built-in set (a folder of that name is
        ``./synthetic``).
    verify : bool, optional
        Whether to compare the SHA-256 of all shards. None: up to 1 GiB. The manifest, and the
        lengths of the shards, are always checked.
    rate : int, optional
        Frames a second that are needed.
    **options
        Of the built-in set: see `nlac.training.data.synthetic.SyntheticDataset`.

    Returns
    -------
    Dataset

    Raises
    ------
    UsageError
        There is no dataset, or one of another rate.
    FormatError
        The manifest or a shard is damaged.
    """
    dataset: Dataset
    if str(folder) == SYNTHETIC:
        from nlac.training.data.synthetic import SyntheticDataset

        if rate is not None:
            options = {"rate": rate, **options}
        dataset = SyntheticDataset(**options)
    else:
        if options:
            raise UsageError(f"{', '.join(options)}: for the dataset {SYNTHETIC} only")
        folder = Path(folder)
        manifest, digest = read_manifest(folder)
        if verify is None:
            verify = sum(shard.num_bytes for shard in manifest.shards) <= _HASHED_BYTES
        check_shards(folder, manifest, hashes=verify)
        dataset = FolderDataset(folder, manifest, digest)
    if rate not in (None, dataset.rate):
        raise UsageError(
            f"{dataset.name} has {dataset.rate} Hz, and {rate} Hz are needed; prepare it with "
            f"--rate {rate}"
        )
    return dataset


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """Describe a dataset.

    Returns
    -------
    dict
        ``dataset`` (its name), ``rate``, ``channels``, ``bits``, ``hash``, ``splits`` (with
        ``recordings`` and ``seconds`` of each), ``labels`` (with the counts of their values),
        ``licences`` (with counts), ``skipped`` and ``settings`` of the manifest.
    """
    splits = {}
    for split in _SPLITS:
        frames = [dataset.recordings[i].frames for i in dataset.split(split)]
        splits[split] = {"recordings": len(frames), "seconds": sum(frames) / dataset.rate}
    manifest = getattr(dataset, "manifest", None)
    return {
        "dataset": dataset.name,
        "rate": dataset.rate,
        "channels": dataset.channels,
        "bits": dataset.bits,
        "hash": dataset.manifest_hash,
        "splits": splits,
        "labels": {
            name: dict(
                Counter(
                    str(each.labels[name]) for each in dataset.recordings if name in each.labels
                )
            )
            for name in dataset.label_names
        },
        "licences": dict(Counter(each.licence for each in dataset.recordings)),
        "skipped": [] if manifest is None else list(manifest.skipped),
        "settings": {} if manifest is None else manifest.settings,
    }


def find_datasets(folder: Path) -> dict[str, Path]:
    """Find prepared datasets in a folder and at most two levels below it, by relative path."""
    found = {}
    for pattern in (MANIFEST, f"*/{MANIFEST}", f"*/*/{MANIFEST}"):
        for path in sorted(folder.glob(pattern)):
            found[path.parent.relative_to(folder).as_posix()] = path.parent
    return found
