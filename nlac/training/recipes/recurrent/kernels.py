"""Compiled loop of gated recurrent units, one sample at a time.

The gates are those of PyTorch, in its order: reset, update, candidate::

    r, z = sigmoid(W x + b + U h + c)
    n = tanh(W x + b + r * (U h + c))
    h = (1 - z) * n + z * h
"""

from __future__ import annotations

import math

import numpy as np

from nlac.kernels.jit import kernel
from nlac.training.recipes.loops import add_product


@kernel
def advance_gru(first, codes, inner, inner_bias, recurrent, recurrent_bias, last, last_bias,
                hidden, outputs):  # fmt: skip
    """Run all layers over the levels of one sequence.

    Parameters
    ----------
    first : (levels + 1, 3 * units) float32
        What each level gives to the gates of the first layer, biases included; in the last row,
        what no level gives.
    codes : (times,) int64
        Levels; -1 for none.
    inner, inner_bias : (layers - 1, units, 3 * units), (layers - 1, 3 * units) float32
        What each layer gives to the gates of the next.
    recurrent, recurrent_bias : (layers, units, 3 * units), (layers, 3 * units) float32
        What the state of each layer gives to its gates.
    last, last_bias : (units, outputs), (outputs,) float32
        Output layer.
    hidden : (layers, units) float32
        States, which are updated.
    outputs : (times, outputs) float32
        Receives the outputs.
    """
    layers, units = hidden.shape
    given = np.empty(3 * units, np.float32)
    own = np.empty(3 * units, np.float32)
    one = np.float32(1.0)
    for t in range(codes.shape[0]):
        given[:] = first[codes[t]]
        for i in range(layers):
            state = hidden[i]
            if i:
                given[:] = inner_bias[i - 1]
                add_product(inner[i - 1], hidden[i - 1], units, given)
            own[:] = recurrent_bias[i]
            add_product(recurrent[i], state, units, own)
            for j in range(units):
                reset = one / (one + math.exp(-(given[j] + own[j])))
                update = one / (one + math.exp(-(given[units + j] + own[units + j])))
                new = math.tanh(given[2 * units + j] + reset * own[2 * units + j])
                state[j] = (one - update) * new + update * state[j]
        out = outputs[t]
        out[:] = last_bias
        add_product(last, hidden[layers - 1], units, out)
