"""Batches of crops in an order in which each block is decoded once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from nlac._errors import UsageError
from nlac.torch.archives import AudioDataset


class LocalBatches(Sampler):
    """Batches of an `AudioDataset` in an order in which each block is decoded once.

    A pool of blocks is held at a time. Crops are drawn from it at random; a block of which all
    crops were drawn makes room for another one, also at random. Every crop of an epoch comes once.

    Parameters
    ----------
    dataset : AudioDataset
    batch_size : int
    blocks : int
        Blocks of the pool; all of them should fit the cache of the data set.
    workers : int
        Worker processes of the loader: each gets blocks of its own.
    seed : int

    Examples
    --------
    >>> DataLoader(                                                 # doctest: +SKIP
    ...     crops, batch_sampler=LocalBatches(crops, 32, workers=2), num_workers=2
    ... )
    """

    def __init__(
        self,
        dataset: AudioDataset,
        batch_size: int,
        *,
        blocks: int = 16,
        workers: int = 1,
        seed: int = 0,
    ) -> None:
        for name, value in (("batch_size", batch_size), ("blocks", blocks)):
            if type(value) is not int or value < 1:
                raise UsageError(f"{name}: {value!r}; a whole number of 1 or more")
        self._dataset = dataset
        # every block will be visited again soon
        dataset.whole_blocks = True
        self._batch_size, self._num_blocks = batch_size, blocks
        self._lanes, self._seed = max(1, workers), seed
        groups: dict[tuple[int, int], list[int]] = {}
        for index in range(len(dataset)):
            groups.setdefault(dataset.block_of(index), []).append(index)
        self._groups = list(groups.values())

    def __len__(self) -> int:
        counts = [sum(map(len, self._groups[lane :: self._lanes])) for lane in range(self._lanes)]
        return sum(-(-count // self._batch_size) for count in counts)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self._seed, self._dataset.epoch))
        lanes = [
            self._lane(rng.spawn(1)[0], self._groups[lane :: self._lanes])
            for lane in range(self._lanes)
        ]
        # the loader gives batches to its workers in turn
        while lanes:
            for lane in list(lanes):
                batch = next(lane, None)
                if batch is None:
                    lanes.remove(lane)
                else:
                    yield batch

    def _lane(self, rng: np.random.Generator, groups: list[list[int]]) -> Iterator[list[int]]:
        waiting = [groups[i] for i in rng.permutation(len(groups))]
        pool: list[list[int]] = []
        batch: list[int] = []
        while waiting or pool:
            while waiting and len(pool) < self._num_blocks:
                pool.append(rng.permutation(waiting.pop()).tolist())
            place = int(rng.integers(len(pool)))
            batch.append(pool[place].pop())
            if not pool[place]:
                pool.pop(place)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if batch:
            yield batch
