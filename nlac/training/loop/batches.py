"""Move batches to a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from nlac.training.recipes.base import map_leaves


def to_device(batch: Any, device: torch.device) -> Any:
    """Batch of tensors on a device; arrays become tensors."""

    def moved(leaf: Any) -> torch.Tensor:
        tensor = torch.from_numpy(leaf) if isinstance(leaf, np.ndarray) else leaf
        return tensor.to(device, non_blocking=True)

    return map_leaves(batch, moved)
