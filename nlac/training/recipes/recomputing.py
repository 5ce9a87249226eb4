"""A stepper for any predictor of samples: the model itself, over what an output depends on."""

from __future__ import annotations

import numpy as np
import torch

from nlac._typing import I64, AnyArray, FloatSamples
from nlac.training.recipes.predictor import SamplePredictor
from nlac.training.recipes.stepper import Stepper, checked_classes, exported


class RecomputingStepper(Stepper):
    """Calls ``forward`` for each sample, on the samples of the receptive field.

    Slow, but it asks nothing of a model. For a recurrent model, whose receptive field is only what
    it was trained to look back, the outputs are close to those of ``forward`` and not equal.

    Parameters
    ----------
    model : SamplePredictor
        The model, in evaluation mode.
    """

    def __init__(self, model: SamplePredictor) -> None:
        self._model = model
        self.outputs = model.outputs

    def reset(self, batch: int = 1, condition: I64 | None = None) -> FloatSamples:
        """Begin new sequences, see `Stepper.reset`."""
        model = self._model
        classes = checked_classes(model.classes, batch, condition)
        self.batch = batch
        self._condition = None if classes is None else torch.from_numpy(classes)
        kind = np.int64 if model.kind == "categorical" else np.float32
        self._past = np.zeros((batch, 0), kind)
        return self._next()

    def advance(self, x: AnyArray) -> FloatSamples:
        """Feed inputs, see `Stepper.advance`."""
        outputs = np.empty((*x.shape, self.outputs), np.float32)
        for t in range(x.shape[1]):
            joined = np.concatenate([self._past, x[:, t : t + 1].astype(self._past.dtype)], axis=1)
            size = self._model.representation.codes_per_sample
            # with several codes a sample, a window begins with the first of one
            extra = max(0, joined.shape[1] - self._model.receptive_field)
            self._past = joined[:, extra // size * size :]
            outputs[:, t] = self._next()
        return outputs

    def _next(self) -> FloatSamples:
        # an output depends on what is before its own input only, so that may be anything
        padded = np.pad(self._past, ((0, 0), (0, 1)))
        device = next(self._model.parameters()).device
        condition = None if self._condition is None else self._condition.to(device)
        with torch.no_grad():
            found = self._model(torch.from_numpy(padded).to(device), condition)
        return exported(found[:, -1])
