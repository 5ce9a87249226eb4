"""Convolutions over many times at once, compiled, for an encoder, which knows all inputs.

Each layer runs over a piece of the sequence before the next layer does. So each weight that is
loaded serves eight times, and no sum waits for the one before. The outputs are those of `step`.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i64, store_64
from nlac.predictors.networks.layers import ACTIVATION_LIMIT, Activation, Linear, Network
from nlac.predictors.networks.step import NetworkWeights, Runner
from nlac.predictors.networks.vectors import TIMES, clip_rows_of_times, padded

_PIECE = 256  # times; a multiple of TIMES

class SweepCell(IntEnum):
    """Cells of a layer, int64; widths are in bytes, PAST is in times."""

    IN = 0  # address of the inputs of a piece, int16
    WIDTH = 1  # from one time to the next
    PAST = 2  # times before the piece that the layer uses
    OLD_PAIRS = 3  # pairs of columns of the older tap
    PAIRS = 4  # pairs of columns of the newer tap
    GROUPS = 5  # groups of rows
    WEIGHTS = 6  # address of the weights, int8
    START = 7  # address of the first values of the sums, int32
    SHIFTS = 8  # address of the shifts of the sums, int32
    LOW = 9  # least output
    RESIDUAL = 10  # address of what is added to the outputs, int16
    RESIDUAL_WIDTH = 11  # from one time to the next
    OUT = 12  # address of the outputs, int16
    OUT_WIDTH = 13  # from one time to the next


SWEEP_CELLS = len(SweepCell)


@kernel
def _go_over(layer, times):
    """Compute the outputs of a layer for the next `times` inputs."""
    pairs, old_pairs = load_i64(layer, SweepCell.PAIRS), load_i64(layer, SweepCell.OLD_PAIRS)
    width, out_width = load_i64(layer, SweepCell.WIDTH), load_i64(layer, SweepCell.OUT_WIDTH)
    residual_width = load_i64(layer, SweepCell.RESIDUAL_WIDTH)
    for t in range(0, times, TIMES):
        inputs = load_i64(layer, SweepCell.IN) + width * t
        for g in range(load_i64(layer, SweepCell.GROUPS)):
            clip_rows_of_times(
                load_i64(layer, SweepCell.START) + 64 * g,
                load_i64(layer, SweepCell.WEIGHTS) + 32 * (old_pairs + pairs) * g,
                inputs - width * load_i64(layer, SweepCell.PAST), old_pairs, inputs, pairs, width,
                load_i64(layer, SweepCell.SHIFTS) + 64 * g, load_i64(layer, SweepCell.LOW),
                load_i64(layer, SweepCell.RESIDUAL) + residual_width * t + 32 * g, residual_width,
                load_i64(layer, SweepCell.OUT) + out_width * t + 32 * g, out_width,
            )  # fmt: skip


@kernel
def _sweep(cells, times):
    """Run all layers, (layers, SWEEP_CELLS) int64, over a piece."""
    for i in range(len(cells)):
        layer = address(cells) + 8 * SWEEP_CELLS * i
        _go_over(layer, times)
        # the last inputs are the past of the next piece
        words, past = load_i64(layer, SweepCell.WIDTH) >> 3, load_i64(layer, SweepCell.PAST)
        newest = load_i64(layer, SweepCell.IN)
        oldest = newest - 8 * words * past
        for j in range(words * past):
            store_64(oldest, j, load_i64(oldest, words * times + j))


def runner_for(network: Network) -> type[Runner | Sweep]:
    """Return `Sweep`, or `Runner` for a network with a recurrent layer or a table."""
    plain = (Activation.NONE, Activation.RELU)
    is_swept = all(
        isinstance(layer, Linear) and layer.activation in plain for layer in network.layers
    )
    return Sweep if is_swept else Runner


class Sweep:
    """State of a network for one sequence, 0 at first.

    Parameters
    ----------
    weights : NetworkWeights
        Of a network for which `runner_for` returns this class.
    """

    def __init__(self, weights: NetworkWeights) -> None:
        network = weights.network
        self._inputs, self._outputs = network.inputs, network.outputs
        self._weights = weights  # kept alive: the cells hold addresses in it
        layers = [layer for layer in network.layers if isinstance(layer, Linear)]
        self._cells = np.zeros((len(layers), SWEEP_CELLS), np.int64)
        self._buffers: list[NDArray[np.int16]] = []
        columns = network.inputs
        for row, layer, matrix in zip(self._cells, layers, weights.matrices, strict=True):
            width, past = padded(columns), (layer.taps - 1) * layer.dilation
            row[SweepCell.PAST] = past
            row[SweepCell.WIDTH] = 2 * width
            row[SweepCell.IN] = self._new(past, width)
            row[SweepCell.OLD_PAIRS] = (layer.taps - 1) * width // 2
            row[SweepCell.PAIRS], row[SweepCell.GROUPS] = width // 2, matrix.groups
            row[SweepCell.WEIGHTS], row[SweepCell.START], row[SweepCell.SHIFTS] = matrix.addresses
            row[SweepCell.LOW] = 0 if layer.activation == Activation.RELU else -ACTIVATION_LIMIT
            columns = layer.outputs
        # the outputs of a layer are the inputs of the next
        inputs, outputs = [SweepCell.IN, SweepCell.WIDTH], [SweepCell.OUT, SweepCell.OUT_WIDTH]
        self._cells[:-1, outputs] = self._cells[1:, inputs]
        width = padded(columns)
        self._cells[-1, outputs] = self._new(0, width), 2 * width
        self._zeros = np.zeros(max(b.shape[1] for b in self._buffers), np.int16)
        for row, layer in zip(self._cells, layers, strict=True):
            row[SweepCell.RESIDUAL] = self._zeros.ctypes.data
            if layer.residual:
                row[SweepCell.RESIDUAL] = row[SweepCell.IN]
                row[SweepCell.RESIDUAL_WIDTH] = row[SweepCell.WIDTH]

    def run(self, inputs: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return the outputs for the next times of the sequence, (times, outputs) int16."""
        outputs = np.empty((len(inputs), self._outputs), np.int16)
        first, last = self._buffers[0][self._cells[0, SweepCell.PAST] :], self._buffers[-1]
        for begin in range(0, len(inputs), _PIECE):
            piece = inputs[begin : begin + _PIECE]
            first[: len(piece), : self._inputs] = piece
            _sweep(self._cells, len(piece))
            outputs[begin : begin + _PIECE] = last[: len(piece), : self._outputs]
        return outputs

    def _new(self, past: int, width: int) -> int:
        """Address of the first vector of a piece, after `past` others."""
        array = np.zeros((past + _PIECE, width), np.int16)
        self._buffers.append(array)
        return int(array[past:].ctypes.data)
