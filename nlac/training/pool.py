"""Draw batches from a pool of crops.

The batch of a step depends on the seed and the step only. So a resumed run goes on exactly as if it
had not been interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac.bench.corpus import Item
from nlac.training.config import Config
from nlac.training.crops import Crop, make_crops
from nlac.training.recordings import Sound, augment, mix, read_crop

_TRAIN, _VALID, _BATCH = 0, 1, 2
_TRIES = 20


class Batch(NamedTuple):
    """Sequences of one length; the fields are those of `Crop`, stacked."""

    features: NDArray[np.int16]
    error: NDArray[np.float32]
    unit: NDArray[np.float32]
    bits: NDArray[np.float32]


class Pool:
    """Pool of crops of recordings.

    Parameters
    ----------
    items : sequence of Item
        Recordings.
    config : Config
        Length and number of crops, steps until one is replaced, categories drawn more often.

    Raises
    ------
    UsageError
        A category to be drawn more often has no recordings.
    """

    def __init__(self, items: Sequence[Item], config: Config) -> None:
        missing = set(config.often) - {item.category for item in items}
        if missing:
            raise UsageError(f"often: no recordings of category {sorted(missing)[0]}")
        self._items = [i for i in items for _ in range(config.often.get(i.category, 1))]
        self._config = config
        self._crops: dict[int, list[Crop]] = {}

    def batch(self, step: int) -> Batch:
        """Draw the batch of a step."""
        config = self._config
        first = step // config.refresh
        wanted = range(first, first + config.pool)
        self._crops = {i: self._crops[i] for i in wanted if i in self._crops}
        for i in wanted:
            if i not in self._crops:
                self._crops[i] = self._crop(i)
        channels = [crop for i in wanted for crop in self._crops[i]]
        rng = np.random.default_rng((config.seed, _BATCH, step))
        sequences = []
        for i in rng.integers(len(channels), size=config.batch).tolist():
            crop = channels[i]
            begin = int(rng.integers(len(crop.error) - config.length + 1))
            sequences.append([field[begin : begin + config.length] for field in _fields(crop)])
        return Batch(*(np.stack(column) for column in zip(*sequences, strict=True)))

    def _crop(self, index: int) -> list[Crop]:
        rng = np.random.default_rng((self._config.seed, _TRAIN, index))
        for _ in range(_TRIES):
            sound = self._sound(rng)
            if rng.random() < self._config.mixed:
                sound = mix(sound, self._sound(rng))
            found = make_crops(sound, self._config.front)
            found = [crop for crop in found if len(crop.error) >= self._config.length]
            if found:
                return found
        raise ValueError("hardly any recording is long enough and uses all values of its range")

    def _sound(self, rng: np.random.Generator) -> Sound:
        item = self._items[int(rng.integers(len(self._items)))]
        return augment(read_crop(item, self._config.seconds, rng), rng)


def valid_crops(items: Sequence[Item], config: Config) -> list[Crop]:
    """Make the crops of all validations, from as many recordings as possible."""
    crops: list[Crop] = []
    for i in range(config.valid_crops):
        rng = np.random.default_rng((config.seed, _VALID, i))
        sound = read_crop(items[i % len(items)], config.seconds, rng)
        crops += make_crops(sound, config.front)
    if not crops:
        raise ValueError("no recording for validation uses all values of its range")
    return crops


def _fields(crop: Crop) -> tuple[NDArray[np.generic], ...]:
    return crop.features, crop.error, crop.unit, crop.bits
