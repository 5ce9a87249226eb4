"""One step of a network, compiled: a decoder runs it for every sample.

`Runner` lays a network out in memory; `run_step` takes a step. Weights are in the order of
`vectors`; vectors are padded with zeros to multiples of 16.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i16, load_i32, load_i64, store_16, store_64
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
from nlac.predictors.networks.vectors import CENTRE, ROWS, add_rows, clip_rows, gate_rows, padded


class LayerCell(IntEnum):
    """Cells of a layer, int64."""

    KIND = 0  # of the layer (`LayerKind`)
    IN = 1  # address of its inputs, int16; with two taps, the past first
    OUT = 2  # address of its outputs, int16
    GROUPS = 3  # groups of ROWS rows
    PAIRS = 4  # pairs of columns
    WEIGHTS = 5  # address of the weights, int8, in the order of `vectors`
    START = 6  # address of the first values of the sums, int32
    SHIFTS = 7  # address of the shifts of the sums, int32
    LOW = 8  # limits of the outputs
    HIGH = 9
    RESIDUAL = 10  # address of what is added to the outputs, int16
    QUEUE = 11  # address of past inputs, int16, 0 with one tap
    PLACE = 12  # slot of the queue that is the oldest
    DILATION = 13  # slots of the queue
    WIDTH = 14  # padded number of inputs
    UNITS = 15  # outputs
    SUMS = 16  # address of present sums, int32
    STATE = 17  # address of the state of a GRU, int16
    WEIGHTS2 = 18  # the same five for the recurrent matrix of a GRU
    START2 = 19
    SHIFTS2 = 20
    GROUPS2 = 21
    PAIRS2 = 22
    SIGMOID = 23  # addresses of the tables
    TANH = 24


class NetworkCell(IntEnum):
    """Cells of a network, int64; those of its layers follow."""

    LAYERS = 0
    INPUT = 1  # address of the present inputs, int16
    OUTPUT = 2  # address of the present outputs, int16
    FIRST = 3  # first cell of the first layer


class LayerKind(IntEnum):
    """How a layer is computed."""

    PLAIN = 0  # clipped sums
    TANH = 1  # a table
    GATED = 2  # tanh times sigmoid
    GRU = 3


LAYER_CELLS = len(LayerCell)
# kernels hold their addresses, so they live as long as the process; vectors read beyond the end
_SIGMOID, _TANH = np.append(sigmoid_table(), np.int16(0)), np.append(tanh_table(), np.int16(0))


@kernel
def _matrix(start, weights, shifts, groups, pairs, inputs, out):
    """Write the shifted sums of all rows to `out`, int32. All arrays are addresses."""
    for g in range(groups):
        add_rows(
            start + 64 * g, weights + 32 * pairs * g, inputs, pairs, shifts + 64 * g, out + 64 * g
        )


@kernel
def _clipped_matrix(layer, start, weights, shifts, groups, pairs, inputs):
    """Write the shifted and clipped sums of all rows, plus the residual, to the outputs, int16.

    `layer` is the address of the cells; without a residual, the layer points to zeros.
    """
    low, high = load_i64(layer, LayerCell.LOW), load_i64(layer, LayerCell.HIGH)
    residual, out = load_i64(layer, LayerCell.RESIDUAL), load_i64(layer, LayerCell.OUT)
    for g in range(groups):
        clip_rows(
            start + 64 * g, weights + 32 * pairs * g, inputs, pairs, shifts + 64 * g,
            low, high, residual + 32 * g, out + 32 * g,
        )  # fmt: skip


@kernel
def _entry(table, index):
    """Entry of a table for an index, clipped to its ends."""
    return load_i16(table, min(max(index, -CENTRE), GATE_TOP) + CENTRE)


@kernel
def _step_tables(layer, kind):
    """Turn sums into outputs by a table."""
    units = load_i64(layer, LayerCell.UNITS)
    sums = load_i64(layer, LayerCell.SUMS)
    out = load_i64(layer, LayerCell.OUT)
    sigmoid, tanh = load_i64(layer, LayerCell.SIGMOID), load_i64(layer, LayerCell.TANH)
    residual = load_i64(layer, LayerCell.RESIDUAL)
    for i in range(units):
        value = _entry(tanh, load_i32(sums, i))
        if kind == LayerKind.GATED:
            value = (value * _entry(sigmoid, load_i32(sums, units + i)) + (1 << 14)) >> 15
        value += load_i16(residual, i)
        store_16(out, i, min(max(value, -ACTIVATION_LIMIT), ACTIVATION_LIMIT))


@kernel
def _step_gru(layer):
    """Turn the sums of a GRU's gates into its next state and outputs."""
    units, inward = load_i64(layer, LayerCell.UNITS), load_i64(layer, LayerCell.SUMS)
    state, out = load_i64(layer, LayerCell.STATE), load_i64(layer, LayerCell.OUT)
    recurrent = inward + 64 * load_i64(layer, LayerCell.GROUPS)
    _matrix(
        load_i64(layer, LayerCell.START2), load_i64(layer, LayerCell.WEIGHTS2),
        load_i64(layer, LayerCell.SHIFTS2), load_i64(layer, LayerCell.GROUPS2),
        load_i64(layer, LayerCell.PAIRS2), state, recurrent,
    )  # fmt: skip
    sigmoid, tanh = load_i64(layer, LayerCell.SIGMOID), load_i64(layer, LayerCell.TANH)
    gate_rows(inward, recurrent, units, sigmoid, tanh, state, out)


@kernel
def run_step(network):
    """Take a step, from the inputs to the outputs that the cells at `network` point to."""
    layer = network + 8 * NetworkCell.FIRST
    for _ in range(load_i64(network, NetworkCell.LAYERS)):
        kind, inputs = load_i64(layer, LayerCell.KIND), load_i64(layer, LayerCell.IN)
        weights, pairs = load_i64(layer, LayerCell.WEIGHTS), load_i64(layer, LayerCell.PAIRS)
        start, shifts = load_i64(layer, LayerCell.START), load_i64(layer, LayerCell.SHIFTS)
        groups, queue = load_i64(layer, LayerCell.GROUPS), load_i64(layer, LayerCell.QUEUE)
        slot, words = np.int64(0), load_i64(layer, LayerCell.WIDTH) >> 2
        if queue != 0:
            place = load_i64(layer, LayerCell.PLACE)
            slot = queue + 8 * words * place
            for i in range(words):
                store_64(inputs, i, load_i64(slot, i))
            place += 1
            if place == load_i64(layer, LayerCell.DILATION):
                place = np.int64(0)
            store_64(layer, LayerCell.PLACE, place)
            for i in range(words):
                store_64(slot, i, load_i64(inputs, words + i))
        if kind == LayerKind.PLAIN:
            _clipped_matrix(layer, start, weights, shifts, groups, pairs, inputs)
        else:
            _matrix(start, weights, shifts, groups, pairs, inputs, load_i64(layer, LayerCell.SUMS))
            if kind == LayerKind.GRU:
                _step_gru(layer)
            else:
                _step_tables(layer, kind)
        layer += 8 * LAYER_CELLS


@kernel
def _run_all(network, rows, inputs, outputs):
    """Take a step for each row of `inputs`, (rows, n) int16; fills `outputs`, (rows, m) int16."""
    here, there = load_i64(network, NetworkCell.INPUT), load_i64(network, NetworkCell.OUTPUT)
    for t in range(rows):
        for i in range(inputs.shape[1]):
            store_16(here, i, np.int64(inputs[t, i]))
        run_step(network)
        for i in range(outputs.shape[1]):
            outputs[t, i] = load_i16(there, i)


def run(network: Network, inputs: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the outputs for a sequence, (times, outputs) int16, as `reference.run` does."""
    return Runner(NetworkWeights(network)).run(inputs)


class NetworkWeights:
    """The weights of a network in memory; any number of runners share them."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.matrices: list[_Matrix] = []
        for layer in network.layers:
            if isinstance(layer, Linear):
                self.matrices.append(_Matrix(layer.affine, layer.taps))
            else:
                self.matrices += [_Matrix(layer.inward), _Matrix(layer.recurrent)]


class Runner:
    """State of a network for one sequence, 0 at first.

    Attributes
    ----------
    address : int
        Address of the cells, for `run_step`; they live as long as this object.
    """

    def __init__(self, weights: NetworkWeights) -> None:
        self._weights = weights
        self._keep: list[NDArray[np.generic]] = []
        network = weights.network
        cells = np.zeros(NetworkCell.FIRST + LAYER_CELLS * len(network.layers), np.int64)
        self._keep.append(cells)
        self.address: int = cells.ctypes.data
        matrices = iter(weights.matrices)
        inputs = network.inputs
        target: int = NetworkCell.INPUT
        holder = cells
        zeros = self._new(padded(max(layer.outputs for layer in network.layers)), np.int16)
        for i, layer in enumerate(network.layers):
            row = cells[NetworkCell.FIRST + LAYER_CELLS * i :][:LAYER_CELLS]
            width = padded(inputs)
            taps = layer.taps if isinstance(layer, Linear) else 1
            row[LayerCell.IN] = self._new(taps * width, np.int16)
            # the present follows the past
            present = int(row[LayerCell.IN]) + 2 * width * (taps - 1)
            holder[target] = present
            row[LayerCell.WIDTH] = width
            row[LayerCell.UNITS] = layer.outputs
            row[LayerCell.RESIDUAL] = zeros
            row[LayerCell.SIGMOID] = _SIGMOID.ctypes.data
            row[LayerCell.TANH] = _TANH.ctypes.data
            first = next(matrices)
            row[LayerCell.WEIGHTS], row[LayerCell.START], row[LayerCell.SHIFTS] = first.addresses
            row[LayerCell.GROUPS], row[LayerCell.PAIRS] = first.groups, first.pairs
            if isinstance(layer, Gru):
                self._gru(row, layer, next(matrices))
            else:
                self._linear(row, layer, width, present)
            holder, target = row, LayerCell.OUT
            inputs = layer.outputs
        holder[target] = self._new(padded(inputs), np.int16)
        cells[NetworkCell.LAYERS] = len(network.layers)
        cells[NetworkCell.OUTPUT] = holder[target]

    def run(self, inputs: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return the outputs for the next times of the sequence, (times, outputs) int16."""
        outputs = np.empty((len(inputs), self._weights.network.outputs), np.int16)
        _run_all(self.address, len(inputs), inputs, outputs)
        return outputs

    def _new(self, size: int, kind: type[np.generic]) -> int:
        width = np.dtype(kind).itemsize
        array = np.zeros(size + 64 // width, kind)
        self._keep.append(array)
        return -(-int(array.ctypes.data) // 64) * 64

    def _linear(self, row: NDArray[np.int64], layer: Linear, width: int, present: int) -> None:
        kinds = {Activation.TANH: LayerKind.TANH, Activation.GATED: LayerKind.GATED}
        row[LayerCell.KIND] = kinds.get(layer.activation, LayerKind.PLAIN)
        row[LayerCell.LOW] = 0 if layer.activation == Activation.RELU else -ACTIVATION_LIMIT
        row[LayerCell.HIGH] = ACTIVATION_LIMIT
        if layer.residual:
            row[LayerCell.RESIDUAL] = present
        row[LayerCell.SUMS] = self._new(ROWS * int(row[LayerCell.GROUPS]), np.int32)
        row[LayerCell.DILATION] = layer.dilation
        if layer.taps == 2:
            row[LayerCell.QUEUE] = self._new(width * layer.dilation, np.int16)

    def _gru(self, row: NDArray[np.int64], layer: Gru, recurrent: _Matrix) -> None:
        row[LayerCell.KIND] = LayerKind.GRU
        row[LayerCell.WEIGHTS2], row[LayerCell.START2], row[LayerCell.SHIFTS2] = recurrent.addresses
        row[LayerCell.GROUPS2], row[LayerCell.PAIRS2] = recurrent.groups, recurrent.pairs
        # vectors may read beyond the last unit
        groups = int(row[LayerCell.GROUPS] + row[LayerCell.GROUPS2] + 1)
        row[LayerCell.SUMS] = self._new(ROWS * groups, np.int32)
        row[LayerCell.STATE] = self._new(padded(layer.outputs), np.int16)


class _Matrix:
    """An `Affine` in the order of `vectors`; the columns of each tap are padded.

    Attributes
    ----------
    groups, pairs : int
        Groups of 16 rows, and pairs of columns.
    addresses : tuple of int
        Addresses of weights, starts and shifts, which live as long as this object.
    """

    def __init__(self, affine: Affine, taps: int = 1) -> None:
        rows, columns = affine.rows, affine.weights.shape[1] // taps
        self.groups, width = padded(rows) // ROWS, padded(columns)
        self.pairs = taps * width // 2
        filled = np.zeros((ROWS * self.groups, taps, width), np.int8)
        filled[:rows, :, :columns] = affine.weights.reshape(rows, taps, columns)
        weights = filled.reshape(self.groups, ROWS, self.pairs, 2).transpose(0, 2, 1, 3)
        numbers = np.zeros((2, ROWS * self.groups), np.int32)
        numbers[0, :rows], numbers[1, :rows] = affine.start, affine.shift
        self._keep = np.ascontiguousarray(weights), numbers
        self.addresses = (
            self._keep[0].ctypes.data, numbers[0].ctypes.data, numbers[1].ctypes.data
        )
