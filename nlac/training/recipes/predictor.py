"""What all predictors of samples share: code lengths, loss, and long recordings in pieces."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlac._errors import UsageError
from nlac.training.recipes.densities import gaussian_nll, logistics_nll, masked_mean

if TYPE_CHECKING:
    from nlac.training.recipes.stepper import Stepper
    from nlac.training.signal.representation import Representation

Kind = Literal["categorical", "logistics", "point"]
_FORGETTING = 0.99  # of the running variance of the errors of a point predictor


class SamplePredictor(nn.Module):
    """A model that predicts each sample from those before it.

    Attributes
    ----------
    kind : {"categorical", "logistics", "point"}
        What outputs are: logits of levels; a mixture of discretised logistics (see
        `nlac.training.recipes.densities`); or the sample itself.
    receptive_field : int
        Number of past samples that an output depends on. A recurrent model depends on all of them
        a little: then it is the number that it was trained to look back.
    outputs : int
        Outputs for each sample.
    classes : int
        Number of values of the condition; 0 if the model takes none.
    representation : Representation
        Turns integer samples into inputs and back.
    """

    kind: Kind
    receptive_field: int
    outputs: int
    classes: int = 0
    representation: Representation

    @abstractmethod
    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Predict samples from those before them.

        Parameters
        ----------
        x : (batch, times) int64 or float Tensor
            Codes, or samples from -1 to 1, as `representation` makes them.
        condition : (batch,) int64 Tensor, optional
            Class of each sequence; needed where `classes` is not 0.

        Returns
        -------
        (batch, times, outputs) float Tensor
            Outputs at t depend on x before t only.
        """

    def stepper(self) -> Stepper:
        """Make what runs this model one sample at a time.

        A model without one of its own, on cached states, computes its whole receptive field again
        for each sample.
        """
        from nlac.training.recipes.recomputing import RecomputingStepper

        return RecomputingStepper(self)

    @property
    def step(self) -> float:
        """Distance between two neighbouring samples, of full scale 1."""
        return float(2.0 ** (1 - self.representation.bits))

    def nll(self, outputs: Tensor, x: Tensor) -> Tensor:
        """Code length of each input.

        Parameters
        ----------
        outputs : (batch, times, outputs) float Tensor
            From `forward`.
        x : (batch, times) Tensor
            What it was given.

        Returns
        -------
        (batch, times) float Tensor
            Nats. Of point predictors, under a Gaussian of their mean squared error in training.
        """
        if self.kind == "categorical":
            return functional.cross_entropy(outputs.float().transpose(1, 2), x, reduction="none")
        if self.kind == "logistics":
            return logistics_nll(outputs, x, self.step)
        return gaussian_nll(outputs[..., 0] - x, self.variance, self.step)

    def loss(
        self, outputs: Tensor, x: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss, and figures beside it.

        Parameters
        ----------
        outputs, x
            As for `nll`.
        mask : (batch, times) bool Tensor, optional
            Inputs that count; all if None.

        Returns
        -------
        loss : () float Tensor
            Mean code length in nats; of point predictors, the mean squared error.
        figures : dict of str to () float Tensor
            ``bits``, the code length in bits for each input; ``accuracy`` of levels, 0 to 1;
            ``mse`` of points.
        """
        if self.kind == "point":
            loss = masked_mean((outputs[..., 0] - x) ** 2, mask)
            if self.training:
                self._follow(loss.detach())
            with torch.no_grad():
                bits = masked_mean(self.nll(outputs, x), mask) / math.log(2)
            return loss, {"bits": bits, "mse": loss.detach()}
        loss = masked_mean(self.nll(outputs, x), mask)
        figures = {"bits": loss.detach() / math.log(2)}
        if self.kind == "categorical":
            with torch.no_grad():
                figures["accuracy"] = masked_mean((outputs.argmax(-1) == x).float(), mask)
        return loss, figures

    def sweep(
        self, x: Tensor, condition: Tensor | None = None, chunk: int = 1 << 14
    ) -> Iterator[Tensor]:
        """Yield the outputs of `forward` in pieces, for recordings of any length.

        Parameters
        ----------
        x, condition
            As for `forward`.
        chunk : int
            Inputs for each piece, whole samples.
        """
        size = self.representation.codes_per_sample
        if chunk < 1 or chunk % size:
            raise UsageError(f"chunk: {chunk}; a multiple of {size}")
        enough = -(-self.receptive_field // size) * size
        for begin in range(0, x.shape[1], chunk):
            # outputs from `before` on see all that they would see in the whole
            before = min(begin, enough)
            yield self(x[:, begin - before : begin + chunk], condition)[:, before:]

    def checked_condition(self, batch: int, condition: Tensor | None) -> Tensor | None:
        """Return a condition, or raise `UsageError` where it does not fit the model."""
        if self.classes == 0:
            if condition is not None:
                raise UsageError("condition: this model takes none (classes: 0)")
            return None
        if condition is None:
            raise UsageError(f"condition: missing; one class from 0 to {self.classes - 1} each")
        if condition.shape != (batch,):
            shape = tuple(condition.shape)
            raise UsageError(f"condition: shape {shape}; one class for each of {batch} sequences")
        return condition

    def keep_variance(self) -> None:
        """Add the running mean squared error of a point predictor, `variance`."""
        self.register_buffer("variance", torch.tensor(1.0))
        self.register_buffer("num_losses", torch.tensor(0))

    def _follow(self, loss: Tensor) -> None:
        """Update the running mean, which is plain over the first losses."""
        self.num_losses += 1
        share = torch.clamp(1 / self.num_losses, min=1 - _FORGETTING)
        self.variance += share * (loss - self.variance)


def past(x: Tensor) -> Tensor:
    """Shift (batch, times, channels) by one to later, so that t holds what was before it."""
    return functional.pad(x, (0, 0, 1, 0))[:, : x.shape[1]]
