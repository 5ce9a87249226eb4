"""Schedules of the learning rate."""

from __future__ import annotations

import math

from nlac.training.config.train import TrainSettings


class Schedule:
    """Learning rate of each step, see `TrainSettings.schedule`.

    The cosine is that of Loshchilov and Hutter, arXiv 1608.03983, without restarts.

    Parameters
    ----------
    settings : TrainSettings
        Rate, kind of schedule and its numbers.

    Attributes
    ----------
    falls : int
        How often a plateau made the rate fall.
    waited : int
        Validations without a gain since then.
    """

    def __init__(self, settings: TrainSettings) -> None:
        self._settings = settings
        self.falls = self.waited = 0

    def rate(self, step: int) -> float:
        """Learning rate of a step, from 0."""
        settings = self._settings
        if step < settings.warmup:
            return settings.rate * (step + 1) / settings.warmup
        return settings.rate * max(settings.floor, self._share(step))

    def _share(self, step: int) -> float:
        settings = self._settings
        if settings.schedule == "cosine":
            done = (step - settings.warmup) / max(settings.steps - settings.warmup, 1)
            fallen = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
            return settings.floor + (1 - settings.floor) * fallen
        if settings.schedule == "step":
            return settings.fall_factor ** (step // settings.fall_every)
        if settings.schedule == "plateau":
            return settings.fall_factor**self.falls
        return 1.0

    def validated(self, is_best: bool) -> None:
        """Note a validation, which may have been the best so far."""
        self.waited = 0 if is_best else self.waited + 1
        if self.waited > self._settings.fall_patience:
            self.falls, self.waited = self.falls + 1, 0
