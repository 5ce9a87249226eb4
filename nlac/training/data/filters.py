"""Second-order filters and their application by FFT.

A filter here is its frequency response, so that no loop over samples is needed. What is filtered is
followed by silence long enough for the response to die away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatT = TypeVar("FloatT", np.float32, np.float64)


class Biquad(NamedTuple):
    """Second-order section: (b0 + b1/z + b2/z^2) / (1 + a1/z + a2/z^2)."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float


def low_pass(hertz: float, q: float, rate: int) -> Biquad:
    """Low-pass filter with its corner at a frequency below half the sample rate.

    References
    ----------
    R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
    """
    cosine, alpha = _angle(hertz, q, rate)
    return _scaled((1 - cosine) / 2, 1 - cosine, (1 - cosine) / 2, cosine, alpha)


def high_pass(hertz: float, q: float, rate: int) -> Biquad:
    """High-pass filter; see `low_pass`."""
    cosine, alpha = _angle(hertz, q, rate)
    return _scaled((1 + cosine) / 2, -1 - cosine, (1 + cosine) / 2, cosine, alpha)


def peaking(hertz: float, q: float, decibels: float, rate: int) -> Biquad:
    """Filter that raises or lowers the neighbourhood of a frequency; see `low_pass`."""
    cosine, alpha = _angle(hertz, q, rate)
    gain = 10 ** (decibels / 40)
    upper, lower = alpha * gain, alpha / gain
    a0 = 1 + lower
    return Biquad(
        (1 + upper) / a0, -2 * cosine / a0, (1 - upper) / a0, -2 * cosine / a0, (1 - lower) / a0
    )


def _angle(hertz: float, q: float, rate: int) -> tuple[float, float]:
    angle = 2 * math.pi * hertz / rate
    return math.cos(angle), math.sin(angle) / (2 * q)


def _scaled(b0: float, b1: float, b2: float, cosine: float, alpha: float) -> Biquad:
    a0 = 1 + alpha
    return Biquad(b0 / a0, b1 / a0, b2 / a0, -2 * cosine / a0, (1 - alpha) / a0)


def k_weighting(rate: int) -> tuple[Biquad, ...]:
    """Filters in front of the loudness meter, at any sample rate.

    At 48 kHz they are those of the recommendation. The shelf above 1.7 kHz is left out where there
    is hardly anything above it.

    References
    ----------
    ITU-R BS.1770-4, Annex 1; analogue prototypes by B. De Man, "Evaluation of implementations of
    the EBU R128 loudness measurement", AES 145 (2018).
    """
    found = []
    if rate >= 4000:
        k = math.tan(math.pi * 1681.974450955533 / rate)
        q = 0.7071752369554196
        high = 10 ** (3.999843853973347 / 20)
        band = high**0.4996667741545416
        a0 = 1 + k / q + k * k
        found.append(
            Biquad(
                (high + band * k / q + k * k) / a0,
                2 * (k * k - high) / a0,
                (high - band * k / q + k * k) / a0,
                2 * (k * k - 1) / a0,
                (1 - k / q + k * k) / a0,
            )
        )
    k = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    found.append(Biquad(1.0, -2.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0))
    return tuple(found)


@lru_cache(maxsize=4)
def _unit_circle(size: int) -> NDArray[np.complex128]:
    """1/z at the frequencies of an FFT."""
    points: NDArray[np.complex128] = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    return points


def filtered(samples: NDArray[FloatT], biquads: Sequence[Biquad], tail: int) -> NDArray[FloatT]:
    """Apply filters, one after the other, to samples that silence precedes.

    Parameters
    ----------
    samples : (..., time) float32 or float64
        What to filter.
    biquads : sequence of Biquad
        Stable filters.
    tail : int
        Samples after which their responses have died away.

    Returns
    -------
    (..., time), of the type of `samples`
    """
    time = samples.shape[-1]
    size = 1 << max(1, time + tail - 1).bit_length()
    z = _unit_circle(size)
    response = np.ones_like(z)
    for b0, b1, b2, a1, a2 in biquads:
        response *= (b0 + z * (b1 + z * b2)) / (1 + z * (a1 + z * a2))
    spectrum = np.fft.rfft(samples, size, axis=-1)
    # before version 2 NumPy transforms float64 only
    spectrum *= response.astype(spectrum.dtype)
    return np.fft.irfft(spectrum, size, axis=-1)[..., :time].astype(samples.dtype, copy=False)
