"""Audio out of a mel autoencoder: rebuilt from other audio, or from drawn latent values."""

from __future__ import annotations

import torch

from nlac._typing import F64, I64, AnyArray
from nlac.training.recipes.mel.autoencoder import MelAutoencoder
from nlac.training.signal.griffin_lim import audio_of_mel
from nlac.training.signal.noise_gate import noise_gate


@torch.no_grad()
def rebuild(
    model: MelAutoencoder,
    audio: AnyArray,
    condition: I64 | None = None,
    iterations: int = 32,
    gate_db: float = 0.0,
    seed: int = 0,
) -> F64:
    """Pass audio of any length through an autoencoder, piece by piece.

    Parameters
    ----------
    model : MelAutoencoder
        The model, in evaluation mode.
    audio : (times,) float array
        Audio in -1 to 1 at the rate of the model.
    condition : (1,) int64 array, optional
        Class, for models that take one.
    iterations : int
        Rounds of the fast Griffin-Lim algorithm.
    gate_db : float
        By how many dB the noise gate after it turns noise down; 0 for none.
    seed : int
        Seed of the first phases.

    Returns
    -------
    (times,) float64 array
    """
    settings, device = model.settings, model.latent_mean.device
    bands = model.spectrum(torch.from_numpy(audio.astype("f4")).to(device)[None])
    label = None if condition is None else torch.from_numpy(condition).to(device)
    times = bands.shape[2]
    padding = -times % settings.frames
    # the end is padded with the quietest bands that there are
    silence = model.spectrum(torch.zeros(1, settings.samples, device=device))[:, :, :padding]
    padded = torch.cat([bands, silence], 2)
    pieces = [model(piece, label).bands for piece in padded.split(settings.frames, 2)]
    whole = torch.cat(pieces, 2)[:, :, :times]
    return _audio(model, whole, len(audio), iterations, gate_db, seed)


@torch.no_grad()
def draw(
    model: MelAutoencoder,
    temperature: float = 1.0,
    condition: I64 | None = None,
    iterations: int = 32,
    gate_db: float = 0.0,
    seed: int = 0,
    times: int | None = None,
) -> F64:
    """Make audio of random latent values, with mean and deviation of those in training.

    Parameters
    ----------
    model : MelAutoencoder
        The model, in evaluation mode.
    temperature : float
        Factor of the deviation; 0 gives the mean of all.
    condition, iterations, gate_db, seed
        As for `rebuild`.
    times : int, optional
        Samples to make, of as many spectra as that takes one after the other; by default those of
        one spectrum.

    Returns
    -------
    (times,) float64 array
    """
    settings, device = model.settings, model.latent_mean.device
    generator = torch.Generator().manual_seed(seed)
    times = settings.samples if times is None else times
    num_frames = times // settings.hop + 1
    pieces = -(-num_frames // settings.frames)
    shape = (pieces, settings.latent, model.inner_frames if model.keeps_time else 1)
    noise = torch.randn(shape, generator=generator).to(device)
    latent = model.latent_mean[:, None] + temperature * model.latent_deviation[:, None] * noise
    label = None if condition is None else torch.from_numpy(condition).to(device).expand(pieces)
    bands = model.decode(latent if model.keeps_time else latent[:, :, 0], label)
    joined = bands.transpose(0, 1).reshape(1, settings.bands, -1)[:, :, :num_frames]
    return _audio(model, joined, times, iterations, gate_db, seed)


def _audio(
    model: MelAutoencoder, bands: torch.Tensor, length: int, iterations: int, gate_db: float,
    seed: int,
) -> F64:  # fmt: skip
    plain = model.spectrum.denormalised(bands)[0].double().cpu().numpy()
    audio = audio_of_mel(plain, model.settings.mel, length, iterations, seed)
    return noise_gate(audio, reduction_db=gate_db) if gate_db else audio
