"""Optimisers, and their state as tensors by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nlac.training.config.train import TrainSettings

PREFIX = "optimiser."


def make_optimiser(groups: list[dict[str, Any]], settings: TrainSettings) -> torch.optim.Optimizer:
    """Make Adam or AdamW over groups of parameters."""
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, lr=settings.rate, betas=(settings.betas[0], settings.betas[1]))


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> tuple[dict[str, Tensor], str]:
    """State of an optimiser: tensors by name, and all else as JSON."""
    tensors, plain = {}, {}
    for index, state in optimiser.state_dict()["state"].items():
        for key, value in state.items():
            name = f"{PREFIX}{index}.{key}"
            if isinstance(value, Tensor):
                tensors[name] = value
            else:
                plain[name] = value
    return tensors, json.dumps(plain)


def restore_optimiser(
    optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor], plain: str
) -> None:
    """Set the state that `optimiser_tensors` returned."""
    state: dict[int, dict[str, Any]] = {}
    everything: dict[str, Any] = {**tensors, **json.loads(plain)}
    for name, value in everything.items():
        if name.startswith(PREFIX):
            index, key = name.removeprefix(PREFIX).split(".")
            state.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": state})
