"""Cut batches into parts, and move them to a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from nlac._errors import UsageError
from nlac.training.recipes.base import map_leaves, num_sequences


def part_of(batch: Any, index: int, count: int) -> Any:
    """One of `count` equal parts of a batch, in the order of its sequences.

    Raises
    ------
    UsageError
        The batch cannot be divided so.
    """
    if count == 1:
        return batch
    total = num_sequences(batch)
    size, rest = divmod(total, count)
    if rest:
        raise UsageError(
            f"train.batch: {total}; a multiple of {count}, processes times train.accumulate"
        )
    return map_leaves(batch, lambda leaf: leaf[index * size : (index + 1) * size])


def to_device(batch: Any, device: torch.device) -> Any:
    """Batch of tensors on a device; arrays become tensors."""

    def moved(leaf: Any) -> torch.Tensor:
        tensor = torch.from_numpy(leaf) if isinstance(leaf, np.ndarray) else leaf
        return tensor.to(device, non_blocking=True)

    return map_leaves(batch, moved)
