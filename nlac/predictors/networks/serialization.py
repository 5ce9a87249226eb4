"""Serialization of networks; the model hash is its SHA-256 (spec, section "Networks")."""

from __future__ import annotations

import struct
from hashlib import sha256

import numpy as np

from nlac.predictors.networks.layers import (
    MAX_DILATION,
    MAX_INPUTS,
    MAX_LAYERS,
    MAX_ROWS,
    Activation,
    Affine,
    Gru,
    Layer,
    Linear,
    Network,
)

VERSION = 1
_HEAD = struct.Struct("<BBH")
_LAYER = struct.Struct("<BBBBHH")
_LINEAR, _GRU = 0, 1


def to_bytes(network: Network) -> bytes:
    """Return the bytes of a network."""
    out = bytearray(_HEAD.pack(VERSION, len(network.layers), network.inputs))
    for layer in network.layers:
        if isinstance(layer, Linear):
            out += _LAYER.pack(
                _LINEAR, layer.activation, layer.residual, layer.taps, layer.dilation,
                layer.affine.rows,
            )  # fmt: skip
            out += _affine_bytes(layer.affine)
        else:
            out += _LAYER.pack(_GRU, 0, 0, 0, 0, layer.outputs)
            out += _affine_bytes(layer.inward) + _affine_bytes(layer.recurrent)
    return bytes(out)


def model_hash(network: Network) -> bytes:
    """Return the SHA-256 of the bytes of a network, as in stream headers."""
    return sha256(to_bytes(network)).digest()


def from_bytes(data: bytes) -> Network:
    """Parse what `to_bytes` wrote, and prove that no sum can overflow.

    Raises
    ------
    ValueError
        The bytes are no network, or the network is not allowed.
    """
    reader = _Reader(data)
    version, count, inputs = reader.take(_HEAD)
    if version != VERSION:
        raise ValueError(f"serialization of version {version}, known is {VERSION}")
    if count > MAX_LAYERS or inputs > MAX_INPUTS:
        raise ValueError(f"{count} layers, {inputs} inputs")
    layers: list[Layer] = []
    width = inputs
    for _ in range(count):
        layers.append(reader.layer(width))
        width = layers[-1].outputs
    if reader.at != len(data):
        raise ValueError("bytes follow the last layer")
    return Network(inputs, tuple(layers))


def _affine_bytes(affine: Affine) -> bytes:
    parts = affine.bias.astype("<i4"), affine.shift.astype(np.uint8), affine.weights
    return b"".join(part.tobytes() for part in parts)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, fields: struct.Struct) -> tuple[int, ...]:
        return fields.unpack(self.bytes(fields.size))

    def bytes(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) != size:
            raise ValueError("the serialization ends too early")
        self.at += size
        return piece

    def affine(self, rows: int, columns: int) -> Affine:
        bias = np.frombuffer(self.bytes(4 * rows), "<i4").astype(np.int32)
        shift = np.frombuffer(self.bytes(rows), np.uint8).astype(np.int32)
        weights = np.frombuffer(self.bytes(rows * columns), np.int8)
        return Affine(weights.reshape(rows, columns), bias, shift)

    def layer(self, inputs: int) -> Layer:
        kind, activation, residual, taps, dilation, rows = self.take(_LAYER)
        if kind == _LINEAR:
            if activation not in list(Activation) or residual > 1 or taps not in (1, 2):
                raise ValueError(f"layer of activation {activation}, taps {taps}")
            if not (1 <= rows <= MAX_ROWS and 1 <= dilation <= MAX_DILATION):
                raise ValueError(f"layer of {rows} rows, dilation {dilation}")
            affine = self.affine(rows, taps * inputs)
            return Linear(affine, Activation(activation), taps, dilation, bool(residual))
        if kind != _GRU or (activation, residual, taps, dilation) != (0, 0, 0, 0):
            raise ValueError(f"layer of kind {kind}")
        if not 1 <= 3 * rows <= MAX_ROWS:
            raise ValueError(f"layer of {rows} units")
        return Gru(self.affine(3 * rows, inputs), self.affine(3 * rows, rows))
