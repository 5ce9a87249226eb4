"""Networks in floating point, with the limits and the rounding of their integer form.

`quantise` refers to the parameters by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlac.predictors.neural.features import FEATURES, OUTPUTS

if TYPE_CHECKING:
    from nlac.training.codec.settings import CodecModel

FEATURE_BITS, ACTIVATION_BITS, STATE_BITS = 8, 10, 15
_LIMIT = 32.0
# a new network starts as a plausible mixture around the base predictor's location
_FIRST_OCTAVES = (-0.6, 0.0, 0.8)
# the product of two gates has 15 fraction bits, the sum has 10
_GATED_SCALE = 2.0 ** (STATE_BITS - ACTIVATION_BITS)
_NEW_LAYER = 0.1  # factor of the weights of a layer that is added to a trained network


def rounded(x: Tensor, bits: int) -> Tensor:
    """Round to `bits` fraction bits; gradients pass unchanged."""
    return x + (torch.floor(x * 2.0**bits + 0.5) * 2.0**-bits - x).detach()


class Cnn(nn.Module):
    """A dense layer, causal convolutions of growing dilation, a dense layer."""

    def __init__(self, width: int, depth: int, gated: bool) -> None:
        super().__init__()
        self.gated = gated
        self.first = nn.Linear(FEATURES, width)
        rows = 2 * width if gated else width
        self.layers = nn.ModuleList(nn.Linear(2 * width, rows) for _ in range(depth))
        self.last = _last(width)

    def forward(self, features: Tensor, rounding: bool = False) -> Tensor:
        """Outputs, (sequences, times, OUTPUTS), for (sequences, times, FEATURES)."""

        def kept(x: Tensor) -> Tensor:
            x = rounded(x, ACTIVATION_BITS) if rounding else x
            return x.clamp(-_LIMIT, _LIMIT)

        x = kept(torch.relu(self.first(features)))
        for i, layer in enumerate(self.layers):
            # a matrix product is quicker than a convolution of so few channels
            older = functional.pad(x, (0, 0, 1 << i, 0))[:, : x.shape[1]]
            y = layer(torch.cat([older, x], dim=2))
            if self.gated:
                left, right = y.chunk(2, dim=2)
                y = torch.tanh(left) * torch.sigmoid(right) * _GATED_SCALE
            else:
                y = torch.relu(y)
            x = kept(x + kept(y))
        return kept(self.last(x))


class Gru(nn.Module):
    """Gated recurrent units and a dense layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gru = nn.GRU(FEATURES, width, batch_first=True)
        self.last = _last(width)

    def forward(self, features: Tensor, rounding: bool = False) -> Tensor:
        """Outputs, (sequences, times, OUTPUTS), for (sequences, times, FEATURES)."""
        x = self.last(self.gru(features)[0])
        return rounded(x, ACTIVATION_BITS).clamp(-_LIMIT, _LIMIT) if rounding else x


def _last(width: int) -> nn.Linear:
    layer = nn.Linear(width, OUTPUTS)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(torch.tensor([0.0, *_FIRST_OCTAVES]))
    return layer


def make_module(settings: CodecModel) -> Cnn | Gru:
    """Make a network of the configured size, with random weights."""
    if settings.predictor == "cnn":
        return Cnn(settings.width, settings.depth, settings.gated)
    return Gru(settings.width)


def adopt(module: Cnn | Gru, weights: Mapping[str, Tensor]) -> None:
    """Initialise a module with the weights of one of its kind that is as large or smaller.

    New units contribute nothing to the old ones at first. A new layer of a `Cnn` has a small
    effect, since a layer without effect would not learn.

    Raises
    ------
    ValueError
        The weights are those of another kind of network, or of a larger one.
    """
    own = module.state_dict()
    if not set(weights) <= set(own):
        raise ValueError("the weights are those of another kind of network, or of a deeper one")
    gated = isinstance(module, Cnn) and module.gated
    for name, target in own.items():
        if name not in weights:
            target *= _NEW_LAYER / (_GATED_SCALE if gated else 1.0)
            continue
        # gates and taps lie side by side in one matrix
        rows, columns = (3 if name.startswith("gru.") else 1), 1
        if name.startswith("layers."):
            rows, columns = 1 + gated, target.dim()
            if len(weights[name]) != rows * len(weights["first.bias"]):
                raise ValueError("the weights are those of another kind of network")
        large = target.view(rows, target.shape[0] // rows, columns, -1)
        source = weights[name]
        small = source.reshape(rows, source.shape[0] // rows, columns, -1)
        _, height, _, width = small.shape
        if height > large.shape[1] or width > large.shape[3]:
            raise ValueError("the weights are those of a larger network")
        large[:, :height] = 0.0
        large[:, :height, :, :width] = small
