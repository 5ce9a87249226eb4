"""The mean spectrum of a span: how strong each frequency is on the whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.views.recording import Recording

# windows of a long span, spread evenly
_MOST_WINDOWS = 256


def mean_spectrum(recording: Recording, start: int, stop: int, bins: int) -> NDArray[np.float64]:
    """Return the mean power of frequencies, over time and channels.

    Parameters
    ----------
    recording : Recording
        The recording.
    start, stop : int
        Span in frames; what lies outside is silence.
    bins : int
        Steps from 0 Hz to the Nyquist frequency: a power of two.

    Returns
    -------
    (bins + 1,) float64
        Decibels; a sine of full scale in the middle of a bin has 0. At least -200.
    """
    length = 2 * bins
    count = max(1, min(_MOST_WINDOWS, -(-(stop - start) // bins) - 1))
    last = max(0, stop - start - length)
    begins = start + np.linspace(0, last, count).astype(np.int64)
    hann = 0.5 - 0.5 * np.cos(np.arange(length) * (2 * np.pi / length))
    power = np.zeros(bins + 1)
    for begin in begins.tolist():
        samples = recording.read(begin, min(begin + length, stop)).astype(np.float64)
        window = np.zeros((length, recording.channels))
        window[: len(samples)] = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        spectrum = np.fft.rfft(window * hann[:, None], axis=0)
        power += (spectrum.real**2 + spectrum.imag**2).mean(axis=1)
    power *= (4 / length / recording.full_scale) ** 2 / count
    power[[0, -1]] /= 4
    return np.asarray(10 * np.log10(np.maximum(power, 1e-20)))
