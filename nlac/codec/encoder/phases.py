"""Find out whether the rate of a block was raised by simple means (spec 11.22)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._typing import IntSamples

_PHASES = (8, 6, 4, 3, 2)  # what is in four phases is in two as well
_STRIDES = (17, 257)  # of a first look, in short and long blocks; they share no factor with phases
_LONG = 1 << 16  # frames
_SHARE = 0.4  # of the differences that must be small then
_LOOK = 4096  # frames of the second look
_LEAST = 64  # frames
_MATCH = 0.995  # share of the frames that must be as told


class Phases(NamedTuple):
    """How a block falls into phases; see `split_phases`."""

    phases: int
    offset: int
    held: bool


def find_phases(samples: IntSamples) -> Phases | None:
    """Find how a block falls into phases of which all but one are told by that one.

    Parameters
    ----------
    samples : (frames, channels) int32

    Returns
    -------
    Phases, optional
        None for nearly all recordings.
    """
    frames = len(samples)
    if frames < _LEAST or not _is_simple(samples):
        return None
    middle = (frames - min(frames, _LOOK)) // 2
    for phases in _PHASES:
        for offset in range(phases):
            for held in (True, False):
                # the middle has another offset
                there = (offset + middle) % phases
                some = samples[middle : middle + _LOOK]
                if _match(some, phases, there, held) and _match(samples, phases, offset, held):
                    return Phases(phases, offset, held)
    return None


def _is_simple(samples: IntSamples) -> bool:
    """Whether many first or second differences are 0 or nearly so, as far as a first look goes."""
    at = np.arange(1, len(samples) - 1, _STRIDES[len(samples) > _LONG])
    before, here, after = (samples[at + k].astype(np.int64) for k in (-1, 0, 1))
    moves = np.any(here != before, axis=1) | np.any(here != after, axis=1)
    if not np.any(moves):
        return False
    still = np.mean(np.all(here == before, axis=1)[moves])
    zero = np.mean(np.all(here == 0, axis=1)[moves])
    straight = np.mean(np.all(np.abs(before - 2 * here + after) <= 2, axis=1)[moves])
    return bool(max(still, zero, straight) > _SHARE)


def _match(samples: IntSamples, phases: int, offset: int, held: bool) -> bool:
    """Whether the samples lie on one another, on a constant, or on straight lines."""
    begin = (-offset) % phases
    whole = samples[begin : begin + (len(samples) - begin) // phases * phases]
    if len(whole) < 2 * phases:
        return False
    rows = whole.reshape(-1, phases, samples.shape[1]).astype(np.int64)
    first = rows[:, :1]
    if held:
        return _mostly(rows[:, 1:] == first)
    if _mostly(rows[:, 1:] == rows[0, 1:]):
        return True
    steps = np.arange(1, phases)[None, :, None]
    lines = first[:-1] * (phases - steps) + first[1:] * steps
    return _mostly(np.abs(phases * rows[:-1, 1:] - lines) <= phases)


def _mostly(agree: NDArray[np.bool_]) -> bool:
    return bool(np.mean(np.all(agree, axis=(1, 2))) >= _MATCH)
