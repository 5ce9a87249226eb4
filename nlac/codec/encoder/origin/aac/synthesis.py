"""Samples that frames stand for, in float64."""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.aac.tables import SHORT_SINE, Bank, bank
from nlac.codec.encoder.origin.aac.transforms import WORK, add_long, add_short
from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES, SHORT, START, STOP, Frames


@kernel
def slopes_of(frames: Frames, frame: int, channel: int) -> tuple[int, int]:
    """Return the slopes of a frame's window, both short ones of short windows."""
    left = int(frames.shapes[frame - 1, channel] if frame > 0 else frames.first_shapes[channel])
    right = int(frames.shapes[frame, channel])
    kind = frames.sequences[frame, channel]
    if kind in (SHORT, STOP):
        left += SHORT_SINE
    if kind in (SHORT, START):
        right += SHORT_SINE
    return left, right


@kernel
def add_lines(
    lines: Floats, left: int, right: int, samples: Floats, begin: int, work: Floats, bank: Bank
) -> None:
    """Add the samples of a frame with two slopes; the transpose of `lines_of`."""
    if left >= SHORT_SINE and right >= SHORT_SINE:
        add_short(lines, left - SHORT_SINE, right - SHORT_SINE, samples, begin, work, bank)
    else:
        add_long(lines, left, right, samples, begin, work, bank)


@kernel
def _synthesise(frames: Frames, lines: Floats, samples: Floats, bank: Bank) -> None:
    count, channels = frames.sequences.shape
    work = np.empty(WORK)
    for c in range(channels):
        for g in range(count):
            left, right = slopes_of(frames, g, c)
            add_lines(lines[g, c], left, right, samples[c], LINES * g, work, bank)


def synthesise(frames: Frames, lines: Floats) -> Floats:
    """Return the samples of frames, shape (C, 1024 * (F + 1)), before the gain.

    `lines` are those that the frames stand for, (F, C, 1024), after filters.
    """
    samples = np.zeros((frames.channels, LINES * (frames.length + 1)))
    _synthesise(frames, lines, samples, bank())
    return samples
