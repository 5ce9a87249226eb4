"""A recipe of a test: the next sample of noisy sines, from a few before it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from nlac.training.config.checks import between, setting
from nlac.training.recipes.base import Figure, Recipe, part_of
from nlac.training.recipes.registry import register


@dataclass(frozen=True)
class TinyModel:
    order: int = between(1, 64, 8)
    width: int = setting(16, "a multiple of 8 from 8 to 64", lambda n: 8 <= n <= 64 and n % 8 == 0)
    dropout: float = between(0, 0.9, 0.2)


@dataclass(frozen=True)
class TinyData:
    folder: str = setting("synthetic", is_path=True)
    frames: int = between(16, 4096, 64)


class Sines(NamedTuple):
    samples: np.ndarray
    mask: np.ndarray


class TinyFeed:
    def __init__(self, data: TinyData, batch: int, seed: int) -> None:
        self.facts = {
            "manifest_hash": data.folder.encode().hex()[:40], "licences": ["CC0-1.0"],
            "recordings": 3, "rate": 8000,
        }  # fmt: skip
        self._data, self._batch, self._seed = data, batch, seed

    def _sines(self, *numbers: int) -> Sines:
        rng = np.random.default_rng((self._seed, *numbers))
        shape = (self._batch, 1)
        steps = rng.uniform(0.05, 0.6, shape) * np.arange(self._data.frames)
        samples = 0.5 * np.sin(steps + rng.uniform(0, 6, shape)) + rng.normal(0, 0.01, steps.shape)
        lengths = rng.integers(self._data.frames // 2, self._data.frames + 1, shape)
        return Sines(samples.astype(np.float32), np.arange(self._data.frames) < lengths)

    def batches(self, first_step: int, workers: int, rank: int, count: int) -> Iterator[Sines]:
        for step in itertools.count(first_step):
            yield part_of(self._sines(0, step), rank, count)

    def validation(self) -> Sequence[Sines]:
        return [self._sines(1, i) for i in range(3)]


class Predictor(nn.Module):
    def __init__(self, settings: TinyModel) -> None:
        super().__init__()
        self.order = settings.order
        self.layers = nn.Sequential(
            nn.Linear(settings.order, settings.width), nn.Tanh(), nn.Dropout(settings.dropout),
            nn.Linear(settings.width, 1),
        )  # fmt: skip

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        past = nn.functional.pad(samples, (self.order, 0))[:, :-1]
        return self.layers(past.unfold(1, self.order, 1))[..., 0]


@register
class Tiny(Recipe):
    name = "tiny"
    Model, Data = TinyModel, TinyData
    figures = {  # noqa: RUF012
        "loss": Figure("of full scale, squared"), "absolute": Figure("of full scale"),
    }  # fmt: skip

    def build(self) -> nn.Module:
        return Predictor(self.settings.model)

    def open(self) -> TinyFeed:
        return TinyFeed(self.settings.data, self.settings.batch, self.settings.seed)

    def loss(self, model: nn.Module, batch: Sines) -> tuple[torch.Tensor, dict[str, Any]]:
        error = (model(batch.samples) - batch.samples)[batch.mask]
        return error.square().mean(), {"absolute": error.abs().mean()}

    def predictions(self, model: nn.Module, batch: Sines) -> np.ndarray:
        return model(batch.samples)[0].cpu().numpy()
