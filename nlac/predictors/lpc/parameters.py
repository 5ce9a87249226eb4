"""What an `lpc` block says about its prediction: channels, segments and coefficients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SPAN = 16384

PAD = 1024  # frames of zeros before a block
UNIT = 256  # frames; segments are this times a power of two
# lengths of windows; those 2 above a multiple of 8 suit vector units (the newest two
# samples are added apart)
ORDERS = (0, 2, 4, 10, 18, 34, 66, 130, 258)
LONG_FRAMES = (0, 4, 8, 16, 32)  # frames in the window at the earlier occurrence


class LpcParameters(NamedTuple):
    """Channels in coding order, and the segments of a block (times are delayed frames).

    Attributes
    ----------
    frames : int
        Frames of the block, without delays.
    reference, delay : (channels,) int64
        Coding index of the reference channel or -1; frames that a channel lags behind.
    starts : (segments + 1,) int64
        First frame of each segment; the last entry is frames + the largest delay.
    order, shift, offset : (segments, channels) int64
        Window length in samples, fraction bits of the coefficients, their place.
    lag : (segments,) int64
        Frames back to the earlier occurrence, 0 for none.
    long_order, long_offset : (segments, channels) int64
        Window length in samples at the earlier occurrence (0: none), place of its coefficients.
    value_set : (segments, channels) int64
        Index into the value sets.
    coefficients : (n,) int64
        Each within 32 bits.
        All windows, oldest sample first, in the order of segments and channels, the
        long-term window of a channel after the other.
    initial_scale : (channels,) int64
        Running means at the start, Q12.
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
