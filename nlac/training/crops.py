"""Crops as a network sees them: what the cascade knew, what came, and what it cost.

The cascade runs over a crop as it would in a block, so a network is trained with just
the features that it will get.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._kernels import kernel
from nlac._memory import address, load_i32
from nlac.codec.cascade_head import first_state, make_head
from nlac.codec.cascade_mixture import mixture_code, mixture_learn, mixture_prepare
from nlac.codec.cascade_mixture_state import mixture_shared, mixture_state
from nlac.codec.fronts import FRONTS
from nlac.codec.network_samples import Front
from nlac.codec.preparation import Search, prepare


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
    for t in range(len(samples)):
        mixture_prepare(shared, state, places + 8 * t * count)
        sample = load_i32(pcm, t)
        _, widths[t], _, shifts[t] = mixture_code(
            shared, state, np.int64(0), np.int64(0), np.int64(0), np.int64(0), low, high,
            np.int64(0), sample,
        )  # fmt: skip
        mixture_learn(shared, state, sample)


def make_crops(samples: NDArray[np.int32], front_name: str) -> list[Crop]:
    """Let a cascade run over (channels, frames); returns the channels.

    Channels that are constant or do not use all values of their range teach nothing
    general, and are left out.
    """
    parameters = FRONTS[front_name].without_deep()
    head = make_head(prepare(samples, Search(pieces=8)), parameters)
    if any(s.kind or s.first == s.last for s in head.sets):
        return []
    head.course.delay[:] = 0
    ordered = np.ascontiguousarray(samples[head.order])
    front = Front.start(head, first_state(head, parameters), parameters)
    features, placed, means = front.run(ordered, 0, samples.shape[1])
    # a network's place is the second
    plain = np.ascontiguousarray(np.delete(placed, 1, axis=2))
    initial, count = head.initial, plain.shape[2]
    crops = []
    for c, channel in enumerate(ordered):
        used = [head.sets[i] for i in np.unique(head.course.value_set[:, c]).tolist()]
        ends = min(s.first for s in used), max(s.last for s in used)
        widths, shifts = np.zeros((2, len(channel)), np.int64)
        state = mixture_state(initial[c : c + 1], count)
        _cost_pass(mixture_shared(count), state, plain[c], count, channel, *ends, widths, shifts)
        error = channel - plain[c, :, 0] / 256
        bits = 24 - np.log2(widths) + shifts
        crops.append(
            Crop(
                features[c],
                error.astype(np.float32),
                (means[c] / 4096).astype(np.float32),
                bits.astype(np.float32),
            )
        )
    return crops


