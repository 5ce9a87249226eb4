"""Phases: every so many frames as channels of their own (spec, section "Phases").

A signal whose rate was raised by simple means, by repeating samples, by zeros between them or by
straight lines, is R signals in turn, of which all but one hold nothing new.
"""

from __future__ import annotations

import numpy as np

from nlac._errors import CorruptStream
from nlac._typing import AnyArray, IntSamples
from nlac.entropy.varint import read_varint, write_varint

MAX_PHASES = 8
MAX_CHANNELS = 255  # phases of all channels


def phased_frames(frames: int, phases: int, offset: int) -> int:
    """Frames of a block in phases."""
    return -(-(frames + offset) // phases)


def write_phases(phases: int, offset: int) -> bytes:
    """Return the bytes of the number of phases, and of the frames before the first one."""
    return write_varint(phases) + write_varint(offset)


def read_phases(data: bytes, at: int, channels: int) -> tuple[int, int, int]:
    """Parse what `write_phases` wrote; returns phases, offset and the position after them.

    Raises
    ------
    CorruptStream
        A number is out of range.
    """
    phases, at = read_varint(data, at)
    limit = min(MAX_PHASES, MAX_CHANNELS // channels)
    if not 2 <= phases <= limit:
        raise CorruptStream(f"{phases} phases; 2 to {limit}", path="phases")
    offset, at = read_varint(data, at)
    if offset >= phases:
        raise CorruptStream(f"offset {offset} of {phases} phases", path="phases")
    return phases, offset, at


def split_phases(samples: IntSamples, phases: int, offset: int, held: bool) -> IntSamples:
    """Put the phases of all channels side by side.

    Parameters
    ----------
    samples : (frames, channels) int32
        At least `phases` frames.
    phases, offset : int
        Frame i is in phase ``(i + offset) % phases``.
    held : bool
        Fill up the first and the last frame with the samples beside, in place of those of the
        same phase; decoders ignore what fills them up.

    Returns
    -------
    (ceil((frames + offset) / phases), phases * channels) int32
        The channels of phase 0 first.
    """
    frames, channels = samples.shape
    total = phases * phased_frames(frames, phases, offset)
    out = np.empty((total, channels), np.int32)
    end = offset + frames
    out[offset:end] = samples
    if held:
        out[:offset], out[end:] = samples[0], samples[-1]
    else:
        out[:offset] = out[phases : phases + offset]
        out[end:] = out[end - phases : total - phases]
    return out.reshape(total // phases, phases * channels)


def join_phases(samples: AnyArray, frames: int, phases: int, offset: int) -> AnyArray:
    """Undo `split_phases`; `frames` is the number of frames of the result."""
    channels = samples.shape[1] // phases
    return samples.reshape(-1, channels)[offset : offset + frames]
