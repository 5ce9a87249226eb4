"""How far a rebuilt mel spectrum is from the one that went in."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nlac.training.recipes.mel.autoencoder import MelAutoencoder
from nlac.training.recipes.spectral_losses import (
    complex_spectrum,
    multi_resolution_loss,
    spectral_convergence,
)

_LEAST, _MOST = 1e-7, 1e3  # of amplitudes and gains


def autoencoder_loss(
    model: MelAutoencoder, audio: Tensor, condition: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of a batch of audio, the weighted sum of those that the settings ask for.

    ``l1`` and ``mse`` are of normalised log-mel bands; ``convergence`` is the spectral convergence
    of their amplitudes; ``perceptual`` is the multi-resolution loss of audio that has the rebuilt
    bands and the phases of the original.

    Parameters
    ----------
    model : MelAutoencoder
        The model.
    audio : (batch, samples) float Tensor
        Audio in -1 to 1, of the length that the settings say.
    condition : (batch,) int64 Tensor, optional
        Class of each, for models that take one.

    Returns
    -------
    loss : () float Tensor
        The sum.
    figures : dict of str to () float Tensor
        Each of the losses whose weight is not 0.
    """
    plain = model.spectrum.plain(audio)
    wanted = model.spectrum.normalised(plain)
    rebuilt = model(wanted, condition).bands
    settings = model.settings
    parts: dict[str, Tensor] = {}
    if settings.l1:
        parts["l1"] = functional.l1_loss(rebuilt, wanted)
    if settings.mse:
        parts["mse"] = functional.mse_loss(rebuilt, wanted)
    if settings.convergence or settings.perceptual:
        amplitude = model.spectrum.denormalised(rebuilt).clamp(-14.0, 3.0).exp()
    if settings.convergence:
        parts["convergence"] = spectral_convergence(amplitude, plain.exp())
    if settings.perceptual:
        sounding = with_phases(model, amplitude, audio)
        parts["perceptual"] = multi_resolution_loss(sounding, audio)
    loss = torch.stack([getattr(settings, name) * value for name, value in parts.items()]).sum()
    return loss, {name: value.detach() for name, value in parts.items()}


def with_phases(model: MelAutoencoder, amplitude: Tensor, audio: Tensor) -> Tensor:
    """Audio with given amplitudes of mel bands, and the fine structure of other audio.

    Each frequency of `audio` is amplified as its bands are, so gradients reach the bands.

    Parameters
    ----------
    model : MelAutoencoder
        Whose bands they are.
    amplitude : (batch, bands, frames) float Tensor
        Amplitudes.
    audio : (batch, times) float Tensor
        Audio whose phases are taken.
    """
    settings = model.settings
    spectrum = complex_spectrum(audio, settings.size, settings.hop)
    own = (model.spectrum.filters @ spectrum.abs()) * (4 / settings.size)
    gains = model.spectrum.spread @ (amplitude / own.clamp_min(_LEAST)).clamp_max(_MOST)
    window = torch.hann_window(settings.size, dtype=audio.dtype, device=audio.device)
    return torch.istft(
        spectrum * gains, settings.size, settings.hop, window=window, length=audio.shape[-1]
    )
