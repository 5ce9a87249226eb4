"""Levels of a recording: peak, loudness, and where its silence begins and ends.

Samples are float32 of shape (frames, channels) with full scale at 1.0. They may be a memory map:
they are gone through in pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nlac.training.data.filters import filtered, k_weighting

FloatSamples = NDArray[np.float32]

_PIECE_FRAMES = 1 << 20
_HOP_SECONDS = 0.1
_HOPS_IN_BLOCK = 4  # 400 ms, of which 300 ms are shared with the next
_ABSOLUTE_GATE = -70.0  # LUFS
_RELATIVE_GATE = -10.0  # LU
_OFFSET = -0.691  # so that a full-scale sine of 997 Hz on one channel is at -3.01 LUFS
_TRIM_SECONDS = 0.02  # windows whose levels are compared
_SILENCE = 2.0**-24


def pieces(samples: FloatSamples) -> Iterator[FloatSamples]:
    """Go through samples in pieces of a bounded length."""
    for begin in range(0, len(samples), _PIECE_FRAMES):
        yield samples[begin : begin + _PIECE_FRAMES]


def peak(samples: FloatSamples) -> float:
    """Largest absolute value; 0.0 of no samples."""
    return max((float(np.abs(piece).max(initial=0.0)) for piece in pieces(samples)), default=0.0)


def loudness(samples: FloatSamples, rate: int) -> float | None:
    """Integrated loudness with both gates.

    Parameters
    ----------
    samples : (frames, channels) float32
        Mono or stereo: every channel has the weight 1.
    rate : int
        Frames a second.

    Returns
    -------
    float or None
        In LUFS; None of what is too quiet to have a loudness.

    References
    ----------
    ITU-R BS.1770-4, Annex 1.
    """
    hop = max(1, round(_HOP_SECONDS * rate))
    energies = np.concatenate([np.zeros(0), *_hop_energies(samples, rate, hop)])
    if len(energies) >= _HOPS_IN_BLOCK:
        blocks = np.convolve(energies, np.full(_HOPS_IN_BLOCK, 1 / _HOPS_IN_BLOCK), "valid")
    else:
        # too short for a block: all of it is one
        blocks = energies.mean(keepdims=True) if len(energies) else energies
    blocks = blocks[blocks > _energy(_ABSOLUTE_GATE)]
    if not len(blocks):
        return None
    gate = _energy(_lufs(float(blocks.mean())) + _RELATIVE_GATE)
    return _lufs(float(blocks[blocks > gate].mean()))


def _lufs(energy: float) -> float:
    return _OFFSET + 10 * math.log10(energy)


def _energy(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


def _hop_energies(samples: FloatSamples, rate: int, hop: int) -> Iterator[NDArray[np.float64]]:
    """Mean squares of weighted samples, summed over the channels, a hop each."""
    biquads = k_weighting(rate)
    length = 100 * hop
    for begin in range(0, len(samples), length):
        # by then the filters have forgotten how they were started
        lead = min(begin, rate)
        part = samples[begin - lead : begin + length].T.astype(np.float64)
        piece = filtered(part, biquads, rate)[:, lead:]
        count = max(1, piece.shape[1] // hop)
        whole = piece[:, : count * hop]
        yield np.square(whole).reshape(len(whole), count, -1).mean(axis=2).sum(axis=0)


def sound_range(samples: FloatSamples, rate: int, decibels: float) -> tuple[int, int]:
    """Where a recording begins and ends without the silence around it.

    Parameters
    ----------
    samples : (frames, channels) float32
    rate : int
        Frames a second.
    decibels : float
        Windows of 20 ms that are this much below the loudest one are silence.

    Returns
    -------
    begin, end : int
        First frame, and the frame after the last, each with one window of the silence; 0, 0 if
        there is nothing else.
    """
    window = max(1, round(_TRIM_SECONDS * rate))
    levels = np.concatenate([np.zeros(0), *_window_levels(samples, window)])
    loudest = float(levels.max(initial=0.0))
    if loudest < _SILENCE:
        return 0, 0
    loud = np.flatnonzero(levels >= max(_SILENCE, loudest * 10 ** (-decibels / 20)))
    begin = max(0, int(loud[0]) - 1) * window
    return begin, min(len(samples), (int(loud[-1]) + 2) * window)


def _window_levels(samples: FloatSamples, window: int) -> Iterator[NDArray[np.float64]]:
    """Root mean square of each window, of its loudest channel."""
    length = max(1, _PIECE_FRAMES // window) * window
    for begin in range(0, len(samples), length):
        squares = np.square(samples[begin : begin + length], dtype=np.float64)
        starts = np.arange(0, len(squares), window)
        counts = np.diff(np.append(starts, len(squares)))[:, None]
        yield np.sqrt(np.add.reduceat(squares, starts, axis=0) / counts).max(axis=1)
