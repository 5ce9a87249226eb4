"""Spectra of short windows, mel bands, and cepstra, in NumPy.

Frame i is centred on sample ``i * hop``; beyond the ends of a signal there is silence, and the
window is a periodic Hann window. ``torch.stft(..., center=True, pad_mode="constant")`` with this
window gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac._typing import F64, AnyArray

Complex = NDArray[np.complex128]
_QUIETEST = 1e-5  # amplitude, of full scale 1, that is the floor of logarithms


def hann(size: int) -> F64:
    """Periodic Hann window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def stft(x: AnyArray, size: int, hop: int) -> Complex:
    """Short-time Fourier transform.

    Parameters
    ----------
    x : (..., times) float array
        Signal.
    size : int
        Samples of a window, even.
    hop : int
        Samples between two windows.

    Returns
    -------
    (..., size / 2 + 1, 1 + times // hop) complex128 array
    """
    padding = [(0, 0)] * (x.ndim - 1) + [(size // 2, size // 2)]
    padded = np.pad(np.asarray(x, np.float64), padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=-1)[..., ::hop, :]
    return np.moveaxis(np.fft.rfft(windows * hann(size), axis=-1), -1, -2)


def istft(spectrum: Complex, hop: int, length: int) -> F64:
    """Signal whose spectra are nearest to given ones, in squared error (Griffin and Lim, 1984).

    Parameters
    ----------
    spectrum : (..., size / 2 + 1, frames) complex array
        As from `stft`.
    hop : int
        Samples between two windows.
    length : int
        Samples of the signal.

    Returns
    -------
    (..., length) float64 array
    """
    size, frames = 2 * (spectrum.shape[-2] - 1), spectrum.shape[-1]
    window = hann(size)
    parts = np.fft.irfft(np.moveaxis(spectrum, -1, -2), size, axis=-1) * window
    total = max((frames - 1) * hop + size, length + size // 2)
    signal, weight = np.zeros((*spectrum.shape[:-2], total)), np.zeros(total)
    for i in range(frames):
        signal[..., i * hop : i * hop + size] += parts[..., i, :]
        weight[i * hop : i * hop + size] += window * window
    signal /= np.maximum(weight, 1e-8)
    return signal[..., size // 2 : size // 2 + length]


@dataclass(frozen=True, slots=True)
class MelSettings:
    """Mel bands of a short-time spectrum.

    Attributes
    ----------
    rate : int
        Samples a second.
    size, hop : int
        Samples of a window, even; samples between two windows.
    bands : int
        Number of bands.
    low, high : float
        Lowest and highest frequency in Hz; 0 for `high` is half the rate.
    """

    rate: int
    size: int = 1024
    hop: int = 256
    bands: int = 80
    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        top = self.high or self.rate / 2
        for name, good, allowed in (
            ("rate", self.rate >= 1, "at least 1"),
            ("size", self.size >= 4 and self.size % 2 == 0, "even, at least 4"),
            ("hop", 1 <= self.hop <= self.size // 2, f"from 1 to {self.size // 2}"),
            ("bands", 2 <= self.bands <= self.size // 2, f"from 2 to {self.size // 2}"),
            ("low", 0 <= self.low < top, f"from 0 to less than {top:g}"),
            ("high", 0 <= self.high <= self.rate / 2, f"from 0 to {self.rate / 2:g}"),
        ):
            if not good:
                raise UsageError(f"{name}: {getattr(self, name)}; {allowed}")


@lru_cache(maxsize=8)
def mel_filters(settings: MelSettings) -> F64:
    """Triangular filters, evenly spaced on the mel scale ``2595 log10(1 + f / 700)``.

    Returns
    -------
    (bands, size / 2 + 1) float64 array
        Each filter adds up to 1, so a band is a mean of amplitudes. A filter narrower than the
        distance of two frequencies takes the nearest one. Do not change it: it is cached.
    """

    def mel(f: float) -> float:
        return 2595.0 * float(np.log10(1 + f / 700))

    high = settings.high or settings.rate / 2
    mels = np.linspace(mel(settings.low), mel(high), settings.bands + 2)
    corners = 700 * (10 ** (mels / 2595) - 1)
    frequencies = np.arange(settings.size // 2 + 1) * settings.rate / settings.size
    rising = (frequencies - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - frequencies) / (corners[2:] - corners[1:-1])[:, None]
    filters = np.maximum(np.minimum(rising, falling), 0)
    empty = filters.sum(1) == 0
    nearest = np.abs(frequencies - corners[1:-1, None]).argmin(1)
    filters[empty, nearest[empty]] = 1.0
    filters /= filters.sum(1, keepdims=True)
    return filters


def mel_spread(settings: MelSettings) -> F64:
    """Matrix that spreads values of bands over frequencies: each gets a mean of its bands.

    Returns
    -------
    (size / 2 + 1, bands) float64 array
        Rows add up to 1. Frequencies without a band, such as 0, have that of the nearest one.
    """
    spread = mel_filters(settings).T.copy()
    covered = np.flatnonzero(spread.sum(1))
    for frequency in np.flatnonzero(spread.sum(1) == 0):
        spread[frequency] = spread[covered[np.abs(covered - frequency).argmin()]]
    return spread / spread.sum(1, keepdims=True)  # type: ignore[no-any-return]


def log_mel(x: AnyArray, settings: MelSettings) -> F64:
    """Natural logarithms of the mean amplitudes in mel bands.

    Parameters
    ----------
    x : (..., times) float array
        Signal in -1 to 1.
    settings : MelSettings
        Bands.

    Returns
    -------
    (..., bands, frames) float64 array
        A sine at full scale reaches about 0; nothing is below log(1e-5).
    """
    # half the sum of the window is the amplitude of a sine in the middle of a bin
    amplitude = np.abs(stft(x, settings.size, settings.hop)) * (4 / settings.size)
    return np.log(np.maximum(mel_filters(settings) @ amplitude, _QUIETEST))


def log_power(x: AnyArray, size: int = 1024, hop: int = 256) -> F64:
    """Power spectra in dB of a sine at full scale, nothing below -100."""
    amplitude = np.abs(stft(x, size, hop)) * (4 / size)
    return 20 * np.log10(np.maximum(amplitude, _QUIETEST))


def cepstrum(log_amplitude: F64, count: int) -> F64:
    """First coefficients of the orthonormal DCT-II along the bands.

    Parameters
    ----------
    log_amplitude : (..., bands, frames) float64 array
        As from `log_mel`.
    count : int
        Coefficients to keep; the first, the mean level, is number 0.
    """
    bands = log_amplitude.shape[-2]
    k, n = np.arange(count)[:, None], np.arange(bands)[None]
    basis = np.cos(np.pi * k * (2 * n + 1) / (2 * bands)) * np.sqrt(2 / bands)
    basis[0] *= np.sqrt(0.5)
    return basis @ log_amplitude  # type: ignore[no-any-return]
