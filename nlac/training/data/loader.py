"""Batches of crops: the same for the same seed, whatever the number of worker processes."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac.training.data.augment import Crop, Scene, augment, draw_speed, make_augmentations
from nlac.training.data.conversion import load_soxr
from nlac.training.data.crop_settings import CropSettings, choose
from nlac.training.data.dataset import Dataset

if TYPE_CHECKING:
    import torch

_PLACES, _AUGMENT = 0, 1
_GOLDEN = 0.6180339887498949  # multiples of it are spread evenly over 0 to 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops of equal length.

    Attributes
    ----------
    samples : (batch, channels, time) int32 tensor
        Context, frames and continuation; zeros where a recording has no sample.
    mask : (batch, time) bool tensor
        True where a sample of the recording is to be predicted: neither context nor filled up.
    labels : dict of str to (batch,) int64 tensor
        Place of each label among `Dataset.label_values`; -1 where a recording lacks it.
    """

    samples: torch.Tensor
    mask: torch.Tensor
    labels: dict[str, torch.Tensor]

    def to(self, device: Any) -> Batch:
        """Copy to a device."""
        labels = {name: value.to(device) for name, value in self.labels.items()}
        return Batch(self.samples.to(device), self.mask.to(device), labels)


class CropLoader:
    """Random crops of the recordings of a split.

    The batch of a step depends on dataset, settings, seed and step only, and each of its rows on
    its place: a resumed run, another number of workers, and several processes that share a batch
    all see the same crops.

    Parameters
    ----------
    dataset : Dataset
    split : str
        ``train``, ``valid`` or ``test``.
    settings : CropSettings
    seed : int
    rank, world : int
        This process, and how many share each batch: process `rank` gets rows
        ``rank * settings.batch`` to ``(rank + 1) * settings.batch`` of ``world * settings.batch``.

    Attributes
    ----------
    num_recordings, num_short : int
        Recordings that crops are drawn from; those left out because they are short.

    Raises
    ------
    UsageError
        No recording is left, or a label does not exist.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        settings: CropSettings,
        seed: int,
        *,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if not 0 <= rank < world:
            raise UsageError(f"rank {rank} of {world} processes; 0 to {world - 1}")
        self.settings = settings
        self._crops = _Crops(dataset, split, settings)
        self.num_recordings = len(self._crops.indexes)
        self.num_short = self._crops.num_short
        self._seed = seed
        self._first = rank * settings.batch
        self._augmentations = make_augmentations(settings.augment)
        if any(each.name == "speed" for each in self._augmentations):
            # missing now rather than in a worker
            load_soxr()

    def batch(self, step: int) -> Batch:
        """Batch of a step; any step, in any order."""
        last = self._first + self.settings.batch
        rng = np.random.default_rng((self._seed, _PLACES, step))
        draws = rng.random((last, 2))[self._first :]
        if not self._augmentations:
            return self._crops.batch(*self._crops.places(draws))
        rows = [self._augmented(step, self._first + i, draw) for i, draw in enumerate(draws)]
        chosen = self._crops.places(draws)[0]
        samples = np.stack([crop for crop, _ in rows])
        return self._crops.tensors(samples, np.stack([mask for _, mask in rows]), chosen)

    def batches(self, first_step: int = 0, workers: int = 0) -> Iterator[Batch]:
        """Batches of all steps from `first_step` on, without end.

        Parameters
        ----------
        first_step : int
        workers : int
            Processes that make batches ahead; 0 makes them here when they are asked for.
        """
        if workers == 0:
            step = first_step
            while True:
                yield self.batch(step)
                step += 1
        from torch.utils.data import DataLoader

        loader: Any = DataLoader(
            _Steps(self),
            batch_size=None,
            sampler=itertools.count(first_step),
            num_workers=workers,
            prefetch_factor=4,
        )
        yield from loader

    def _augmented(
        self, step: int, row: int, draw: NDArray[np.float64]
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        crops, rng = self._crops, np.random.default_rng((self._seed, _AUGMENT, step, row))

        def another() -> Crop:
            return crops.floats(rng.random(2), 1.0)[0]

        crop, mask = crops.floats(draw, draw_speed(self._augmentations, rng))
        scene = Scene(crops.dataset.rate, crops.top, another)
        crop = augment(crop, self._augmentations, rng, scene)
        whole = np.clip(np.rint(crop), -crops.top - 1, crops.top).astype(np.int32)
        # what is filled up stays zero
        whole[:, ~mask] = 0
        counted = mask.copy()
        counted[: self.settings.context] = False
        return whole, counted


def fixed_crops(dataset: Dataset, split: str, settings: CropSettings, count: int) -> list[Batch]:
    """Crops for validation: the same for every run, whatever its seed.

    They are not augmented. They come from as many recordings as possible, in an order that their
    names give, and lie at places that are spread evenly.

    Parameters
    ----------
    dataset : Dataset
    split : str
        ``train``, ``valid`` or ``test``.
    settings : CropSettings
        `augment`, `often` and `weighting` have no meaning here.
    count : int
        Crops in all.

    Returns
    -------
    list of Batch
        The last one may have fewer crops.

    Raises
    ------
    UsageError
        No recording is left, or `count` is not 1 or more.
    """
    if count < 1:
        raise UsageError(f"{count} crops; 1 or more")
    crops = _Crops(dataset, split, settings)
    names = [dataset.recordings[i].name for i in crops.indexes]
    order = sorted(range(len(names)), key=lambda k: hashlib.sha256(names[k].encode()).digest())
    chosen = np.array([order[k % len(order)] for k in range(count)])
    spread = (0.5 + _GOLDEN * np.arange(count)) % 1.0
    begins = (spread * crops.spans[chosen]).astype(np.int64)
    size = settings.batch
    return [crops.batch(chosen[k : k + size], begins[k : k + size]) for k in range(0, count, size)]


class _Crops:
    """Recordings of a split, and crops at places in them.

    A place is a recording among those chosen, and the first frame after the context.
    """

    def __init__(self, dataset: Dataset, split: str, settings: CropSettings) -> None:
        self.dataset = dataset
        self.settings = settings
        self.indexes, weights, self.num_short = choose(dataset, split, settings)
        self.top = (1 << (dataset.bits - 1)) - 1
        self.channels = 1 if settings.mono else dataset.channels
        self._lengths = np.array([dataset.recordings[i].frames for i in self.indexes])
        # places at which a crop may begin
        self.spans = np.maximum(0, self._lengths - settings.num_new) + 1
        self._bounds = np.cumsum(weights)
        self._labels = {name: self._places_of(name) for name in settings.labels}

    def _places_of(self, name: str) -> NDArray[np.int64]:
        place = {value: i for i, value in enumerate(self.dataset.label_values(name))}
        recordings = self.dataset.recordings
        return np.array([place.get(recordings[i].labels.get(name, ""), -1) for i in self.indexes])

    def places(self, draws: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Recordings and first frames, (rows,) each, of numbers from 0 to below 1, (rows, 2)."""
        chosen = np.searchsorted(self._bounds, draws[:, 0] * self._bounds[-1], side="right")
        chosen = np.minimum(chosen, len(self._bounds) - 1)
        return chosen, (draws[:, 1] * self.spans[chosen]).astype(np.int64)

    def batch(self, chosen: NDArray[np.int64], begins: NDArray[np.int64]) -> Batch:
        """Crops at places."""
        settings = self.settings
        samples = np.zeros((len(chosen), self.channels, settings.num_frames), np.int32)
        mask = np.zeros((len(chosen), settings.num_frames), np.bool_)
        for row, (k, begin) in enumerate(zip(chosen.tolist(), begins.tolist(), strict=True)):
            self._fill(samples[row], k, begin - settings.context)
            filled = min(settings.num_new, int(self._lengths[k]) - begin)
            mask[row, settings.context : settings.context + filled] = True
        return self.tensors(samples, mask, chosen)

    def floats(self, draw: NDArray[np.float64], speed: float) -> tuple[Crop, NDArray[np.bool_]]:
        """Crop at a drawn place, played at a speed, and where it has samples at all."""
        settings, total = self.settings, self.settings.num_frames
        (k,), (begin,) = (part.tolist() for part in self.places(draw[None]))
        # at another speed the crop covers more or fewer frames of the recording
        span = total if speed == 1.0 else max(1, round(total * speed))
        first = begin - round(settings.context * speed)
        found = np.zeros((self.channels, span), np.int32)
        self._fill(found, k, first)
        there = np.arange(first, first + span)
        mask = (there >= 0) & (there < self._lengths[k])
        crop = found.astype(np.float32)
        if span != total:
            soxr = load_soxr()
            played = soxr.resample(np.ascontiguousarray(crop.T), span, total, quality="HQ").T
            crop = np.zeros((self.channels, total), np.float32)
            crop[:, : played.shape[1]] = played[:, :total]
            mask = mask[np.arange(total) * span // total]
        return crop, mask

    def _fill(self, target: NDArray[np.int32], k: int, first: int) -> None:
        """Copy what a recording has from frame `first` on, which may be negative."""
        begin, end = max(0, first), min(int(self._lengths[k]), first + target.shape[1])
        if begin >= end:
            return
        samples = self.dataset.samples(self.indexes[k])[begin:end]
        part = target[:, begin - first : end - first]
        if samples.shape[1] > self.channels:
            # a sum of two fits 32 bits; half is rounded up
            part[0] = (samples.sum(axis=1, dtype=np.int32) + 1) >> 1
        else:
            part[:] = samples.T

    def tensors(
        self, samples: NDArray[np.int32], mask: NDArray[np.bool_], chosen: NDArray[np.int64]
    ) -> Batch:
        """Make a batch of arrays."""
        import torch

        labels = {name: torch.from_numpy(of[chosen]) for name, of in self._labels.items()}
        return Batch(torch.from_numpy(samples), torch.from_numpy(mask), labels)


class _Steps:
    """A loader as a data set of PyTorch, with steps for places."""

    def __init__(self, loader: CropLoader) -> None:
        self._loader = loader

    def __getitem__(self, step: int) -> Batch:
        return self._loader.batch(step)
