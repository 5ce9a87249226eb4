"""Figures of held-out data."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch

from nlac.training.config.train import TrainSettings
from nlac.training.loop import devices
from nlac.training.loop.devices import to_device
from nlac.training.loop.means import Means
from nlac.training.loop.processes import Processes
from nlac.training.loop.state import State
from nlac.training.recipes.base import Recipe

_SEED = 1 << 40  # in the place of a step, where generators are seeded


@torch.no_grad()
def validate(
    state: State,
    recipe: Recipe,
    batches: Sequence[Any],
    device: torch.device,
    settings: TrainSettings,
    processes: Processes,
) -> dict[str, float]:
    """Compute the figures of a model under its averaged weights.

    The batches are divided among the processes. Every validation begins with the same seed.

    Returns
    -------
    dict of str to float
        Figures by name, `loss` among them.
    """
    means = Means()
    devices.seed_all(settings.seed, _SEED, processes.rank)
    state.model.eval()
    with state.average.applied() if state.average else nullcontext():
        for batch in batches[processes.rank :: processes.count]:
            with devices.autocast(device, settings.precision):
                loss, figures = recipe.loss(state.model, to_device(batch, device))
            means.add({**figures, "loss": loss}, recipe.weight(batch))
    return recipe.summarise(means.values(processes))
