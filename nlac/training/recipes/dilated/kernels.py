"""Compiled loops of a dilated network, one sample at a time on queues of past layer inputs.

As in Fast WaveNet (Le Paine et al., arXiv 1611.09482): a layer of dilation d needs its input of d
samples ago, which it has computed already. So each layer keeps a ring of its past inputs.

Sums are made in one order, without reassociation, so they are the same on every machine as far
as its `tanh` and `exp` are.
"""

from __future__ import annotations

import math

import numpy as np

from nlac.kernels.jit import kernel
from nlac.training.recipes.loops import add_product


@kernel
def advance_stack(
    inputs, taps, bias, residual, residual_bias, skip, skip_bias, hidden, hidden_bias, last,
    last_bias, dilations, starts, gated, ring, position, outputs,
):  # fmt: skip
    """Run the layers over the inputs of one sequence.

    Parameters
    ----------
    inputs : (times, residual) float32
        Inputs of the first layer.
    taps, bias : (layers, kernel * residual, rows), (layers, rows) float32
        Convolutions, oldest tap first; the bias has the condition in it.
    residual, residual_bias : (layers, gate, residual), (layers, residual) float32
        Residual connections; zeros for the last layer.
    skip, skip_bias : (layers * gate, skip), (skip,) float32
        Skip connections of all layers, and the sum of their biases.
    hidden, hidden_bias, last, last_bias : float32
        The two layers after them, matrices as (inputs, outputs).
    dilations, starts : (layers,) int64
        Dilation of each layer, and where its ring begins.
    gated : bool
        Gated units, or rectified ones.
    ring : (length, residual) float32
        Past inputs of all layers.
    position : int
        Number of samples before the first.
    outputs : (times, outputs) float32
        Receives the outputs.
    """
    layers, gate, channels = residual.shape
    count = taps.shape[1] // channels
    x = np.empty(channels, np.float32)
    window = np.empty(count * channels, np.float32)
    sums = np.empty(bias.shape[1], np.float32)
    units = np.empty(layers * gate, np.float32)
    total = np.empty(skip.shape[1], np.float32)
    second = np.empty(skip.shape[1], np.float32)
    one, zero = np.float32(1.0), np.float32(0.0)
    for t in range(inputs.shape[0]):
        now = position + t
        x[:] = inputs[t]
        for i in range(layers):
            dilation = dilations[i]
            length = (count - 1) * dilation
            # the ring's oldest entry is as old as the first tap; the present one takes its place
            for k in range(count - 1):
                at = starts[i] + (now + k * dilation) % length
                window[k * channels : (k + 1) * channels] = ring[at]
            ring[starts[i] + now % length] = x
            window[(count - 1) * channels :] = x
            sums[:] = bias[i]
            add_product(taps[i], window, len(window), sums)
            mine = units[i * gate : (i + 1) * gate]
            for j in range(gate):
                if gated:
                    sigmoid = one / (one + math.exp(-sums[gate + j]))
                    mine[j] = math.tanh(sums[j]) * sigmoid
                else:
                    mine[j] = max(sums[j], zero)
            x += residual_bias[i]
            add_product(residual[i], mine, gate, x)
        total[:] = skip_bias
        add_product(skip, units, len(units), total)
        for j in range(len(total)):
            total[j] = max(total[j], zero)
        second[:] = hidden_bias
        add_product(hidden, total, len(total), second)
        for j in range(len(second)):
            second[j] = max(second[j], zero)
        out = outputs[t]
        out[:] = last_bias
        add_product(last, second, len(second), out)


@kernel
def embed(tables, codes, before, inputs):
    """``inputs[t] = tables[0, codes[t]] + tables[1, codes[t-1]]``; before < 0 is no level."""
    for t in range(codes.shape[0]):
        inputs[t] = tables[0, codes[t]]
        if tables.shape[0] == 2:
            older = codes[t - 1] if t else before
            if older >= 0:
                inputs[t] += tables[1, older]
