"""Crops as a network sees them: what its front knew, what came, and what it cost.

The front runs over a crop as it would in a block, so a network is trained with just
the features that it will get.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.analysis import AnalysisSettings, analyse_block
from nlac.codec.encoder.cascade import history_shifts, make_side_info, suited
from nlac.codec.encoder.lpc.block import layouts, window_settings
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.presets import BASES
from nlac.entropy.adaptive_mixture import mixture_code, mixture_learn, mixture_prepare
from nlac.entropy.adaptive_mixture_state import mixture_shared, mixture_state
from nlac.entropy.value_kernels import FINEST, ValueSetEntry
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i32
from nlac.predictors.cascade.side_info import first_state
from nlac.predictors.neural.block import start_base
from nlac.predictors.neural.samples import BasePredictor
from nlac.training.recordings import Sound


@dataclass(frozen=True, slots=True)
class Crop:
    """One channel of a crop.

    Attributes
    ----------
    features : (times, FEATURES) int16
        What is known before each sample.
    error : (times,) float32
        What the best location missed, in sample units.
    unit : (times,) float32
        The mean error in which answers are told, in sample units.
    bits : (times,) float32
        What the sample costs without a network.
    """

    features: NDArray[np.int16]
    error: NDArray[np.float32]
    unit: NDArray[np.float32]
    bits: NDArray[np.float32]


@kernel
def _cost_pass(shared_row, state_row, placed, count, samples, low, high, widths, shifts):
    """Counts (of 2**24) of the interval of each sample of a channel, and its raw bits."""
    shared, state, pcm = address(shared_row), address(state_row), address(samples)
    places = address(placed)
    # every integer from low to high
    entry = ValueSetEntry(0, 0, 0, 0, low, high, low << 8, high << 8, FINEST, 0, 0)
    for t in range(len(samples)):
        mixture_prepare(shared, state, places + 8 * t * count)
        sample = load_i32(pcm, t)
        _, widths[t], _, shifts[t] = mixture_code(shared, state, entry, sample)
        mixture_learn(shared, state, sample)


def make_crops(sound: Sound, base_name: str) -> list[Crop]:
    """Let a front run over a piece of a recording; returns its channels.

    Channels that are constant or do not use all values of their range teach nothing
    general, and are left out.
    """
    samples = sound.samples
    front = _start(sound, base_name)
    side_info = front.side_info
    if any(s.kind or s.first == s.last for s in side_info.sets):
        return []
    ordered = np.ascontiguousarray(samples[side_info.order])
    total = samples.shape[1] + int(side_info.schedule.delay.max())
    features, placed, means = front.run(ordered, 0, total)
    # a network's place is the second
    all_plain = np.delete(placed, 1, axis=2)
    initial, count = side_info.initial_scale, all_plain.shape[2]
    crops = []
    for c, channel in enumerate(ordered):
        used = [side_info.sets[i] for i in np.unique(side_info.schedule.value_set[:, c]).tolist()]
        ends = min(s.first for s in used), max(s.last for s in used)
        here = front.active(c, 0, total)
        plain = np.ascontiguousarray(all_plain[c, here])
        widths, shifts = np.zeros((2, len(channel)), np.int64)
        state = mixture_state(initial[c : c + 1], count)
        _cost_pass(mixture_shared(count), state, plain, count, channel, *ends, widths, shifts)
        error = channel - plain[:, 0] / 256
        bits = 24 - np.log2(widths) + shifts
        crops.append(
            Crop(
                features[c, here],
                error.astype(np.float32),
                (means[c, here] / 4096).astype(np.float32),
                bits.astype(np.float32),
            )
        )
    return crops


def _start(sound: Sound, base_name: str) -> BasePredictor:
    samples, rate = sound
    parameters = BASES[base_name]
    settings = window_settings(EncodeOptions(), base_name)
    if parameters is None:
        block = analyse_block(samples, settings.analysis)
        layout, sets = next(layouts(block, settings))
        order = block.pairing.order.tolist()
        return start_base(order, layout, sets, history_shifts(block.ordered))
    block = analyse_block(samples, AnalysisSettings(pieces=8, orders=settings.analysis.orders))
    parameters = suited(parameters.at_rate(rate), block)
    side_info = make_side_info(block, parameters)
    side_info.schedule.delay[:] = 0
    return BasePredictor.start(side_info, first_state(side_info, parameters), parameters)


