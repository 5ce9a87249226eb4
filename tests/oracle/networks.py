"""Networks and model files: section 11.19 of format_spec.md; see decoder.py."""

import hashlib
import json
import struct
import zlib
from collections import deque
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple, Protocol

from oracle.coding import clip, fits
from oracle.container import Reader, SpecError, require

GATES_SHA256 = "e1829850a74d41947c7f2b8485fbba46df5b0495b306efa499ff837576bed196"
T = 32767
NONE, RELU, TANH, GATED = 0, 1, 2, 3
MAX_WEIGHTS = 1048576
MAX_MEMORY = 262144
MAX_FILE, MAX_CARD = 2**23, 65536


class Gates:
    """The attachment of 11.19: the tables SIG and TANH."""

    def __init__(self, attachment: bytes) -> None:
        digest = hashlib.sha256(attachment).hexdigest()
        require(digest == GATES_SHA256, "gates.bin is another file")
        entries: tuple[int, ...] = struct.unpack("<8192h", attachment)
        self._sigmoid, self._tanh = entries[:4096], entries[4096:]

    def sigmoid(self, x: int) -> int:
        return self._sigmoid[clip(x, -2048, 2047) + 2048]

    def tanh(self, x: int) -> int:
        return self._tanh[clip(x, -2048, 2047) + 2048]


class Matrix:
    """A matrix of 11.19, as the description has it."""

    def __init__(self, reader: Reader, rows: int, columns: int) -> None:
        self.biases = [reader.signed(4) for _ in range(rows)]
        self.shifts = list(reader.raw(rows))
        raw = struct.unpack(f"{rows * columns}b", reader.raw(rows * columns))
        self.rows = [raw[r * columns : (r + 1) * columns] for r in range(rows)]
        self.size = rows * columns
        for bias, shift, row in zip(self.biases, self.shifts, self.rows, strict=True):
            require(shift <= 24, f"shift {shift} of a row")
            require(not row or min(row) >= -127, "weight -128")
            most = abs(bias + (2**shift >> 1)) + T * sum(map(abs, row))
            require(most < 2**31, "sums of a row are beyond 32 bits")

    def sums(self, v: Sequence[int]) -> list[int]:
        """The shifted sums."""
        assert len(v) == len(self.rows[0])
        return [
            fits(bias + (2**shift >> 1) + sum(map(mul, row, v)), 31) >> shift
            for bias, shift, row in zip(self.biases, self.shifts, self.rows, strict=True)
        ]


class Running(Protocol):
    """A layer, or a network, with what it remembers."""

    def step(self, x: list[int]) -> list[int]: ...


class Linear(NamedTuple):
    """A linear layer."""

    matrix: Matrix
    activation: int
    residual: bool
    taps: int
    dilation: int
    inputs: int

    def outputs(self) -> int:
        rows = len(self.matrix.rows)
        return rows // 2 if self.activation == GATED else rows

    def memory(self) -> int:
        return self.dilation * self.inputs if self.taps == 2 else 0

    def weights(self) -> int:
        return self.matrix.size

    def start(self, gates: Gates) -> Running:
        return RunningLinear(self, gates)


class RunningLinear:
    """A linear layer at work."""

    def __init__(self, layer: Linear, gates: Gates) -> None:
        self.layer, self.gates = layer, gates
        length = layer.dilation if layer.taps == 2 else 0
        self.before = deque([[0] * layer.inputs] * length)  # the oldest first

    def _activate(self, s: list[int]) -> list[int]:
        activation, gates = self.layer.activation, self.gates
        if activation == NONE:
            return [clip(a, -T, T) for a in s]
        if activation == RELU:
            return [clip(a, 0, T) for a in s]
        if activation == TANH:
            return [gates.tanh(a) for a in s]
        n = len(s) // 2
        pairs = zip(s[:n], s[n:], strict=True)
        return [(gates.tanh(a) * gates.sigmoid(b) + 2**14) >> 15 for a, b in pairs]

    def step(self, x: list[int]) -> list[int]:
        v = x
        if self.layer.taps == 2:
            v = self.before.popleft() + x
            self.before.append(x)
        y = self._activate(self.layer.matrix.sums(v))
        if self.layer.residual:
            y = [clip(a + b, -T, T) for a, b in zip(x, y, strict=True)]
        return y


class Recurrent(NamedTuple):
    """A recurrent layer."""

    first: Matrix
    second: Matrix
    units: int

    def outputs(self) -> int:
        return self.units

    def memory(self) -> int:
        return self.units

    def weights(self) -> int:
        return self.first.size + self.second.size

    def start(self, gates: Gates) -> Running:
        return RunningRecurrent(self, gates)


class RunningRecurrent:
    """A recurrent layer at work."""

    def __init__(self, layer: Recurrent, gates: Gates) -> None:
        self.layer, self.gates = layer, gates
        self.h = [0] * layer.units

    def step(self, x: list[int]) -> list[int]:
        n, gates = self.layer.units, self.gates
        a, c = self.layer.first.sums(x), self.layer.second.sums(self.h)
        h = []
        for i, before in enumerate(self.h):
            r = gates.sigmoid((a[i] + c[i] + 2) >> 2)
            z = gates.sigmoid((a[n + i] + c[n + i] + 2) >> 2)
            reset = (fits(r * c[2 * n + i], 46) + 2**14) >> 15
            k = gates.tanh((a[2 * n + i] + reset + 2) >> 2)
            h.append((z * before + (32768 - z) * k + 2**14) >> 15)
        self.h = h
        return h


def read_layer(reader: Reader, inputs: int) -> Linear | Recurrent:
    """What the description tells of a layer: its fields, then its matrices."""
    sizes = (1, 1, 1, 1, 2, 2)
    kind, activation, residual, taps, dilation, rows = (reader.unsigned(size) for size in sizes)
    require(kind in (0, 1), f"layer of kind {kind}")
    if kind == 1:
        require(not (activation or residual or taps or dilation), "fields of a recurrent layer")
        require(rows >= 1 and 3 * rows <= 1024, f"{rows} units")
        first = Matrix(reader, 3 * rows, inputs)
        return Recurrent(first, Matrix(reader, 3 * rows, rows), rows)
    require(activation <= GATED, f"activation {activation}")
    require(residual <= 1, f"residual {residual}")
    require(taps in (1, 2), f"{taps} taps")
    require(1 <= dilation <= 4096, f"dilation {dilation}")
    require(1 <= rows <= 1024, f"{rows} rows")
    require(activation != GATED or rows % 2 == 0, "gated layer with an odd number of rows")
    matrix = Matrix(reader, rows, taps * inputs)
    layer = Linear(matrix, activation, residual == 1, taps, dilation, inputs)
    require(not residual or layer.outputs() == inputs, "residual layer of another length")
    return layer


class Network:
    """A network, from its description."""

    def __init__(self, description: bytes, gates: Gates) -> None:
        self.gates = gates
        reader = Reader(description)
        version, count, self.inputs = (reader.unsigned(size) for size in (1, 1, 2))
        require(version == 1, f"network of version {version}")
        require(1 <= count <= 64, f"{count} layers")
        require(1 <= self.inputs <= 1024, f"{self.inputs} inputs")
        self.layers: list[Linear | Recurrent] = []
        self.outputs = self.inputs
        for _ in range(count):
            self.layers.append(read_layer(reader, self.outputs))
            self.outputs = self.layers[-1].outputs()
        require(reader.left() == 0, "bytes behind a network")
        weights = sum(layer.weights() for layer in self.layers)
        require(weights <= MAX_WEIGHTS, f"{weights} weights")
        memory = sum(layer.memory() for layer in self.layers)
        require(memory <= MAX_MEMORY, f"layers remember {memory} numbers")

    def start(self) -> "RunningNetwork":
        """The network at the first time."""
        return RunningNetwork([layer.start(self.gates) for layer in self.layers])


class RunningNetwork:
    """A network at work."""

    def __init__(self, layers: list[Running]) -> None:
        self.layers = layers

    def step(self, x: list[int]) -> list[int]:
        assert all(-T <= value <= T for value in x)
        for layer in self.layers:
            x = layer.step(x)
            assert all(-T <= value <= T for value in x)
        return x


def read_model(data: bytes) -> bytes:
    """The description that a model file holds."""
    require(len(data) <= MAX_FILE, f"model file of {len(data)} bytes")
    reader = Reader(data)
    require(reader.raw(8) == b"nlacmod1", "no model file")
    length = reader.unsigned(4)
    require(length <= MAX_CARD, f"card of {length} bytes")
    try:
        card = json.loads(reader.raw(length).decode())
    except ValueError as error:
        raise SpecError(f"card: {error}") from error
    require(isinstance(card, dict), "the card is no object")
    description = reader.raw(reader.unsigned(4))
    require(reader.unsigned(4) == zlib.crc32(data[: reader.position - 4]), "model file: CRC")
    require(reader.left() == 0, "bytes behind a model file")
    return description
