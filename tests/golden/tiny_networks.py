"""Two networks so small that they travel in frozen streams, made from integers alone."""

from __future__ import annotations

import numpy as np
from golden_signals import hashed

from nlac.predictors.networks.layers import Activation, Affine, Gru, Linear, Network

INPUTS, OUTPUTS = 20, 4


def affine(rows: int, columns: int, seed: int, down: int = 10) -> Affine:
    """Weights of any sign that keep activations in their range, more or less."""
    weights = hashed(rows * columns, seed).reshape(rows, columns) % 81 - 40
    bias = hashed(rows, seed + 1) % 20001 - 10000
    shift = hashed(rows, seed + 2) % 3 + down
    return Affine(weights.astype(np.int8), bias.astype(np.int32), shift.astype(np.int32))


def tiny_network(kind: str) -> Network:
    """A network of kind ``cnn`` or ``gru``, with every kind of layer between the two."""
    first = Linear(affine(16, INPUTS, 50), Activation.RELU)
    if kind == "gru":
        units = Gru(affine(36, 16, 53, 8), affine(36, 12, 56, 11))
        return Network(INPUTS, (first, units, Linear(affine(OUTPUTS, 12, 59, 11), Activation.NONE)))
    kinds = enumerate((Activation.RELU, Activation.GATED, Activation.TANH))
    layers = [
        Linear(
            affine(32 if activation == Activation.GATED else 16, 32, 60 + 3 * i, 9),
            activation,
            taps=2,
            dilation=1 << i,
            residual=activation != Activation.TANH,
        )
        for i, activation in kinds
    ]
    return Network(INPUTS, (first, *layers, Linear(affine(OUTPUTS, 16, 70, 11), Activation.NONE)))


def loud_inputs(times: int) -> np.ndarray:
    """Inputs of which a third are at the very limits."""
    values = (hashed(times * INPUTS, 80) % 65535 - 32767).reshape(times, INPUTS)
    extreme = hashed(times * INPUTS, 81).reshape(times, INPUTS) % 3 == 0
    return np.where(extreme, np.sign(values) * 32767, values >> 4).astype(np.int16)
