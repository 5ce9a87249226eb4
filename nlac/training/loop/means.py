"""Weighted means of figures over many batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from nlac.training.loop.processes import Processes


class Means:
    """Sums that become means.

    Figures of a GPU stay there until they are asked for, so that the loop need not wait for it.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._weight = 0.0

    def add(self, figures: Mapping[str, Any], weight: float) -> None:
        """Add figures of a batch that count for `weight`."""
        for name, value in figures.items():
            if isinstance(value, torch.Tensor):
                value = value.detach().double()
            self._sums[name] = self._sums.get(name, 0.0) + value * weight
        self._weight += weight

    def values(self, processes: Processes) -> dict[str, float]:
        """Means over all processes; none if nothing was added."""
        names = sorted(self._sums)
        *sums, weight = processes.sum([*(float(self._sums[n]) for n in names), self._weight])
        return {name: total / weight for name, total in zip(names, sums, strict=True) if weight}

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {"sums": {k: float(v) for k, v in self._sums.items()}, "weight": self._weight}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue with what a checkpoint held."""
        self._sums, self._weight = dict(state["sums"]), state["weight"]
