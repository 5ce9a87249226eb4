"""Drawing values from the outputs of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlac._typing import F64, I64, AnyArray, FloatSamples
from nlac.training.generation.kernels import draw_levels
from nlac.training.recipes.settings import ModelSettings, number

if TYPE_CHECKING:
    from nlac.training.recipes.predictor import SamplePredictor

_BLOCK = 4096  # random numbers that are made at a time


@dataclass(frozen=True, slots=True)
class Sampling(ModelSettings):
    """How values are drawn.

    Attributes
    ----------
    temperature : float
        0 takes the most likely value; 1 draws from the distribution as it is; values between make
        it narrower, larger ones wider.
    top_k : int
        Draw from so many of the most likely levels only; 0 for all. Of a mixture of logistics,
        from so many of its parts.
    top_p : float
        Draw from the fewest of the most likely levels (or parts) whose probabilities add up to
        this (nucleus sampling, Holtzman et al., arXiv 1904.09751). It applies after `top_k`.
    seed : int
        The same seed gives the same values on the same machine.
    """

    temperature: float = number(1.0, 0.0, 100.0)
    top_k: int = number(0, 0, 1 << 24)
    top_p: float = number(1.0, 1e-6, 1.0)
    seed: int = number(0, 0, (1 << 63) - 1)


class Sampler:
    """Draws the next value of each sequence from the outputs of a model.

    Parameters
    ----------
    model : SamplePredictor
        Whose outputs they are.
    sampling : Sampling
        How to draw.
    """

    def __init__(self, model: SamplePredictor, sampling: Sampling) -> None:
        self._kind, self._step, self._sampling = model.kind, model.step, sampling
        self._random = np.random.default_rng(sampling.seed)
        self._sigma = float(model.variance) ** 0.5 if model.kind == "point" else 0.0
        self._uniforms = np.zeros(0)
        self._used = 0

    def draw(self, outputs: FloatSamples) -> AnyArray:
        """Draw a value for each sequence.

        Parameters
        ----------
        outputs : (batch, outputs) float32 array
            Of the stepper of the model.

        Returns
        -------
        (batch,) int64 or float64 array
            Levels; or samples, multiples of the model's step in -1 to 1 - step.
        """
        if self._kind == "categorical":
            return self._level(outputs)
        values = self._logistic(outputs) if self._kind == "logistics" else self._point(outputs)
        return self._rounded(values)

    def _level(self, outputs: FloatSamples) -> I64:
        drawn = np.empty(len(outputs), np.int64)
        sampling = self._sampling
        draw_levels(
            np.ascontiguousarray(outputs), sampling.temperature, sampling.top_k, sampling.top_p,
            self._next(len(outputs)), drawn,
        )  # fmt: skip
        return drawn

    def _logistic(self, outputs: FloatSamples) -> F64:
        logits, means, log_scales = np.split(outputs, 3, axis=1)
        scales = np.exp(log_scales.astype(np.float64))
        if self._sampling.temperature == 0:
            return self._mode(logits, means, scales)
        part = self._level(logits)[:, None]
        mean, scale = (np.take_along_axis(each, part, 1)[:, 0] for each in (means, scales))
        u = np.clip(self._next(len(outputs)), 1e-12, 1 - 1e-12)
        return mean + self._sampling.temperature * scale * np.log(u / (1 - u))

    def _mode(self, logits: FloatSamples, means: FloatSamples, scales: F64) -> F64:
        """The most likely of the parts' own most likely samples, under the whole mixture."""
        samples = self._rounded(means.astype(np.float64))[:, :, None]
        shares = np.exp(logits - logits.max(1, keepdims=True))[:, None]
        distance = samples - means[:, None]
        # a logistic function is half of 1 + tanh
        upper, lower = (
            np.tanh((distance + side * self._step / 2) / (2 * scales[:, None])) for side in (1, -1)
        )
        best = (shares * (upper - lower)).sum(2).argmax(1)
        return samples[np.arange(len(samples)), best, 0]  # type: ignore[no-any-return]

    def _point(self, outputs: FloatSamples) -> F64:
        values = outputs[:, 0].astype(np.float64)
        if self._sampling.temperature == 0:
            return values
        noise = self._random.standard_normal(len(values))
        return values + self._sampling.temperature * self._sigma * noise

    def _rounded(self, values: F64) -> F64:
        # adding 0 makes 0 of -0
        return np.clip(np.rint(values / self._step) * self._step, -1.0, 1.0 - self._step) + 0.0

    def _next(self, count: int) -> F64:
        """Random numbers, made many at a time, since one call costs more than a number."""
        if self._used + count > len(self._uniforms):
            rest = self._uniforms[self._used :]
            new = self._random.random(max(_BLOCK, count))
            self._uniforms, self._used = np.concatenate([rest, new]), 0
        self._used += count
        return self._uniforms[self._used - count : self._used]
