"""The recipe `mel`: an autoencoder of log-mel spectra."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nlac._errors import UsageError
from nlac.training.data.loader import Batch
from nlac.training.recipes.base import Feed, Figure
from nlac.training.recipes.crops import CropRecipe
from nlac.training.recipes.mel.autoencoder import AutoencoderSettings, MelAutoencoder
from nlac.training.recipes.mel.losses import autoencoder_loss
from nlac.training.recipes.mel.synthesis import draw, rebuild
from nlac.training.recipes.registry import register

_FITTED = 16  # batches that the normalisation is taken from


@register
class MelRecipe(CropRecipe):
    """Losses of spectra as the settings weigh them; the normalisation is that of the data."""

    name = "mel"
    Model = AutoencoderSettings
    figures: ClassVar[Mapping[str, Figure]] = {
        "loss": Figure(),
        "l1": Figure(is_brief=False),
        "mse": Figure(is_brief=False),
        "convergence": Figure(is_brief=False),
        "perceptual": Figure(is_brief=False),
    }

    def open(self) -> Feed:
        """Open the dataset, which must have the rate of the model and crops of its length."""
        data, model = self.settings.data, self.settings.model
        if data.frames != model.samples:
            raise UsageError(
                f"data.frames: {data.frames}; {model.samples}, which fill model.frames, "
                f"{model.frames}, windows every model.hop, {model.hop}"
            )
        if bool(model.classes) != bool(data.labels):
            raise UsageError("data.labels: one label if model.classes is not 0, none otherwise")
        feed = super().open()
        if feed.facts["rate"] != model.rate:
            raise UsageError(f"data: rate {feed.facts['rate']}; {model.rate}")
        return feed

    def build(self) -> MelAutoencoder:
        """Make the model."""
        return MelAutoencoder(self.settings.model)

    def prepare(self, model: MelAutoencoder, feed: Feed) -> None:
        """Take the normalisation from the first batches."""
        batches = islice(feed.batches(0, 0, 0, 1), _FITTED)
        model.spectrum.fit(self._audio(batch) for batch in batches)

    def loss(self, model: MelAutoencoder, batch: Batch) -> tuple[Tensor, dict[str, Any]]:
        """The weighted sum of losses, see `autoencoder_loss`."""
        label = next((each.clamp_min(0) for each in batch.labels.values()), None)
        return autoencoder_loss(model, self._audio(batch), label)

    def predictions(self, model: MelAutoencoder, batch: Batch) -> NDArray[Any]:
        """The first sequence, rebuilt."""
        label = next((each[:1].clamp_min(0).cpu().numpy() for each in batch.labels.values()), None)
        rebuilt: NDArray[Any] = rebuild(model, self._audio(batch)[0].cpu().numpy(), label)
        return rebuilt

    def sample(self, model: MelAutoencoder, seconds: float, seed: int) -> NDArray[Any]:
        """Audio of random latent values, of the first class."""
        condition = np.zeros(1, np.int64) if model.classes else None
        times = round(seconds * self.rate)
        drawn: NDArray[Any] = draw(model, condition=condition, seed=seed, times=times)
        return drawn

    def _audio(self, batch: Batch) -> Tensor:
        frames = slice(self.settings.data.context, None)
        return batch.samples[:, 0, frames].float() / 2.0 ** (self.bits - 1)
