"""Synthesis of granules in float64, for the encoder's own use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import add_lines, unproject
from nlac.codec.encoder.origin.layer3.tables import MEMORY, Bank, Ladder, Layout
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import (
    LINES,
    MIN_STEP,
    NO_STEP,
    SHORT,
    SUBBAND_LINES,
    SUBBANDS,
)

_HALF = 0.7071067811865476


@kernel
def dequantise(
    values: NDArray[np.int16],
    steps: NDArray[np.int8],
    kind: int,
    lines: Floats,
    layout: Layout,
    ladder: Ladder,
) -> None:
    """Write the lines of a granule in orthonormal units of samples.

    Parameters
    ----------
    values : (576,) int16
        Values.
    steps : (39,) int8
        Exponents.
    kind : int
        Block type.
    lines : (576,) float64
        Overwritten.
    layout, ladder : Layout, Ladder
        Tables.
    """
    which = 1 if kind == SHORT else 0
    for i in range(LINES):
        exponent = steps[layout.bands[which, i]]
        value = int(values[i])
        lines[i] = 0.0
        if value != 0 and exponent != NO_STEP:
            size = ladder.unit[kind] * ladder.steps[exponent - MIN_STEP] * ladder.powers[abs(value)]
            lines[i] = size if value > 0 else -size


@kernel
def synthesise(
    mid_side: NDArray[np.uint8],
    types: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> Floats:
    """Return the samples that granules give.

    Parameters
    ----------
    mid_side, types, steps, values : as of `Granules`
        G granules of C channels.
    layout, ladder, bank : Layout, Ladder, Bank
        Tables.

    Returns
    -------
    (C, 576 * (G + 1) + 480) float64
        Sample 576 g is the first that granule g reaches.
    """
    count, channels = types.shape
    slots = np.zeros((channels, SUBBAND_LINES * (count + 1), SUBBANDS))
    lines = np.empty((channels, LINES))
    for g in range(count):
        for channel in range(channels):
            dequantise(
                values[g, channel], steps[g, channel], types[g, channel], lines[channel], layout,
                ladder,
            )  # fmt: skip
        if mid_side[g]:
            for i in range(LINES):
                total = (lines[0, i] + lines[1, i]) * _HALF
                lines[1, i] = (lines[0, i] - lines[1, i]) * _HALF
                lines[0, i] = total
        begin = SUBBAND_LINES * g
        for channel in range(channels):
            add_lines(lines[channel], types[g, channel], slots[channel, begin : begin + 36], bank)
    samples = np.zeros((channels, 32 * (slots.shape[1] + MEMORY)))
    for channel in range(channels):
        unproject(slots[channel], samples[channel], bank)
    return samples
