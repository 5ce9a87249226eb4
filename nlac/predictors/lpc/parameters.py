"""Prediction parameters of an `lpc` block: channels, segments and coefficients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SPAN = 16384  # frames: the unit in which an encoder searches and an LTP lag is shared
PAD = 1024  # frames of zeros before a block
UNIT = 256  # frames; a segment has this many times a power of two
# lengths of windows in samples; 2 above a multiple of 8 suits vectors, since the two newest
# samples are added apart
ORDERS = (0, 2, 4, 10, 18, 34, 66, 130, 258)
LONG_FRAMES = (0, 4, 8, 16, 32)  # frames in the LTP window


class LpcParameters(NamedTuple):
    """Channels in coding order, and segments of a block; times are delayed frames.

    Attributes
    ----------
    frames : int
        Frames of the block, without delays.
    reference, delay : (channels,) int64
        Coding index of the reference channel or -1; frames by which a channel lags.
    starts : (segments + 1,) int64
        First frame of each segment; the last entry is frames + the largest delay.
    order, shift, offset : (segments, channels) int64
        Length of the window in samples; fraction bits of the coefficients; index of the first
        in `coefficients`.
    lag : (segments,) int64
        Frames back to the LTP match, 0 for none.
    long_order, long_offset : (segments, channels) int64
        Length of the LTP window in samples (0: none), and index of its first coefficient.
    value_set : (segments, channels) int64
        Index into the value sets.
    coefficients : (n,) int64
        Within 32 bits. Segment by segment and channel by channel, the window first, then the
        LTP window, each with the oldest sample first.
    initial_scale : (channels,) int64
        Running means of |error| at the start of the block, Q12.
    """

    frames: int
    reference: NDArray[np.int64]
    delay: NDArray[np.int64]
    starts: NDArray[np.int64]
    order: NDArray[np.int64]
    shift: NDArray[np.int64]
    offset: NDArray[np.int64]
    lag: NDArray[np.int64]
    long_order: NDArray[np.int64]
    long_offset: NDArray[np.int64]
    value_set: NDArray[np.int64]
    coefficients: NDArray[np.int64]
    initial_scale: NDArray[np.int64]
