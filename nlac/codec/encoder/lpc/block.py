"""Encode a block of `lpc`: channels to bytes (spec, section "lpc block").

Everything an encoder may choose is chosen here, in this order: how channels pair and
where the block repeats itself (`analysis`), segments and coefficients, which values
occur (`value_sets`), and at last the coder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError, UsageError
from nlac.bitstream.header import StreamHeader
from nlac.codec.encoder.analysis import AnalysisSettings, BlockAnalysis, analyse_block, first_means
from nlac.codec.encoder.lpc.segmentation import analyse
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.presets import PRESETS, Effort
from nlac.codec.encoder.value_sets.choice import assign_sets, find_sets, low_bit_gains
from nlac.entropy.distributions import tables
from nlac.entropy.value_sets import ValueSet
from nlac.entropy.words import new_buffers, write_words
from nlac.predictors.lpc.block import RANGE, RICE, write_side_info
from nlac.predictors.lpc.kernels import filled_rows, new_state
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.plan import Plan, make_plan
from nlac.predictors.lpc.range_loops import encode_loop
from nlac.predictors.lpc.rice_loops import encode_rice

# where Rice codes are preferred: from this share of samples of few bits on, the range coder is
# tried, and taken where it saves one byte in so many, since it decodes at half the speed
_DEAR, _SAVES_ONE_IN = 0.25, 25
_LONG_WINDOW_GAIN = 0.03  # bits a sample for which longer windows are worth a try
_SURE_GAIN = 0.15  # for which they alone are: shorter segments can't make up for that


@dataclass(frozen=True, slots=True)
class LpcSettings:
    """Encoder choices of a preset.

    Attributes
    ----------
    efforts : tuple of Effort
        Searches for segments and coefficients.
    guess : bool
        Do the second of two searches only where its longer windows promise something,
        and where they promise a lot, it alone; else do all and keep the smallest block.
    long_term : bool
        Look for repetition.
    thorough : bool
        Look for repetition at half the rate, and in windows of six seconds too.
    pieces : int
        Pieces on which stereo pairings are tried, 0 for none.
    coder : {"auto", "range", "rice"}
        Which coder; ``"auto"`` takes the smaller.
    quick : bool
        Where the choice is free, prefer Rice codes, which are quick to decode, unless they are
        much larger.
    """

    efforts: tuple[Effort, ...]
    guess: bool = True
    long_term: bool = True
    thorough: bool = True
    pieces: int = 24
    coder: str = "auto"
    quick: bool = False

    @property
    def analysis(self) -> AnalysisSettings:
        """How a block is to be prepared."""
        orders = None
        if self.guess and len(self.efforts) > 1:
            orders = self.efforts[0].max_order, self.efforts[1].max_order
        return AnalysisSettings(self.pieces, self.long_term, self.thorough, orders=orders)


def settings_of(options: EncodeOptions) -> LpcSettings:
    """Settings of a block of `lpc`.

    Raises
    ------
    UsageError
        The options name some that `lpc` does not have.
    """
    _refuse_options(options, "lpc")
    preset = PRESETS[options.preset]
    return LpcSettings(
        preset.efforts,
        preset.guess,
        options.long_term,
        preset.thorough,
        24 if preset.thorough else 0,
        options.coder,
        quick=not preset.thorough,
    )


def window_settings(options: EncodeOptions, name: str) -> LpcSettings:
    """Settings of windows as those of `lpc`, for another predictor of that name.

    Raises
    ------
    UsageError
        The options name some that the predictor does not have.
    """
    _refuse_options(options, name)
    return LpcSettings(
        PRESETS["standard"].efforts, long_term=options.long_term, coder=options.coder
    )


def _refuse_options(options: EncodeOptions, name: str) -> None:
    for unknown in options.predictor_options:
        raise UsageError(f"{name} has no option {unknown!r}")


def choose(options: EncodeOptions) -> tuple[bytes, bytes]:
    """Check the options; there are no parameters and no model."""
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
        At least one of each.
    settings : LpcSettings
    """
    return encode_analysed(analyse_block(channels, settings.analysis), settings)


def encode_analysed(block: BlockAnalysis, settings: LpcSettings) -> bytes:
    """Code a block that was prepared as `settings.search` says."""
    order = block.pairing.order.tolist()
    bodies = []
    for layout, sets in layouts(block, settings):
        body, coder = encode_samples(layout, sets, block.ordered, settings)
        bodies.append(bytes([coder]) + write_side_info(order, sets, layout) + body)
    return min(bodies, key=len)


def layouts(
    block: BlockAnalysis, settings: LpcSettings
) -> Iterator[tuple[LpcParameters, list[ValueSet]]]:
    """Layouts that may be the best for a prepared block, with their value sets."""
    efforts = settings.efforts
    if settings.guess and len(efforts) > 1:
        gain = block.long_window_gain
        efforts = efforts[gain > _SURE_GAIN : 1 + (gain > _LONG_WINDOW_GAIN)]
    ordered = block.ordered
    _, reference, delay = block.pairing
    found = find_sets(ordered)
    for effort in efforts:
        gains = low_bit_gains(ordered, delay, effort)
        frames = ordered.shape[1]
        layout = analyse(block.delayed, frames, reference, delay, block.lags, effort, gains)
        sets, value_set = assign_sets(found, ordered, delay, layout.starts)
        yield layout._replace(value_set=value_set, initial_scale=first_means(ordered)), sets


def encode_samples(
    layout: LpcParameters, sets: list[ValueSet], ordered: NDArray[np.int32], settings: LpcSettings
) -> tuple[bytes, int]:
    """Code the samples with one coder or both; returns the bytes and the coder's number."""
    rows = filled_rows(layout, ordered)
    plan = make_plan(layout, sets, rows.shape[1])
    if settings.coder == "rice" or (settings.coder == "auto" and settings.quick):
        rice, dear = _code_rice(plan, layout, rows, ordered)
        if settings.coder == "rice" or dear < _DEAR * ordered.size:
            return rice, RICE
        body = _code_range(plan, layout, rows, ordered)
        saves = len(rice) - len(body)
        return (body, RANGE) if saves * _SAVES_ONE_IN > len(rice) else (rice, RICE)
    body = _code_range(plan, layout, rows, ordered)
    # Rice codes win only where hardly a bit is left to say
    if settings.coder == "auto" and len(body) * 8 < ordered.size // 4:
        rice, _ = _code_rice(plan, layout, rows, ordered)
        if len(rice) < len(body):
            return rice, RICE
    return body, RANGE


def _code_range(
    plan: Plan, layout: LpcParameters, rows: NDArray[np.int32], ordered: NDArray[np.int32]
) -> bytes:
    words, raw = new_buffers(ordered.size)
    state = new_state(layout.initial_scale)
    used, raw_used = encode_loop(plan, tables(), state, rows, ordered, words, raw)
    if used < 0:
        raise NlacError("a sample is not in its value set: a fault of the encoder")
    return write_words(words[:used], raw[:raw_used])


def _code_rice(
    plan: Plan, layout: LpcParameters, rows: NDArray[np.int32], ordered: NDArray[np.int32]
) -> tuple[bytes, int]:
    raw = np.empty(2 * ordered.size + 64, np.uint32)
    used, dear = encode_rice(plan, new_state(layout.initial_scale), rows, ordered, raw)
    if used < 0:
        raise NlacError("a sample is not in its value set: a fault of the encoder")
    return raw[:used].astype("<u4").tobytes(), dear
