"""One step of a network, compiled: what the decoder runs for every sample.

`Runner` lays a network out in memory; `run_step` takes a step. Weights are kept in the
order of `lanes`, vectors are padded with zeros to multiples of 16.
"""

from __future__ import annotations

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

# cells of a layer
(
    N_KIND, N_IN, N_OUT, N_GROUPS, N_PAIRS, N_WEIGHTS, N_START, N_SHIFTS, N_LOW, N_HIGH, N_RESIDUAL,
    N_QUEUE, N_PLACE, N_DILATION, N_WIDTH, N_UNITS, N_SUMS, N_STATE, N_WEIGHTS2, N_START2,
    N_SHIFTS2, N_GROUPS2, N_PAIRS2, N_SIGMOID, N_TANH,
) = range(25)
LAYER = 25
# cells of a network, before those of its layers
R_LAYERS, R_INPUT, R_OUTPUT, R_FIRST = range(4)
PLAIN, TANH, GATED, GRU = range(4)
# known by address, so they must live as long as the process; vectors read beyond an entry
_SIGMOID, _TANH = np.append(sigmoid_table(), np.int16(0)), np.append(tanh_table(), np.int16(0))


@kernel
def _matrix(start, weights, shifts, groups, pairs, inputs, out):
    """Shifted sums of all rows, 32 bits each."""
    for g in range(groups):
        add_rows(
            start + 64 * g, weights + 32 * pairs * g, inputs, pairs, shifts + 64 * g, out + 64 * g
        )


@kernel
def _clipped_matrix(start, weights, shifts, groups, pairs, inputs, low, high, residual, out):
    """Shifted and clipped sums of all rows, added to `residual` if it is not 0; 16 bits each."""
    for g in range(groups):
        clip_rows(
            start + 64 * g, weights + 32 * pairs * g, inputs, pairs, shifts + 64 * g,
            low, high, residual + 32 * g, out + 32 * g,
        )  # fmt: skip


@kernel
def _entry(table, index):
    return load_i16(table, min(max(index, -CENTRE), GATE_TOP) + CENTRE)


@kernel
def _step_tables(layer, kind):
    """Sums to outputs, where a table is between."""
    units, sums, out = load_i64(layer, N_UNITS), load_i64(layer, N_SUMS), load_i64(layer, N_OUT)
    sigmoid, tanh = load_i64(layer, N_SIGMOID), load_i64(layer, N_TANH)
    residual = load_i64(layer, N_RESIDUAL)
    for i in range(units):
        value = _entry(tanh, load_i32(sums, i))
        if kind == GATED:
            value = (value * _entry(sigmoid, load_i32(sums, units + i)) + (1 << 14)) >> 15
        value += load_i16(residual, i)
        store_16(out, i, min(max(value, -ACTIVATION_LIMIT), ACTIVATION_LIMIT))


@kernel
def _step_gru(layer):
    units, inward = load_i64(layer, N_UNITS), load_i64(layer, N_SUMS)
    state, out = load_i64(layer, N_STATE), load_i64(layer, N_OUT)
    recurrent = inward + 64 * load_i64(layer, N_GROUPS)
    _matrix(
        load_i64(layer, N_START2), load_i64(layer, N_WEIGHTS2), load_i64(layer, N_SHIFTS2),
        load_i64(layer, N_GROUPS2), load_i64(layer, N_PAIRS2), state, recurrent,
    )  # fmt: skip
    gate_rows(
        inward, recurrent, units, load_i64(layer, N_SIGMOID), load_i64(layer, N_TANH), state, out
    )


@kernel
def run_step(network):
    """One step: from the numbers at R_INPUT to those at R_OUTPUT, 16 bits each."""
    layer = network + 8 * R_FIRST
    for _ in range(load_i64(network, R_LAYERS)):
        kind, inputs = load_i64(layer, N_KIND), load_i64(layer, N_IN)
        weights, pairs = load_i64(layer, N_WEIGHTS), load_i64(layer, N_PAIRS)
        start, shifts = load_i64(layer, N_START), load_i64(layer, N_SHIFTS)
        groups, queue = load_i64(layer, N_GROUPS), load_i64(layer, N_QUEUE)
        slot, words = np.int64(0), load_i64(layer, N_WIDTH) >> 2
        if queue != 0:
            place = load_i64(layer, N_PLACE)
            slot = queue + 8 * words * place
            for i in range(words):
                store_64(inputs, i, load_i64(slot, i))
            place += 1
            store_64(layer, N_PLACE, np.int64(0) if place == load_i64(layer, N_DILATION) else place)
            for i in range(words):
                store_64(slot, i, load_i64(inputs, words + i))
        if kind == PLAIN:
            _clipped_matrix(
                start, weights, shifts, groups, pairs, inputs, load_i64(layer, N_LOW),
                load_i64(layer, N_HIGH), load_i64(layer, N_RESIDUAL), load_i64(layer, N_OUT),
            )  # fmt: skip
        else:
            _matrix(start, weights, shifts, groups, pairs, inputs, load_i64(layer, N_SUMS))
            if kind == GRU:
                _step_gru(layer)
            else:
                _step_tables(layer, kind)
        layer += 8 * LAYER


@kernel
def _run_all(network, rows, inputs, outputs):
    here, there = load_i64(network, R_INPUT), load_i64(network, R_OUTPUT)
    for t in range(rows):
        for i in range(inputs.shape[1]):
            store_16(here, i, np.int64(inputs[t, i]))
        run_step(network)
        for i in range(outputs.shape[1]):
            outputs[t, i] = load_i16(there, i)


def run(network: Network, inputs: NDArray[np.int16]) -> NDArray[np.int16]:
    """Outputs for a sequence; the same as `reference.run`."""
    return Runner(NetworkWeights(network)).run(inputs)


class NetworkWeights:
    """The weights of a network in memory, which any number of runners share."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.matrices: list[_Matrix] = []
        for layer in network.layers:
            if isinstance(layer, Linear):
                self.matrices.append(_Matrix(layer.affine, layer.taps))
            else:
                self.matrices += [_Matrix(layer.inward), _Matrix(layer.recurrent)]


class Runner:
    """What one sequence needs: the state of all layers, 0 at first.

    Attributes
    ----------
    address : int
        Of the cells, for `run_step`; they live as long as this object.
    """

    def __init__(self, layout: NetworkWeights) -> None:
        self._layout = layout
        self._keep: list[NDArray[np.generic]] = []
        network = layout.network
        cells = np.zeros(R_FIRST + LAYER * len(network.layers), np.int64)
        self._keep.append(cells)
        self.address: int = cells.ctypes.data
        matrices = iter(layout.matrices)
        inputs, target = network.inputs, R_INPUT
        holder = cells
        zeros = self._new(padded(max(layer.outputs for layer in network.layers)), np.int16)
        for i, layer in enumerate(network.layers):
            row = cells[R_FIRST + LAYER * i :][:LAYER]
            width = padded(inputs)
            taps = layer.taps if isinstance(layer, Linear) else 1
            row[N_IN] = self._new(taps * width, np.int16)
            # the present stands behind the past
            present = int(row[N_IN]) + 2 * width * (taps - 1)
            holder[target] = present
            row[N_WIDTH], row[N_UNITS], row[N_RESIDUAL] = width, layer.outputs, zeros
            row[N_SIGMOID] = _SIGMOID.ctypes.data
            row[N_TANH] = _TANH.ctypes.data
            first = next(matrices)
            row[N_WEIGHTS], row[N_START], row[N_SHIFTS] = first.addresses
            row[N_GROUPS], row[N_PAIRS] = first.groups, first.pairs
            if isinstance(layer, Gru):
                self._gru(row, layer, next(matrices))
            else:
                self._linear(row, layer, width, present)
            holder, target = row, N_OUT
            inputs = layer.outputs
        holder[target] = self._new(padded(inputs), np.int16)
        cells[R_LAYERS] = len(network.layers)
        cells[R_OUTPUT] = holder[target]

    def run(self, inputs: NDArray[np.int16]) -> NDArray[np.int16]:
        """Outputs for the next times of the sequence, (times, outputs)."""
        outputs = np.empty((len(inputs), self._layout.network.outputs), np.int16)
        _run_all(self.address, len(inputs), inputs, outputs)
        return outputs

    def _new(self, size: int, kind: type[np.generic]) -> int:
        width = np.dtype(kind).itemsize
        array = np.zeros(size + 64 // width, kind)
        self._keep.append(array)
        return -(-int(array.ctypes.data) // 64) * 64

    def _linear(self, row: NDArray[np.int64], layer: Linear, width: int, present: int) -> None:
        kinds = {Activation.TANH: TANH, Activation.GATED: GATED}
        row[N_KIND] = kinds.get(layer.activation, PLAIN)
        row[N_LOW] = 0 if layer.activation == Activation.RELU else -ACTIVATION_LIMIT
        row[N_HIGH] = ACTIVATION_LIMIT
        if layer.residual:
            row[N_RESIDUAL] = present
        row[N_SUMS] = self._new(ROWS * int(row[N_GROUPS]), np.int32)
        row[N_DILATION] = layer.dilation
        if layer.taps == 2:
            row[N_QUEUE] = self._new(width * layer.dilation, np.int16)

    def _gru(self, row: NDArray[np.int64], layer: Gru, recurrent: _Matrix) -> None:
        row[N_KIND] = GRU
        row[N_WEIGHTS2], row[N_START2], row[N_SHIFTS2] = recurrent.addresses
        row[N_GROUPS2], row[N_PAIRS2] = recurrent.groups, recurrent.pairs
        # vectors may read beyond the last unit's
        row[N_SUMS] = self._new(ROWS * int(row[N_GROUPS] + row[N_GROUPS2] + 1), np.int32)
        row[N_STATE] = self._new(padded(layer.outputs), np.int16)


class _Matrix:
    """An `Affine` in the order of `lanes`; each tap's columns are padded.

    Attributes
    ----------
    groups, pairs : int
        Groups of 16 rows, and pairs of columns.
    addresses : tuple of int
        Of weights, starts and shifts, which live as long as this object.
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
