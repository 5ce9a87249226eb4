"""Spectra of all of a recording in even steps, as far as it has been decoded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac.views.columns import nearest_known
from nlac.views.spectrogram import levels_of, longest_window

# frames for which one spectrum stands, and its bands
STEP_FRAMES = 1 << 13
BANDS = 512


class SpectrumStore:
    """Levels of 512 bands, each 8192 frames.

    Parameters
    ----------
    frames, channels, sample_rate : int
        Of the recording.
    """

    def __init__(self, frames: int, channels: int, sample_rate: int) -> None:
        count = -(-frames // STEP_FRAMES)
        self._levels = np.zeros((channels, count, BANDS), np.uint8)
        self._known = np.zeros(count, np.bool_)
        self._window = min(longest_window(sample_rate), STEP_FRAMES)

    def add(self, start: int, samples: NDArray[Any], full_scale: float) -> None:
        """Take samples, shape (frames, channels), from frame `start` on."""
        frames = len(samples)
        half = STEP_FRAMES // 2
        # steps whose middles lie in the samples, and the last one, which may be short
        first = -(-(start - half) // STEP_FRAMES)
        last = -(-(start + frames - half) // STEP_FRAMES)
        if last == len(self._known) - 1 and start + frames > last * STEP_FRAMES:
            last += 1
        if first >= last:
            return
        begins = np.arange(first, last) * STEP_FRAMES + half - self._window // 2 - start
        # what would reach beyond the samples is moved
        begins = np.clip(begins, 0, max(0, frames - self._window))
        for channel in range(samples.shape[1]):
            windows = np.zeros((last - first, self._window), np.float32)
            for window, begin in zip(windows, begins, strict=True):
                part = samples[begin : begin + self._window, channel]
                window[: len(part)] = part
            windows /= np.float32(full_scale)
            self._levels[channel, first:last] = levels_of(windows, BANDS)
        self._known[first:last] = True

    def picture(
        self, start: int, stop: int, width: int, height: int, channel: int, complete: bool
    ) -> NDArray[np.uint8]:
        """Spectrogram of a span, shape (height, width).

        What has not been seen is like the nearest that has; if that is `complete`, it is silent.
        """
        known = self._known.copy()
        if not known.any():
            return np.zeros((height, width), np.uint8)
        centres = start + (2 * np.arange(width) + 1) * (stop - start) // (2 * width)
        steps = np.clip(centres // STEP_FRAMES, 0, len(known) - 1)
        if not complete:
            steps = nearest_known(known)[steps]
        columns = self._levels[channel, steps]
        if height <= BANDS:
            begins = np.arange(height) * BANDS // height
            rows = np.maximum.reduceat(columns, begins, axis=1)
        else:
            rows = columns[:, np.arange(height) * BANDS // height]
        return rows.T[::-1]
