"""Train from nlac archives: random crops of compressed recordings as a data set of PyTorch.

>>> from torch.utils.data import DataLoader                           # doctest: +SKIP
>>> crops = AudioDataset("archive/", frames=88_200)                   # doctest: +SKIP
>>> loader = DataLoader(crops, batch_sampler=LocalBatches(crops, 32)) # doctest: +SKIP
"""

from __future__ import annotations

from nlac.torch.archives import AudioDataset
from nlac.torch.batches import LocalBatches

__all__ = ["AudioDataset", "LocalBatches"]
