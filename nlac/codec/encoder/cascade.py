"""Encode a block of the predictor `cascade`, or of a network behind a cascade."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError
from nlac.bitstream.header import StreamHeader
from nlac.codec.encoder.analysis import AnalysisSettings, BlockAnalysis, analyse_block, first_means
from nlac.codec.encoder.cascade_tuning import hint, tune
from nlac.codec.encoder.lpc import fallback
from nlac.codec.encoder.lpc.block import (
    LpcSettings,
    encode_analysed,
    encode_lpc,
    quick_size,
    window_settings,
)
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.prefilter import choose as choose_prefilters
from nlac.codec.encoder.presets import CASCADES, PRESETS
from nlac.codec.encoder.value_sets.choice import FoundSets, alternatives, assign_sets
from nlac.entropy.words import write_words
from nlac.predictors.cascade.block import CASCADE
from nlac.predictors.cascade.kernels import LAG_SPAN, PIECE
from nlac.predictors.cascade.loops import encode_samples
from nlac.predictors.cascade.parameter_codes import write_parameters
from nlac.predictors.cascade.parameters import (
    MAX_HISTORY_SHIFT,
    MIN_HISTORY_SHIFT,
    CascadeParameters,
)
from nlac.predictors.cascade.side_info import Schedule, SideInfo, first_state, write_side_info
from nlac.predictors.networks.layers import Network
from nlac.predictors.neural.kinds import CASCADE_ALONE

_LEAST_LTP_GAIN = 0.3  # bits a sample that an LTP match must save: it costs a third of the speed
_LEAST_LONG_GAIN = 0.1  # bits a sample for which RLS predictors of long windows are used
_FEW_BITS = 5.0  # bits a sample below which what learns slowly may cost more than it brings
_WIDE_GAIN = 0.01  # of a quick trial; prefilters help a cascade only where the spectrum is wide
_ORDER = 16
_PIECES, _PIECE = 8, 2048
_MEAN_BITS = 10  # bits of the mean residual in a history


def best_sets(block: BlockAnalysis) -> FoundSets:
    """The one of `alternatives` with which a quick `lpc` block is the smallest."""
    found = alternatives(block.ordered)
    if len(found) == 1:
        return found[0]
    quick = LpcSettings(PRESETS["fast"].segmentations, coder="range")
    sizes = [len(encode_analysed(block, quick, [one], alone=True)) for one in found]
    return found[sizes.index(min(sizes))]


def make_side_info(block: BlockAnalysis, parameters: CascadeParameters) -> SideInfo:
    """Side information of an analysed block.

    Parameters
    ----------
    block : BlockAnalysis
        The block.
    parameters : CascadeParameters
        Parameters it will be coded with; their cross-channel orders limit the delays.

    Returns
    -------
    SideInfo
    """
    order, reference, delay = block.inter_channel
    ordered = block.ordered
    # some windows must reach past the reference's future to its present and past
    delay = np.minimum(delay, max(e.cross_order for e in parameters.rls) // 2)
    total = ordered.shape[1] + int(delay.max())
    starts = np.append(np.arange(0, total, PIECE), total)
    sets, value_set = assign_sets(best_sets(block), ordered, delay, starts)
    lags = block.lags_worth(_LEAST_LTP_GAIN)[: -(-total // LAG_SPAN)]
    schedule = Schedule(ordered.shape[1], delay, lags, value_set)
    return SideInfo(
        order.tolist(), reference.tolist(), first_means(ordered), history_shifts(ordered), sets,
        schedule,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class CascadeSettings:
    """Encoder choices of a preset.

    Attributes
    ----------
    parameters : CascadeParameters
        RLS predictors, NLMS stages and combiners.
    long_term : bool
        Search for LTP lags.
    pieces : int
        Pieces on which inter-channel prediction orders are compared; see `AnalysisSettings`.
    fallback : LpcSettings, optional
        Settings of the lpc fallback; None never tries it.
    network : Network, optional
        Network of `cnn` or `gru` that corrects the cascade.
    device : str
        Device of the network: "cpu", "cuda", or "auto" for a GPU if there is one.
    ahead : bool
        Run the cascade ahead of the network, on a thread of its own.
    simpler : tuple of CascadeParameters
        Parameters of cheaper presets, tried without a network where little is left to predict.
    effort : int
        Effort of the search for better parameters, 0 to 3; 0 takes `parameters` as they are.
    hinted : bool
        Without effort, change what short trials tell.
    """

    parameters: CascadeParameters
    long_term: bool = True
    pieces: int = 24
    fallback: LpcSettings | None = None
    network: Network | None = None
    device: str = "cpu"
    ahead: bool = False
    simpler: tuple[CascadeParameters, ...] = ()
    effort: int = 0
    hinted: bool = False

    @property
    def analysis(self) -> AnalysisSettings:
        """Settings of the block analysis."""
        has_ltp = any(e.ltp_taps for e in self.parameters.rls)
        orders = None if self.fallback is None else self.fallback.analysis.orders
        return AnalysisSettings(self.pieces, self.long_term and has_ltp, orders=orders)

    def at_rate(self, sample_rate: int) -> CascadeSettings:
        """The same with all parameters as they suit a sample rate in Hz."""
        simpler = tuple(each.at_rate(sample_rate) for each in self.simpler)
        return replace(self, parameters=self.parameters.at_rate(sample_rate), simpler=simpler)


def settings_of(options: EncodeOptions, name: str = "cascade") -> CascadeSettings:
    """Settings of a block of `cascade`, or of a predictor `name` that is built on it.

    Raises
    ------
    UsageError
        `options.predictor_options` has an option that the predictor does not take.
    """
    chosen = PRESETS[options.preset].cascade
    parameters = CASCADES[chosen]
    # the table begins with the cheapest
    cheaper = list(CASCADES)[: list(CASCADES).index(chosen)]
    return CascadeSettings(
        parameters,
        options.long_term,
        pieces=24 if PRESETS[options.preset].thorough else 0,
        fallback=window_settings(options, name),
        simpler=tuple(CASCADES[each] for each in reversed(cheaper)),
        effort=options.effort,
        hinted=options.preset == "max",
    )


def choose(options: EncodeOptions) -> tuple[bytes, bytes]:
    """Check the options. Header parameters and model hash are empty."""
    settings_of(options)
    return b"", b""


def encode(
    channels: NDArray[np.int32], stream: StreamHeader, options: EncodeOptions, before: bytes
) -> bytes:
    """Code the channels of a block, (channels, frames) int32."""
    settings = settings_of(options)
    return encode_cascade(channels, settings.at_rate(stream.sample_rate))


def encode_cascade(channels: NDArray[np.int32], settings: CascadeSettings) -> bytes:
    """Code the channels of a block, and keep the lpc fallback where that is smaller.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one channel and one frame.
    settings : CascadeSettings

    Returns
    -------
    bytes
        The coded channels (spec 11.17; 11.9 for the fallback).
    """
    filtered = choose_prefilters(
        channels, alternatives(channels), quick_size, wide_only=True, least_gain=_WIDE_GAIN
    )
    if filtered is None:
        return _encode_block(channels, settings, settings.fallback)
    # residuals are not filtered again
    plain = settings.fallback and replace(settings.fallback, prefilter=False)
    return filtered.head + _encode_block(filtered.channels, settings, plain)


def _encode_block(
    channels: NDArray[np.int32], settings: CascadeSettings, lpc: LpcSettings | None
) -> bytes:
    """Code channels or their residuals, with the settings of the lpc fallback if there is one."""
    block = analyse_block(channels, settings.analysis)
    # which the lpc fallback makes anew
    block.forget_delayed()
    ordered = block.ordered
    parameters = suited(settings.parameters, block)
    side_info = make_side_info(block, parameters)
    if settings.hinted and not settings.effort:
        parameters = hint(side_info, parameters, ordered)
    best = _encode_as(side_info, parameters, ordered, settings)
    if settings.effort:
        tuned = tune(side_info, parameters, ordered, settings.effort)
        # trials may have coded only the middle of the block, and without the network
        best = min(best, _encode_as(*tuned, ordered, settings), key=len)
    if lpc is None:
        return best
    worth = fallback.worth_trying(block, side_info.sets, len(best))
    few_bits = 8 * len(best) < _FEW_BITS * ordered.size
    if worth or few_bits:
        head = b"" if settings.network is None else bytes([CASCADE_ALONE])
        alone = replace(settings, network=None)
        for cheaper in settings.simpler:
            simpler = suited(cheaper, block)
            side_info = make_side_info(block, simpler)
            best = min(best, head + _encode_as(side_info, simpler, ordered, alone), key=len)
    if worth:
        best = min(best, encode_lpc(channels, lpc, block), key=len)
    return best


def suited(parameters: CascadeParameters, block: BlockAnalysis) -> CascadeParameters:
    """The parameters, without RLS predictors of long windows unless these gain enough."""
    if block.long_window_gain > _LEAST_LONG_GAIN:
        return parameters
    return parameters.without_long_windows()


def _encode_as(
    side_info: SideInfo, parameters: CascadeParameters, ordered: NDArray[np.int32],
    settings: CascadeSettings,
) -> bytes:
    """Bytes of a block with this side information and these parameters."""
    if settings.network is None:
        coded = encode_samples(side_info, parameters, ordered)
    else:
        from nlac.predictors.neural import samples as network_samples

        runners = network_samples.make_runners(settings.network, len(ordered), settings.device)
        base = network_samples.BasePredictor.start(
            side_info, first_state(side_info, parameters), parameters
        )
        coded = network_samples.encode_samples(base, ordered, runners, settings.ahead)
    if coded is None:
        raise NlacError("encoder fault: a sample is outside its value set; please report it")
    side = bytes([CASCADE]) + write_parameters(parameters) + write_side_info(side_info)
    return side + write_words(*coded)


def history_shifts(channels: NDArray[np.int32]) -> list[int]:
    """Shift of each channel's history: its unit is 2**shift sample units.

    Histories have 14 bits. The shift is chosen so that the mean absolute error of a prediction of
    order 16, by the covariance method on eight pieces of the block, takes about ten of them.

    Parameters
    ----------
    channels : (channels, frames) int32

    Returns
    -------
    list of int
        `MIN_HISTORY_SHIFT` to `MAX_HISTORY_SHIFT`, one a channel.
    """
    shifts = []
    for x in channels:
        errors = []
        for begin in range(0, max(len(x) - _ORDER, 1), max(_PIECE, len(x) // _PIECES)):
            piece = x[begin : begin + _PIECE].astype(np.float64)
            if len(piece) < 4 * _ORDER:
                continue
            windows = np.lib.stride_tricks.sliding_window_view(piece, _ORDER + 1)
            # no matrix product: BLAS would keep all cores busy
            covariance = np.einsum("ti,tj->ij", windows, windows)
            past, target = covariance[:-1, :-1], covariance[:-1, -1]
            past = past + np.eye(_ORDER) * (1e-7 * np.trace(past) + 1e-3)
            weights = np.linalg.solve(past, target)
            errors.append(float(np.abs(windows[:, -1] - windows[:, :-1] @ weights).mean()))
        mean = float(np.mean(errors)) if errors else 16.0
        shift = int(np.ceil(np.log2(mean + 1e-3))) - _MEAN_BITS
        shifts.append(min(max(shift, MIN_HISTORY_SHIFT), MAX_HISTORY_SHIFT))
    return shifts
