"""Which channel helps to predict which, in what order, and how far apart in time (encoder only).

In stereo the first channel sees the past of the second, the second also the
present of the first; running the first 8 or 16 frames ahead shows the second some
of its future and hides some of the second's past from the first.  With more
channels each refers to the one that resembles it most.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.lpc.covariance import covariance, mirror, room
from nlac.codec.encoder.lpc.least_squares import factorise, log2, new_factor, padded, project
from nlac.codec.encoder.lpc.segments import tap_order
from nlac.kernels.jit import kernel
from nlac.predictors.lpc.parameters import PAD

DELAYS = (0, 8, 16)
_ORDER = 34
_PIECE = 4096
_RESEMBLANCE = 0.03
_WORTH = 0.002  # a pairing must promise this much more than the one before it


class Pairing(NamedTuple):
    """Coding order and what each channel refers to.

    Attributes
    ----------
    order : (channels,) int64
        Channel that is coded at each place.
    reference, delay : (channels,) int64
        By place in the coding order: place of the reference or -1; frames of delay.
    """

    order: NDArray[np.int64]
    reference: NDArray[np.int64]
    delay: NDArray[np.int64]


@kernel
def _pair_cost(samples, first, delay, begin, end):
    """Bits for a piece of two channels when `first` goes first and the other lags by `delay`."""
    lags = _ORDER // 2 + 2
    which = np.array([first, 1 - first])
    delays = np.array([0, delay])
    counts = np.array([lags, lags])
    cov = np.empty((2 * lags, room(2 * lags)))
    covariance(samples, which, delays, counts, begin, end, cov, 0)
    mirror(cov)
    taps = np.empty(_ORDER, np.int64)
    work = np.empty((2 * lags, 2 * lags))
    factor = new_factor(2 * lags)
    z = np.zeros(padded(2 * lags))
    bits = 0.0
    for side in range(2):
        own = side * lags
        tap_order(True, side == 1, _ORDER, own, lags - own, taps)
        for i in range(_ORDER):
            for j in range(i, _ORDER):
                work[i, j] = cov[taps[i], taps[j]]
            z[i] = cov[taps[i], own]
        usable = factorise(work, _ORDER, factor, 0)
        project(factor, usable, z)
        energy = cov[own, own]
        floor = 1e-9 * energy + 1e-3
        for i in range(usable):
            energy -= z[i] * z[i]
        bits += 0.5 * (end - begin) * (log2(max(energy, floor) / (end - begin) + 0.06) + 4.1)
    return bits


def pair(samples: NDArray[np.float64], frames: int, pieces: int) -> Pairing:
    """Choose the pairing of a block.

    Parameters
    ----------
    samples : (channels, PAD + frames + at least 64) float64
        Without delays, after `PAD` frames of zeros.
    frames : int
        Length of the block.
    pieces : int
        How many pieces of 4,096 frames to try a stereo pairing on; 0 leaves it plain.
    """
    channels = len(samples)
    order = np.arange(channels, dtype=np.int64)
    reference = np.full(channels, -1, np.int64)
    delay = np.zeros(channels, np.int64)
    if channels == 2:
        reference[:] = 1, 0
        if pieces and frames >= _PIECE:
            step = max(1, (frames - _PIECE) // pieces)
            begins = range(PAD, PAD + frames - _PIECE + 1, step)
            best = np.inf
            for first in (0, 1):
                for ahead in DELAYS:
                    bits = sum(
                        _pair_cost(samples, first, ahead, begin, begin + _PIECE)
                        for begin in begins
                    )
                    if bits < best * (1 - _WORTH):
                        best = bits
                        order[:] = first, 1 - first
                        delay[:] = 0, ahead
    elif channels > 2:
        reference = _resembling(samples, frames)
    return Pairing(order, reference, delay)


def _resembling(samples: NDArray[np.float64], frames: int) -> NDArray[np.int64]:
    """Return for each channel the earlier one that it resembles most, or -1."""
    length = min(frames, 1 << 17)
    begin = PAD + (frames - length) // 2
    changes = np.diff(samples[:, begin : begin + length], axis=1)
    changes /= np.sqrt(np.sum(changes**2, axis=1, keepdims=True)) + 1e-9
    # not as a matrix product: BLAS would keep all cores busy
    alike = np.abs([[np.sum(a * b) for b in changes] for a in changes])
    reference = np.full(len(samples), -1, np.int64)
    for c in range(1, len(samples)):
        best = int(np.argmax(alike[c, :c]))
        if alike[c, best] > _RESEMBLANCE:
            reference[c] = best
            if reference[best] < 0:
                # the other way round too: a mutual pair, its first without the present
                reference[best] = c
    return reference
