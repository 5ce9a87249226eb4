"""A trained run, ready to be used: its recipe, its model with the best weights, its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nlac._errors import UsageError
from nlac.training.config.experiment import Experiment, read_experiment
from nlac.training.recipes.base import Recipe
from nlac.training.runs.checkpoints import best_weights, read_checkpoint
from nlac.training.runs.folder import RunFolder


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A run that has trained a model.

    Attributes
    ----------
    folder : RunFolder
        Its folder.
    experiment : Experiment
        Its settings.
    recipe : Recipe
        Its recipe; the data is not open.
    model : nn.Module
        The model with the weights that were best in validation, in evaluation mode.
    facts : mapping
        Of the data that it was trained on: ``rate``, ``bits``, ``channels``, ``labels`` and so on,
        see `nlac.training.recipes.base.Feed`.
    """

    folder: RunFolder
    experiment: Experiment
    recipe: Recipe
    model: torch.nn.Module
    facts: Mapping[str, Any]

    @property
    def rate(self) -> int:
        """Frames a second of what the model was trained on.

        Raises
        ------
        UsageError
            The run does not tell.
        """
        rate = self.facts.get("rate")
        if not rate:
            raise UsageError(f"{self.folder.path}: its data has no sample rate")
        return int(rate)


def load_run(folder: str | Path, device: str | torch.device = "cpu") -> TrainedRun:
    """Load what a run has trained. Its data is not needed.

    Parameters
    ----------
    folder : str or Path
        Folder of the run. It may still be training: then the best weights so far are taken.
    device : str or torch.device
        Where the model goes.

    Raises
    ------
    UsageError
        There is no such run, it has no checkpoint yet, or its weights do not fit its settings.
    CorruptStream
        Its checkpoint is damaged.

    Examples
    --------
    >>> run = load_run("runs/w12")                                        # doctest: +SKIP
    >>> run.recipe.name, run.rate                                         # doctest: +SKIP
    ('wavenet', 16000)
    """
    run = RunFolder(folder)
    if not run.exists():
        raise UsageError(f"{folder}: no run, for it has no config.yaml")
    weights = best_weights(run.path)
    experiment = read_experiment(run.config_path)
    facts = run.metadata().get("data", {})
    recipe = experiment.recipe()
    recipe.recall(facts)
    model = recipe.build()
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise UsageError(f"{folder}: its weights do not fit its settings: {error}") from error
    # the stage of training that the weights are of
    _, numbers = read_checkpoint(run.best if run.best.is_file() else run.last)
    recipe.before_step(model, max(int(numbers.get("step", 0)) - 1, 0), experiment.train.steps)
    return TrainedRun(run, experiment, recipe, model.eval().to(device), facts)
