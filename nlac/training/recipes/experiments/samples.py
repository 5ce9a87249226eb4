"""Recipes of models that predict each sample from those before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlac._errors import UsageError
from nlac.training.data.loader import Batch
from nlac.training.recipes.attention.bytes import ByteTransformer, ByteTransformerSettings
from nlac.training.recipes.base import Feed, Figure
from nlac.training.recipes.crops import CropRecipe
from nlac.training.recipes.dilated.cnn import Cnn, CnnSettings
from nlac.training.recipes.dilated.wavenet import WaveNet, WaveNetSettings
from nlac.training.recipes.predictor import SamplePredictor
from nlac.training.recipes.recurrent.gru import Gru, GruSettings
from nlac.training.recipes.registry import register


class SampleRecipe(CropRecipe):
    """Base of the recipes here: code length of samples in nats, or squared error, as loss.

    Attributes
    ----------
    network : type
        The model.
    """

    network: ClassVar[type[SamplePredictor]]
    figures: ClassVar[Mapping[str, Figure]] = {
        "loss": Figure("nats", is_brief=False),
        "bits": Figure("a level"),
        "accuracy": Figure(better="higher"),
    }

    def open(self) -> Feed:
        """Open the dataset, which must have one channel and labels for a condition."""
        data, model = self.settings.data, self.settings.model
        classes = getattr(model, "classes", 0)
        if bool(classes) != bool(data.labels) or len(data.labels) > 1:
            raise UsageError(
                f"data.labels: {', '.join(data.labels) or 'none'}; one label if model.classes is "
                f"not 0 (it is {classes}), none otherwise"
            )
        feed = super().open()
        if feed.facts["channels"] != 1:
            raise UsageError("data.mono: false; true, as this model predicts one channel")
        for name in data.labels:
            count = len(feed.facts["labels"][name])
            if count > classes:
                raise UsageError(f"model.classes: {classes}; {count} or more, for label {name}")
        return feed

    def build(self) -> SamplePredictor:
        """Make the model."""
        return self.network(self.settings.model)

    def prepare(self, model: SamplePredictor, feed: Feed) -> None:
        """See that model and data have the same bits."""
        bits = model.representation.bits
        if feed.facts["bits"] != bits:
            raise UsageError(f"data: samples of {feed.facts['bits']} bits; the model takes {bits}")

    def loss(self, model: SamplePredictor, batch: Batch) -> tuple[Tensor, dict[str, Any]]:
        """Code length of the samples that the mask tells, see `SamplePredictor.loss`."""
        x = model.representation.encode(batch.samples[:, 0])
        size = model.representation.codes_per_sample
        mask = batch.mask.repeat_interleave(size, 1) if size > 1 else batch.mask
        outputs = self.outputs(model, x, _condition(batch))
        loss, figures = model.loss(outputs, x, mask)
        return loss, {**figures, "bits": figures["bits"] * size}

    def outputs(self, model: SamplePredictor, x: Tensor, condition: Tensor | None) -> Tensor:
        """Outputs for inputs x, (batch, times, outputs)."""
        found: Tensor = model(x, condition)
        return found

    def predictions(self, model: SamplePredictor, batch: Batch) -> NDArray[Any]:
        """The most likely value of each sample of the first sequence, given those before it."""
        from nlac.training.generation.sampling import Sampler, Sampling

        samples = batch.samples[:1, 0]
        condition = _condition(batch)
        x = model.representation.encode(samples)
        outputs = self.outputs(model, x, condition[:1] if condition is not None else None)
        likeliest = Sampler(model, Sampling(temperature=0.0))
        values = likeliest.draw(np.ascontiguousarray(outputs[0].float().cpu().numpy()))
        return model.representation.predicted(values, samples[0].cpu().numpy())

    def sample(self, model: SamplePredictor, seconds: float, seed: int) -> NDArray[Any]:
        """Audio that the model makes by itself, of its first class."""
        from nlac.training.generation.free_run import generate
        from nlac.training.generation.sampling import Sampling

        length = round(seconds * self.rate) * model.representation.codes_per_sample
        condition = np.zeros(1, np.int64) if model.classes else None
        drawn = generate(model, length, Sampling(seed=seed), condition=condition)
        return model.representation.decode(drawn[0])


def _condition(batch: Batch) -> Tensor | None:
    """The label of each sequence; the first class where a recording has none."""
    for label in batch.labels.values():
        return label.clamp_min(0)
    return None


@register
class CausalCnn(SampleRecipe):
    """Dilated causal convolutions over 16-bit samples, for code length or squared error."""

    name = "cnn"
    Model = CnnSettings
    network = Cnn
    figures: ClassVar[Mapping[str, Figure]] = {
        "loss": Figure(is_brief=False),
        "bits": Figure("a sample"),
        "mse": Figure("of full scale, squared", is_brief=False),
    }


@register
class WaveNetRecipe(SampleRecipe):
    """WaveNet over mu-law levels."""

    name = "wavenet"
    Model = WaveNetSettings
    network = WaveNet


@register
class GruRecipe(SampleRecipe):
    """Recurrent units over mu-law levels.

    Crops longer than `context` are walked in pieces of it. The state is passed on from piece to
    piece, gradients are not (truncated back-propagation through time).
    """

    name = "gru"
    Model = GruSettings
    network = Gru

    def outputs(self, model: SamplePredictor, x: Tensor, condition: Tensor | None) -> Tensor:
        """Outputs, with the state passed on from piece to piece."""
        assert isinstance(model, Gru)
        state, pieces = model.initial_state(len(x)), []
        for piece in x.split(self.settings.model.context, 1):
            outputs, state = model.forward_from(piece, state)
            state = state._replace(hidden=state.hidden.detach())
            pieces.append(outputs)
        return torch.cat(pieces, 1)


@register
class BytesRecipe(SampleRecipe):
    """A transformer over the bytes of samples."""

    name = "bytes"
    Model = ByteTransformerSettings
    network = ByteTransformer
    figures: ClassVar[Mapping[str, Figure]] = {
        "loss": Figure("nats", is_brief=False),
        "bits": Figure("a sample"),
        "accuracy": Figure(better="higher", is_brief=False),
    }
