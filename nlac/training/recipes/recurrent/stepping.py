"""A recurrent network one sample at a time: weights laid out for `kernels`, and states."""

from __future__ import annotations

import numpy as np

from nlac._typing import I64, AnyArray, FloatSamples
from nlac.training.recipes.recurrent.gru import Gru
from nlac.training.recipes.recurrent.kernels import advance_gru
from nlac.training.recipes.stepper import Stepper, checked_classes, exported


class GruStepper(Stepper):
    """Runs a `Gru` one level at a time.

    Parameters
    ----------
    model : Gru
        Its weights are copied.
    """

    def __init__(self, model: Gru) -> None:
        layers, units = model.settings.layers, model.settings.units
        self.outputs = model.outputs
        self._hidden_shape = layers, units
        names = [f"l{i}" for i in range(layers)]
        matrices = [exported(getattr(model.gru, f"weight_ih_{n}").T) for n in names]
        biases = [exported(getattr(model.gru, f"bias_ih_{n}")) for n in names]
        vectors = exported(model.embedding.weight)
        # the first layer's product of a level's vector is a row of a table
        table = np.concatenate([vectors @ matrices[0], np.zeros((1, 3 * units), np.float32)])
        inner = np.stack(matrices[1:]) if layers > 1 else np.zeros((0, units, 3 * units), "f4")
        self._weights = (
            inner,
            np.array(biases[1:], np.float32).reshape(layers - 1, 3 * units),
            np.stack([exported(getattr(model.gru, f"weight_hh_{n}").T) for n in names]),
            np.stack([exported(getattr(model.gru, f"bias_hh_{n}")) for n in names]),
            exported(model.last.weight.T),
            exported(model.last.bias),
        )
        self._first = table + biases[0]

    def reset(self, batch: int = 1, condition: I64 | None = None) -> FloatSamples:
        """Begin new sequences, see `Stepper.reset`."""
        checked_classes(0, batch, condition)
        self.batch = batch
        self._hidden = np.zeros((batch, *self._hidden_shape), np.float32)
        return self._run(np.full((batch, 1), -1))[:, 0]

    def advance(self, x: AnyArray) -> FloatSamples:
        """Feed levels, see `Stepper.advance`."""
        return self._run(np.ascontiguousarray(x, np.int64))

    def _run(self, codes: I64) -> FloatSamples:
        outputs = np.empty((*codes.shape, self.outputs), np.float32)
        for row, levels in enumerate(codes):
            advance_gru(self._first, levels, *self._weights, self._hidden[row], outputs[row])
        return outputs
