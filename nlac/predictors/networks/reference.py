"""Definition of the outputs of a network, as plainly as possible: NumPy in int64.

The compiled kernels and the PyTorch runner must give the same outputs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.predictors.networks.layers import (
    ACTIVATION_LIMIT,
    GATE_TOP,
    Activation,
    Affine,
    Gru,
    Linear,
    Network,
)
from nlac.predictors.networks.tables import sigmoid_table, tanh_table

I64 = NDArray[np.int64]


def run(network: Network, inputs: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the outputs of a network for a sequence; all that its layers keep is 0 at first.

    Parameters
    ----------
    network : Network
    inputs : (times, network.inputs) int16
        None is -32768.

    Returns
    -------
    (times, network.outputs) int16
    """
    x = inputs.astype(np.int64)
    for layer in network.layers:
        x = _linear(layer, x) if isinstance(layer, Linear) else _gru(layer, x)
    return x.astype(np.int16)


def _shifted_sums(affine: Affine, x: I64) -> I64:
    sums = x @ affine.weights.T.astype(np.int64) + affine.start
    return sums >> affine.shift.astype(np.int64)


def _look_up(table: NDArray[np.int16], x: I64) -> I64:
    return table[np.clip(x, -GATE_TOP - 1, GATE_TOP) + GATE_TOP + 1].astype(np.int64)


def _linear(layer: Linear, x: I64) -> I64:
    columns = x
    if layer.taps == 2:
        before = np.zeros_like(x)
        before[layer.dilation :] = x[: len(x) - layer.dilation] if len(x) > layer.dilation else 0
        columns = np.concatenate([before, x], axis=1)
    y = _shifted_sums(layer.affine, columns)
    if layer.activation == Activation.NONE:
        y = np.clip(y, -ACTIVATION_LIMIT, ACTIVATION_LIMIT)
    elif layer.activation == Activation.RELU:
        y = np.clip(y, 0, ACTIVATION_LIMIT)
    elif layer.activation == Activation.TANH:
        y = _look_up(tanh_table(), y)
    else:
        left, right = np.split(y, 2, axis=1)
        y = (_look_up(tanh_table(), left) * _look_up(sigmoid_table(), right) + (1 << 14)) >> 15
    return np.clip(x + y, -ACTIVATION_LIMIT, ACTIVATION_LIMIT) if layer.residual else y


def _gru(layer: Gru, x: I64) -> I64:
    h = np.zeros(layer.outputs, np.int64)
    out = np.empty((len(x), layer.outputs), np.int64)
    for t, inward in enumerate(_shifted_sums(layer.inward, x)):
        a = np.split(inward, 3)
        c = np.split(_shifted_sums(layer.recurrent, h), 3)
        reset = _look_up(sigmoid_table(), (a[0] + c[0] + 2) >> 2)
        update = _look_up(sigmoid_table(), (a[1] + c[1] + 2) >> 2)
        candidate = a[2] + ((reset * c[2] + (1 << 14)) >> 15)
        candidate = _look_up(tanh_table(), (candidate + 2) >> 2)
        h = (update * h + (32768 - update) * candidate + (1 << 14)) >> 15
        out[t] = h
    return out
