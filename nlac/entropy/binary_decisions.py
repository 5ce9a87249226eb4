"""Binary decisions under mixed adaptive chances, coded with the range coder.

Each decision has six contexts. A context has a chance, learned from the decisions in it before;
the six are mixed in the logistic domain by weights that learn which of them to trust (the method of
PAQ: Mahoney 2005, "Adaptive weighing of context models for lossless data compression"). All is
integer arithmetic (spec, section "Binary decisions").

One kernel both codes and decodes, so that the two cannot differ.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._typing import U32
from nlac.entropy.range_kernels import (
    FULL,
    ONE,
    S24,
    S32,
    ZERO,
    decode_start,
    encode_interval,
    seal,
)
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import (
    address,
    load_i16,
    load_i32,
    load_i64,
    load_u32,
    store_32,
    store_64,
)

INPUTS = 6
ENTRIES = 4096
_TOP = 2047
_FIRST_WEIGHT = 21845  # a third, Q16
_FIRST_CHANCE = (1 << 21) << 10
_MOST_SEEN = 165  # decisions, from which on a context learns no slower
_CHANCE_BITS = 22
_LEAST = 64  # chance of a context, Q22
_MOST_WEIGHT = 1 << 22
_RATE_BITS = 18
_SPARE_WORDS = 4  # that sealing may write


class CoderCell(IntEnum):
    """Cells of a coder's state, int64; some hold unsigned integers."""

    DECODING = 0  # 1 to decode
    WORDS = 1  # address
    LENGTH = 2  # of the words, or of the room for them
    POSITION = 3
    LOWER = 4
    RANGE = 5
    HELD = 6  # encoding
    FIRST = 7  # encoding
    POINT = 8  # decoding
    BAD = 9  # 1 if words are bad, or there is no room


CODER_CELLS = len(CoderCell)


class Decisions(NamedTuple):
    """Addresses of what a decision needs, from `decisions_of`."""

    coder: int
    chances: int
    weights: int
    logits: int
    mixed: int
    rates: int


class DecisionTables(NamedTuple):
    """Constant tables.

    Attributes
    ----------
    logits : (4096,) int16
        256 times the logarithm of the odds of a chance, for its upper 12 bits.
    mixed : (4096,) uint32
        Chances, Q16, of the logarithms -2048 to 2047.
    rates : (256,) uint32
        2**16 / (n + 1.6), after n decisions in a context.
    """

    logits: NDArray[np.int16]
    mixed: U32
    rates: U32


@cache
def decision_tables() -> DecisionTables:
    """Load the tables (made by ``tools/make_logistic_tables.py``)."""
    data = files("nlac.entropy").joinpath("logistic.bin").read_bytes()
    seen = np.arange(256)
    return DecisionTables(
        np.frombuffer(data, "<i2", ENTRIES).astype(np.int16),
        np.frombuffer(data, "<u2", ENTRIES, 2 * ENTRIES).astype(np.uint32),
        # 10 n + 16 tenths: rounded in integers
        ((2 * 655360 + (10 * seen + 16)) // (2 * (10 * seen + 16))).astype(np.uint32),
    )


class DecisionState(NamedTuple):
    """Memory of a coder and its contexts.

    Attributes
    ----------
    coder : (CODER_CELLS,) int64
    chances : (contexts,) uint32
        Chance of a 1, Q22, times 1024, and the number of decisions seen, at most `_MOST_SEEN`.
    weights : (sets * INPUTS,) int32
        Weights, Q16.
    """

    coder: NDArray[np.int64]
    chances: U32
    weights: NDArray[np.int32]


def new_state(contexts: int, sets: int) -> DecisionState:
    """Return the state before the first decision."""
    return DecisionState(
        np.zeros(CODER_CELLS, np.int64),
        np.full(contexts, _FIRST_CHANCE, np.uint32),
        np.full(sets * INPUTS, _FIRST_WEIGHT, np.int32),
    )


@kernel
def start_coder(state, decoding, words):
    """Begin to code to words, or to decode them."""
    cells = address(state.coder)
    for i in range(CODER_CELLS):
        store_64(cells, i, np.int64(0))
    store_64(cells, CoderCell.DECODING, np.int64(decoding))
    store_64(cells, CoderCell.LENGTH, np.int64(len(words)))
    store_64(cells, CoderCell.RANGE, FULL)
    if decoding:
        position, lower, rng, point = decode_start(address(words), len(words))
        store_64(cells, CoderCell.POSITION, np.int64(position))
        store_64(cells, CoderCell.LOWER, lower)
        store_64(cells, CoderCell.RANGE, rng)
        store_64(cells, CoderCell.POINT, point)


@inline_kernel
def _unsigned(cells, cell):
    return np.uint64(load_i64(cells, cell))


@kernel
def end_coder(state, words):
    """End; returns the words written or taken, or -1 if they are bad or had no room."""
    cells = address(state.coder)
    if load_i64(cells, CoderCell.BAD) != 0:
        return np.int64(-1)
    position = load_i64(cells, CoderCell.POSITION)
    if load_i64(cells, CoderCell.DECODING) != 0:
        return position
    return np.int64(
        seal(
            address(words), position, _unsigned(cells, CoderCell.LOWER),
            _unsigned(cells, CoderCell.RANGE), load_i64(cells, CoderCell.HELD),
            _unsigned(cells, CoderCell.FIRST),
        )
    )  # fmt: skip


@kernel
def decisions_of(state, words, tables):
    """Addresses for `decide`; the arrays must live as long as they are used."""
    cells = address(state.coder)
    store_64(cells, CoderCell.WORDS, address(words))
    return Decisions(
        cells, address(state.chances), address(state.weights), address(tables.logits),
        address(tables.mixed), address(tables.rates),
    )  # fmt: skip


@kernel
def code_bit(coder, bit, chance):
    """Code or decode a bit whose chance of being 1 is `chance`, Q24; returns the bit."""
    lower, rng = _unsigned(coder, CoderCell.LOWER), _unsigned(coder, CoderCell.RANGE)
    position = load_i64(coder, CoderCell.POSITION)
    words = load_i64(coder, CoderCell.WORDS)
    length = load_i64(coder, CoderCell.LENGTH)
    zero = (np.int64(1) << 24) - chance
    if load_i64(coder, CoderCell.DECODING) != 0:
        point = _unsigned(coder, CoderCell.POINT)
        scale = rng >> S24
        border = scale * np.uint64(zero)
        offset = point - lower
        if offset < border:
            bit = np.int64(0)
            rng = border
        else:
            bit = np.int64(1)
            if offset >= scale << S24:
                store_64(coder, CoderCell.BAD, np.int64(1))
            rng = scale * np.uint64(chance)
            lower = lower + border
        if rng < (ONE << S32):
            rng = rng << S32
            lower = lower << S32
            word = load_u32(words, position) if position < length else ZERO
            store_64(coder, CoderCell.POINT, (point << S32) | word)
            store_64(coder, CoderCell.POSITION, position + 1)
        store_64(coder, CoderCell.LOWER, lower)
        store_64(coder, CoderCell.RANGE, rng)
        return bit
    held = load_i64(coder, CoderCell.HELD)
    if position + held + _SPARE_WORDS > length:
        store_64(coder, CoderCell.BAD, np.int64(1))
        return bit
    begin = zero if bit != 0 else np.int64(0)
    width = chance if bit != 0 else zero
    position, lower, rng, held, first = encode_interval(
        words, position, lower, rng, held, _unsigned(coder, CoderCell.FIRST), begin, width
    )
    store_64(coder, CoderCell.POSITION, np.int64(position))
    store_64(coder, CoderCell.LOWER, lower)
    store_64(coder, CoderCell.RANGE, rng)
    store_64(coder, CoderCell.HELD, np.int64(held))
    store_64(coder, CoderCell.FIRST, first)
    return bit


@inline_kernel
def _logit(decisions, context):
    return load_i16(decisions.logits, np.int64(load_u32(decisions.chances, context)) >> 20)


@inline_kernel
def _weigh(decisions, weight, step, logit):
    """Move a weight by the error times the rate, and the input."""
    moved = load_i32(decisions.weights, weight)
    moved += (logit * step + (1 << (_RATE_BITS - 1))) >> _RATE_BITS
    store_32(decisions.weights, weight, min(max(moved, -_MOST_WEIGHT), _MOST_WEIGHT))


@inline_kernel
def _learn(decisions, context, target):
    """Move the chance of a context towards the bit."""
    cell = np.int64(load_u32(decisions.chances, context))
    chance, seen = cell >> 10, cell & 1023
    chance += ((target - chance) * np.int64(load_u32(decisions.rates, seen))) >> 16
    chance = min(max(chance, np.int64(_LEAST)), np.int64((1 << _CHANCE_BITS) - _LEAST))
    seen = min(seen + 1, np.int64(_MOST_SEEN))
    store_32(decisions.chances, context, (chance << 10) | seen)


@kernel
def decide(decisions, bit, rate, weights, a, b, c, d, e, f):
    """Code or decode a decision, and learn from it; returns it.

    Parameters
    ----------
    decisions : Decisions
    bit : int
        The decision, 0 or 1; ignored when decoding.
    rate : int
        How fast the weights learn, 1 to 16.
    weights : int
        Number of the set of weights.
    a, b, c, d, e, f : int
        The contexts.
    """
    at = weights * INPUTS
    la, lb, lc = _logit(decisions, a), _logit(decisions, b), _logit(decisions, c)
    ld, le, lf = _logit(decisions, d), _logit(decisions, e), _logit(decisions, f)
    total = la * load_i32(decisions.weights, at) + lb * load_i32(decisions.weights, at + 1)
    total += lc * load_i32(decisions.weights, at + 2) + ld * load_i32(decisions.weights, at + 3)
    total += le * load_i32(decisions.weights, at + 4) + lf * load_i32(decisions.weights, at + 5)
    logit = min(max(total >> 16, -_TOP), _TOP)
    chance = np.int64(load_u32(decisions.mixed, logit + ENTRIES // 2))
    bit = code_bit(decisions.coder, bit, chance << 8)
    step = ((bit << 16) - chance) * rate
    _weigh(decisions, at, step, la)
    _weigh(decisions, at + 1, step, lb)
    _weigh(decisions, at + 2, step, lc)
    _weigh(decisions, at + 3, step, ld)
    _weigh(decisions, at + 4, step, le)
    _weigh(decisions, at + 5, step, lf)
    target = bit << _CHANCE_BITS
    _learn(decisions, a, target)
    _learn(decisions, b, target)
    _learn(decisions, c, target)
    _learn(decisions, d, target)
    _learn(decisions, e, target)
    _learn(decisions, f, target)
    return bit


@kernel
def raw_bits(decisions, value, count):
    """Code or decode a number of `count` bits of equal chances, the highest first."""
    result = np.int64(0)
    for i in range(count - 1, -1, -1):
        bit = code_bit(decisions.coder, (value >> i) & 1, np.int64(1 << 23))
        result = (result << 1) | bit
    return result
