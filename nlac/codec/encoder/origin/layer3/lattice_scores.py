"""How near the loudest lines of long blocks are to quantised values, on each of the 576 grids.

Finely quantised granules have few zeros, and on other grids as many. But values are the further
apart the larger they are: even where a step is below that of the samples, those of loud lines are
wider apart than noise is.

Numbers of 24 bits suffice here and are twice as fast.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.codec.encoder.origin.layer3.tables import Layout, bank, ladder
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep, load_i32
from nlac.predictors.origin.granules import LINES, LONG, SUBBAND_LINES

Singles = NDArray[np.float32]

_PHASES = 32  # of slots, which are computed together
_LANES = 4  # lowest subbands
_LINES = 64  # of these that need no others
_FIRST = 6  # band
_BUTTERFLIES = 8
_LOWEST = SUBBAND_LINES - _BUTTERFLIES  # line that others need
_SLOTS = 3 * SUBBAND_LINES - 1
LATTICE_WINDOW = 32 * (_SLOTS + 15) + 31  # samples of a window
_LEAST = 3.0  # magnitude of lines that are looked at
_FINEST = 1.5  # distance of the values that is still looked at
_WEIGHT = 8.656170245333781  # bits of a squared misfit of 1, for noise of rounding
_FAR = 12.0  # bits of a line's misfit at most
_SPACING = 0.88  # log2(4/3 / sqrt(2 pi / 12))
_NONE = -6.0  # least evidence of a band


class Lattice(NamedTuple):
    """Tables of the scores.

    Attributes
    ----------
    window : (512,) float32
    cosines : (32, 32) float32
        As in `Bank`.
    slopes : (36,) float32
        Window of a long block, by which slots are folded.
    waves : (18, 18) float32
        Lines of what was folded.
    alias : (2, 8) float32
        Cosines and sines of the alias reduction.
    steps : (steps,) float32
        Size of the value 1.
    apart : (steps,) float32
        How far values at a line are apart that is 1 large; the power 1/4 of it is a factor.
    told : (steps,) float32
        Logarithm of this to base 2, less a constant.
    inverse : (steps,) float32
        What the power 3/4 of a line is multiplied by to be a value.
    weights : (steps,) float32
        Bits of a squared misfit of one value at a line that is 1 large.
    """

    window: Singles
    cosines: Singles
    slopes: Singles
    waves: Singles
    alias: Singles
    steps: Singles
    apart: Singles
    told: Singles
    inverse: Singles
    weights: Singles


@cache
def lattice() -> Lattice:
    """Return the tables of the scores."""
    slots = np.arange(2 * SUBBAND_LINES)
    slopes = rounded(np.sin(np.pi / 36 * (slots + 0.5)))
    # those that fall at the same angles are folded together
    first = np.concatenate([slots[:9], slots[18:27]])
    tables = ladder()
    steps = tables.steps * tables.unit[LONG]
    roots = np.sqrt(steps * np.sqrt(steps))
    apart = 4 / 3 * roots
    found = (
        bank().window,
        bank().cosines,
        slopes,
        bank().blocks[LONG][:, first] / slopes[first],
        bank().alias,
        steps,
        apart,
        rounded(np.log2(roots)),
        1 / roots,
        _WEIGHT * apart**2,
    )
    return Lattice(*(np.ascontiguousarray(table, np.float32) for table in found))


@kernel
def lattice_scores(samples: Singles, layout: Layout, tables: Lattice) -> Floats:
    """Return evidence against quantised lines, on each grid.

    Parameters
    ----------
    samples : (LATTICE_WINDOW,) float32
        Samples.
    layout, tables : Layout, Lattice
        Tables.

    Returns
    -------
    (576,) float64
        Bits; low where lines are near to values. A granule of grid o begins at sample o of the
        window.
    """
    scores = np.zeros(LINES)
    slots = np.empty((_SLOTS, _LANES, _PHASES), np.float32)
    lines = np.zeros((_LANES * SUBBAND_LINES, _PHASES), np.float32)
    folded = np.empty((SUBBAND_LINES, _PHASES), np.float32)
    total = np.empty(_PHASES, np.float32)
    starts = layout.starts[0]
    _project_lowest(samples, slots, tables)
    for shift in range(SUBBAND_LINES):
        _lowest_lines(slots, shift, lines, folded, tables)
        total[:] = 0.0
        band = _FIRST
        while starts[band + 1] <= _LINES:
            _add_evidence(lines, starts[band], starts[band + 1], total, tables)
            band += 1
        for phase in range(_PHASES):
            scores[_PHASES * shift + phase] = -total[phase]
    return scores


@kernel
def _project_lowest(samples: Singles, slots: Singles, tables: Lattice) -> None:
    """Write slots of the lowest subbands that begin at any sample: by slot, subband and phase.

    Every second slot of every second subband is inverted.
    """
    window, cosines = tables.window, tables.cosines
    sums = np.empty((64, _PHASES), np.float32)
    folded = np.empty((32, _PHASES), np.float32)
    for slot in range(_SLOTS):
        for i in range(64):
            w0, w1, w2, w3 = window[i], window[64 + i], window[128 + i], window[192 + i]
            w4, w5, w6, w7 = window[256 + i], window[320 + i], window[384 + i], window[448 + i]
            heard = samples[32 * slot + i :]
            row = sums[i]
            for p in range(_PHASES):
                row[p] = (
                    (w0 * heard[p] + w1 * heard[p + 64])
                    + (w2 * heard[p + 128] + w3 * heard[p + 192])
                ) + (
                    (w4 * heard[p + 256] + w5 * heard[p + 320])
                    + (w6 * heard[p + 384] + w7 * heard[p + 448])
                )
        # the cosines repeat with signs, see `project`
        for p in range(_PHASES):
            folded[0, p] = sums[0, p] - sums[32, p]
            folded[16, p] = sums[48, p]
        for i in range(1, 16):
            for p in range(_PHASES):
                folded[i, p] = sums[i, p] - sums[32 - i, p]
                folded[16 + i, p] = sums[48 + i, p] + sums[48 - i, p]
        for lane in range(_LANES):
            row = slots[slot, lane]
            sign = np.float32(-1.0 if lane & slot & 1 else 1.0)
            for p in range(_PHASES):
                row[p] = 0.0
            for i in range(0, 32, 4):
                c0, c1 = sign * cosines[i, lane], sign * cosines[i + 1, lane]
                c2, c3 = sign * cosines[i + 2, lane], sign * cosines[i + 3, lane]
                for p in range(_PHASES):
                    row[p] += (c0 * folded[i, p] + c1 * folded[i + 1, p]) + (
                        c2 * folded[i + 2, p] + c3 * folded[i + 3, p]
                    )


@kernel
def _lowest_lines(
    slots: Singles, shift: int, lines: Singles, folded: Singles, tables: Lattice
) -> None:
    """Write the magnitudes of the lowest lines of long blocks that begin at a slot.

    Of the lowest subband only those that the next one's need are written.
    """
    slopes, waves, alias = tables.slopes, tables.waves, tables.alias
    half = SUBBAND_LINES // 2
    for lane in range(_LANES):
        for i in range(half):
            one, other = folded[i], folded[half + i]
            first, second = slots[shift + i, lane], slots[shift + 17 - i, lane]
            third, fourth = slots[shift + 18 + i, lane], slots[shift + 35 - i, lane]
            s1, s2, s3, s4 = slopes[i], slopes[17 - i], slopes[18 + i], slopes[35 - i]
            for p in range(_PHASES):
                one[p] = s1 * first[p] - s2 * second[p]
                other[p] = s3 * third[p] + s4 * fourth[p]
        low = SUBBAND_LINES * lane
        for line in range(max(low, _LOWEST), min(low + SUBBAND_LINES, _LINES)):
            row, wave = lines[line], waves[line - low]
            for p in range(_PHASES):
                row[p] = 0.0
            for i in range(0, SUBBAND_LINES, 3):
                w0, w1, w2 = wave[i], wave[i + 1], wave[i + 2]
                for p in range(_PHASES):
                    row[p] += w0 * folded[i, p] + (w1 * folded[i + 1, p] + w2 * folded[i + 2, p])
    for edge in range(SUBBAND_LINES, _LANES * SUBBAND_LINES, SUBBAND_LINES):
        for i in range(_BUTTERFLIES):
            below, above = lines[edge - 1 - i], lines[edge + i]
            cosine, sine = alias[0, i], alias[1, i]
            if shift & 1:
                sine = -sine  # odd slots are inverted, from the granule's first one on
            for p in range(_PHASES):
                low_one, high_one = below[p], above[p]
                below[p] = low_one * cosine + high_one * sine
                above[p] = high_one * cosine - low_one * sine
    for line in range(SUBBAND_LINES, _LINES):
        row = lines[line]
        for p in range(_PHASES):
            row[p] = abs(row[p])


@kernel
def _add_misfits(
    roots: Singles, apart: Singles, misfits: Singles, inverse: np.float32, weight: np.float32
) -> None:
    """Add how far a line is from a value of a step, in bits."""
    half, far = np.float32(0.5), np.float32(_FAR)
    for p in range(_PHASES):
        value = roots[p] * inverse
        off = value - np.floor(value + half)
        misfits[p] += min(off * off * apart[p] * weight, far)


@kernel
def _add_evidence(lines: Singles, begin: int, end: int, total: Singles, tables: Lattice) -> None:
    """Add the evidence for the step that has the most, of the lines of a band, for each phase."""
    count = end - begin
    zero, one, two = np.float32(0.0), np.float32(1.0), np.float32(2.0)
    least_size, finest_apart = np.float32(_LEAST), np.float32(_FINEST)
    half = np.float32(0.5)
    roots = np.empty((count, _PHASES), np.float32)
    apart = np.empty((count, _PHASES), np.float32)
    used, smallest = np.empty(_PHASES, np.float32), np.empty(_PHASES, np.float32)
    largest, product = np.empty(_PHASES, np.float32), np.empty(_PHASES, np.float32)
    finest, told = np.empty(_PHASES, np.float32), np.empty(_PHASES, np.float32)
    found, misfit = np.empty(_PHASES, np.float32), np.empty(_PHASES, np.float32)
    for p in range(_PHASES):
        used[p] = largest[p] = zero
        smallest[p] = np.float32(1e9)
        product[p] = one
    for i in range(count):
        row, root, square = lines[begin + i], roots[i], apart[i]
        for p in range(_PHASES):
            size = row[p]
            is_used = size >= least_size
            part = np.sqrt(size)
            root[p] = np.sqrt(size * part) if is_used else zero
            square[p] = part if is_used else zero
            product[p] *= part if is_used else one
            used[p] += one if is_used else zero
            smallest[p] = min(smallest[p], size if is_used else np.float32(1e9))
            largest[p] = max(largest[p], size)
    for p in range(_PHASES):
        finest[p] = finest_apart / np.sqrt(np.sqrt(max(largest[p], one)))
        # nothing is found where none of the steps is fine enough
        is_told = used[p] >= two
        smallest[p] = smallest[p] * np.float32(1.5) if is_told else zero
        found[p] = np.float32(_NONE) if is_told else zero
    at = address(product)
    coarsest, least = zero, np.float32(1e9)
    for p in range(_PHASES):
        # the bits of a number are its exponent, and then nearly a logarithm of its mantissa
        logarithm = np.float32(load_i32(at, p)) * np.float32(2.0**-23) - np.float32(127.0)
        told[p] = used[p] * np.float32(_SPACING) + half * logarithm
    keep(product)
    for p in range(_PHASES):
        coarsest = max(coarsest, smallest[p])
        least = min(least, finest[p])
    for index in range(len(tables.steps)):
        step, spaced = tables.steps[index], tables.apart[index]
        if spaced < least:
            continue
        if step > coarsest:
            break
        inverse, weight, bits = tables.inverse[index], tables.weights[index], tables.told[index]
        for p in range(_PHASES):
            misfit[p] = zero
        for i in range(count):
            _add_misfits(roots[i], apart[i], misfit, inverse, weight)
        for p in range(_PHASES):
            more = told[p] + used[p] * bits - misfit[p]
            is_fit = (step <= smallest[p]) & (spaced >= finest[p])
            found[p] = max(found[p], more if is_fit else found[p])
    for p in range(_PHASES):
        total[p] += found[p]
