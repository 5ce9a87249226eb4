"""Spectrograms from 0 Hz to the true Nyquist frequency, as levels of sines in bytes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac.views.recording import Recording

# dB below a sine of full scale that 0 stands for; 255 is full scale
RANGE_DB = 120
# floats beyond are shown like it
_LOUDEST = np.float32(1e9)
# seconds of the longest window
_WINDOW_SECONDS = 0.09
# the shortest window is this fraction of the longest
_SHORTEST = 8
_MIN_WINDOW = 64
# frames that are read together, and windows that are transformed together
_MOST_FRAMES = 1 << 20
_MOST_WINDOWS = 64
# columns are taken from one reading of all frames unless they lie further apart, in windows
_DENSE = 4


def longest_window(sample_rate: int) -> int:
    """Frames of the window of long spans: a power of two, near 0.09 seconds."""
    return max(_MIN_WINDOW, _power_of_two(sample_rate * _WINDOW_SECONDS))


def _power_of_two(value: float) -> int:
    return 1 << round(math.log2(max(value, 1.0)))


def window_length(sample_rate: int, frames_per_column: float) -> int:
    """Frames of a window at a zoom: about two columns, within the bounds for the sample rate."""
    longest = longest_window(sample_rate)
    shortest = max(_MIN_WINDOW, longest // _SHORTEST)
    return min(longest, max(shortest, _power_of_two(2 * frames_per_column)))


def levels_of(windows: NDArray[np.float32], height: int) -> NDArray[np.uint8]:
    """Levels of the frequencies in windows of samples.

    Parameters
    ----------
    windows : ndarray, shape (count, length)
        Samples, full scale being 1.0; the length is even.
    height : int
        Rows, which divide the frequencies from 0 Hz to Nyquist evenly.

    Returns
    -------
    ndarray of uint8, shape (count, height)
        The first of a window stands for the lowest frequencies. A sine of full scale has 255, one
        of -120 dB and less 0. Of a row's frequencies the loudest counts.
    """
    length = windows.shape[1]
    # at least a bin a row
    padded = max(length, _padded(height))
    hann = (0.5 - 0.5 * np.cos(np.arange(length) * (2 * np.pi / length))).astype(np.float32)
    finite = np.nan_to_num(windows, nan=0.0, posinf=1.0, neginf=-1.0)
    # far beyond what a sound has, the largest floats have no squares
    spectrum = np.fft.rfft(np.clip(finite, -_LOUDEST, _LOUDEST) * hann, padded, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    # a sine in the middle of two bins, or at the ends, where both of its halves fall together
    power *= (4.0 / length) ** 2
    power[:, [0, -1]] /= 4
    bins = power.shape[1]
    rows = np.maximum.reduceat(power, np.arange(height) * bins // height, axis=1)
    decibels = 10 * np.log10(np.maximum(rows, 10.0 ** (-RANGE_DB / 10)))
    levels = np.rint(255 * (1 + decibels / RANGE_DB))
    result: NDArray[np.uint8] = np.clip(levels, 0, 255).astype(np.uint8)
    return result


def _padded(height: int) -> int:
    """The least power of two whose transform has `height` bins."""
    return 1 << (max(2, 2 * (height - 1)) - 1).bit_length()


def spectrogram(
    recording: Recording, start: int, stop: int, width: int, height: int, channel: int = 0
) -> NDArray[np.uint8]:
    """Spectrogram of a span of a recording.

    One window a column is transformed, around the column's middle: of long spans, only those
    windows are read.

    Parameters
    ----------
    recording : Recording
        Where the samples are.
    start, stop : int
        First frame, and the frame after the last. What lies outside of the recording is silence.
    width, height : int
        Columns and rows.
    channel : int
        Which channel.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Row 0 ends at the Nyquist frequency, the last begins at 0 Hz. 255 stands for a sine of
        full scale, 0 for one of -120 dB and less.

    Raises
    ------
    UsageError
        There is no such channel, or the picture has no pixels.
    """
    check_picture(recording.channels, start, stop, width, height, channel)
    length = window_length(recording.sample_rate, (stop - start) / width)
    centres = start + (2 * np.arange(width) + 1) * (stop - start) // (2 * width)
    begins = centres - length // 2
    result = np.empty((width, height), np.uint8)
    first = 0
    while first < width:
        last = min(width, first + _MOST_WINDOWS)
        while last > first + 1 and begins[last - 1] - begins[first] > _MOST_FRAMES:
            last -= 1
        windows = _windows(recording, begins[first:last], length, channel)
        result[first:last] = levels_of(windows, height)
        first = last
    return result.T[::-1]


def spectrogram_of(
    samples: NDArray[np.float32], width: int, height: int, length: int
) -> NDArray[np.uint8]:
    """Spectrogram of samples at hand, as `spectrogram` makes it.

    Parameters
    ----------
    samples : ndarray, shape (frames,)
        One channel, full scale being 1.0.
    width, height : int
        Columns and rows.
    length : int
        Frames of a window, an even number.
    """
    frames = len(samples)
    centres = (2 * np.arange(width) + 1) * frames // (2 * width)
    padded = np.pad(samples, length)
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)
    return levels_of(windows[centres + length - length // 2], height).T[::-1]


def check_picture(
    channels: int, start: int, stop: int, width: int, height: int, channel: int
) -> None:
    """Refuse what is no picture.

    Raises
    ------
    UsageError
        There is no such channel, or the picture has no pixels or no frames.
    """
    if not 0 <= channel < channels:
        raise UsageError(f"channel {channel}: 0 to {channels - 1}")
    if width < 1 or height < 1:
        raise UsageError(f"a picture of {width} x {height} pixels")
    if start >= stop:
        raise UsageError(f"frames {start} to {stop}: none at all")


def _windows(
    recording: Recording, begins: NDArray[np.int64], length: int, channel: int
) -> NDArray[np.float32]:
    """Windows of a channel that begin at given frames, in ascending order."""
    first, end = int(begins[0]), int(begins[-1]) + length
    if end - first <= _DENSE * length * len(begins):
        samples = _padded_read(recording, first, end, channel)
        every = np.lib.stride_tricks.sliding_window_view(samples, length)
        return every[begins - first]
    return np.stack([_padded_read(recording, int(x), int(x) + length, channel) for x in begins])


def _padded_read(recording: Recording, start: int, stop: int, channel: int) -> NDArray[np.float32]:
    """Samples of one channel, full scale being 1.0; silence outside of the recording."""
    result = np.zeros(stop - start, np.float32)
    samples = recording.read(start, stop)[:, channel]
    at = max(0, -start)
    result[at : at + len(samples)] = samples
    return result / np.float32(recording.full_scale)
