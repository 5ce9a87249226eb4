"""Drafts: frames that are tried in the place of others."""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.aac.noise.marks import CONGRUENTIAL, REGISTERS
from nlac.codec.encoder.origin.aac.noise.registers import NO_STATE
from nlac.codec.encoder.origin.aac.part_fit import Part
from nlac.codec.encoder.origin.aac.tables import LEAST_STEP, Ladder
from nlac.codec.encoder.origin.step_costs import NO_INDEX
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LEFT_RIGHT, LINES, NO_STEP, Frames

_SIGN, _STEP = 1.0, 3.0  # bits of a sign and of the step of a band


@kernel
def clear_draft(draft: Frames, frames: Frames, frame: int) -> None:
    """Make a draft a frame of zeros with the windows of another."""
    draft.stereo[0] = LEFT_RIGHT
    for c in range(frames.sequences.shape[1]):
        draft.sequences[0, c] = frames.sequences[frame, c]
        draft.shapes[0, c] = frames.shapes[frame, c]
        draft.groups[0, c] = 0
        draft.steps[0, c] = NO_STEP
        draft.values[0, c] = 0
        draft.filters[0, c] = 0
        draft.reflections[0, c] = 0
        draft.noise[0, c] = 0
        draft.states[0, c] = 0


@kernel
def take_draft(draft: Frames, frames: Frames, frame: int) -> None:
    """Put a draft in the place of a frame with the same windows."""
    frames.stereo[frame] = draft.stereo[0]
    for c in range(frames.sequences.shape[1]):
        frames.groups[frame, c] = draft.groups[0, c]
        frames.steps[frame, c] = draft.steps[0, c]
        frames.values[frame, c] = draft.values[0, c]
        frames.noise[frame, c] = draft.noise[0, c]
        for window in range(draft.filters.shape[2]):
            frames.filters[frame, c, window] = draft.filters[0, c, window]
            frames.reflections[frame, c, window] = draft.reflections[0, c, window]
        for band in range(draft.states.shape[2]):
            frames.states[frame, c, band] = draft.states[0, c, band]


@kernel
def expect(part: Part, frames: Frames, frame: int) -> None:
    """Make steps and stereo of a frame, and its generator of noise, what a part expects."""
    for band in range(len(part.stereo)):
        part.stereo[band] = frames.stereo[frame, band]
        for c in range(frames.sequences.shape[1]):
            step = frames.steps[frame, c, band]
            part.indices[c, band] = step - LEAST_STEP if step != NO_STEP else NO_INDEX
    part.guesses[:] = NO_STATE
    channels, bands = frames.noise.shape[1:]
    for turn in range(channels * bands):
        # shift registers run through both channels, band by band
        for kind in (CONGRUENTIAL, REGISTERS):
            c, band = divmod(turn, bands)
            if kind == REGISTERS:
                band, c = divmod(turn, channels)
            low, high = frames.states[frame, c, band, 0], frames.states[frame, c, band, 1]
            if frames.noise[frame, c, band] and (high > 0) == (kind == REGISTERS):
                part.generators.found[0] = kind
                part.guesses[0] = np.int64(low) | (np.int64(high) << 32)
                return


@kernel
def bits_of(frames: Frames, frame: int, ladder: Ladder) -> float:
    """Return about how many bits the steps and values of a frame take."""
    total = 0.0
    for c in range(frames.sequences.shape[1]):
        for i in range(LINES):
            value = abs(frames.values[frame, c, i])
            if value > 0:
                total += ladder.bits[value] + _SIGN
        for band in range(frames.steps.shape[2]):
            if frames.steps[frame, c, band] != NO_STEP:
                total += _STEP
    return total
