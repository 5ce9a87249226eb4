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
from nlac.training.codec.crops import Crop, make_crops
from nlac.training.codec.recordings import Recording, Sound, augment, mix, read_crop
from nlac.training.codec.settings import CodecData

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
    items : sequence of Recording
        Recordings.
    data : CodecData
        Length and number of crops, steps until one is replaced, categories drawn more often.
    front : str
        Base predictor, a key of `nlac.codec.encoder.presets.BASES`.
    batch, seed : int
        Sequences of a batch; seed of all that is drawn.

    Raises
    ------
    UsageError
        A category to be drawn more often has no recordings.
    """

    def __init__(
        self, items: Sequence[Recording], data: CodecData, front: str, batch: int, seed: int
    ) -> None:
        missing = set(data.often) - {item.category for item in items}
        if missing:
            raise UsageError(f"often: no recordings of category {sorted(missing)[0]}")
        self._items = [i for i in items for _ in range(data.often.get(i.category, 1))]
        self._data, self._front, self._batch, self._seed = data, front, batch, seed
        self._crops: dict[int, list[Crop]] = {}

    def batch(self, step: int) -> Batch:
        """Draw the batch of a step."""
        data = self._data
        first = step // data.refresh
        wanted = range(first, first + data.pool)
        self._crops = {i: self._crops[i] for i in wanted if i in self._crops}
        for i in wanted:
            if i not in self._crops:
                self._crops[i] = self._crop(i)
        channels = [crop for i in wanted for crop in self._crops[i]]
        rng = np.random.default_rng((self._seed, _BATCH, step))
        sequences = []
        for i in rng.integers(len(channels), size=self._batch).tolist():
            crop = channels[i]
            begin = int(rng.integers(len(crop.error) - data.length + 1))
            sequences.append([field[begin : begin + data.length] for field in _fields(crop)])
        return Batch(*(np.stack(column) for column in zip(*sequences, strict=True)))

    def _crop(self, index: int) -> list[Crop]:
        rng = np.random.default_rng((self._seed, _TRAIN, index))
        for _ in range(_TRIES):
            sound = self._sound(rng)
            if rng.random() < self._data.mixed:
                sound = mix(sound, self._sound(rng))
            found = make_crops(sound, self._front)
            found = [crop for crop in found if len(crop.error) >= self._data.length]
            if found:
                return found
        raise UsageError("hardly any recording is long enough and uses all values of its range")

    def _sound(self, rng: np.random.Generator) -> Sound:
        item = self._items[int(rng.integers(len(self._items)))]
        return augment(read_crop(item, self._data.seconds, rng), rng)


def valid_crops(items: Sequence[Recording], data: CodecData, front: str, seed: int) -> list[Crop]:
    """Make the crops of all validations, from as many recordings as possible."""
    crops: list[Crop] = []
    for i in range(data.valid_crops):
        rng = np.random.default_rng((seed, _VALID, i))
        sound = read_crop(items[i % len(items)], data.seconds, rng)
        crops += make_crops(sound, front)
    if not crops:
        raise UsageError("no recording for validation uses all values of its range")
    return crops


def _fields(crop: Crop) -> tuple[NDArray[np.generic], ...]:
    return crop.features, crop.error, crop.unit, crop.bits
