"""What a run begins with: random weights, those of another run, or its own last checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from nlac._errors import NlacError, UsageError
from nlac.training.config.train import TrainSettings
from nlac.training.loop import devices
from nlac.training.loop.optimisers import make_optimiser
from nlac.training.loop.state import State
from nlac.training.recipes.base import Feed, Recipe
from nlac.training.runs.checkpoints import best_weights, read_checkpoint, weights_of
from nlac.training.runs.folder import RunFolder


def make_state(
    recipe: Recipe, settings: TrainSettings, run: RunFolder, feed: Feed, device: torch.device
) -> State:
    """Make a model on a device, with all that changes it, as it is at the begin of a session.

    Raises
    ------
    UsageError
        The weights to begin with are not there, or do not fit.
    """
    devices.seed_all(settings.seed)
    torch.manual_seed(settings.seed)
    model = recipe.build()
    resumes = run.last.is_file()
    if not resumes:
        if settings.start:
            _begin_with(recipe, model, settings.start)
        recipe.prepare(model, feed)
    model.to(device)
    optimiser = make_optimiser(recipe.parameter_groups(model, settings.decay), settings)
    scaler = devices.make_scaler(device, settings.precision)
    state = State.begin(model, optimiser, scaler, settings)
    if resumes:
        state.restore(*read_checkpoint(run.last))
    if settings.compile:
        model.compile()
    return state


def _begin_with(recipe: Recipe, model: nn.Module, start: str) -> None:
    try:
        path = Path(start)
        recipe.begin_with(model, best_weights(path) if path.is_dir() else weights_of(path))
    except NlacError:
        raise
    except (RuntimeError, ValueError) as error:
        raise UsageError(f"train.start: {start}; these weights do not fit: {error}") from error
