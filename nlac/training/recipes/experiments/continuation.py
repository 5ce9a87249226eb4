"""The recipe `continuation`: some seconds of music again, and the seconds after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray
from torch import Tensor

from nlac._errors import UsageError
from nlac.training.data.loader import Batch
from nlac.training.recipes.base import Feed, Figure
from nlac.training.recipes.continuation import Continuation, ContinuationSettings
from nlac.training.recipes.crops import CropRecipe
from nlac.training.recipes.registry import register
from nlac.training.recipes.settings import number


@dataclass(frozen=True, slots=True)
class TwoStageSettings(ContinuationSettings):
    """Settings of the model, and of its training in two stages.

    Attributes
    ----------
    alone : float
        Share of the steps, the first ones, that train encoder and decoder alone.
    """

    alone: float = number(0.3, 0.0, 1.0)


@register
class ContinuationRecipe(CropRecipe):
    """Encoder and decoder alone at first, then all; the best weights are those that predict best.

    Crops are pairs: `data.frames` and `data.pair_frames` are as many samples as `model.seconds`
    have.
    """

    name = "continuation"
    Model = TwoStageSettings
    figures: ClassVar[Mapping[str, Figure]] = {
        "loss": Figure(is_brief=False),
        "reconstruction": Figure(),
        "prediction": Figure(),
    }
    criterion = "prediction"

    def open(self) -> Feed:
        """Open the dataset, which must have the rate and the channels of the model."""
        data, model = self.settings.data, self.settings.model
        for name in ("frames", "pair_frames"):
            if getattr(data, name) != model.samples:
                raise UsageError(
                    f"data.{name}: {getattr(data, name)}; {model.samples}, which are "
                    f"model.seconds, {model.seconds}, at model.rate, {model.rate}"
                )
        feed = super().open()
        for name in ("rate", "channels"):
            if feed.facts[name] != getattr(model, name):
                raise UsageError(f"data: {name} {feed.facts[name]}; {getattr(model, name)}")
        return feed

    def build(self) -> Continuation:
        """Make the model."""
        return Continuation(self.settings.model)

    def before_step(self, model: Continuation, step: int, steps: int) -> None:
        """Choose the stage."""
        model.set_stage(1 if step < self.settings.model.alone * steps else 2)

    def loss(self, model: Continuation, batch: Batch) -> tuple[Tensor, dict[str, Any]]:
        """Loss of what is rebuilt, and in the second stage of what follows."""
        x, following = self._pair(batch)
        return model.loss(model(x), x, following)

    def predictions(self, model: Continuation, batch: Batch) -> NDArray[Any]:
        """The first sequence, rebuilt."""
        x, _ = self._pair(batch)
        found: NDArray[Any] = model(x[:1]).rebuilt[0].T.cpu().numpy()
        return found

    def sample(self, model: Continuation, seconds: float, seed: int) -> NDArray[Any] | None:
        """What follows the first sequence of the validation, as the model goes on with it."""
        if model.stage == 1:
            return None
        x, _ = self._pair(self.feed.validation()[0])
        made: NDArray[Any] = model.go_on(x[0].numpy(), round(seconds * self.rate)).T
        return made

    def _pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        samples = batch.samples[:, :, self.settings.data.context :].float() / 2.0 ** (self.bits - 1)
        x, following = samples.split(self.settings.model.samples, 2)
        return x, following
