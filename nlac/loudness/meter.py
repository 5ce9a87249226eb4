"""Measure loudness of samples that come in pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UnsupportedAudio, UsageError
from nlac._typing import F64
from nlac.loudness.filters import channel_weights, interpolation, k_weighting, oversampling
from nlac.loudness.gating import Loudness, loudness_of

MIN_SAMPLE_RATE = 4000
# frames that are filtered at a time
_PIECE = 1 << 15


class LoudnessMeter:
    """Measures loudness and peaks. Call `push` any number of times, then `result`.

    Parameters
    ----------
    sample_rate : int
        Frames a second, at least 4000.
    channels : int
        Number of channels.
    channel_mask : int
        Speakers as in WAVE; 0 takes the usual ones for up to 8 channels.
    dual_mono : bool
        A single channel is played by two speakers, and so 3 LU louder.

    Raises
    ------
    UnsupportedAudio
        The rate is too low: the weighting filter does not exist there.

    Examples
    --------
    >>> meter = LoudnessMeter(48_000, 2)         # doctest: +SKIP
    >>> meter.push(samples / 32768)              # doctest: +SKIP
    >>> meter.result().integrated                # doctest: +SKIP
    """

    def __init__(
        self, sample_rate: int, channels: int, channel_mask: int = 0, *, dual_mono: bool = False
    ) -> None:
        if sample_rate < MIN_SAMPLE_RATE:
            raise UnsupportedAudio(
                f"loudness can't be measured at {sample_rate} Hz, but from {MIN_SAMPLE_RATE} Hz on"
            )
        self._channels = channels
        self._coefficients = k_weighting(sample_rate)
        self._weights = channel_weights(channels, channel_mask, dual_mono=dual_mono)
        self._states = np.zeros((channels, 4))
        self._hop = (sample_rate + 5) // 10
        self._filled, self._energy = 0, 0.0
        self._energies: list[F64] = []
        factor = oversampling(sample_rate)
        self._phases = interpolation(factor) if factor > 1 else None
        taps = 0 if self._phases is None else self._phases.shape[1] - 1
        self._before = np.zeros((channels, taps))
        self._sample_peak = self._true_peak = 0.0

    def push(self, samples: NDArray[Any]) -> None:
        """Measure the next samples.

        Parameters
        ----------
        samples : ndarray, shape (frames, channels), or (frames,) for mono
            Floats, full scale being 1.0.

        Raises
        ------
        UsageError
            The shape is another one, or the samples are integers.
        UnsupportedAudio
            A sample is infinite or no number.
        """
        if samples.dtype.kind != "f":
            raise UsageError(f"{samples.dtype} samples: floats are needed, full scale being 1.0")
        if samples.ndim == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or samples.shape[1] != self._channels:
            raise UsageError(f"samples of shape {samples.shape} are not (.., {self._channels})")
        for begin in range(0, len(samples), _PIECE):
            part = samples[begin : begin + _PIECE]
            self._push(np.ascontiguousarray(part.T, dtype=np.float64))

    def _push(self, signal: F64) -> None:
        from nlac.loudness.kernels import interpolated_peak, weighted_power

        peak = float(np.abs(signal).max(initial=0.0))
        if not np.isfinite(peak):
            raise UnsupportedAudio("samples that are infinite or no numbers have no loudness")
        self._sample_peak = max(self._sample_peak, peak)
        self._true_peak = max(self._true_peak, peak)
        energies = np.empty(signal.shape[1] // self._hop + 1)
        self._filled, self._energy, count = weighted_power(
            signal, self._coefficients, self._weights, self._states,
            self._hop, self._filled, self._energy, energies,
        )  # fmt: skip
        self._energies.append(energies[:count])
        if self._phases is None:
            return
        bound = float(np.abs(self._phases).sum(axis=1).max())
        taps = self._before.shape[1]
        extended = np.concatenate([self._before, signal], axis=1)
        for channel in range(self._channels):
            self._true_peak = interpolated_peak(
                extended[channel], self._phases, bound, self._true_peak
            )
        self._before = np.ascontiguousarray(extended[:, extended.shape[1] - taps :])

    def result(self) -> Loudness:
        """Loudness of all that came so far."""
        hops = np.concatenate([np.empty(0), *self._energies])
        return loudness_of(hops, self._hop, self._true_peak, self._sample_peak)
