"""Training data of a network: its input features, the errors that it corrects, their cost.

The base predictor runs over a crop as over a block, so a network is trained on the features that
it will get when coding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.analysis import AnalysisSettings, analyse_block
from nlac.codec.encoder.cascade import history_shifts, make_side_info, suited
from nlac.codec.encoder.lpc.block import candidate_parameters, window_settings
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.presets import BASES
from nlac.entropy.adaptive_mixture.coding import mixture_code
from nlac.entropy.adaptive_mixture.model import mixture_learn, mixture_prepare
from nlac.entropy.adaptive_mixture.state import mixture_shared, mixture_state
from nlac.entropy.value_kernels import FINEST, ValueSetEntry
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i32
from nlac.predictors.cascade.side_info import first_state
from nlac.predictors.neural.block import start_base
from nlac.predictors.neural.samples import BasePredictor
from nlac.training.codec.recordings import Sound


@dataclass(frozen=True, slots=True)
class Crop:
    """One channel of a crop.

    Attributes
    ----------
    features : (times, FEATURES) int16
        Input features before each sample.
    error : (times,) float32
        Sample minus the best location, in sample units.
    unit : (times,) float32
        Mean error that the outputs of the network are relative to, in sample units.
    bits : (times,) float32
        Code length of the sample without a network.
    """

    features: NDArray[np.int16]
    error: NDArray[np.float32]
    unit: NDArray[np.float32]
    bits: NDArray[np.float32]


@kernel
def _cost_pass(shared_row, state_row, placed, count, samples, low, high, widths, shifts):
    """Frequency (of 2**24) of each sample of a channel, and its raw bits."""
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
    """Run a base predictor over a piece of a recording.

    Parameters
    ----------
    sound : Sound
        The piece.
    base_name : str
        Key in `nlac.codec.encoder.presets.BASES`.

    Returns
    -------
    list of Crop
        One for each channel. Empty if some channel is constant or does not use all values of its
        range: such recordings teach nothing general.
    """
    samples = sound.samples
    base = start_predictor(sound, base_name)
    side_info = base.side_info
    if any(s.kind or s.first == s.last for s in side_info.sets):
        return []
    ordered = np.ascontiguousarray(samples[side_info.order])
    total = samples.shape[1] + int(side_info.schedule.delay.max())
    features, placed, means = base.run(ordered, 0, total)
    # the second location is the network's
    others = np.delete(placed, 1, axis=2)
    initial, count = side_info.initial_scale, others.shape[2]
    crops = []
    for c, channel in enumerate(ordered):
        used = [side_info.sets[i] for i in np.unique(side_info.schedule.value_set[:, c]).tolist()]
        ends = min(s.first for s in used), max(s.last for s in used)
        here = base.active(c, 0, total)
        plain = np.ascontiguousarray(others[c, here])
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


def start_predictor(sound: Sound, base_name: str) -> BasePredictor:
    """Set up a base predictor for a recording, as for one block.

    Parameters
    ----------
    sound : Sound
        The recording.
    base_name : str
        Key in `nlac.codec.encoder.presets.BASES`.
    """
    samples, rate = sound
    parameters = BASES[base_name]
    settings = window_settings(EncodeOptions(), base_name)
    if parameters is None:
        block = analyse_block(samples, settings.analysis)
        windows, sets = next(candidate_parameters(block, settings))
        order = block.inter_channel.order.tolist()
        return start_base(order, windows, sets, history_shifts(block.ordered))
    block = analyse_block(samples, AnalysisSettings(pieces=8, orders=settings.analysis.orders))
    parameters = suited(parameters.at_rate(rate), block)
    side_info = make_side_info(block, parameters)
    side_info.schedule.delay[:] = 0
    return BasePredictor.start(side_info, first_state(side_info, parameters), parameters)
