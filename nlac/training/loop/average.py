"""Exponential moving average of weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Moving average of the parameters of a model (Polyak and Juditsky, 1992, with forgetting).

    Parameters
    ----------
    model : nn.Module
        The model.
    factor : float
        Share of the average that stays in each step; at first a mean over few steps is taken.
    """

    def __init__(self, model: nn.Module, factor: float) -> None:
        self._factor = factor
        self._parameters = dict(model.named_parameters())
        self.values = {k: p.detach().clone() for k, p in self._parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the weights after a step, from 0, into the average."""
        factor = min(self._factor, (1 + step) / (10 + step))
        for name, value in self._parameters.items():
            self.values[name].lerp_(value, 1 - factor)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Context in which the model has the averaged weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for name, parameter in self._parameters.items():
            parameter.data, self.values[name] = self.values[name], parameter.data

    @torch.no_grad()
    def restore(self, values: Mapping[str, Tensor]) -> None:
        """Continue with the values of a checkpoint."""
        for name, value in self.values.items():
            value.copy_(values[name])
