"""Encode a block of the predictor `lpc` (spec 11.9).

The encoder chooses, in this order: inter-channel prediction order and LTP lags (`analysis`),
segments and coefficients (`segmentation`), value sets (`value_sets`), and the coder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac._progress import current_meter
from nlac.bitstream.header import StreamHeader
from nlac.codec.encoder.analysis import AnalysisSettings, BlockAnalysis, analyse_block, first_means
from nlac.codec.encoder.inter_channel import InterChannelOrder
from nlac.codec.encoder.lpc.coders import encode_samples
from nlac.codec.encoder.lpc.segmentation import analyse, estimated_bits, sample_spans
from nlac.codec.encoder.lpc.slicing import CodedLpc, sliced
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.prefilter import Prefiltered
from nlac.codec.encoder.prefilter import choose as choose_prefilters
from nlac.codec.encoder.presets import PRESETS, SegmentationSettings
from nlac.codec.encoder.value_sets.choice import (
    FoundSets,
    alternatives,
    assign_sets,
    low_bit_gains,
    plain_sets,
)
from nlac.entropy.value_sets import PLAIN, ValueSet
from nlac.predictors.lpc.block import write_side_info
from nlac.predictors.lpc.kernels import filled_rows
from nlac.predictors.lpc.parameters import SPAN, LpcParameters

_REPEATS = 0.1  # bits a sample that LTP matches save
_RINGS_LONG = 0.3  # bits a sample that long windows save, from which prefilters harm
_REPEATS_LESS = 0.05  # bits a sample that LTP matches may lose by prefilters
_RESTLESS_SHARE = 0.12  # of wasted bits, a sample, from which `fast` tries shorter segments
_SHORT_SEGMENTS = SegmentationSettings(34, 1024, 4, 8)
_FEW_BITS = 3.0  # bits a sample below which the search of `fast` is tried too
_LONG_WINDOW_GAIN = 0.03  # bits a sample from which longer windows are tried
_HOPELESS = 0.06  # bits a sample that they may cost more, by the estimate for some spans


@dataclass(frozen=True, slots=True)
class LpcSettings:
    """Encoder choices of a preset.

    Attributes
    ----------
    segmentations : tuple of SegmentationSettings
        Searches for segments and coefficients.
    guess : bool
        Estimate the gain of long windows, and do only the first of two searches where it is
        small. If False, do all and keep the smallest block.
    long_term, thorough, pieces
        As in `AnalysisSettings`.
    coder : {"auto", "range", "rice"}
        Coder of the residual; ``"auto"`` takes the smaller result.
    quick : bool
        With ``"auto"``, prefer Rice codes, which decode faster, unless they are much larger.
    prefilter : bool
        Try prefilters; if `quick`, for wide spectra only, since they take time to decode.
    """

    segmentations: tuple[SegmentationSettings, ...]
    guess: bool = True
    long_term: bool = True
    thorough: bool = True
    pieces: int = 24
    coder: str = "auto"
    quick: bool = False
    prefilter: bool = True

    @property
    def analysis(self) -> AnalysisSettings:
        """Settings of the block analysis."""
        orders = None
        if self.guess and len(self.segmentations) > 1:
            orders = self.segmentations[0].max_order, self.segmentations[1].max_order
        return AnalysisSettings(self.pieces, self.long_term, self.thorough, orders=orders)


# Rice codes, and no searches but that for segments
_QUICK = LpcSettings(
    (SegmentationSettings(34, 1024, 3, 0),), long_term=False, thorough=False, coder="rice",
    quick=True, prefilter=False,
)  # fmt: skip


def settings_of(options: EncodeOptions) -> LpcSettings:
    """Settings of a block of `lpc`.

    Raises
    ------
    UsageError
        `options.predictor_options` is not empty: `lpc` takes none.
    """
    _refuse_options(options, "lpc")
    preset = PRESETS[options.preset]
    return LpcSettings(
        preset.segmentations,
        preset.guess,
        options.long_term,
        preset.thorough,
        24 if preset.thorough else 0,
        options.coder,
        quick=not preset.thorough,
    )


def window_settings(options: EncodeOptions, name: str) -> LpcSettings:
    """Settings of windows of `lpc` in the blocks of another predictor, `name`.

    Raises
    ------
    UsageError
        `options.predictor_options` is not empty: the predictor takes none.
    """
    _refuse_options(options, name)
    return LpcSettings(
        PRESETS["standard"].segmentations, long_term=options.long_term, coder=options.coder
    )


def _refuse_options(options: EncodeOptions, name: str) -> None:
    for unknown in options.predictor_options:
        raise UsageError(f"predictor {name} has no option {unknown!r}")


def choose(options: EncodeOptions) -> tuple[bytes, bytes]:
    """Check the options. Header parameters and model hash are empty."""
    settings_of(options)
    return b"", b""


def encode(
    channels: NDArray[np.int32], stream: StreamHeader, options: EncodeOptions, before: bytes
) -> bytes:
    """Code the channels of a block, (channels, frames) int32; in slices, unless these cost much."""
    coded = code_lpc(channels, settings_of(options))
    return sliced(coded, channels, options.entry_frames(stream.sample_rate), before)


def encode_lpc(
    channels: NDArray[np.int32], settings: LpcSettings, analysed: BlockAnalysis | None = None
) -> bytes:
    """Code the channels of a block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one channel and one frame.
    settings : LpcSettings
        Encoder choices.
    analysed : BlockAnalysis, optional
        The block, if it was analysed with `settings.analysis`.

    Returns
    -------
    bytes
        The coded channels (spec 11.9).
    """
    return code_lpc(channels, settings, analysed).data


def code_lpc(
    channels: NDArray[np.int32],
    settings: LpcSettings,
    analysed: BlockAnalysis | None = None,
    found: Sequence[FoundSets] = (),
) -> CodedLpc:
    """Code the channels of a block as `encode_lpc` does; tells how they were coded, too.

    `found` has the value sets of the channels, if they are known.
    """
    found = found or alternatives(channels)
    block = analysed or analyse_block(channels, settings.analysis)
    if settings.prefilter:
        # what rings long is kept as it is: rounded residuals do less so
        wide_only = settings.quick or block.long_window_gain > _RINGS_LONG
        trial = partial(quick_size, order=block.inter_channel)
        filtered = choose_prefilters(channels, found, trial, wide_only)
        residuals = None
        if filtered is not None:
            block.forget_delayed()
            residuals = _analyse_residuals(filtered, settings, block)
        if filtered is not None and residuals is not None:
            sets = [plain_sets(residuals.ordered)]
            return _code_analysed(residuals, settings, sets)._replace(filtered=filtered)
    order = block.inter_channel.order
    return _code_analysed(block, settings, [sets.ordered(order) for sets in found], found=found)


def _analyse_residuals(
    filtered: Prefiltered, settings: LpcSettings, block: BlockAnalysis
) -> BlockAnalysis | None:
    """Analyse the residuals of a block; None if it repeats better than they do."""
    repeats = block.ltp_gains.mean()
    if filtered.wide:
        return analyse_block(filtered.channels, settings.analysis, block)
    # long windows gain as much as before
    analysis = replace(settings.analysis, orders=None)
    source = block if repeats < _REPEATS else None
    residuals = analyse_block(filtered.channels, analysis, source)
    if residuals.ltp_gains.mean() < repeats - _REPEATS_LESS:
        return None
    return replace(residuals, long_window_gain=block.long_window_gain)


def quick_size(channels: NDArray[np.int32], order: InterChannelOrder | None = None) -> int:
    """Size in bytes of a block, coded quickly: a figure to compare ways to code it by.

    Without `order`, it is chosen.
    """
    block = analyse_block(channels, _QUICK.analysis, inter_channel=order)
    return len(encode_analysed(block, _QUICK, [plain_sets(block.ordered)], alone=True))


def encode_analysed(
    block: BlockAnalysis, settings: LpcSettings, tried: Sequence[FoundSets], alone: bool = False
) -> bytes:
    """Code a block that was analysed with `settings.analysis`, with each of the value sets given.

    Unless `alone`, other searches follow where the estimates of this one may be wrong.
    """
    return _code_analysed(block, settings, tried, alone).data


def _code_analysed(
    block: BlockAnalysis,
    settings: LpcSettings,
    tried: Sequence[FoundSets],
    alone: bool = False,
    found: Sequence[FoundSets] = (),
) -> CodedLpc:
    order = block.inter_channel.order.tolist()
    bodies: list[CodedLpc] = []
    meter = current_meter()
    restless = False
    rows: NDArray[np.int32] | None = None
    for parameters, sets in candidate_parameters(block, settings, tried):
        meter.step()
        if rows is None:
            # the same for all: they have the references and delays of the block
            rows = filled_rows(parameters, block.ordered)
        body, coder, wasted = encode_samples(
            parameters, sets, rows, block.ordered, settings.coder, settings.quick
        )
        side = bytes([coder]) + write_side_info(order, sets, parameters)
        bodies.append(CodedLpc(side, body, block, parameters, sets, coder))
        restless = restless or wasted > _RESTLESS_SHARE * block.ordered.size
        meter.step()
    del rows  # other searches follow
    best = min(bodies, key=CodedLpc.size)
    if restless and not alone and settings.segmentations == PRESETS["fast"].segmentations:
        # attacks: shorter segments follow them
        finer = replace(settings, segmentations=(_SHORT_SEGMENTS,))
        best = min(best, _code_analysed(block, finer, tried, alone=True), key=CodedLpc.size)
    ordinary = all(entry.kind == PLAIN for each in tried for entry in each.sets)
    many_bits = 8 * best.size() > _FEW_BITS * block.ordered.size
    repeats = settings.thorough and block.ltp_gains.mean() > _REPEATS
    if settings.quick or alone or (ordinary and many_bits and not repeats):
        return best
    # where samples take few bits, or LTP windows half of them, the search's estimates are wrong: a
    # simple one may be smaller
    simple = replace(
        settings, segmentations=PRESETS["fast"].segmentations, thorough=False, pieces=0,
        quick=True, prefilter=False,
    )  # fmt: skip
    channels = block.ordered
    if order != sorted(order):
        channels = np.empty_like(block.ordered)
        channels[order] = block.ordered
    return min(best, code_lpc(channels, simple, found=found), key=CodedLpc.size)


def candidate_parameters(
    block: BlockAnalysis, settings: LpcSettings, found_sets: Sequence[FoundSets] = ()
) -> Iterator[tuple[LpcParameters, list[ValueSet]]]:
    """Yield candidate parameters of an analysed block with their value sets.

    Those of each search come with every one of the value sets given.

    Parameters
    ----------
    block : BlockAnalysis
        The block.
    settings : LpcSettings
        Searches for segments and coefficients.
    found_sets : sequence of FoundSets, optional
        Value sets to try in place of all `alternatives`.

    Yields
    ------
    (LpcParameters, list of ValueSet)
        Complete parameters, and the value sets that they refer to.
    """
    segmentations = settings.segmentations
    is_guess = settings.guess and len(segmentations) > 1
    if is_guess:
        segmentations = segmentations[: 1 + (block.long_window_gain > _LONG_WINDOW_GAIN)]
    ordered = block.ordered
    _, reference, delay = block.inter_channel
    frames = ordered.shape[1]
    found_sets = found_sets or alternatives(ordered)
    searched: list[LpcParameters] = []
    first_bits: list[float] = []
    for number, segmentation in enumerate(segmentations):
        gains = low_bit_gains(ordered, delay, segmentation)
        given = block.delayed(), frames, reference, delay, block.lags, segmentation, gains
        if is_guess and number:
            spans = sample_spans(frames)
            more = sum(estimated_bits(*given, spans)) - sum(first_bits[i] for i in spans)
            if more > _HOPELESS * len(spans) * SPAN * len(ordered):
                break
        parameters = analyse(*given, first_bits if number == 0 else None)
        searched.append(parameters._replace(initial_scale=first_means(ordered)))
    # coding takes as much memory
    block.forget_delayed()
    for parameters in searched:
        for found in found_sets:
            sets, value_set = assign_sets(found, ordered, delay, parameters.starts)
            yield parameters._replace(value_set=value_set), sets
