"""The hybrid filter bank of Layer III, both ways, as kernels in float64.

Slots are 32 subband samples each, in orthonormal units of samples. Slot t of a signal depends on
its samples 32 t to 32 t + 511. A granule has 18 slots of its own and overlaps the next 18.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.tables import MEMORY, Bank
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, SHORT, SUBBAND_LINES, SUBBANDS


@kernel
def project(samples: Floats, slots: Floats, bank: Bank) -> None:
    """Add the projection of samples on each slot.

    Parameters
    ----------
    samples : (32 * (T + 15),) float64
        Samples.
    slots : (T, 32) float64
        What is added to.
    bank : Bank
        Tables.
    """
    window, cosines = bank.window, bank.cosines
    sums = np.empty(64)
    folded = np.empty(32)
    for slot in range(len(slots)):
        for i in range(64):
            sums[i] = 0.0
        for b in range(0, 16, 2):
            base = 32 * (slot + b)
            for i in range(64):
                sums[i] += window[32 * b + i] * samples[base + i]
        # the cosines repeat with signs: phases 17 to 32 and 33 to 47
        folded[0] = sums[0] - sums[32]
        folded[16] = sums[48]
        for i in range(1, 16):
            folded[i] = sums[i] - sums[32 - i]
            folded[16 + i] = sums[48 + i] + sums[48 - i]
        row = slots[slot]
        for i in range(32):
            value = folded[i]
            for band in range(32):
                row[band] += value * cosines[i, band]


@kernel
def _unfold(folded: Floats, sums: Floats) -> None:
    """Write 64 phases from the 32 that differ."""
    sums[0] = folded[0]
    sums[16] = 0.0
    sums[32] = -folded[0]
    sums[48] = folded[16]
    for i in range(1, 16):
        sums[i] = folded[i]
        sums[32 - i] = -folded[i]
        sums[48 + i] = folded[16 + i]
        sums[48 - i] = folded[16 + i]


@kernel
def unproject(slots: Floats, samples: Floats, bank: Bank) -> None:
    """Add what slots synthesise to samples; the transpose of `project`.

    Parameters
    ----------
    slots : (T, 32) float64
        Subband samples.
    samples : (32 * (T + 15),) float64
        What is added to.
    bank : Bank
        Tables.
    """
    window, cosines = bank.window, bank.cosines
    folded = np.empty(32)
    sums = np.empty(64)
    for slot in range(len(slots)):
        for i in range(32):
            folded[i] = 0.0
        # sums in lanes of phases, for which the cosines are read by column
        for i in range(32):
            total0 = total1 = total2 = total3 = 0.0
            for band in range(0, 32, 4):
                total0 += cosines[i, band] * slots[slot, band]
                total1 += cosines[i, band + 1] * slots[slot, band + 1]
                total2 += cosines[i, band + 2] * slots[slot, band + 2]
                total3 += cosines[i, band + 3] * slots[slot, band + 3]
            folded[i] = (total0 + total1) + (total2 + total3)
        _unfold(folded, sums)
        for b in range(0, 16, 2):
            base = 32 * (slot + b)
            for i in range(64):
                samples[base + i] += window[32 * b + i] * sums[i]


@kernel
def analyse_slots(samples: Floats, passes: int, bank: Bank) -> Floats:
    """Return the slots whose synthesis is nearest to samples.

    The filter bank is orthonormal but for 6e-5, so each pass that analyses what is left makes the
    error that much smaller.

    Parameters
    ----------
    samples : (C, 32 * (T + 15)) float64
        Samples of each channel.
    passes : int
        Passes after the first projection.
    bank : Bank
        Tables.

    Returns
    -------
    (C, T, 32) float64
    """
    channels, length = samples.shape
    slots = np.zeros((channels, length // 32 - MEMORY, 32))
    rest = np.empty(length)
    for channel in range(channels):
        project(samples[channel], slots[channel], bank)
        for _ in range(passes):
            rest[:] = 0.0
            unproject(slots[channel], rest, bank)
            for i in range(length):
                rest[i] = samples[channel, i] - rest[i]
            project(rest, slots[channel], bank)
    return slots


@kernel
def lines_of(slots: Floats, kind: int, lines: Floats, bank: Bank) -> None:
    """Write the 576 lines of a granule of a block type.

    Parameters
    ----------
    slots : (36, 32) float64
        Slots of the granule and of the next.
    kind : int
        Block type.
    lines : (576,) float64
        Overwritten.
    bank : Bank
        Tables.
    """
    lines_of_part(slots, 0, 36, kind, lines, bank)


@kernel
def lines_of_part(
    slots: Floats, begin: int, end: int, kind: int, lines: Floats, bank: Bank
) -> None:
    """Write the lines of a granule of which only the slots from `begin` to `end` are not zero."""
    blocks, alias = bank.blocks, bank.alias
    sums = np.zeros((SUBBAND_LINES, SUBBANDS))
    signed = np.empty(SUBBANDS)
    for slot in range(begin, end):
        # every second slot of every second subband is inverted
        for band in range(SUBBANDS):
            signed[band] = slots[slot, band]
        if slot & 1:
            for band in range(1, SUBBANDS, 2):
                signed[band] = -signed[band]
        for line in range(SUBBAND_LINES):
            factor = blocks[kind, line, slot]
            if factor != 0.0:
                for band in range(SUBBANDS):
                    sums[line, band] += factor * signed[band]
    for band in range(SUBBANDS):
        for line in range(SUBBAND_LINES):
            lines[SUBBAND_LINES * band + line] = sums[line, band]
    if kind != SHORT:
        for edge in range(SUBBAND_LINES, LINES, SUBBAND_LINES):
            for i in range(8):
                low, high = lines[edge - 1 - i], lines[edge + i]
                lines[edge - 1 - i] = low * alias[0, i] + high * alias[1, i]
                lines[edge + i] = high * alias[0, i] - low * alias[1, i]


@kernel
def add_lines(lines: Floats, kind: int, slots: Floats, bank: Bank) -> None:
    """Add the slots that the lines of a granule give; the transpose of `lines_of`.

    Parameters
    ----------
    lines : (576,) float64
        Lines of the granule.
    kind : int
        Block type.
    slots : (36, 32) float64
        Slots of the granule and of the next, added to.
    bank : Bank
        Tables.
    """
    blocks, alias = bank.blocks, bank.alias
    mixed = lines.copy()
    if kind != SHORT:
        for edge in range(SUBBAND_LINES, LINES, SUBBAND_LINES):
            for i in range(8):
                low, high = lines[edge - 1 - i], lines[edge + i]
                mixed[edge - 1 - i] = low * alias[0, i] - high * alias[1, i]
                mixed[edge + i] = high * alias[0, i] + low * alias[1, i]
    rows = np.empty((SUBBAND_LINES, SUBBANDS))
    for band in range(SUBBANDS):
        for line in range(SUBBAND_LINES):
            rows[line, band] = mixed[SUBBAND_LINES * band + line]
    sums = np.empty(SUBBANDS)
    for slot in range(36):
        for band in range(SUBBANDS):
            sums[band] = 0.0
        for line in range(SUBBAND_LINES):
            factor = blocks[kind, line, slot]
            if factor != 0.0:
                for band in range(SUBBANDS):
                    sums[band] += factor * rows[line, band]
        if slot & 1:
            for band in range(1, SUBBANDS, 2):
                sums[band] = -sums[band]
        for band in range(SUBBANDS):
            slots[slot, band] += sums[band]


@kernel
def shape_of(lines: Floats, begin: int, end: int, kind: int, shape: Floats, bank: Bank) -> None:
    """Write the samples that some neighbouring lines of a granule give.

    Parameters
    ----------
    lines : (576,) float64
        Lines; none is used but those from `begin` to `end`, and only a few should be.
    begin, end : int
        First of them, and the first after them.
    kind : int
        Block type.
    shape : (1632,) float64
        Overwritten.
    bank : Bank
        Tables.
    """
    window, cosines, blocks, alias = bank.window, bank.cosines, bank.blocks, bank.alias
    low = max(begin // SUBBAND_LINES - 1, 0)
    high = min((end - 1) // SUBBAND_LINES + 2, SUBBANDS)
    mixed = np.zeros(LINES)
    mixed[begin:end] = lines[begin:end]
    if kind != SHORT:
        for band in range(low + 1, high):
            edge = SUBBAND_LINES * band
            for i in range(8):
                one, other = mixed[edge - 1 - i], mixed[edge + i]
                mixed[edge - 1 - i] = one * alias[0, i] - other * alias[1, i]
                mixed[edge + i] = other * alias[0, i] + one * alias[1, i]
    shape[:] = 0.0
    slot = np.empty(SUBBANDS)
    folded = np.empty(32)
    sums = np.empty(64)
    for t in range(36):
        for band in range(low, high):
            total = 0.0
            for line in range(SUBBAND_LINES):
                total += blocks[kind, line, t] * mixed[SUBBAND_LINES * band + line]
            slot[band] = -total if t & 1 and band & 1 else total
        for i in range(32):
            total = 0.0
            for band in range(low, high):
                total += cosines[i, band] * slot[band]
            folded[i] = total
        _unfold(folded, sums)
        for b in range(0, 16, 2):
            base = 32 * (t + b)
            for i in range(64):
                shape[base + i] += window[32 * b + i] * sums[i]
