"""How differently two signals sound: distances of spectra, cepstra, and statistics of mel bands."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64, AnyArray
from nlac.training.signal.spectra import MelSettings, cepstrum, log_mel, log_power

_CEPSTRA = 13


def log_spectral_distance(reference: AnyArray, other: AnyArray, size: int = 1024) -> float:
    """Root mean square difference of power spectra in dB, mean over frames.

    Parameters
    ----------
    reference, other : (times,) float arrays
        Signals in -1 to 1, of equal length. What is below -100 dB counts as -100 dB.
    size : int
        Samples of a window; windows overlap by three quarters.

    Returns
    -------
    float
        dB, at least 0.
    """
    _check(reference, other)
    difference = log_power(reference, size, size // 4) - log_power(other, size, size // 4)
    return float(np.sqrt(np.mean(difference**2, axis=-2)).mean())


def mel_cepstral_distortion(reference: AnyArray, other: AnyArray, settings: MelSettings) -> float:
    """Distance of mel cepstra in dB (Kubichek, 1993), mean over frames.

    Coefficients 1 to 13 count; number 0, the level, does not. Frames are compared as they stand,
    without warping of time.

    Parameters
    ----------
    reference, other : (times,) float arrays
        Signals in -1 to 1, of equal length.
    settings : MelSettings
        Mel bands, at least 14.
    """
    _check(reference, other)
    if settings.bands <= _CEPSTRA:
        raise UsageError(f"bands: {settings.bands}; at least {_CEPSTRA + 1}")
    both = [cepstrum(log_mel(x, settings), _CEPSTRA + 1)[1:] for x in (reference, other)]
    # the formula's coefficients are the factors of cosines in the logarithm of the amplitude;
    # those of an orthonormal DCT are larger by a factor of sqrt(bands / 2)
    squares = np.sum((both[0] - both[1]) ** 2, axis=0) * (2 / settings.bands)
    return float(10 / np.log(10) * np.sqrt(2 * squares).mean())


@dataclass(slots=True)
class MelStatistics:
    """Mean and covariance of log-mel frames, gathered from any number of signals.

    Attributes
    ----------
    settings : MelSettings
        Mel bands.
    count : int
        Frames so far.
    """

    settings: MelSettings
    count: int = 0
    _sum: F64 = field(init=False)
    _products: F64 = field(init=False)

    def __post_init__(self) -> None:
        bands = self.settings.bands
        self._sum, self._products = np.zeros(bands), np.zeros((bands, bands))

    def add(self, x: AnyArray) -> None:
        """Add the frames of a (times,) signal in -1 to 1."""
        frames = log_mel(x, self.settings)
        self.count += frames.shape[1]
        self._sum += frames.sum(1)
        self._products += frames @ frames.T

    @property
    def mean(self) -> F64:
        """(bands,) float64."""
        return self._sum / self.count

    @property
    def covariance(self) -> F64:
        """(bands, bands) float64."""
        return self._products / self.count - np.outer(self.mean, self.mean)


def frechet_distance(a: MelStatistics, b: MelStatistics) -> float:
    """Fréchet distance of two sets of signals, by normal distributions of their log-mel frames.

    The Fréchet audio distance (Kilgour et al., arXiv 1812.08466) without a network: frames stand
    for themselves, not for embeddings, so its values do not compare with published ones.

    Returns
    -------
    float
        Squared natural logarithms of amplitude, at least 0.
    """
    if a.settings != b.settings:
        raise UsageError(f"mel bands differ: {a.settings} and {b.settings}")
    if not a.count or not b.count:
        raise UsageError("no frames to compare")
    ca, cb = a.covariance, b.covariance
    root = _root(ca)
    # the trace of (ca cb)**0.5, by a symmetric matrix of the same eigenvalues
    values = np.linalg.eigvalsh(root @ cb @ root)
    cross = np.sqrt(np.maximum(values, 0)).sum()
    gap = a.mean - b.mean
    return max(float(gap @ gap + np.trace(ca) + np.trace(cb) - 2 * cross), 0.0)


def _root(matrix: F64) -> F64:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T  # type: ignore[no-any-return]


def _check(reference: AnyArray, other: AnyArray) -> None:
    if np.ndim(reference) != 1 or np.shape(reference) != np.shape(other):
        shapes = f"{np.shape(reference)} and {np.shape(other)}"
        raise UsageError(f"shapes {shapes}: two signals of one channel and equal length needed")
    if np.size(reference) == 0:
        raise UsageError("no samples to compare")
