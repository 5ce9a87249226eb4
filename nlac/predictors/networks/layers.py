"""What a network is: its layers, and the proof that no sum of theirs overflows.

A network maps a vector of 16-bit integers to another one at each time; its layers
remember vectors of times before. A layer's weights have 8 bits. A row of weights
times the input gives a sum of 32 bits, which is shifted down to 16 bits again (spec,
section "Networks").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

ACTIVATION_LIMIT = 32767  # of an activation; the least is -TOP
GATE_TOP = 2047  # of an index of the tables, the least is -GATE_TOP - 1
MAX_LAYERS, MAX_ROWS, MAX_INPUTS, MAX_DILATION, MAX_SHIFT = 64, 1024, 1024, 4096, 24
MAX_WEIGHTS = 1 << 20
MAX_MEMORY = 1 << 18  # numbers that the layers of a network remember

I8 = NDArray[np.int8]
I32 = NDArray[np.int32]


class Activation(IntEnum):
    """What a layer does with its shifted sums."""

    NONE = 0
    RELU = 1
    TANH = 2
    GATED = 3  # tanh of the first half of the rows times sigmoid of the second half


@dataclass(frozen=True, slots=True)
class Affine:
    """Rows of weights, and what turns their sums into numbers of 16 bits again.

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
        """Bias, and one half of what is shifted off."""
        return self.bias.astype(np.int64) + ((np.int64(1) << self.shift.astype(np.int64)) >> 1)

    def check(self, columns: int) -> None:
        """Raise ValueError unless every sum fits 32 bits for all inputs of 16 bits."""
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
        Its columns are those of the oldest tap first.
    activation : Activation
        What becomes of the shifted sums.
    taps : int
        1, or 2: the layer sees its input of now and of `dilation` times before.
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
        """Numbers that it puts out."""
        return self.affine.rows >> (self.activation == Activation.GATED)

    @property
    def memory(self) -> int:
        """Numbers that it remembers."""
        columns: int = self.affine.weights.shape[1]
        return (self.taps - 1) * self.dilation * columns // self.taps

    def check(self, inputs: int) -> None:
        """Raise ValueError where the layer breaks a rule."""
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
        """Numbers that it puts out."""
        return self.recurrent.rows // 3

    @property
    def memory(self) -> int:
        """Numbers that it remembers."""
        return self.outputs

    def check(self, inputs: int) -> None:
        """Raise ValueError where the layer breaks a rule."""
        self.inward.check(inputs)
        if self.inward.rows % 3:
            raise ValueError("gates need three rows for each unit")
        self.recurrent.check(self.inward.rows // 3)
        if self.recurrent.rows != self.inward.rows:
            raise ValueError("as many rows are needed from the state as from the input")


Layer = Linear | Gru


@dataclass(frozen=True, slots=True)
class Network:
    """Layers, one after the other. Making one proves that its sums fit.

    Attributes
    ----------
    inputs : int
        Numbers that the first layer gets.
    layers : tuple of Linear or Gru
        The layers.

    Raises
    ------
    ValueError
        A layer does not fit the one before, is too large, or could overflow.
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
        """Numbers that the last layer puts out."""
        return self.layers[-1].outputs

    @property
    def is_recurrent(self) -> bool:
        """Whether a step needs the outputs of the one before."""
        return any(isinstance(layer, Gru) for layer in self.layers)

    @property
    def num_weights(self) -> int:
        """Weights, which is also the number of multiplications a sample."""
        return sum(affine.weights.size for affine in self.affines())

    def affines(self) -> Iterator[Affine]:
        """All matrices, in order."""
        for layer in self.layers:
            if isinstance(layer, Linear):
                yield layer.affine
            else:
                yield layer.inward
                yield layer.recurrent
