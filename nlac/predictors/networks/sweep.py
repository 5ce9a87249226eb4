"""Convolutions over many times at once, compiled: what an encoder runs, who knows all inputs.

A layer goes over a piece of the sequence before the next one begins. So a weight that is read
serves eight times, and no sum waits for the one before, as it must where a sample is decoded.
The numbers are those of `step`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i64, store_64
from nlac.predictors.networks.layers import ACTIVATION_LIMIT, Activation, Linear, Network
from nlac.predictors.networks.step import NetworkWeights, Runner
from nlac.predictors.networks.vectors import TIMES, clip_rows_of_times, padded

_PIECE = 256  # times; a multiple of TIMES
# cells of a layer: widths in bytes, the past in times
(
    S_IN, S_WIDTH, S_PAST, S_OLD_PAIRS, S_PAIRS, S_GROUPS, S_WEIGHTS, S_START, S_SHIFTS, S_LOW,
    S_RESIDUAL, S_RESIDUAL_WIDTH, S_OUT, S_OUT_WIDTH,
) = range(14)
_CELLS = 14


@kernel
def _go_over(layer, times):
    """Outputs of a layer for the times whose inputs stand at S_IN."""
    pairs, old_pairs = load_i64(layer, S_PAIRS), load_i64(layer, S_OLD_PAIRS)
    width, out_width = load_i64(layer, S_WIDTH), load_i64(layer, S_OUT_WIDTH)
    residual_width = load_i64(layer, S_RESIDUAL_WIDTH)
    for t in range(0, times, TIMES):
        inputs = load_i64(layer, S_IN) + width * t
        for g in range(load_i64(layer, S_GROUPS)):
            clip_rows_of_times(
                load_i64(layer, S_START) + 64 * g,
                load_i64(layer, S_WEIGHTS) + 32 * (old_pairs + pairs) * g,
                inputs - width * load_i64(layer, S_PAST), old_pairs, inputs, pairs, width,
                load_i64(layer, S_SHIFTS) + 64 * g, load_i64(layer, S_LOW),
                load_i64(layer, S_RESIDUAL) + residual_width * t + 32 * g, residual_width,
                load_i64(layer, S_OUT) + out_width * t + 32 * g, out_width,
            )  # fmt: skip


@kernel
def _sweep(cells, times):
    for i in range(len(cells)):
        layer = address(cells) + 8 * _CELLS * i
        _go_over(layer, times)
        # the last inputs are the next piece's past
        words, past = load_i64(layer, S_WIDTH) >> 3, load_i64(layer, S_PAST)
        newest = load_i64(layer, S_IN)
        oldest = newest - 8 * words * past
        for j in range(words * past):
            store_64(oldest, j, load_i64(oldest, words * times + j))


def runner_for(network: Network) -> type[Runner | Sweep]:
    """`Sweep`, or `Runner` where a layer is recurrent or has a table."""
    plain = (Activation.NONE, Activation.RELU)
    is_swept = all(
        isinstance(layer, Linear) and layer.activation in plain for layer in network.layers
    )
    return Sweep if is_swept else Runner


class Sweep:
    """What one sequence needs: the state of all layers, 0 at first.

    Parameters
    ----------
    layout : Layout
        Of a network for which `runner_for` is this.
    """

    def __init__(self, layout: NetworkWeights) -> None:
        network = layout.network
        self._inputs, self._outputs = network.inputs, network.outputs
        self._layout = layout  # whose weights are read by address
        layers = [layer for layer in network.layers if isinstance(layer, Linear)]
        self._cells = np.zeros((len(layers), _CELLS), np.int64)
        self._buffers: list[NDArray[np.int16]] = []
        columns = network.inputs
        for row, layer, matrix in zip(self._cells, layers, layout.matrices, strict=True):
            width, past = padded(columns), (layer.taps - 1) * layer.dilation
            row[S_PAST], row[S_WIDTH], row[S_IN] = past, 2 * width, self._new(past, width)
            row[S_OLD_PAIRS] = (layer.taps - 1) * width // 2
            row[S_PAIRS], row[S_GROUPS] = width // 2, matrix.groups
            row[S_WEIGHTS], row[S_START], row[S_SHIFTS] = matrix.addresses
            row[S_LOW] = 0 if layer.activation == Activation.RELU else -ACTIVATION_LIMIT
            columns = layer.outputs
        self._cells[:-1, [S_OUT, S_OUT_WIDTH]] = self._cells[1:, [S_IN, S_WIDTH]]
        width = padded(columns)
        self._cells[-1, [S_OUT, S_OUT_WIDTH]] = self._new(0, width), 2 * width
        self._zeros = np.zeros(max(b.shape[1] for b in self._buffers), np.int16)
        for row, layer in zip(self._cells, layers, strict=True):
            row[S_RESIDUAL] = self._zeros.ctypes.data
            if layer.residual:
                row[S_RESIDUAL], row[S_RESIDUAL_WIDTH] = row[S_IN], row[S_WIDTH]

    def run(self, inputs: NDArray[np.int16]) -> NDArray[np.int16]:
        """Outputs for the next times of the sequence, (times, outputs)."""
        outputs = np.empty((len(inputs), self._outputs), np.int16)
        first, last = self._buffers[0][self._cells[0, S_PAST] :], self._buffers[-1]
        for begin in range(0, len(inputs), _PIECE):
            piece = inputs[begin : begin + _PIECE]
            first[: len(piece), : self._inputs] = piece
            _sweep(self._cells, len(piece))
            outputs[begin : begin + _PIECE] = last[: len(piece), : self._outputs]
        return outputs

    def _new(self, past: int, width: int) -> int:
        """Address of the first of a piece's vectors, behind `past` others."""
        array = np.zeros((past + _PIECE, width), np.int16)
        self._buffers.append(array)
        return int(array[past:].ctypes.data)
