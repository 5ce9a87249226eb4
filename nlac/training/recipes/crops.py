"""Recipes over prepared datasets: the section `data`, and the batches of crops that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlac.training.config.checks import at_least, setting
from nlac.training.data.crop_settings import CropSettings
from nlac.training.data.dataset import SYNTHETIC, Dataset, open_dataset
from nlac.training.data.loader import Batch, CropLoader, fixed_crops
from nlac.training.recipes.base import Feed, Recipe


@dataclass(frozen=True, slots=True)
class CropData:
    """Which crops of which dataset. For those without a description see `CropSettings`.

    Attributes
    ----------
    folder : str
        What ``nlac data prepare`` wrote, or ``synthetic`` for the built-in set.
    rate : int
        Frames a second that the model is for; those of the dataset if 0. The built-in set is made
        at this rate.
    synthetic : dict
        Options of the built-in set: ``seconds``, ``channels``, ``seed``.
    valid_crops : int
        Crops of a validation.
    frames, context, pair_frames, mono, augment, labels, where, avoid, often, weighting, short
        As in `CropSettings`.
    """

    folder: str = setting(SYNTHETIC, is_path=True)
    rate: int = at_least(0, 0)
    synthetic: dict[str, Any] = setting({})
    valid_crops: int = at_least(1, 64)
    frames: int = at_least(1, 8192)
    context: int = at_least(0, 0)
    pair_frames: int = at_least(0, 0)
    mono: bool = True
    augment: list[dict[str, Any]] = setting([])
    labels: list[str] = setting([])
    where: dict[str, list[Any]] = setting({})
    avoid: list[str] = setting([])
    often: dict[str, Any] = setting({})
    weighting: str = "length"
    short: str = "pad"

    def __post_init__(self) -> None:
        self.crops(1)

    def crops(self, batch: int) -> CropSettings:
        """Settings of a loader of batches of a size.

        Raises
        ------
        UsageError
            A setting is out of range.
        """
        return CropSettings(
            frames=self.frames, batch=batch, context=self.context, pair_frames=self.pair_frames,
            mono=self.mono, augment=self.augment, labels=self.labels, where=self.where,
            avoid=self.avoid, often=self.often, weighting=self.weighting, short=self.short,
        )  # fmt: skip


class CropFeed:
    """Crops of a dataset.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    data : CropData
        Which crops.
    batch, seed : int
        Crops of a batch of all processes together; seed of all that is drawn.

    Attributes
    ----------
    dataset : Dataset
        The dataset.
    """

    def __init__(self, dataset: Dataset, data: CropData, batch: int, seed: int) -> None:
        self.dataset = dataset
        self._data, self._batch, self._seed = data, batch, seed
        # wrong labels and empty splits should be told at once
        chosen = CropLoader(dataset, "train", data.crops(batch), seed)
        self._valid = fixed_crops(dataset, "valid", data.crops(batch), data.valid_crops)
        self.facts: Mapping[str, Any] = {
            "manifest_hash": dataset.manifest_hash,
            "licences": list(dataset.licences),
            "recordings": chosen.num_recordings,
            "too_short": chosen.num_short,
            "rate": dataset.rate,
            "bits": dataset.bits,
            "channels": 1 if data.mono else dataset.channels,
            "labels": {name: list(dataset.label_values(name)) for name in data.labels},
        }

    def batches(
        self, first_step: int, workers: int = 0, rank: int = 0, count: int = 1
    ) -> Iterator[Batch]:
        """Yield batches of random crops; see `Feed.batches`."""
        settings = self._data.crops(self._batch // count)
        loader = CropLoader(
            self.dataset, "train", settings, self._seed, rank=rank, world=count
        )  # fmt: skip
        return loader.batches(first_step, workers)

    def validation(self) -> Sequence[Batch]:
        """Crops that are the same for every run."""
        return self._valid


class CropRecipe(Recipe):
    """A recipe over crops of a prepared dataset; the base of those that train on samples.

    Batches are those of `nlac.training.data.loader.Batch`.

    Attributes
    ----------
    feed : CropFeed
        The data, once it is open.
    rate, bits : int
        Frames a second, bits of a sample of the data.
    """

    Data = CropData
    feed: CropFeed
    rate: int
    bits: int

    def open(self) -> Feed:
        """Open the dataset.

        Raises
        ------
        UsageError
            There is none, it has another rate, or no recordings that fit.
        """
        data: CropData = self.settings.data
        options: dict[str, Any] = dict(data.synthetic) if data.folder == SYNTHETIC else {}
        dataset = open_dataset(data.folder, rate=data.rate or None, **options)
        self.rate, self.bits = dataset.rate, dataset.bits
        self.feed = CropFeed(dataset, data, self.settings.batch, self.settings.seed)
        return self.feed

    def recall(self, facts: Mapping[str, Any]) -> None:
        """Take over rate and bits."""
        self.rate, self.bits = int(facts.get("rate", 0)), int(facts.get("bits", 16))
