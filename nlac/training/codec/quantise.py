"""Convert networks to integers: 8-bit weights with a power of two for each row."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlac.predictors.networks.layers import (
    MAX_SHIFT,
    Activation,
    Affine,
    Gru,
    Layer,
    Linear,
    Network,
)
from nlac.training.codec import modules
from nlac.training.codec.modules import ACTIVATION_BITS, FEATURE_BITS, STATE_BITS

_TOP = 127
_GATE_BITS = 8  # fraction bits of an index into the gate tables
_SUM_BITS = 10  # fraction bits of the sums in a gate


def row_bits(weights: Tensor) -> Tensor:
    """Fraction bits of each row, (rows,): as many as its largest weight allows in 8 bits."""
    largest = weights.abs().amax(dim=1).clamp(min=2.0**-20)
    return torch.floor(torch.log2(_TOP / largest)).clamp(0, MAX_SHIFT - ACTIVATION_BITS)


def rounded_weights(weights: Tensor) -> Tensor:
    """Round weights as the integers will be; gradients pass unchanged."""
    scale = torch.exp2(row_bits(weights.detach()))[:, None]
    whole = torch.floor(weights * scale + 0.5).clamp(-_TOP, _TOP)
    return weights + (whole / scale - weights).detach()


def rounded_parameters(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """All parameters of a module, with weights rounded as the integers will be."""
    return {k: rounded_weights(v) if v.dim() == 2 else v for k, v in parameters.items()}


def to_network(module: modules.Cnn | modules.Gru) -> Network:
    """Convert a module to an integer network.

    Raises
    ------
    ValueError
        A sum could overflow.
    """
    state = {k: v.detach().cpu() for k, v in module.state_dict().items()}

    def affine(name: str, before: int, after: int, suffix: str = "") -> Affine:
        return _affine(state[f"{name}weight{suffix}"], state[f"{name}bias{suffix}"], before, after)

    layers: list[Layer]
    if isinstance(module, modules.Gru):
        layers = [
            Gru(
                affine("gru.", FEATURE_BITS, _SUM_BITS, "_ih_l0"),
                affine("gru.", STATE_BITS, _SUM_BITS, "_hh_l0"),
            ),
            Linear(affine("last.", STATE_BITS, ACTIVATION_BITS), Activation.NONE),
        ]
        return Network(module.gru.input_size, tuple(layers))
    layers = [Linear(affine("first.", FEATURE_BITS, ACTIVATION_BITS), Activation.RELU)]
    kind = Activation.GATED if module.gated else Activation.RELU
    bits = _GATE_BITS if module.gated else ACTIVATION_BITS
    layers += [
        Linear(affine(f"layers.{i}.", ACTIVATION_BITS, bits), kind, 2, 1 << i, residual=True)
        for i in range(len(module.layers))
    ]
    layers.append(Linear(affine("last.", ACTIVATION_BITS, ACTIVATION_BITS), Activation.NONE))
    return Network(module.first.in_features, tuple(layers))


def from_network(network: Network) -> dict[str, Tensor]:
    """Convert an integer network to the parameters of a module, keyed by name.

    Raises
    ------
    ValueError
        The network is not one of `modules`.
    """
    first, *inner, last = network.layers if len(network.layers) > 1 else (None, None)
    if not (isinstance(last, Linear) and (last.activation, last.taps) == (Activation.NONE, 1)):
        raise ValueError("its last layer is not that of a trained network")
    if isinstance(first, Gru) and not inner:
        return (
            _parameters(first.inward, "gru.", FEATURE_BITS, _SUM_BITS, "_ih_l0")
            | _parameters(first.recurrent, "gru.", STATE_BITS, _SUM_BITS, "_hh_l0")
            | _parameters(last.affine, "last.", STATE_BITS, ACTIVATION_BITS)
        )
    if not (isinstance(first, Linear) and (first.activation, first.taps) == (Activation.RELU, 1)):
        raise ValueError("its first layer is not that of a trained network")
    found = _parameters(first.affine, "first.", FEATURE_BITS, ACTIVATION_BITS)
    for i, layer in enumerate(inner):
        if not (
            isinstance(layer, Linear)
            and layer.activation in (Activation.RELU, Activation.GATED)
            and (layer.taps, layer.dilation, layer.residual) == (2, 1 << i, True)
        ):
            raise ValueError(f"layer {i + 1} is not one of a trained network")
        bits = _GATE_BITS if layer.activation == Activation.GATED else ACTIVATION_BITS
        found |= _parameters(layer.affine, f"layers.{i}.", ACTIVATION_BITS, bits)
    return found | _parameters(last.affine, "last.", ACTIVATION_BITS, ACTIVATION_BITS)


def _parameters(
    affine: Affine, name: str, before: int, after: int, suffix: str = ""
) -> dict[str, Tensor]:
    """Inverse of `_affine`."""
    scale = torch.exp2(torch.from_numpy(affine.shift.astype(np.float64)) - before + after)
    weights = torch.from_numpy(affine.weights.astype(np.float64)) / scale[:, None]
    bias = torch.from_numpy(affine.bias.astype(np.float64)) / (scale * 2.0**before)
    return {f"{name}weight{suffix}": weights.float(), f"{name}bias{suffix}": bias.float()}


def _affine(weights: Tensor, bias: Tensor, before: int, after: int) -> Affine:
    """Integer weights for inputs of `before` and outputs of `after` fraction bits."""
    # a sum is never shifted up
    bits = torch.clamp(row_bits(weights), min=after - before).to(torch.int64)
    scale = torch.exp2(bits.double())
    whole = torch.floor(weights.double() * scale[:, None] + 0.5).clamp(-_TOP, _TOP)
    start = torch.floor(bias.double() * scale * 2.0**before + 0.5)
    return Affine(
        whole.numpy().astype(np.int8),
        start.numpy().astype(np.int32),
        (bits + before - after).numpy().astype(np.int32),
    )


def raw_features(features: NDArray[np.int16] | Tensor) -> Tensor:
    """Input features as floats for modules."""
    return torch.as_tensor(features).float() * 2.0**-FEATURE_BITS
