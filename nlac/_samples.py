"""The width that samples are held in, and how to go through many of them with little memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nlac._typing import Samples

# samples that are converted at a time: copies of them stay in the processor's cache
_PIECE_SAMPLES = 1 << 16


def sample_type(bits_per_sample: int, is_float: bool = False) -> type[np.generic]:
    """Narrowest type in which a block of such samples is held: int16, int32 or float32."""
    if is_float:
        return np.float32
    return np.int16 if bits_per_sample <= 16 else np.int32


def piece_frames(channels: int) -> int:
    """Frames of a short piece."""
    return max(1, _PIECE_SAMPLES // channels)


def in_pieces(samples: Samples) -> Iterator[Samples]:
    """Yield samples, shape (frames, channels), in short pieces: copies of them take no memory."""
    step = piece_frames(samples.shape[1])
    for begin in range(0, len(samples), step):
        yield samples[begin : begin + step]
