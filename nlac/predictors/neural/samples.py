"""Encode and decode the samples of a block with a network, between numbers and payload words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._parallel import ordered_map
from nlac._progress import current_meter
from nlac._typing import U32
from nlac.entropy.adaptive_mixture.state import mixture_shared, mixture_state
from nlac.entropy.distributions import tables
from nlac.entropy.value_kernels import SetTable, set_table
from nlac.entropy.words import new_buffers
from nlac.predictors.cascade.kernels import LAG_SPAN, Rows
from nlac.predictors.cascade.parameters import CascadeParameters
from nlac.predictors.cascade.side_info import SideInfo
from nlac.predictors.cascade.state import CascadeState
from nlac.predictors.networks.layers import Network
from nlac.predictors.networks.step import NetworkWeights, Runner
from nlac.predictors.networks.sweep import runner_for
from nlac.predictors.neural.base import NUM_LOCATIONS, ForwardState
from nlac.predictors.neural.features import FEATURES, OUTPUTS, FeatureState
from nlac.predictors.neural.loops import (
    BaseOutput,
    Encoder,
    base_pass,
    coding_pass,
    decode_with_network,
    end_encoder,
    start_encoder,
)

NetworkRunner = Callable[[NDArray[np.int16]], NDArray[np.int16]]


@dataclass(slots=True)
class BasePredictor:
    """A base predictor at the beginning of a block, with the features and the entropy model."""

    side_info: SideInfo
    table: SetTable
    state: CascadeState | ForwardState
    feature_state: FeatureState
    rows: Rows

    @classmethod
    def start(
        cls, side_info: SideInfo, state: CascadeState, parameters: CascadeParameters
    ) -> BasePredictor:
        """Set up a cascade; `parameters` are those that `state` was made with."""
        return cls._new(side_info, state, parameters.num_locations, len(parameters.rls))

    @classmethod
    def forward(cls, side_info: SideInfo, state: ForwardState) -> BasePredictor:
        """Set up forward-adaptive windows and the stages behind them."""
        return cls._new(side_info, state, NUM_LOCATIONS, 0)

    @classmethod
    def _new(
        cls, side_info: SideInfo, state: CascadeState | ForwardState, locations: int, rls: int
    ) -> BasePredictor:
        feature_state = FeatureState(
            state.channels, side_info.reference, side_info.initial_scale, locations, rls
        )
        count = locations + 1
        rows = Rows(
            state.channels, state.locations,
            mixture_state(side_info.initial_scale, count, side_info.reference, network=True),
            mixture_shared(count, network=True), count,
            current_meter().start_pass(side_info.schedule.frames),
        )  # fmt: skip
        return cls(side_info, set_table(side_info.sets), state, feature_state, rows)

    def run(self, pcm: NDArray[np.int32], begin: int, end: int) -> BaseOutput:
        """Run over the delayed frames `begin` to `end` (excluded); `pcm` is (channels, frames)."""
        shape = len(pcm), end - begin
        output = BaseOutput(
            np.zeros((*shape, FEATURES), np.int16),
            np.zeros((*shape, self.rows.num_locations), np.int64),
            np.zeros(shape, np.int64),
        )
        base_pass(
            self.side_info.schedule, self.table, self.rows, self.feature_state.rows, pcm, begin,
            output,
        )  # fmt: skip
        return output

    def active(self, channel: int, begin: int, end: int) -> slice:
        """Slice of the delayed frames `begin` to `end` in which a channel has samples."""
        delay = int(self.side_info.schedule.delay[channel])
        last = self.side_info.schedule.frames + delay
        return slice(min(max(delay - begin, 0), end - begin), max(min(last, end) - begin, 0))


def make_runners(network: Network, channels: int, device: str) -> list[NetworkRunner]:
    """Return a runner for each channel, from features to outputs, on ``cpu`` or ``cuda``."""
    if device == "cpu":
        weights, kind = NetworkWeights(network), runner_for(network)
        return [kind(weights).run for _ in range(channels)]
    from nlac.predictors.networks.torch_runner import BulkRunner

    return [BulkRunner(network, device).run for _ in range(channels)]


def powers() -> NDArray[np.int64]:
    """2**(15 + i / 16), (16,) int64, from the tables of the format."""
    return tables().up.astype(np.int64)


def encode_samples(
    base: BasePredictor, pcm: NDArray[np.int32], runners: list[NetworkRunner], ahead: bool = False
) -> tuple[U32, U32] | None:
    """Code samples; returns the payload words: those of the range coder and those of raw bits.

    Parameters
    ----------
    base : BasePredictor
        At the beginning of the block.
    pcm : (channels, frames) int32
        In coding order.
    runners : list of callable
        As `make_runners` returns them.
    ahead : bool
        Run the base predictor ahead on a thread of its own, while network and coder work.

    Returns
    -------
    tuple or None
        None if a sample is not in its value set.
    """
    encoder = Encoder(np.zeros(8, np.uint64), *new_buffers(pcm.size))
    start_encoder(encoder)
    for begin, output, outputs in known_passes(base, pcm, runners, ahead):
        if not coding_pass(
            base.side_info.schedule, base.table, base.rows, powers(), pcm, begin, output, outputs,
            encoder,
        ):  # fmt: skip
            return None
    used, raw_used = end_encoder(encoder)
    return encoder.words[:used], encoder.raw[:raw_used]


def known_passes(
    base: BasePredictor, pcm: NDArray[np.int32], runners: list[NetworkRunner], ahead: bool = False
) -> Iterator[tuple[int, BaseOutput, NDArray[np.int16]]]:
    """Run base predictor and network over samples that are known, a span of time after the other.

    The arguments are those of `encode_samples`.

    Yields
    ------
    begin : int
        First delayed frame of the span.
    output : BaseOutput
    outputs : (channels, times, OUTPUTS) int16
        What the network tells.
    """
    total = base.side_info.schedule.frames + int(base.side_info.schedule.delay.max())
    spans = [(begin, min(begin + LAG_SPAN, total)) for begin in range(0, total, LAG_SPAN)]

    def run(span: tuple[int, int]) -> BaseOutput:
        return base.run(pcm, *span)

    passes = ordered_map(run, spans, 1) if ahead else map(run, spans)
    for (begin, end), output in zip(spans, passes, strict=True):
        outputs = np.zeros((*output.means.shape, OUTPUTS), np.int16)
        for c, runner in enumerate(runners):
            places = base.active(c, begin, end)
            outputs[c, places] = runner(output.features[c, places])
        yield begin, output, outputs


def decode_samples(
    base: BasePredictor, network: Network, pcm: NDArray[np.int32], words: U32, raw: U32
) -> tuple[int, int]:
    """Decode samples into `pcm`; returns words and raw bits taken, or -1, -1 on bad data."""
    weights = NetworkWeights(network)
    runners = [Runner(weights) for _ in pcm]
    addresses = np.array([runner.address for runner in runners], np.int64)
    taken, bits = decode_with_network(
        base.side_info.schedule, base.table, base.rows, base.feature_state.rows, addresses,
        powers(), pcm, words, raw,
    )  # fmt: skip
    return int(taken), int(bits)
