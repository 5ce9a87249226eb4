"""Layers of a network, and the proof that none of their sums overflows.

At each time, a network maps a vector of 16-bit integers to another one; its layers keep vectors of
earlier times. Weights have 8 bits. A row of weights times the input gives a sum of 32 bits, which
is shifted down to 16 bits again (spec, section "Networks").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

ACTIVATION_LIMIT = 32767  # activations are in -ACTIVATION_LIMIT .. ACTIVATION_LIMIT
GATE_TOP = 2047  # indices of the gate tables are in -GATE_TOP - 1 .. GATE_TOP
MAX_LAYERS, MAX_ROWS, MAX_INPUTS, MAX_DILATION, MAX_SHIFT = 64, 1024, 1024, 4096, 24
MAX_WEIGHTS = 1 << 20
MAX_MEMORY = 1 << 18  # numbers that the layers of a network keep

I8 = NDArray[np.int8]
I32 = NDArray[np.int32]


class Activation(IntEnum):
    """Function that a layer applies to its shifted sums."""

    NONE = 0
    RELU = 1
    TANH = 2
    GATED = 3  # tanh of the first half of the rows times sigmoid of the second half


@dataclass(frozen=True, slots=True)
class Affine:
    """A matrix of weights, with biases and shifts that bring its sums back to 16 bits.

    Attributes
    ----------
    weights : (rows, columns) int8
        -127 to 127.
    bias : (rows,) int32
        Added to the sum.
    shift : (rows,) int32
        Bits by which the sum is shifted down, rounding half up, 0 to 24.
    """

    weights: I8
    bias: I32
    shift: I32

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.weights)

    @property
    def start(self) -> NDArray[np.int64]:
        """First values of the sums: bias and one half, for rounding, (rows,) int64."""
        return self.bias.astype(np.int64) + ((np.int64(1) << self.shift.astype(np.int64)) >> 1)

    def check(self, columns: int) -> None:
        """Raise ValueError unless every sum fits 32 bits, whatever the 16-bit inputs."""
        rows = len(self.weights)
        if not 1 <= rows <= MAX_ROWS:
            raise ValueError(f"{rows} rows, 1 to {MAX_ROWS} are possible")
        if self.weights.shape != (rows, columns):
            raise ValueError(f"weights {self.weights.shape} instead of {(rows, columns)}")
        if self.bias.shape != (rows,) or self.shift.shape != (rows,):
            raise ValueError("bias and shift need one number for each row")
        if self.weights.dtype != np.int8 or self.weights.min() < -127:
            raise ValueError("a weight is not in -127 to 127")
        if self.shift.min() < 0 or self.shift.max() > MAX_SHIFT:
            raise ValueError(f"a shift is not in 0 to {MAX_SHIFT}")
        largest = np.abs(self.weights.astype(np.int64)).sum(axis=1) * ACTIVATION_LIMIT
        worst = int((largest + np.abs(self.start)).max())
        if worst >= 1 << 31:
            raise ValueError(f"a sum could reach {worst}, which exceeds 32 bits")


@dataclass(frozen=True, slots=True)
class Linear:
    """A layer of weights; with two taps, a causal convolution.

    Attributes
    ----------
    affine : Affine
        With two taps, the columns of the older one first.
    activation : Activation
        Applied to the shifted sums.
    taps : int
        1, or 2: the layer uses its present input and that of `dilation` times before.
    dilation : int
        1 to 4096.
    residual : bool
        The input is added to the output.
    """

    affine: Affine
    activation: Activation
    taps: int = 1
    dilation: int = 1
    residual: bool = False

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.affine.rows >> (self.activation == Activation.GATED)

    @property
    def memory(self) -> int:
        """Numbers that it keeps."""
        columns: int = self.affine.weights.shape[1]
        return (self.taps - 1) * self.dilation * columns // self.taps

    def check(self, inputs: int) -> None:
        """Raise ValueError unless the layer is allowed after one of `inputs` outputs."""
        if self.taps not in (1, 2) or not 1 <= self.dilation <= MAX_DILATION:
            raise ValueError(f"{self.taps} taps, dilation {self.dilation}")
        self.affine.check(self.taps * inputs)
        if self.activation == Activation.GATED and self.affine.rows % 2:
            raise ValueError("a gated layer needs an even number of rows")
        if self.residual and self.outputs != inputs:
            raise ValueError(f"{inputs} inputs cannot be added to {self.outputs} outputs")


@dataclass(frozen=True, slots=True)
class Gru:
    """A layer of gated recurrent units.

    Attributes
    ----------
    inward, recurrent : Affine
        From the input and from the state to the three gates: rows of reset, then of update,
        then of the candidate.
    """

    inward: Affine
    recurrent: Affine

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.recurrent.rows // 3

    @property
    def memory(self) -> int:
        """Numbers that it keeps."""
        return self.outputs

    def check(self, inputs: int) -> None:
        """Raise ValueError unless the layer is allowed after one of `inputs` outputs."""
        self.inward.check(inputs)
        if self.inward.rows % 3:
            raise ValueError("gates need three rows for each unit")
        self.recurrent.check(self.inward.rows // 3)
        if self.recurrent.rows != self.inward.rows:
            raise ValueError("as many rows are needed from the state as from the input")


Layer = Linear | Gru


@dataclass(frozen=True, slots=True)
class Network:
    """Layers, one after the other. The constructor proves that no sum can overflow.

    Attributes
    ----------
    inputs : int
        Numbers that the first layer gets.
    layers : tuple of Linear or Gru
        The layers.

    Raises
    ------
    ValueError
        A layer does not fit the one before, is too large, or its sums could overflow.
    """

    inputs: int
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.inputs <= MAX_INPUTS:
            raise ValueError(f"{self.inputs} inputs, 1 to {MAX_INPUTS} are possible")
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            raise ValueError(f"{len(self.layers)} layers, 1 to {MAX_LAYERS} are possible")
        inputs = self.inputs
        for i, layer in enumerate(self.layers):
            try:
                layer.check(inputs)
            except ValueError as error:
                raise ValueError(f"layer {i}: {error}") from error
            inputs = layer.outputs
        if self.num_weights > MAX_WEIGHTS:
            raise ValueError(f"{self.num_weights} weights, at most {MAX_WEIGHTS} are possible")
        if sum(layer.memory for layer in self.layers) > MAX_MEMORY:
            raise ValueError("the layers remember too much")

    @property
    def outputs(self) -> int:
        """Outputs of the last layer."""
        return self.layers[-1].outputs

    @property
    def is_recurrent(self) -> bool:
        """Whether a step needs the outputs of the step before."""
        return any(isinstance(layer, Gru) for layer in self.layers)

    @property
    def num_weights(self) -> int:
        """Number of weights, and of multiplications a sample."""
        return sum(affine.weights.size for affine in self.affines())

    def affines(self) -> Iterator[Affine]:
        """Yield all matrices, in order."""
        for layer in self.layers:
            if isinstance(layer, Linear):
                yield layer.affine
            else:
                yield layer.inward
                yield layer.recurrent
