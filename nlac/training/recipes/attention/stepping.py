"""A transformer one byte at a time: weights laid out for `kernels`, keys and values of a window."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from nlac._typing import I64, AnyArray, FloatSamples
from nlac.training.recipes.attention.bytes import ByteTransformer
from nlac.training.recipes.attention.kernels import advance_transformer
from nlac.training.recipes.attention.layers import rotations
from nlac.training.recipes.stepper import Stepper, checked_classes, exported


class ByteTransformerStepper(Stepper):
    """Runs a `ByteTransformer` one byte at a time.

    Parameters
    ----------
    model : ByteTransformer
        Its weights are copied; dropout is left out.
    """

    def __init__(self, model: ByteTransformer) -> None:
        settings, blocks = model.settings, list(model.blocks)
        self.outputs, self._heads = model.outputs, settings.heads
        self._size = settings.width // settings.heads
        self._cache_shape = settings.layers, settings.heads, self._size, settings.window
        self._table, self._places = exported(model.embedding.weight), exported(model.places.weight)
        normals = [
            each for block in blocks for each in (block.before_attention, block.before_dense)
        ]
        self._weights = (
            np.stack(
                [
                    np.stack([exported(each.weight), exported(each.bias)])
                    for each in (*normals, model.normal)
                ]
            ),
            *_stacked(block.projections for block in blocks),
            *_stacked(block.out for block in blocks),
            *_stacked(block.wide for block in blocks),
            *_stacked(block.narrow for block in blocks),
            exported(model.last.weight.T),
            exported(model.last.bias),
        )

    def reset(self, batch: int = 1, condition: I64 | None = None) -> FloatSamples:
        """Begin new sequences, see `Stepper.reset`."""
        checked_classes(0, batch, condition)
        self.batch = batch
        layers, heads, size, window = self._cache_shape
        self._keys = np.zeros((batch, layers, heads, size, window), np.float32)
        self._values = np.zeros((batch, layers, heads, window, size), np.float32)
        self._time = 0
        return self._run(np.zeros((batch, 1, self._table.shape[1]), np.float32))[:, 0]

    def advance(self, x: AnyArray) -> FloatSamples:
        """Feed bytes, see `Stepper.advance`."""
        return self._run(self._table[np.asarray(x, np.int64)])

    def _run(self, vectors: FloatSamples) -> FloatSamples:
        """Outputs for the next bytes, of the vectors of those before them."""
        positions = self._time + np.arange(vectors.shape[1])
        inputs = vectors + self._places[positions % len(self._places)]
        cosines, sines = rotations(torch.from_numpy(positions), self._size)
        angles = np.stack([cosines.numpy(), sines.numpy()], 1)
        outputs = np.empty((*inputs.shape[:2], self.outputs), np.float32)
        for row, values in enumerate(inputs):
            advance_transformer(
                values, angles, *self._weights, self._heads, self._keys[row], self._values[row],
                self._time, outputs[row],
            )  # fmt: skip
        self._time += inputs.shape[1]
        return outputs


def _stacked(layers: Iterable[nn.Module]) -> tuple[FloatSamples, FloatSamples]:
    """Matrices, (layers, inputs, outputs), and biases of dense layers."""
    both = [(exported(layer.weight.T), exported(layer.bias)) for layer in layers]
    matrices, biases = zip(*both, strict=True)
    return np.stack(matrices), np.stack(biases)
