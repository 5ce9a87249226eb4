"""A small decoder-only transformer over the bytes of samples.

The kind of Trilobyte (Long, Novack, Donahue, arXiv 2603.08683), for comparison: it treats a
sample of 16 bits as two symbols of 256, so that the vocabulary does not grow with the depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nlac.training.recipes.attention.layers import Block, small_start
from nlac.training.recipes.predictor import SamplePredictor, past
from nlac.training.recipes.settings import ModelSettings, multiple, number, refused, setting
from nlac.training.recipes.stepper import Stepper
from nlac.training.signal.representation import Bytes


@dataclass(frozen=True, slots=True)
class ByteTransformerSettings(ModelSettings):
    """Settings of a transformer over bytes.

    Attributes
    ----------
    bits : int
        Bits of a sample, which takes an eighth as many bytes.
    width : int
        Channels.
    layers, heads : int
        Number of layers, and of heads of their attention. Each head has an even number of channels.
    window : int
        Bytes that a position attends to, itself included, in every layer.
    dropout : float
        Share of values that training sets to zero.
    """

    bits: int = setting(16, "8, 16 or 24", lambda value: value in (8, 16, 24))
    width: int = multiple(128, 4, 4, 4096)
    layers: int = number(4, 1, 48)
    heads: int = number(4, 1, 64)
    window: int = number(512, 2, 1 << 16)
    dropout: float = number(0.0, 0.0, 0.9)

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        if self.width % (2 * self.heads):
            allowed = f"a divisor of width / 2, {self.width // 2}"
            raise refused("heads", self.heads, allowed)


class ByteTransformer(SamplePredictor):
    """A decoder-only transformer; its outputs are logits of the next byte.

    Shapes, for the defaults: bytes (batch, times) -> embedding (batch, times, 128) -> four
    layers, each (batch, times, 128) -> normalisation -> logits (batch, times, 256).

    Sequences begin with the first byte of a sample.

    Parameters
    ----------
    settings : ByteTransformerSettings
        Size and kind.
    """

    kind = "categorical"

    def __init__(self, settings: ByteTransformerSettings) -> None:
        super().__init__()
        self.settings = settings
        self.representation = Bytes(settings.bits)
        self.receptive_field = settings.layers * (settings.window - 1) + 1
        self.outputs = 256
        self.embedding = nn.Embedding(256, settings.width)
        # which byte of a sample is predicted
        self.places = nn.Embedding(settings.bits // 8, settings.width)
        self.blocks = nn.ModuleList(
            Block(settings.width, settings.heads, settings.window, settings.dropout)
            for _ in range(settings.layers)
        )
        self.normal = nn.LayerNorm(settings.width)
        self.last = nn.Linear(settings.width, 256)
        small_start(self, settings.layers)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits for bytes x, see `SamplePredictor.forward`."""
        self.checked_condition(len(x), condition)
        values = past(self.embedding(x)) + self.placed(torch.arange(x.shape[1], device=x.device))
        for block in self.blocks:
            values = block(values)
        return self.last(self.normal(values))

    def placed(self, positions: Tensor) -> Tensor:
        """(times, width) vectors of the bytes' places within samples."""
        return self.places(positions % self.representation.codes_per_sample)

    def stepper(self) -> Stepper:
        """Make what runs this model one byte at a time."""
        from nlac.training.recipes.attention.stepping import ByteTransformerStepper

        return ByteTransformerStepper(self)
