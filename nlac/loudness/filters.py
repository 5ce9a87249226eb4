"""Filters and weights of ITU-R BS.1770-5."""

from __future__ import annotations

import math

import numpy as np

from nlac._typing import F64

# speakers of dwChannelMask in WAVE_FORMAT_EXTENSIBLE
_LFE, _BACK_LEFT, _BACK_RIGHT = 0x8, 0x10, 0x20
_SIDE_LEFT, _SIDE_RIGHT = 0x200, 0x400
_NUM_SPEAKERS = 18
# +1.5 dB for what comes from 60 to 120 degrees (BS.1770-5, table 4)
_SURROUND = 1.41
# masks of files that tell none: mono, stereo, 3.0, quadraphonic, 5.0, 5.1, 6.1, 7.1
_USUAL_MASKS = {1: 0x4, 2: 0x3, 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F}
# the interpolation filter for true peaks has so many taps at an oversampling of 4
_TAPS = 49


def k_weighting(sample_rate: int) -> F64:
    """Coefficients of the K-weighting: a high shelf, then a high pass.

    The recommendation gives them for 48 kHz. For other rates the same analogue filters are
    transformed (bilinear, with prewarping); at 48 kHz this gives the coefficients of the
    recommendation.

    Parameters
    ----------
    sample_rate : int
        Frames a second.

    Returns
    -------
    ndarray, shape (2, 5)
        b0, b1, b2, a1, a2 of both sections.
    """
    gain, q = 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * 1681.974450955533 / sample_rate)
    high = 10.0 ** (gain / 20)
    band = high**0.4996667741545416
    norm = 1 + k / q + k * k
    shelf = (
        (high + band * k / q + k * k) / norm,
        2 * (k * k - high) / norm,
        (high - band * k / q + k * k) / norm,
        2 * (k * k - 1) / norm,
        (1 - k / q + k * k) / norm,
    )
    q = 0.5003270373238773
    k = math.tan(math.pi * 38.13547087602444 / sample_rate)
    norm = 1 + k / q + k * k
    return np.array([shelf, (1.0, -2.0, 1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm)])


def channel_weights(channels: int, mask: int = 0, *, dual_mono: bool = False) -> F64:
    """Weight of the power of each channel; 0 for the LFE.

    Surround channels count 1.41, all others 1. Back channels are surround channels where there
    are no side channels (5.1); beside them (7.1) they stand at 135 degrees, where the weight is 1.

    Parameters
    ----------
    channels : int
        Number of channels.
    mask : int
        Speakers as in WAVE; 0 takes the usual ones for up to 8 channels.
    dual_mono : bool
        A single channel is played by two speakers, so that it counts twice.

    Returns
    -------
    ndarray, shape (channels,)
    """
    if channels == 1:
        return np.array([2.0 if dual_mono else 1.0])
    mask = mask or _USUAL_MASKS.get(channels, 0)
    surround = {_SIDE_LEFT, _SIDE_RIGHT}
    if not mask & (_SIDE_LEFT | _SIDE_RIGHT):
        surround |= {_BACK_LEFT, _BACK_RIGHT}
    weights = np.ones(channels)
    speakers = [1 << bit for bit in range(_NUM_SPEAKERS) if mask >> bit & 1]
    for channel, speaker in enumerate(speakers[:channels]):
        if speaker == _LFE:
            weights[channel] = 0.0
        elif speaker in surround:
            weights[channel] = _SURROUND
    return weights


def oversampling(sample_rate: int) -> int:
    """Factor by which a signal is oversampled for its true peak: to at least 192 kHz, about."""
    if sample_rate < 96_000:
        return 4
    return 2 if sample_rate < 192_000 else 1


def interpolation(factor: int) -> F64:
    """Phases between the samples of the interpolation filter, a sinc in a Hann window.

    Parameters
    ----------
    factor : int
        Oversampling. The phase that gives the samples themselves is left out.

    Returns
    -------
    ndarray, shape (factor - 1, 48 / factor)
        Coefficients for samples in order, the oldest first.
    """
    places = np.arange(_TAPS) - (_TAPS - 1) / 2
    window = 0.5 * (1 - np.cos(2 * np.pi * np.arange(_TAPS) / (_TAPS - 1)))
    taps = np.sinc(places / factor) * window
    # the tap at the end is zero, like all others of the first phase but the middle one
    return np.ascontiguousarray(taps[:-1].reshape(-1, factor).T[1:, ::-1])
