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
        self._weights: dict[str, float] = {}

    def add(self, figures: Mapping[str, Any], weight: float) -> None:
        """Add figures of a batch that count for `weight`; a batch need not have all."""
        for name, value in figures.items():
            if isinstance(value, torch.Tensor):
                value = value.detach().double()
            self._sums[name] = self._sums.get(name, 0.0) + value * weight
            self._weights[name] = self._weights.get(name, 0.0) + weight

    def values(self, processes: Processes) -> dict[str, float]:
        """Means over all processes; none if nothing was added."""
        names = sorted(self._sums)
        sums = [float(self._sums[name]) for name in names]
        totals = processes.sum([*sums, *(self._weights[name] for name in names)])
        pairs = zip(names, totals[: len(names)], totals[len(names) :], strict=True)
        return {name: total / weight for name, total, weight in pairs if weight}

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        sums = {name: float(value) for name, value in self._sums.items()}
        return {"sums": sums, "weights": dict(self._weights)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue with what a checkpoint held."""
        self._sums, self._weights = dict(state["sums"]), dict(state["weights"])
