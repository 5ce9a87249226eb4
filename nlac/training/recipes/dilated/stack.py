"""Dilated causal convolutions with residual and skip connections.

As in WaveNet (van den Oord et al., arXiv 1609.03499), or with rectified units and dilations that
shrink, as in FFTNet (Jin et al., ICASSP 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlac.training.recipes.dilated.reach import dilations, reach
from nlac.training.recipes.settings import (
    ModelSettings,
    choice,
    multiple,
    number,
)


@dataclass(frozen=True, slots=True)
class StackSettings(ModelSettings):
    """Size and kind of the layers.

    Attributes
    ----------
    residual : int
        Channels between layers.
    gate : int
        Units of each layer.
    skip : int
        Channels of the sum of skip connections, and of the layer after it.
    layers : int
        Layers of each repetition; layer i has dilation 2**i.
    repeats : int
        How often the dilations run from 1 to the largest.
    kernel : int
        Taps of each convolution.
    units : {"gated", "relu"}
        ``tanh(a) * sigmoid(b)``, or rectified.
    dilations : {"growing", "shrinking"}
        Order of the dilations in each repetition.
    """

    residual: int = multiple(64, 4, 4, 1024)
    gate: int = multiple(64, 4, 4, 1024)
    skip: int = multiple(256, 4, 4, 2048)
    layers: int = number(10, 1, 16)
    repeats: int = number(1, 1, 8)
    kernel: int = number(2, 2, 4)
    units: str = choice("gated", "gated", "relu")
    dilations: str = choice("growing", "growing", "shrinking")

    def dilation_of_layers(self) -> list[int]:
        """Dilation of each layer, from the input on."""
        return dilations(self.layers, self.repeats, self.dilations)

    @property
    def receptive_field(self) -> int:
        """Number of inputs that an output depends on."""
        return reach(self.kernel, self.dilation_of_layers())


class Layer(nn.Module):
    """One dilated convolution, its units, and the ways out of it."""

    def __init__(self, settings: StackSettings, dilation: int, classes: int, last: bool) -> None:
        super().__init__()
        self.dilation, self.kernel = dilation, settings.kernel
        self.gated = settings.units == "gated"
        rows = settings.gate * (2 if self.gated else 1)
        self.taps = nn.Linear(settings.kernel * settings.residual, rows)
        self.skip = nn.Linear(settings.gate, settings.skip)
        # nothing follows the residual connection of the last layer
        self.residual = None if last else nn.Linear(settings.gate, settings.residual)
        self.condition = nn.Embedding(classes, rows) if classes else None

    def forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """Input of the next layer, and contribution to the skip connections.

        Parameters
        ----------
        x : (batch, times, residual) float Tensor
            Input.
        condition : (batch,) int64 Tensor or None
            Class of each sequence.
        """
        # a product of matrices is quicker than a convolution of so few channels
        shifts = [self.dilation * k for k in range(self.kernel - 1, 0, -1)]
        older = [functional.pad(x, (0, 0, shift, 0))[:, : x.shape[1]] for shift in shifts]
        y = self.taps(torch.cat([*older, x], dim=2))
        if self.condition is not None:
            y = y + self.condition(condition)[:, None]
        if self.gated:
            left, right = y.chunk(2, dim=2)
            y = torch.tanh(left) * torch.sigmoid(right)
        else:
            y = torch.relu(y)
        if self.residual is not None:
            x = x + self.residual(y)
        return x, self.skip(y)


class Stack(nn.Module):
    """All layers, and the two after the sum of their skip connections.

    Parameters
    ----------
    settings : StackSettings
        Size and kind.
    outputs : int
        Outputs for each sample.
    classes : int
        Number of classes of sequences; 0 if there are none.
    """

    def __init__(self, settings: StackSettings, outputs: int, classes: int = 0) -> None:
        super().__init__()
        self.settings = settings
        of_layers = settings.dilation_of_layers()
        self.layers = nn.ModuleList(
            Layer(settings, dilation, classes, i == len(of_layers) - 1)
            for i, dilation in enumerate(of_layers)
        )
        self.hidden = nn.Linear(settings.skip, settings.skip)
        self.last = nn.Linear(settings.skip, outputs)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Outputs, (batch, times, outputs), for inputs, (batch, times, residual)."""
        total: Any = 0
        for layer in self.layers:
            x, skip = layer(x, condition)
            total = total + skip
        return self.last(torch.relu(self.hidden(torch.relu(total))))
