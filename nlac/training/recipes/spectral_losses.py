"""Losses of audio by its spectra, at one resolution and at several.

As in Parallel WaveGAN (Yamamoto et al., arXiv 1910.11480).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

RESOLUTIONS = (512, 1024, 2048)  # samples of a window; windows overlap by three quarters
_LEAST = 1e-5


def magnitudes(x: Tensor, size: int, hop: int) -> Tensor:
    """Magnitudes of the short-time spectrum, as `nlac.training.signal.spectra.stft` has them.

    Parameters
    ----------
    x : (..., times) float Tensor
        Signal.

    Returns
    -------
    (..., size / 2 + 1, 1 + times // hop) float Tensor
        Never exactly 0, so that gradients are finite.
    """
    spectrum = complex_spectrum(x, size, hop)
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + _LEAST**2)


def complex_spectrum(x: Tensor, size: int, hop: int) -> Tensor:
    """Short-time Fourier transform, (..., size / 2 + 1, 1 + times // hop) complex."""
    window = torch.hann_window(size, dtype=x.dtype, device=x.device)
    rows = x.reshape(-1, x.shape[-1])
    spectrum = torch.stft(
        rows, size, hop, window=window, center=True, pad_mode="constant", return_complex=True
    )
    return spectrum.reshape(*x.shape[:-1], *spectrum.shape[1:])


def spectral_convergence(magnitude: Tensor, wanted: Tensor) -> Tensor:
    """Norm of the difference of magnitudes, relative to that of the wanted ones."""
    return torch.linalg.norm(magnitude - wanted) / torch.linalg.norm(wanted).clamp_min(_LEAST)


def multi_resolution_loss(x: Tensor, wanted: Tensor) -> Tensor:
    """Spectral convergence and mean difference of log magnitudes, mean over three resolutions.

    Parameters
    ----------
    x, wanted : (..., times) float Tensor
        Signals.
    """
    total = x.new_zeros(())
    for size in RESOLUTIONS:
        one, other = (magnitudes(each, size, size // 4) for each in (x, wanted))
        log_difference = functional.l1_loss(one.log(), other.log())
        total = total + spectral_convergence(one, other) + log_difference
    return total / len(RESOLUTIONS)
