"""Audio of magnitudes: the fast Griffin-Lim algorithm (Perraudin, Balazs, Sondergaard, 2013)."""

from __future__ import annotations

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64
from nlac.training.signal.spectra import MelSettings, istft, mel_filters, stft


def griffin_lim(
    magnitude: F64,
    hop: int,
    length: int,
    iterations: int = 32,
    momentum: float = 0.99,
    seed: int = 0,
) -> F64:
    """Find a signal whose spectra have given magnitudes.

    Each round makes a signal of the spectra, takes its phases, and steps beyond them in the
    direction of the last change. Without momentum this is the algorithm of Griffin and Lim (1984).

    Parameters
    ----------
    magnitude : (..., size / 2 + 1, frames) float64 array
        Magnitudes of `stft`.
    hop : int
        Samples between two windows.
    length : int
        Samples of the signal.
    iterations : int
        Number of rounds.
    momentum : float
        Size of the step beyond, 0 to less than 1.
    seed : int
        Seed of the first phases.

    Returns
    -------
    (..., length) float64 array
    """
    if not 0 <= momentum < 1:
        raise UsageError(f"momentum: {momentum}; from 0 to less than 1")
    size = 2 * (magnitude.shape[-2] - 1)
    frames = 1 + length // hop
    if magnitude.shape[-1] != frames:
        raise UsageError(f"length: {length}; {magnitude.shape[-1]} frames with a hop of {hop}")
    random = np.random.default_rng(seed)
    phases = np.exp(2j * np.pi * random.random(magnitude.shape))
    before = np.zeros_like(phases)
    for _ in range(iterations):
        rebuilt = stft(istft(magnitude * phases, hop, length), size, hop)
        ahead = rebuilt + momentum * (rebuilt - before)
        phases = ahead / np.maximum(np.abs(ahead), 1e-12)
        before = rebuilt
    return istft(magnitude * phases, hop, length)


def magnitude_of_mel(log_mels: F64, settings: MelSettings, iterations: int = 64) -> F64:
    """Magnitudes that give mel bands, by least squares without negative values.

    Solved by multiplicative updates (Lee and Seung, 2000), from the transposed filters.

    Parameters
    ----------
    log_mels : (..., bands, frames) float64 array
        As from `log_mel`.
    settings : MelSettings
        Bands.
    iterations : int
        Number of updates.

    Returns
    -------
    (..., size / 2 + 1, frames) float64 array
        Magnitudes, as of `stft`.
    """
    filters, target = mel_filters(settings), np.exp(log_mels)
    wanted = filters.T @ target
    gram = filters.T @ filters
    weight = np.maximum(filters.sum(0), 1e-9)[:, None]
    magnitude = wanted / weight
    for _ in range(iterations):
        magnitude *= wanted / np.maximum(gram @ magnitude, 1e-12)
    return magnitude * (settings.size / 4)  # type: ignore[no-any-return]


def audio_of_mel(
    log_mels: F64, settings: MelSettings, length: int, iterations: int = 32, seed: int = 0
) -> F64:
    """Make audio of log-mel bands.

    Parameters
    ----------
    log_mels : (..., bands, frames) float64 array
        As from `log_mel`.
    settings : MelSettings
        Bands.
    length : int
        Samples of the audio.
    iterations, seed
        As for `griffin_lim`.

    Returns
    -------
    (..., length) float64 array
    """
    magnitude = magnitude_of_mel(log_mels, settings)
    return griffin_lim(magnitude, settings.hop, length, iterations, seed=seed)
