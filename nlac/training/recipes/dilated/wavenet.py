"""WaveNet over mu-law levels (van den Oord et al., arXiv 1609.03499)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlac.training.recipes.dilated.stack import Stack, StackSettings
from nlac.training.recipes.predictor import SamplePredictor, past
from nlac.training.recipes.settings import choice, multiple, number
from nlac.training.recipes.stepper import Stepper
from nlac.training.signal.companding import SILENCES
from nlac.training.signal.representation import MuLaw


@dataclass(frozen=True, slots=True)
class WaveNetSettings(StackSettings):
    """Settings of a WaveNet, besides those of its layers.

    Attributes
    ----------
    levels : int
        Number of mu-law levels.
    silence : {"paired", "centred"}
        Convention for silence, see `nlac.training.signal.companding`.
    emphasis : float
        Coefficient of the pre-emphasis; 0 for none.
    input : {"embedding", "one-hot"}
        A learnt vector for the last level; or a convolution of two taps over the levels as one-hot
        vectors, as in the paper.
    classes : int
        Number of labels (speakers, instruments) that the model is conditioned on; 0 for none.
    """

    levels: int = multiple(256, 2, 4, 65536)
    silence: str = choice("paired", *SILENCES)
    emphasis: float = number(0.0, 0.0, 0.99)
    input: str = choice("embedding", "embedding", "one-hot")
    classes: int = number(0, 0, 100_000)


class WaveNet(SamplePredictor):
    """Gated dilated convolutions over levels; its outputs are logits of the next level.

    Shapes, for the defaults: levels (batch, times) -> embedding (batch, times, 64) -> ten layers,
    each (batch, times, 64) with a skip connection (batch, times, 256) -> hidden
    (batch, times, 256) -> logits (batch, times, 256).

    Parameters
    ----------
    settings : WaveNetSettings
        Size and kind.
    """

    kind = "categorical"

    def __init__(self, settings: WaveNetSettings) -> None:
        super().__init__()
        self.settings = settings
        taps = 2 if settings.input == "one-hot" else 1
        self.receptive_field = settings.receptive_field + taps - 1
        self.outputs, self.classes = settings.levels, settings.classes
        self.representation = MuLaw(settings.levels, settings.silence, settings.emphasis)
        # a convolution over one-hot vectors adds one row of a table for each tap
        self.inputs = nn.ModuleList(
            nn.Embedding(settings.levels, settings.residual) for _ in range(taps)
        )
        self.stack = Stack(settings, settings.levels, settings.classes)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits for levels x, see `SamplePredictor.forward`."""
        condition = self.checked_condition(len(x), condition)
        embedded = self.inputs[0](x)
        if len(self.inputs) == 2:
            older = functional.pad(self.inputs[1](x), (0, 0, 1, 0))[:, : x.shape[1]]
            embedded = embedded + older
        return self.stack(past(embedded), condition)

    def stepper(self) -> Stepper:
        """Make what runs this model one level at a time."""
        from nlac.training.recipes.dilated.stepping import WaveNetStepper

        return WaveNetStepper(self)

    def input_tables(self) -> Tensor:
        """(taps, levels, residual) vectors that the last level, and the one before, add."""
        return torch.stack([table.weight for table in self.inputs])
