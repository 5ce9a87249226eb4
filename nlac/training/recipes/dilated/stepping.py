"""Dilated networks one sample at a time: weights laid out for `kernels`, and queues."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nlac._typing import I64, AnyArray, FloatSamples
from nlac.training.recipes.dilated.cnn import Cnn
from nlac.training.recipes.dilated.front import FrontState
from nlac.training.recipes.dilated.kernels import advance_stack, embed
from nlac.training.recipes.dilated.stack import Layer, Stack
from nlac.training.recipes.dilated.wavenet import WaveNet
from nlac.training.recipes.stepper import Stepper, checked_classes, exported


class _StackRunner:
    """The layers of a `Stack`, for sequences side by side."""

    def __init__(self, stack: Stack) -> None:
        layers: list[Layer] = list(stack.layers)
        settings = stack.settings
        self.channels, self.outputs = settings.residual, stack.last.out_features
        residuals = [exported(layer.residual.weight.T) for layer in layers[:-1] if layer.residual]
        biases = [exported(layer.residual.bias) for layer in layers[:-1] if layer.residual]
        residuals.append(np.zeros((settings.gate, settings.residual), np.float32))
        biases.append(np.zeros(settings.residual, np.float32))
        self._bias = np.stack([exported(layer.taps.bias) for layer in layers])
        self._conditions = [
            exported(layer.condition.weight) for layer in layers if layer.condition is not None
        ]
        self._weights = (
            np.stack(residuals),
            np.stack(biases),
            np.concatenate([exported(layer.skip.weight.T) for layer in layers]),
            exported(sum(layer.skip.bias for layer in layers)),
            exported(stack.hidden.weight.T),
            exported(stack.hidden.bias),
            exported(stack.last.weight.T),
            exported(stack.last.bias),
        )
        self._taps = np.stack([exported(layer.taps.weight.T) for layer in layers])
        lengths = [(settings.kernel - 1) * layer.dilation for layer in layers]
        self._dilations = np.array([layer.dilation for layer in layers], np.int64)
        self._starts = np.cumsum([0, *lengths[:-1]])
        self._length, self._gated = sum(lengths), settings.units == "gated"

    def reset(self, batch: int, condition: I64 | None) -> None:
        self._rings = np.zeros((batch, self._length, self.channels), np.float32)
        self._position = 0
        self._biases = np.repeat(self._bias[None], batch, 0)
        if condition is not None:
            for i, table in enumerate(self._conditions):
                self._biases[:, i] += table[condition]

    def advance(self, inputs: FloatSamples) -> FloatSamples:
        """(batch, times, outputs) for (batch, times, channels)."""
        outputs = np.empty((*inputs.shape[:2], self.outputs), np.float32)
        for row, values in enumerate(inputs):
            advance_stack(
                values, self._taps, self._biases[row], *self._weights, self._dilations,
                self._starts, self._gated, self._rings[row], self._position, outputs[row],
            )  # fmt: skip
        self._position += inputs.shape[1]
        return outputs


class WaveNetStepper(Stepper):
    """Runs a WaveNet one level at a time.

    Parameters
    ----------
    model : WaveNet
        Its weights are copied.
    """

    def __init__(self, model: WaveNet) -> None:
        self.outputs, self._classes = model.outputs, model.classes
        self._tables = exported(model.input_tables())
        self._runner = _StackRunner(model.stack)

    def reset(self, batch: int = 1, condition: I64 | None = None) -> FloatSamples:
        """Begin new sequences, see `Stepper.reset`."""
        self.batch = batch
        self._runner.reset(batch, checked_classes(self._classes, batch, condition))
        self._before = np.full(batch, -1, np.int64)
        nothing = np.zeros((batch, 1, self._runner.channels), np.float32)
        return self._runner.advance(nothing)[:, 0]

    def advance(self, x: AnyArray) -> FloatSamples:
        """Feed levels, see `Stepper.advance`."""
        codes = np.ascontiguousarray(x, np.int64)
        inputs = np.empty((*codes.shape, self._runner.channels), np.float32)
        for row, values in enumerate(codes):
            embed(self._tables, values, self._before[row], inputs[row])
        if codes.shape[1]:
            self._before = codes[:, -1].copy()
        return self._runner.advance(inputs)


class CnnStepper(Stepper):
    """Runs a causal network over samples one by one.

    Parameters
    ----------
    model : Cnn
        Its weights are copied.
    """

    def __init__(self, model: Cnn) -> None:
        self.outputs, self._settings, self._step = model.outputs, model.settings, model.step
        self._point = model.kind == "point"
        self._weight, self._bias = exported(model.first.weight.T), exported(model.first.bias)
        self._runner = _StackRunner(model.stack)
        self._front: FrontState | None = None
        self._placed = model.placed

    def reset(
        self, batch: int = 1, condition: I64 | None = None, other: AnyArray | None = None
    ) -> FloatSamples:
        """Begin new sequences, see `Stepper.reset`.

        Parameters
        ----------
        batch, condition
            As there; this model takes no condition.
        other : (batch,) float array, optional
            Of another channel, what is known before the first sample; silence if None.
        """
        checked_classes(0, batch, condition)
        self.batch = batch
        self._runner.reset(batch, None)
        settings = self._settings
        if settings.front_order:
            before = np.zeros(batch) if other is None else np.asarray(other, np.float64)
            self._front = FrontState(batch, settings.front(self._step), before)
            return self._ahead(self._front.features[:, None], self._front)[:, 0]
        return self._ahead(np.zeros((batch, 1, 1), np.float32), None)[:, 0]

    def advance(self, x: AnyArray, other: AnyArray | None = None) -> FloatSamples:
        """Feed samples, see `Stepper.advance`.

        Parameters
        ----------
        x : (batch, times) float array
            Samples.
        other : (batch, times) float array, optional
            Of another channel, what is known before the sample after each; silence if None.
        """
        samples = np.asarray(x, np.float64)
        if self._front is None:
            return self._ahead(samples[..., None].astype(np.float32), None)
        beside = np.zeros(samples.shape) if other is None else np.asarray(other, np.float64)
        outputs = np.empty((*samples.shape, self.outputs), np.float32)
        for t in range(samples.shape[1]):
            self._front.update(samples[:, t], beside[:, t])
            outputs[:, t] = self._ahead(self._front.features[:, None], self._front)[:, 0]
        return outputs

    def _ahead(self, features: NDArray[np.float32], front: FrontState | None) -> FloatSamples:
        inputs = np.zeros((*features.shape[:2], self._runner.channels), np.float32)
        inputs += self._bias
        # one feature after the other: a product of matrices would round by the number of times
        for i in range(features.shape[2]):
            inputs += features[..., i, None] * self._weight[i]
        outputs = torch.from_numpy(self._runner.advance(inputs))
        placed: Any
        if front is None:
            placed = self._placed(outputs, None, None)
        else:
            prediction = torch.from_numpy(front.prediction.astype(np.float32))[:, None]
            unit = torch.from_numpy(front.unit.astype(np.float32))[:, None]
            placed = self._placed(outputs, prediction, unit)
        return np.asarray(placed.numpy(), np.float32)
