"""An autoencoder of log-mel spectra: some seconds of audio, or each moment, as a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nlac._errors import UsageError
from nlac.training.recipes.mel.blocks import (
    ACTIVATIONS,
    Attention,
    ResidualBlock,
    doubling,
    halving,
)
from nlac.training.recipes.mel.spectrum import LogMel
from nlac.training.recipes.settings import ModelSettings, choice, multiple, number, switch
from nlac.training.signal.spectra import MelSettings

WIDTHS = (32, 64, 128)
_HALVED = 1 << len(WIDTHS)
_SHARE = 0.05  # of the newest batch in the statistics of the latent values


@dataclass(frozen=True, slots=True)
class AutoencoderSettings(ModelSettings):
    """Settings of the autoencoder.

    Attributes
    ----------
    rate : int
        Samples a second.
    size, hop : int
        Samples of a window; samples between two windows.
    bands, frames : int
        Size of the spectra: mel bands, and windows.
    latent : int
        Numbers that the encoder makes of a spectrum, or of each moment of it.
    pooling : {"global", "time"}
        Mean over all of a spectrum, or over its bands only, which keeps time (an eighth of the
        frames).
    residual, attention : bool
        Residual blocks after each convolution of the encoder and decoder; attention between the
        places of the innermost map.
    dropout : float
        Share of the channels that training sets to zero.
    activation : {"relu", "leaky_relu", "elu", "gelu", "silu", "tanh"}
        Activation.
    classes : int
        Number of labels that the decoder is conditioned on; 0 for none.
    l1, mse, convergence, perceptual : float
        Weights of the losses, see `nlac.training.recipes.mel.losses`.
    """

    rate: int = number(16000, 1000, 768_000)
    size: int = multiple(1024, 2, 64, 16384)
    hop: int = number(256, 16, 8192)
    bands: int = multiple(80, _HALVED, _HALVED, 512)
    frames: int = multiple(128, _HALVED, _HALVED, 8192)
    latent: int = number(64, 1, 4096)
    pooling: str = choice("global", "global", "time")
    residual: bool = switch(False)
    attention: bool = switch(False)
    dropout: float = number(0.0, 0.0, 0.9)
    activation: str = choice("relu", *ACTIVATIONS)
    classes: int = number(0, 0, 100_000)
    l1: float = number(1.0, 0.0, 1e6)
    mse: float = number(0.0, 0.0, 1e6)
    convergence: float = number(0.0, 0.0, 1e6)
    perceptual: float = number(0.0, 0.0, 1e6)

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        _ = self.mel
        if not self.l1 + self.mse + self.convergence + self.perceptual:
            raise UsageError("l1, mse, convergence, perceptual: 0; one of them must be more")

    @property
    def mel(self) -> MelSettings:
        """The mel bands."""
        return MelSettings(self.rate, self.size, self.hop, self.bands)

    @property
    def samples(self) -> int:
        """Samples of audio that fill the frames."""
        return (self.frames - 1) * self.hop


class Encoded(NamedTuple):
    """What `MelAutoencoder.forward` returns.

    Attributes
    ----------
    bands : (batch, bands, frames) float Tensor
        Rebuilt spectrum, normalised.
    latent : (batch, latent) or (batch, latent, frames / 8) float Tensor
        What it was rebuilt from.
    """

    bands: Tensor
    latent: Tensor


class MelAutoencoder(nn.Module):
    """Convolutions, a mean, and transposed convolutions.

    Shapes, for the defaults: audio (batch, 32512) -> log-mel (batch, 80, 128) -> maps of 32, 64 and
    128 channels, (40, 64), (20, 32), (10, 16) -> mean (batch, 128) -> latent (batch, 64) -> map
    (batch, 128, 10, 16) -> 64, 32 and 1 channels -> log-mel (batch, 80, 128).

    Parameters
    ----------
    settings : AutoencoderSettings
        Size and switches.
    """

    def __init__(self, settings: AutoencoderSettings) -> None:
        super().__init__()
        self.settings, self.classes = settings, settings.classes
        self.spectrum = LogMel(settings.mel)
        activation, dropout = settings.activation, settings.dropout
        self.keeps_time = settings.pooling == "time"
        self.inner_bands, self.inner_frames = settings.bands // _HALVED, settings.frames // _HALVED
        encoder: list[nn.Module] = []
        for inputs, outputs in zip((1, *WIDTHS), WIDTHS, strict=False):
            encoder.append(halving(inputs, outputs, activation, dropout))
            if settings.residual:
                encoder.append(ResidualBlock(outputs, activation))
        if settings.attention:
            encoder.append(Attention(WIDTHS[-1]))
        self.encoder = nn.Sequential(*encoder)
        inner = WIDTHS[-1] * self.inner_bands * (1 if self.keeps_time else self.inner_frames)
        self.to_latent = nn.Linear(WIDTHS[-1], settings.latent)
        self.from_latent = nn.Linear(settings.latent, inner)
        self.labels = nn.Embedding(settings.classes, settings.latent) if settings.classes else None
        decoder: list[nn.Module] = []
        if settings.attention:
            decoder.append(Attention(WIDTHS[-1]))
        for inputs, outputs in ((128, 64), (64, 32)):
            decoder.append(doubling(inputs, outputs, activation, dropout))
            if settings.residual:
                decoder.append(ResidualBlock(outputs, activation))
        decoder.append(nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1))
        self.decoder = nn.Sequential(*decoder)
        # of the latent values in training, to draw new ones like them
        self.register_buffer("latent_mean", torch.zeros(settings.latent))
        self.register_buffer("latent_deviation", torch.ones(settings.latent))

    def forward(self, bands: Tensor, condition: Tensor | None = None) -> Encoded:
        """Encode and decode spectra.

        Parameters
        ----------
        bands : (batch, bands, frames) float Tensor
            Normalised log-mel spectra, as `spectrum` makes them.
        condition : (batch,) int64 Tensor, optional
            Class of each; needed where `classes` is not 0.
        """
        latent = self.encode(bands)
        if self.training:
            self._follow(latent.detach())
        return Encoded(self.decode(latent, condition), latent)

    def encode(self, bands: Tensor) -> Tensor:
        """(batch, latent), or (batch, latent, frames / 8) where time is kept."""
        high, wide = self.settings.bands, self.settings.frames
        if bands.dim() != 3 or bands.shape[1:] != (high, wide):
            raise UsageError(f"spectra of shape {tuple(bands.shape)}; (batch, {high}, {wide})")
        inner = self.encoder(bands[:, None])
        if self.keeps_time:
            return self.to_latent(inner.mean(2).transpose(1, 2)).transpose(1, 2)
        return self.to_latent(inner.mean((2, 3)))

    def decode(self, latent: Tensor, condition: Tensor | None = None) -> Tensor:
        """(batch, bands, frames) normalised spectra of latent values."""
        if (condition is None) != (self.labels is None):
            needed = f"one class from 0 to {self.classes - 1} each" if self.classes else "none"
            raise UsageError(f"condition: this model takes {needed}")
        if self.keeps_time:
            latent = latent.transpose(1, 2)
        if self.labels is not None:
            label = self.labels(condition)
            latent = latent + (label[:, None] if self.keeps_time else label)
        inner = torch.relu(self.from_latent(latent))
        shape = len(inner), WIDTHS[-1], self.inner_bands
        if self.keeps_time:
            inner = inner.transpose(1, 2).reshape(*shape, -1)
        else:
            inner = inner.reshape(*shape, self.inner_frames)
        return self.decoder(inner)[:, 0]

    def _follow(self, latent: Tensor) -> None:
        values = latent.transpose(0, 1).flatten(1)
        self.latent_mean += _SHARE * (values.mean(1) - self.latent_mean)
        deviation = values.std(1, correction=0)
        self.latent_deviation += _SHARE * (deviation - self.latent_deviation)
