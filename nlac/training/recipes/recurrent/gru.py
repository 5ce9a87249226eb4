"""Gated recurrent units over mu-law levels, with pre-emphasis (Cho et al., arXiv 1406.1078)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nlac.training.recipes.predictor import SamplePredictor
from nlac.training.recipes.settings import ModelSettings, choice, multiple, number
from nlac.training.recipes.stepper import Stepper
from nlac.training.signal.companding import SILENCES
from nlac.training.signal.representation import MuLaw


@dataclass(frozen=True, slots=True)
class GruSettings(ModelSettings):
    """Settings of a recurrent network over levels.

    Attributes
    ----------
    units : int
        Units of each layer.
    layers : int
        Number of layers.
    embedding : int
        Length of the vector learnt for each level.
    levels : int
        Number of mu-law levels.
    silence : {"paired", "centred"}
        Convention for silence, see `nlac.training.signal.companding`.
    emphasis : float
        Coefficient of the pre-emphasis; 0 for none.
    context : int
        Samples that the network is trained to look back: the length of training crops, or, where
        states are passed on from crop to crop, some seconds. Recordings are swept with one state
        from begin to end.
    """

    units: int = multiple(128, 4, 4, 4096)
    layers: int = number(1, 1, 8)
    embedding: int = number(64, 1, 4096)
    levels: int = multiple(256, 2, 4, 65536)
    silence: str = choice("paired", *SILENCES)
    emphasis: float = number(0.85, 0.0, 0.99)
    context: int = number(1000, 1, 1 << 24)


class GruState(NamedTuple):
    """What a network keeps between two pieces of a recording.

    Attributes
    ----------
    hidden : (layers, batch, units) float Tensor
        Outputs of the units.
    last : (batch,) int64 Tensor or None
        Last level of each sequence; None before the first.
    """

    hidden: Tensor
    last: Tensor | None


class Gru(SamplePredictor):
    """Gated recurrent units over levels; its outputs are logits of the next level.

    Shapes, for the defaults: levels (batch, times) -> embedding (batch, times, 64) -> states
    (batch, times, 128) -> logits (batch, times, 256).

    Parameters
    ----------
    settings : GruSettings
        Size and kind.
    """

    kind = "categorical"

    def __init__(self, settings: GruSettings) -> None:
        super().__init__()
        self.settings = settings
        self.receptive_field, self.outputs = settings.context, settings.levels
        self.representation = MuLaw(settings.levels, settings.silence, settings.emphasis)
        self.embedding = nn.Embedding(settings.levels, settings.embedding)
        self.gru = nn.GRU(
            settings.embedding, settings.units, settings.layers, batch_first=True
        )
        self.last = nn.Linear(settings.units, settings.levels)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits for levels x from an empty state, see `SamplePredictor.forward`."""
        self.checked_condition(len(x), condition)
        return self.forward_from(x, self.initial_state(len(x)))[0]

    def initial_state(self, batch: int) -> GruState:
        """The state before the first sample."""
        weight = self.last.weight
        shape = self.settings.layers, batch, self.settings.units
        return GruState(torch.zeros(shape, dtype=weight.dtype, device=weight.device), None)

    def forward_from(self, x: Tensor, state: GruState) -> tuple[Tensor, GruState]:
        """Logits for levels that continue earlier ones, and the state after them.

        Gradients do not reach beyond `state` if it is detached, as it should be in training.

        Parameters
        ----------
        x : (batch, times) int64 Tensor
            Levels.
        state : GruState
            State before them.
        """
        embedded = self.embedding(x)
        if state.last is None:
            first = torch.zeros_like(embedded[:, :1])
        else:
            first = self.embedding(state.last)[:, None]
        hidden, after = self.gru(torch.cat([first, embedded[:, :-1]], 1), state.hidden)
        return self.last(hidden), GruState(after, x[:, -1])

    def sweep(
        self, x: Tensor, condition: Tensor | None = None, chunk: int = 1 << 14
    ) -> Iterator[Tensor]:
        """Yield the outputs in pieces, with the state passed on."""
        self.checked_condition(len(x), condition)
        state = self.initial_state(len(x))
        for begin in range(0, x.shape[1], chunk):
            outputs, state = self.forward_from(x[:, begin : begin + chunk], state)
            yield outputs

    def stepper(self) -> Stepper:
        """Make what runs this model one level at a time."""
        from nlac.training.recipes.recurrent.stepping import GruStepper

        return GruStepper(self)
