"""State of training, all of which a checkpoint holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nlac.training.config.train import TrainSettings
from nlac.training.loop.average import Average
from nlac.training.loop.means import Means
from nlac.training.loop.optimisers import optimiser_tensors, restore_optimiser
from nlac.training.loop.schedules import Schedule
from nlac.training.runs.checkpoints import AVERAGE, WEIGHTS


@dataclass
class State:
    """A model in training.

    Attributes
    ----------
    model, optimiser, scaler : nn.Module, torch.optim.Optimizer, torch.amp.GradScaler
        The model, its optimiser, and the scaler of its loss.
    schedule : Schedule
        Schedule of the learning rate.
    average : Average or None
        Moving average of the weights.
    means : Means
        Figures of the steps since the last line of metrics.
    step : int
        Steps done.
    best : float
        Least value of the criterion so far (negated where more is better).
    best_step, waited : int
        Its step; validations since then.
    seconds : float
        Time of training, earlier sessions included.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    scaler: Any
    schedule: Schedule
    average: Average | None
    means: Means
    step: int = 0
    best: float = math.inf
    best_step: int = 0
    waited: int = 0
    seconds: float = 0.0

    @classmethod
    def begin(
        cls, model: nn.Module, optimiser: torch.optim.Optimizer, scaler: Any,
        settings: TrainSettings,
    ) -> State:  # fmt: skip
        """State before the first step."""
        average = Average(model, settings.ema) if settings.ema else None
        return cls(model, optimiser, scaler, Schedule(settings), average, Means())

    def weights(self) -> dict[str, Tensor]:
        """Weights to validate and to keep, averaged ones if there are any; and buffers."""
        averaged = self.average.values if self.average else {}
        return {
            WEIGHTS + name: averaged.get(name, value)
            for name, value in self.model.state_dict().items()
        }

    def tensors(self) -> dict[str, Tensor]:
        """Tensors of a checkpoint from which training can be resumed."""
        found = {WEIGHTS + k: v for k, v in self.model.state_dict().items()}
        if self.average:
            found |= {AVERAGE + k: v for k, v in self.average.values.items()}
        return found | optimiser_tensors(self.optimiser)[0]

    def numbers(self) -> dict[str, Any]:
        """Numbers of such a checkpoint."""
        return {
            "step": self.step,
            "best": self.best,
            "best_step": self.best_step,
            "waited": self.waited,
            "seconds": self.seconds,
            "falls": self.schedule.falls,
            "fall_waited": self.schedule.waited,
            "means": self.means.state(),
            "scaler": self.scaler.state_dict(),
            "optimiser": optimiser_tensors(self.optimiser)[1],
        }

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Continue with what a checkpoint holds."""
        self.model.load_state_dict(_named(tensors, WEIGHTS))
        if self.average:
            self.average.restore(_named(tensors, AVERAGE))
        restore_optimiser(self.optimiser, tensors, numbers["optimiser"])
        self.scaler.load_state_dict(numbers["scaler"])
        self.means.restore(numbers["means"])
        self.schedule.falls, self.schedule.waited = numbers["falls"], numbers["fall_waited"]
        for name in ("step", "best", "best_step", "waited", "seconds"):
            setattr(self, name, numbers[name])


def _named(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
