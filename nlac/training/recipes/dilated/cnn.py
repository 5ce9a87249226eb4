"""A causal network over samples, in the kind of WaveNet and FFTNet, with a loss on 16-bit samples.

Its output is the next sample (mean squared error), or a mixture of discretised logistics, whose
code length is the loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nlac._errors import UsageError
from nlac.training.recipes.densities import clamp_log_scales
from nlac.training.recipes.dilated.front import FEATURES, FrontSize, adaptive_front
from nlac.training.recipes.dilated.stack import Stack, StackSettings
from nlac.training.recipes.predictor import SamplePredictor, past
from nlac.training.recipes.settings import (
    ModelSettings,
    choice,
    multiple,
    number,
    refused,
    setting,
)
from nlac.training.recipes.stepper import Stepper
from nlac.training.signal.representation import Waveform

# widths of the parts of a new mixture, in octaves about the width of a logistic distribution whose
# mean absolute deviation is 1
_FIRST_OCTAVES = 2.5
_LOGISTIC = -math.log(2 * math.log(2))
_FIRST_WIDTH = 0.05  # of full scale, without a front


@dataclass(frozen=True, slots=True)
class CnnSettings(StackSettings):
    """Settings of a causal network over samples, besides those of its layers.

    Attributes
    ----------
    output : {"logistics", "point"}
        A mixture of discretised logistics, trained for code length; or the next sample, trained
        for mean squared error.
    parts : int
        Logistics of the mixture.
    bits : int
        Bits of a sample.
    front_order : int
        Past samples of the adaptive linear prediction before the network; 0 for none, which leaves
        it to the network.
    front_other : int
        Samples of another channel that also predict, where there is one.
    front_memory, front_every : int
        Samples after which the weight of a past error has fallen to 1/e; samples after which
        weights are computed anew.
    """

    skip: int = multiple(128, 4, 4, 2048)
    output: str = choice("logistics", "logistics", "point")
    parts: int = number(5, 1, 32)
    bits: int = setting(16, "8, 12, 16 or 24", lambda value: value in (8, 12, 16, 24))
    front_order: int = number(0, 0, 64)
    front_other: int = number(0, 0, 64)
    front_memory: int = number(1024, 64, 1 << 20)
    front_every: int = number(32, 1, 8192)

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        if self.front_other and not self.front_order:
            raise refused("front_other", self.front_other, "0 where front_order is 0")

    def front(self, step: float) -> FrontSize:
        """Size of the front, for samples of a distance."""
        return FrontSize(
            self.front_order, self.front_other, self.front_memory, self.front_every, step
        )


class Cnn(SamplePredictor):
    """Dilated convolutions over samples.

    Shapes, for the defaults: samples (batch, times) -> one feature each, or `FEATURES` with a
    front -> (batch, times, 64) -> ten layers, each (batch, times, 64) with a skip connection
    (batch, times, 128) -> hidden (batch, times, 128) -> (batch, times, 15).

    With a front, outputs also depend on samples beyond the receptive field of the layers, through
    the adaptive prediction.

    Parameters
    ----------
    settings : CnnSettings
        Size and kind.
    """

    def __init__(self, settings: CnnSettings) -> None:
        super().__init__()
        self.settings = settings
        self.receptive_field = settings.receptive_field
        self.representation = Waveform(settings.bits)
        parts = settings.parts
        self.kind = "logistics" if settings.output == "logistics" else "point"
        self.outputs = 3 * parts if self.kind == "logistics" else 1
        self.first = nn.Linear(FEATURES if settings.front_order else 1, settings.residual)
        self.stack = Stack(settings, self.outputs)
        with torch.no_grad():
            # a new network predicts what its front does, or silence, and every width is there
            self.stack.last.weight.zero_()
            self.stack.last.bias.zero_()
            if self.kind == "logistics":
                octaves = torch.linspace(-1, 1, parts) * _FIRST_OCTAVES if parts > 1 else 0.0
                centre = _LOGISTIC + (0.0 if settings.front_order else math.log(_FIRST_WIDTH))
                self.stack.last.bias[2 * parts :] = centre + octaves * math.log(2)
        if self.kind == "point":
            self.keep_variance()

    def forward(
        self, x: Tensor, condition: Tensor | None = None, other: Tensor | None = None
    ) -> Tensor:
        """Outputs for samples x, see `SamplePredictor.forward`.

        Parameters
        ----------
        x, condition
            As there; this model takes no condition.
        other : (batch, times) float Tensor, optional
            Samples of another channel, each known before that of `x`, as from `stereo` in `front`.
        """
        self.checked_condition(len(x), condition)
        return next(self._pieces(x, other, x.shape[1]))

    def sweep(
        self,
        x: Tensor,
        condition: Tensor | None = None,
        chunk: int = 1 << 14,
        other: Tensor | None = None,
    ) -> Iterator[Tensor]:
        """Yield the outputs of `forward` in pieces; the front runs over the whole."""
        self.checked_condition(len(x), condition)
        return self._pieces(x, other, chunk)

    def stepper(self) -> Stepper:
        """Make what runs this model one sample at a time."""
        from nlac.training.recipes.dilated.stepping import CnnStepper

        return CnnStepper(self)

    def _pieces(self, x: Tensor, other: Tensor | None, chunk: int) -> Iterator[Tensor]:
        settings = self.settings
        if other is not None and not settings.front_other:
            raise UsageError("other: this model uses no other channel (front_other: 0)")
        front = None
        features = past(x[..., None])
        if settings.front_order:
            front = adaptive_front(x, other, settings.front(self.step))
            features = front.features
        for begin in range(0, x.shape[1], chunk):
            before = min(begin, self.receptive_field)
            inputs = features[:, begin - before : begin + chunk].to(self.first.weight.dtype)
            outputs = self.stack(self.first(inputs))[:, before:]
            if front is None:
                yield self.placed(outputs, None, None)
            else:
                end = begin + chunk
                yield self.placed(
                    outputs, front.prediction[:, begin:end], front.unit[:, begin:end]
                )

    def placed(self, outputs: Tensor, prediction: Tensor | None, unit: Tensor | None) -> Tensor:
        """Outputs of the stack in units of full scale.

        Parameters
        ----------
        outputs : (..., outputs) float Tensor
            Relative to the front, if there is one.
        prediction, unit : (...) float Tensor or None
            Of the front.
        """
        outputs = outputs.float()
        if self.kind == "point":
            if prediction is None or unit is None:
                return outputs
            return prediction[..., None] + unit[..., None] * outputs
        logits, means, log_scales = outputs.chunk(3, -1)
        if prediction is not None and unit is not None:
            means = prediction[..., None] + unit[..., None] * means
            log_scales = log_scales + torch.log(unit)[..., None]
        return torch.cat([logits, means, clamp_log_scales(log_scales, self.step)], -1)
