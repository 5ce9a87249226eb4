"""Continuation of music: from some seconds of it, these seconds again and the seconds after them.

A convolutional encoder with pooling, a transformer over what it makes, a decoder with upsampling.
The decoder is used twice: on what the encoder makes, to rebuild the input; and on what the
transformer makes of that, for what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlac._errors import UsageError
from nlac._typing import F64, AnyArray
from nlac.training.recipes.settings import ModelSettings, choice, multiple, number, refused
from nlac.training.recipes.spectral_losses import multi_resolution_loss

_QUIETEST = 1e-3  # levels below it are not raised to the common one
_LARGEST = 1e4


@dataclass(frozen=True, slots=True)
class ContinuationSettings(ModelSettings):
    """Settings of a continuation.

    Attributes
    ----------
    rate : int
        Samples a second.
    seconds : float
        Length of the input, and of what follows.
    channels : int
        Channels of the audio.
    width : int
        Channels of the encoder's first stage; each stage has twice as many.
    stages : int
        Stages of encoder and decoder.
    pool : int
        Factor by which each stage shortens its input.
    pooling : {"max", "average"}
        How.
    kernel : int
        Taps of the convolutions, odd.
    layers, heads : int
        Size of the transformer.
    dropout : float
        Share of the transformer's values that training sets to zero.
    prediction, spectral : float
        Weights of the loss of what follows, beside that of the rebuilt input; and of the
        multi-resolution spectral loss, beside the mean absolute error.
    """

    rate: int = number(12_000, 100, 768_000)
    seconds: float = number(10.0, 0.01, 600.0)
    channels: int = number(1, 1, 2)
    width: int = multiple(32, 4, 4, 512)
    stages: int = number(4, 1, 8)
    pool: int = number(4, 2, 8)
    pooling: str = choice("max", "max", "average")
    kernel: int = number(9, 3, 65)
    layers: int = number(4, 1, 24)
    heads: int = number(4, 1, 64)
    dropout: float = number(0.1, 0.0, 0.9)
    prediction: float = number(1.0, 0.0, _LARGEST)
    spectral: float = number(0.0, 0.0, _LARGEST)

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        if self.kernel % 2 == 0:
            raise refused("kernel", self.kernel, "odd")
        if self.inner % self.heads:
            raise refused("heads", self.heads, f"a divisor of {self.inner}")

    @property
    def samples(self) -> int:
        """Samples of the input."""
        return round(self.rate * self.seconds)

    @property
    def tokens(self) -> int:
        """Positions of the transformer."""
        return int(-(-self.samples // self.pool**self.stages))

    @property
    def inner(self) -> int:
        """Channels of the transformer."""
        return self.width << (self.stages - 1)


class Continued(NamedTuple):
    """What `Continuation.forward` returns, (batch, channels, times) float Tensors each.

    Attributes
    ----------
    rebuilt : Tensor
        The input again.
    following : Tensor or None
        What comes after it; None in the first stage of training.
    """

    rebuilt: Tensor
    following: Tensor | None


class Continuation(nn.Module):
    """Encoder, transformer and decoder.

    Shapes, for the defaults: audio (batch, 1, 120000) -> 32, 64, 128 and 256 channels of 30000,
    7500, 1875 and 469 times -> transformer (batch, 469, 256) -> 128, 64 and 32 channels of 1876,
    7504 and 30016 times -> audio (batch, 1, 120000).

    Parameters
    ----------
    settings : ContinuationSettings
        Size.
    """

    def __init__(self, settings: ContinuationSettings) -> None:
        super().__init__()
        self.settings = settings
        self.stage = 2
        pooling = nn.MaxPool1d if settings.pooling == "max" else nn.AvgPool1d
        widths = [settings.width << i for i in range(settings.stages)]
        around = settings.kernel // 2
        encoder: list[nn.Module] = []
        for inputs, outputs in zip((settings.channels, *widths), widths, strict=False):
            encoder += [
                nn.Conv1d(inputs, outputs, settings.kernel, padding=around),
                nn.GELU(),
                pooling(settings.pool),
            ]
        # the transformer needs negative values too
        self.encoder = nn.Sequential(*encoder, nn.Conv1d(widths[-1], widths[-1], 1))
        self.positions = nn.Parameter(torch.randn(settings.tokens, widths[-1]) * 0.02)
        layer = nn.TransformerEncoderLayer(
            widths[-1], settings.heads, 4 * widths[-1], settings.dropout, "gelu",
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.transformer = nn.TransformerEncoder(
            layer, settings.layers, enable_nested_tensor=False
        )
        decoder: list[nn.Module] = []
        for inputs, outputs in zip(widths[::-1], (*widths[-2::-1], widths[0]), strict=True):
            decoder += [
                nn.Upsample(scale_factor=settings.pool),
                nn.Conv1d(inputs, outputs, settings.kernel, padding=around),
                nn.GELU(),
            ]
        last = nn.Conv1d(widths[0], settings.channels, settings.kernel, padding=around)
        self.decoder = nn.Sequential(*decoder, last)

    def forward(self, x: Tensor) -> Continued:
        """Rebuild and continue (batch, channels, times) audio in -1 to 1."""
        settings = self.settings
        if x.dim() != 3 or x.shape[1:] != (settings.channels, settings.samples):
            wanted = f"(batch, {settings.channels}, {settings.samples})"
            raise UsageError(f"audio of shape {tuple(x.shape)}; {wanted}")
        # loud and quiet music look alike to the network
        level = x.square().mean((1, 2), keepdim=True).sqrt().clamp_min(_QUIETEST)
        whole = settings.tokens * settings.pool**settings.stages
        inner = self.encoder(functional.pad(x / level, (0, whole - settings.samples)))
        rebuilt = self._decoded(inner) * level
        if self.stage == 1:
            return Continued(rebuilt, None)
        tokens = self.transformer(inner.transpose(1, 2) + self.positions)
        return Continued(rebuilt, self._decoded(tokens.transpose(1, 2)) * level)

    def set_stage(self, stage: int) -> None:
        """Choose what is trained: 1 for encoder and decoder alone, 2 for all."""
        if stage not in (1, 2):
            raise refused("stage", stage, "1 or 2")
        self.stage = stage
        for name, parameter in self.named_parameters():
            if name.startswith(("transformer.", "positions")):
                parameter.requires_grad_(stage == 2)

    def loss(
        self, outputs: Continued, x: Tensor, following: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a batch: of the rebuilt input, and from stage 2 on of what follows.

        Parameters
        ----------
        outputs : Continued
            From `forward`.
        x, following : (batch, channels, times) float Tensor
            The input, and what follows it.

        Returns
        -------
        loss : () float Tensor
            The weighted sum.
        figures : dict of str to () float Tensor
            ``reconstruction``, and ``prediction`` from stage 2 on.
        """
        loss = self._distance(outputs.rebuilt, x)
        figures = {"reconstruction": loss.detach()}
        if outputs.following is not None:
            prediction = self._distance(outputs.following, following)
            figures["prediction"] = prediction.detach()
            loss = loss + self.settings.prediction * prediction
        return loss, figures

    @torch.no_grad()
    def go_on(self, audio: AnyArray, times: int) -> F64:
        """Continue audio for any time, on what the model has made itself where needed.

        Parameters
        ----------
        audio : (channels, times) float array
            Audio in -1 to 1 at the rate of the model. Its end counts; if it is shorter than the
            model's input, silence is put before it.
        times : int
            Samples to make.

        Returns
        -------
        (channels, times) float64 array
            Samples in -1 to 1.
        """
        if self.stage == 1:
            raise UsageError("stage: 1; a model that continues has been trained in stage 2")
        samples = self.settings.samples
        device = self.positions.device
        x = torch.from_numpy(audio[:, -samples:].astype("f4")).to(device)[None]
        x = functional.pad(x, (samples - x.shape[2], 0))
        pieces, made = [], 0
        while made < times:
            following = self(x).following
            x = following.clamp(-1.0, 1.0)
            pieces.append(x[0])
            made += samples
        if not pieces:
            return torch.zeros(x.shape[1], 0).double().numpy()  # type: ignore[no-any-return]
        return torch.cat(pieces, 1)[:, :times].double().cpu().numpy()  # type: ignore[no-any-return]

    def _decoded(self, inner: Tensor) -> Tensor:
        return self.decoder(inner)[:, :, : self.settings.samples]

    def _distance(self, x: Tensor, wanted: Tensor) -> Tensor:
        distance = functional.l1_loss(x, wanted)
        if self.settings.spectral:
            spectral = multi_resolution_loss(x, wanted)
            distance = distance + self.settings.spectral * spectral
        return distance
