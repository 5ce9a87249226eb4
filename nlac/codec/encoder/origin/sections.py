"""Choose the sections of a block: where the synthesis of granules is near enough to the samples.

Where granules were not found, residuals of their synthesis cost more than the samples do in a block
of the stream's own predictor. Each change back to granules costs those before the section once
more.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.recovered import Recovered
from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import kernel
from nlac.predictors.origin.head import Section
from nlac.predictors.origin.kinds import NEAREST, TOWARDS_ZERO, UNITY_GAIN
from nlac.predictors.origin.output import Output

_STEP = 64  # frames that are judged together
_RESUMED = 4000.0  # bits of a change to granules
_LPC_GAIN = 1.0  # bits a sample that long predictors save against fixed ones
_ORDERS = 4  # of fixed predictors
_PROBED = 32  # units on which ways to round are compared


class CodedSection(NamedTuple):
    """A section with granules or frames, and what to code of it."""

    section: Section
    units: Any
    places: NDArray[np.uint8]
    residuals: NDArray[np.int32]


@kernel
def _costs(samples, residuals, own, others):
    """Bits of each piece of `_STEP` frames: of residuals, and of samples without granules."""
    channels, frames = samples.shape
    sums = np.zeros(_ORDERS)
    for p in range(len(own)):
        begin, end = p * _STEP, min((p + 1) * _STEP, frames)
        own[p] = others[p] = 0.0
        for c in range(channels):
            missed = 0.0
            sums[:] = 0.0
            for t in range(max(begin, _ORDERS), end):
                missed += abs(residuals[c, t])
                a, b = np.int64(samples[c, t]), np.int64(samples[c, t - 1])
                d, e = np.int64(samples[c, t - 2]), np.int64(samples[c, t - 3])
                sums[0] += abs(a)
                sums[1] += abs(a - b)
                sums[2] += abs(a - 2 * b + d)
                sums[3] += abs(a - 3 * b + 3 * d - e)
            count = end - begin
            own[p] += count * _bits(missed / count)
            others[p] += count * max(_bits(sums.min() / count) - _LPC_GAIN, 0.0)


@kernel
def _bits(mean):
    """Bits of a sample whose mean size is `mean`, about."""
    if mean < 1.0:
        return 2.0 * mean
    return log2_fixed(np.int64(256.0 * mean), 8) / 256.0 - 6.0


@kernel
def _choose(own, others, chosen):
    """Viterbi over pieces: 1 where granules are used."""
    count = len(own)
    from_own = np.zeros(count, np.uint8)
    from_other = np.zeros(count, np.uint8)
    cost_own, cost_other = _RESUMED, 0.0
    for p in range(count):
        # which state each came from
        stays = cost_own <= cost_other + _RESUMED
        from_own[p] = 1 if stays else 0
        left = cost_own < cost_other
        from_other[p] = 1 if left else 0
        next_own = (cost_own if stays else cost_other + _RESUMED) + own[p]
        next_other = (cost_own if left else cost_other) + others[p]
        cost_own, cost_other = next_own, next_other
    state = 1 if cost_own < cost_other else 0
    for p in range(count - 1, -1, -1):
        chosen[p] = state
        state = from_own[p] if state == 1 else from_other[p]


def cut(
    run: Recovered, channels: NDArray[np.int32], bits_per_sample: int
) -> list[CodedSection | int]:
    """Cut what was recovered into sections.

    Parameters
    ----------
    run : Recovered
    channels : (C, frames) int32
        Samples of the block.
    bits_per_sample : int
        Their depth.

    Returns
    -------
    list of CodedSection or int
        In order, from ``run.begin`` to ``run.end``; a number stands for so many frames without
        granules.
    """
    samples = np.ascontiguousarray(channels[:, run.begin : run.end])
    frames = samples.shape[1]
    output = _output(run, samples, bits_per_sample)
    made, _ = run.lossy.synthesise(run.units, run.table, output, run.shift, frames)
    residuals = samples - made
    count = -(-frames // _STEP)
    own, others = np.empty(count), np.empty(count)
    _costs(samples, residuals, own, others)
    chosen = np.empty(count, np.uint8)
    _choose(own, others, chosen)
    changes = np.flatnonzero(np.diff(chosen)) + 1
    edges = [0, *(changes * _STEP).tolist(), frames]
    found: list[CodedSection | int] = []
    for begin, end in pairwise(edges):
        if not chosen[begin // _STEP] or end - begin < run.lossy.kind.least_frames:
            found.append(end - begin)
            continue
        part = run.within(run.begin + begin, run.begin + end)
        assert part is not None
        section = Section(end - begin, part.shift, output.gain, output.rounding)
        # the filter bank had no granules before these: its first sums differ
        again, near = run.lossy.synthesise(
            part.units, run.table, output, part.shift, section.frames
        )
        found.append(CodedSection(section, part.units, near, samples[:, begin:end] - again))
    return found


def _output(run: Recovered, samples: NDArray[np.int32], bits_per_sample: int) -> Output:
    """Gain of a run, and the rounding that leaves the fewest residuals in its first part."""
    gain = round(run.gain * UNITY_GAIN)
    best, least = Output(gain, NEAREST, bits_per_sample), 1 << 62
    frames = min(samples.shape[1], _PROBED * run.lossy.kind.lines)
    probed = run.units.part(0, run.lossy.kind.units(run.shift, frames))
    for rounding in range(NEAREST, TOWARDS_ZERO + 1):
        output = Output(gain, rounding, bits_per_sample)
        made, _ = run.lossy.synthesise(probed, run.table, output, run.shift, frames)
        missed = int(np.count_nonzero(made != samples[:, :frames]))
        if missed < least:
            best, least = output, missed
    return best
