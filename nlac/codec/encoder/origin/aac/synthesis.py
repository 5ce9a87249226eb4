"""Samples that frames stand for, in float64."""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.aac.tables import SHORT_SINE, Bank, bank
from nlac.codec.encoder.origin.aac.transforms import WORK, add_long, add_short
from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES, SHORT, START, STOP, Frames


@kernel
def _synthesise(frames: Frames, lines: Floats, samples: Floats, bank: Bank) -> None:
    count, channels = frames.sequences.shape
    work = np.empty(WORK)
    for c in range(channels):
        shape = int(frames.first_shapes[c])
        for g in range(count):
            kind = frames.sequences[g, c]
            left, right = shape, int(frames.shapes[g, c])
            shape = right
            if kind == SHORT:
                add_short(lines[g, c], left, right, samples[c], LINES * g, work, bank)
            else:
                if kind == STOP:
                    left += SHORT_SINE
                if kind == START:
                    right += SHORT_SINE
                add_long(lines[g, c], left, right, samples[c], LINES * g, work, bank)


def synthesise(frames: Frames, lines: Floats) -> Floats:
    """Return the samples of frames, shape (C, 1024 * (F + 1)), before the gain.

    `lines` are those that the frames stand for, (F, C, 1024), after filters.
    """
    samples = np.zeros((frames.channels, LINES * (frames.length + 1)))
    _synthesise(frames, lines, samples, bank())
    return samples
