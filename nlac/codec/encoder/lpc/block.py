"""Encode a block of the predictor `lpc` (spec 11.9).

The encoder chooses, in this order: inter-channel prediction order and LTP lags (`analysis`),
segments and coefficients (`segmentation`), value sets (`value_sets`), and the coder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError, UsageError
from nlac._progress import current_meter
from nlac.bitstream.header import StreamHeader
from nlac.codec.encoder.analysis import AnalysisSettings, BlockAnalysis, analyse_block, first_means
from nlac.codec.encoder.lpc.segmentation import analyse
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.presets import PRESETS, SegmentationSettings
from nlac.codec.encoder.value_sets.choice import (
    FoundSets,
    alternatives,
    assign_sets,
    low_bit_gains,
)
from nlac.entropy.distributions import tables
from nlac.entropy.small_residuals import new_contexts
from nlac.entropy.value_sets import PLAIN, SOFT, ValueSet
from nlac.entropy.words import new_buffers, write_words
from nlac.predictors.lpc.block import RANGE, RICE, write_side_info
from nlac.predictors.lpc.kernels import filled_rows, new_state
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.plan import Plan, make_plan
from nlac.predictors.lpc.range_loops import encode_loop
from nlac.predictors.lpc.rice_loops import encode_rice

# where Rice codes are preferred: if at least this share of the samples takes so few bits that
# whole-bit codes are inefficient, the range coder is tried. It is taken if it saves one byte in
# `_SAVES_ONE_IN`, since it decodes at half the speed
_INEFFICIENT_SHARE, _SAVES_ONE_IN = 0.25, 25
_REPEATS = 0.1  # bits a sample that LTP matches save
_RESTLESS_SHARE = 0.12  # of wasted bits, a sample, from which `fast` tries shorter segments
_SHORT_SEGMENTS = SegmentationSettings(34, 1024, 4, 8)
_CLIPPED_EVERY, _CLIPPED_SHARE = 8, 0.02  # every so many samples are looked at
_FEW_BITS = 3.0  # bits a sample below which the search of `fast` is tried too
_LONG_WINDOW_GAIN = 0.03  # bits a sample from which longer windows are tried


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
    """

    segmentations: tuple[SegmentationSettings, ...]
    guess: bool = True
    long_term: bool = True
    thorough: bool = True
    pieces: int = 24
    coder: str = "auto"
    quick: bool = False

    @property
    def analysis(self) -> AnalysisSettings:
        """Settings of the block analysis."""
        orders = None
        if self.guess and len(self.segmentations) > 1:
            orders = self.segmentations[0].max_order, self.segmentations[1].max_order
        return AnalysisSettings(self.pieces, self.long_term, self.thorough, orders=orders)


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


def encode(channels: NDArray[np.int32], stream: StreamHeader, options: EncodeOptions) -> bytes:
    """Code the channels of a block, (channels, frames) int32."""
    return encode_lpc(channels, settings_of(options))


def encode_lpc(channels: NDArray[np.int32], settings: LpcSettings) -> bytes:
    """Code the channels of a block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one channel and one frame.
    settings : LpcSettings

    Returns
    -------
    bytes
        The coded channels (spec 11.9).
    """
    return encode_analysed(analyse_block(channels, settings.analysis), settings)


def encode_analysed(
    block: BlockAnalysis, settings: LpcSettings, found_sets: Sequence[FoundSets] = ()
) -> bytes:
    """Code a block that was analysed with `settings.analysis`, with the value sets given."""
    order = block.inter_channel.order.tolist()
    bodies, meter = [], current_meter()
    tried = found_sets or alternatives(block.ordered)
    restless = False
    for parameters, sets in candidate_parameters(block, settings, tried):
        meter.step()
        body, coder, wasted = encode_samples(parameters, sets, block.ordered, settings)
        bodies.append(bytes([coder]) + write_side_info(order, sets, parameters) + body)
        restless = restless or wasted > _RESTLESS_SHARE * block.ordered.size
        meter.step()
    best = min(bodies, key=len)
    if restless and settings.segmentations == PRESETS["fast"].segmentations:
        # attacks: shorter segments follow them
        finer = replace(settings, segmentations=(_SHORT_SEGMENTS,))
        best = min(best, encode_analysed(block, finer, tried), key=len)
    ordinary = all(entry.kind == PLAIN for found in tried for entry in found.sets)
    many_bits = 8 * len(best) > _FEW_BITS * block.ordered.size
    repeats = settings.thorough and block.ltp_gains.mean() > _REPEATS
    if settings.quick or found_sets or (ordinary and many_bits and not repeats):
        return best
    # where samples take few bits, or LTP windows half of them, the search's estimates are wrong: a
    # simple one may be smaller
    simple = replace(
        settings, segmentations=PRESETS["fast"].segmentations, thorough=False, pieces=0,
        quick=True,
    )  # fmt: skip
    channels = np.empty_like(block.ordered)
    channels[order] = block.ordered
    return min(best, encode_lpc(channels, simple), key=len)


def candidate_parameters(
    block: BlockAnalysis, settings: LpcSettings, found_sets: Sequence[FoundSets] = ()
) -> Iterator[tuple[LpcParameters, list[ValueSet]]]:
    """Yield candidate parameters of an analysed block with their value sets.

    Those of each search come with every one of `alternatives`.

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
    if settings.guess and len(segmentations) > 1:
        segmentations = segmentations[: 1 + (block.long_window_gain > _LONG_WINDOW_GAIN)]
    ordered = block.ordered
    _, reference, delay = block.inter_channel
    found_sets = found_sets or alternatives(ordered)
    for segmentation in segmentations:
        gains = low_bit_gains(ordered, delay, segmentation)
        frames = ordered.shape[1]
        parameters = analyse(
            block.delayed, frames, reference, delay, block.lags, segmentation, gains
        )
        parameters = parameters._replace(initial_scale=first_means(ordered))
        for found in found_sets:
            sets, value_set = assign_sets(found, ordered, delay, parameters.starts)
            yield parameters._replace(value_set=value_set), sets


def encode_samples(
    parameters: LpcParameters, sets: list[ValueSet], ordered: NDArray[np.int32],
    settings: LpcSettings,
) -> tuple[bytes, int, int]:
    """Code the samples with the chosen coder, or with the smaller of both.

    Parameters
    ----------
    parameters : LpcParameters
        Segments, windows and coefficients.
    sets : list of ValueSet
        Value sets that the parameters refer to.
    ordered : (channels, frames) int32
        Channels in coding order.
    settings : LpcSettings
        Names the coder.

    Returns
    -------
    (bytes, int, int)
        Payload words, `RANGE` or `RICE`, and what Rice codes waste, if they were preferred: see
        `encode_rice`.
    """
    rows = filled_rows(parameters, ordered)
    plan = make_plan(parameters, sets, rows.shape[1])
    if settings.coder == "rice" or (settings.coder == "auto" and settings.quick):
        rice, wasted = _code_rice(plan, parameters, rows, ordered)
        inefficient = wasted > _INEFFICIENT_SHARE * ordered.size
        # Rice codes gain nothing from soft sets, and cost a bit where samples are clipped
        if settings.coder == "rice" or not (
            inefficient or any(e.kind == SOFT for e in sets) or _is_clipped(ordered)
        ):
            return rice, RICE, wasted
        body = _code_range(plan, parameters, rows, ordered)
        saves = len(rice) - len(body)
        return (*((body, RANGE) if saves * _SAVES_ONE_IN > len(rice) else (rice, RICE)), wasted)
    body = _code_range(plan, parameters, rows, ordered)
    # Rice codes are smaller only where a sample takes hardly a bit, or where value sets hide the
    # shape of distributions
    some = len(body) * 8 < ordered.size or any(e.kind != PLAIN for e in sets)
    if settings.coder == "auto" and some:
        rice, _ = _code_rice(plan, parameters, rows, ordered)
        if len(rice) < len(body):
            return rice, RICE, 0
    return body, RANGE, 0


def _is_clipped(ordered: NDArray[np.int32]) -> bool:
    """Whether many samples of a channel lie at its ends."""
    for x in ordered:
        some = x[::_CLIPPED_EVERY]
        if np.count_nonzero((some == x.max()) | (some == x.min())) > _CLIPPED_SHARE * len(some):
            return True
    return False


def _code_range(
    plan: Plan, parameters: LpcParameters, rows: NDArray[np.int32], ordered: NDArray[np.int32]
) -> bytes:
    words, raw = new_buffers(ordered.size)
    state = new_state(parameters.initial_scale)
    contexts = new_contexts(len(ordered))
    used, raw_used = encode_loop(plan, tables(), state, contexts, rows, ordered, words, raw)
    if used < 0:
        raise NlacError("encoder fault: a sample is outside its value set; please report it")
    return write_words(words[:used], raw[:raw_used])


def _code_rice(
    plan: Plan, parameters: LpcParameters, rows: NDArray[np.int32], ordered: NDArray[np.int32]
) -> tuple[bytes, int]:
    raw = np.empty(2 * ordered.size + 64, np.uint32)
    used, inefficient = encode_rice(plan, new_state(parameters.initial_scale), rows, ordered, raw)
    if used < 0:
        raise NlacError("encoder fault: a sample is outside its value set; please report it")
    return raw[:used].astype("<u4").tobytes(), inefficient
