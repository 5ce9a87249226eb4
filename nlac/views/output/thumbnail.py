"""A small picture of a recording's waveform, as file managers show it; PNG without a library."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError
from nlac.views.recording import Recording

# frames that are looked at for a column; more of them would hardly change it
_FRAMES = 4096
# blue that shows on light and on dark, and lighter where the sound mostly is
_PEAK = (47, 111, 222, 255)
_MEAN = (122, 168, 240, 255)


def thumbnail(
    recording: Recording,
    size: int,
    *,
    seconds: float = 5.0,
    tell: Callable[[NlacError], None] | None = None,
) -> bytes:
    """PNG file with the waveform of a recording, of all channels together.

    Parameters
    ----------
    recording : Recording
        The recording.
    size : int
        Width in pixels; the height is half of it.
    seconds : float
        Time after which no more samples are decoded; columns without any are like their
        neighbours.
    tell : callable, optional
        Called with what is wrong where the recording is damaged; the picture has gaps there.

    Returns
    -------
    bytes
    """
    columns = _columns(recording, size, seconds, tell)
    half = max(1, size // 4)
    rows = np.abs(np.arange(2 * half) - half + 0.5)[:, None]
    pixels = np.zeros((2 * half, size, 4), np.uint8)
    # silence is a line, what is not known nothing at all
    reach = np.maximum(columns * half, 0.6)
    pixels[rows < reach[0]] = _PEAK
    pixels[rows < reach[1]] = _MEAN
    return png(pixels)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Bytes of a PNG file.

    Parameters
    ----------
    pixels : (height, width, 4) uint8
        Red, green, blue and opacity.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), np.uint8)
    # before each row the number of its filter, which is none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(*part) for part in parts)


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _columns(
    recording: Recording, count: int, seconds: float, tell: Callable[[NlacError], None] | None
) -> NDArray[np.float64]:
    """Peak and mean power of columns, shape (2, count), 0 to 1; NaN of damaged ones."""
    found: dict[int, tuple[float, float]] = {}
    end = time.monotonic() + seconds
    for column in _spread(count):
        start = recording.frames * column // count
        stop = min(recording.frames * (column + 1) // count, start + _FRAMES)
        try:
            samples: NDArray[Any] = recording.read(start, max(stop, start + 1))
        except NlacError as error:
            found[column] = (np.nan, np.nan)
            if tell is not None:
                tell(error)
        else:
            found[column] = _level(samples / recording.full_scale) if samples.size else (0.0, 0.0)
        if time.monotonic() > end:
            break
    places = np.array(sorted(found))
    nearest = places[np.abs(np.arange(count)[:, None] - places).argmin(1)]
    return np.array([found[int(place)] for place in nearest]).T


def _level(values: NDArray[np.float64]) -> tuple[float, float]:
    # a float file may hold anything
    values = np.clip(np.nan_to_num(values), -1, 1)
    return float(np.abs(values).max()), float(np.sqrt(np.mean(values**2)))


def _spread(count: int) -> Iterator[int]:
    """All columns, those far apart first."""
    step = 1 << (count - 1).bit_length()
    done: set[int] = set()
    while step:
        for column in range(0, count, step):
            if column not in done:
                done.add(column)
                yield column
        step //= 2
