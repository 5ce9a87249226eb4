"""Code the samples of an `lpc` block with the range coder or with Rice codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError
from nlac.codec.encoder.lpc.range_loop import encode_loop
from nlac.codec.encoder.lpc.rice_loop import encode_rice
from nlac.entropy.distributions import tables
from nlac.entropy.small_residuals import new_contexts
from nlac.entropy.value_sets import PLAIN, SOFT, ValueSet
from nlac.entropy.words import new_buffers, write_words
from nlac.predictors.lpc.block import RANGE, RICE
from nlac.predictors.lpc.kernels import new_state
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.plan import Plan, make_plan

# where Rice codes are preferred: if at least this share of the samples takes so few bits that
# whole-bit codes are inefficient, the range coder is tried. It is taken if it saves one byte in
# `_SAVES_ONE_IN`, since it decodes at half the speed
_INEFFICIENT_SHARE, _SAVES_ONE_IN = 0.25, 25
_CLIPPED_EVERY, _CLIPPED_SHARE = 8, 0.02  # every so many samples are looked at


def encode_samples(
    parameters: LpcParameters, sets: list[ValueSet], rows: NDArray[np.int32],
    ordered: NDArray[np.int32], wanted: str, quick: bool,
) -> tuple[bytes, int, int]:
    """Code the samples with the chosen coder, or with the smaller of both.

    Parameters
    ----------
    parameters : LpcParameters
        Segments, windows and coefficients.
    sets : list of ValueSet
        Value sets that the parameters refer to.
    rows : (channels, n) int32
        From `filled_rows`.
    ordered : (channels, frames) int32
        Channels in coding order.
    wanted : {"auto", "range", "rice"}
        Coder; ``"auto"`` takes the smaller result.
    quick : bool
        With ``"auto"``, prefer Rice codes, which decode faster, unless they are much larger.

    Returns
    -------
    (bytes, int, int)
        Payload words, `RANGE` or `RICE`, and what Rice codes waste, if they were preferred: see
        `encode_rice`.
    """
    plan = make_plan(parameters, sets, rows.shape[1])
    if wanted == "rice" or (wanted == "auto" and quick):
        rice, wasted = _code_rice(plan, parameters.initial_scale, rows, ordered)
        inefficient = wasted > _INEFFICIENT_SHARE * ordered.size
        # Rice codes gain nothing from soft sets, and cost a bit where samples are clipped
        if wanted == "rice" or not (
            inefficient or any(e.kind == SOFT for e in sets) or _is_clipped(ordered)
        ):
            return rice, RICE, wasted
        body = _code_range(plan, parameters.initial_scale, rows, ordered)
        saves = len(rice) - len(body)
        return (*((body, RANGE) if saves * _SAVES_ONE_IN > len(rice) else (rice, RICE)), wasted)
    body = _code_range(plan, parameters.initial_scale, rows, ordered)
    # Rice codes are smaller only where a sample takes hardly a bit, or where value sets hide the
    # shape of distributions
    some = len(body) * 8 < ordered.size or any(e.kind != PLAIN for e in sets)
    if wanted == "auto" and some:
        rice, _ = _code_rice(plan, parameters.initial_scale, rows, ordered)
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


def code_samples(
    plan: Plan, coder: int, initial_scale: NDArray[np.int64], rows: NDArray[np.int32],
    ordered: NDArray[np.int32],
) -> bytes:
    """Code samples with a given coder.

    Parameters
    ----------
    plan : Plan
        Of a block or a slice.
    coder : int
        `RANGE` or `RICE`.
    initial_scale : (channels,) int64
        As in `LpcParameters`.
    rows : (channels, n) int32
        They hold the samples already.
    ordered : (channels, frames) int32
        Channels in coding order.

    Returns
    -------
    bytes
        Payload words.
    """
    if coder == RICE:
        return _code_rice(plan, initial_scale, rows, ordered)[0]
    return _code_range(plan, initial_scale, rows, ordered)


def _code_range(
    plan: Plan, initial_scale: NDArray[np.int64], rows: NDArray[np.int32],
    ordered: NDArray[np.int32],
) -> bytes:
    words, raw = new_buffers(ordered.size)
    state = new_state(initial_scale)
    contexts = new_contexts(len(ordered))
    used, raw_used = encode_loop(plan, tables(), state, contexts, rows, ordered, words, raw)
    if used < 0:
        raise NlacError("encoder fault: a sample is outside its value set; please report it")
    return write_words(words[:used], raw[:raw_used])


def _code_rice(
    plan: Plan, initial_scale: NDArray[np.int64], rows: NDArray[np.int32],
    ordered: NDArray[np.int32],
) -> tuple[bytes, int]:
    raw = np.empty(2 * ordered.size + 64, np.uint32)
    used, inefficient = encode_rice(plan, new_state(initial_scale), rows, ordered, raw)
    if used < 0:
        raise NlacError("encoder fault: a sample is outside its value set; please report it")
    return raw[:used].astype("<u4").tobytes(), inefficient
