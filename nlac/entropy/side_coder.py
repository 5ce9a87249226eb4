"""Side information in bulk: symbols under a few fixed tables, coded by constriction.

There are two kinds of table (spec, section "Side information"): a histogram that is stored before
the symbols, for small alphabets, and the normative Laplace shape at a scale, for signed integers
such as coefficients. constriction gets exact integer frequencies: `Categorical` turns the weights
f - 1 into cumulative sums of f without rounding if the f sum to 2**24.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.entropy.bits import pack_bits, take_bits
from nlac.entropy.distributions import REACH, ROW, TAIL, tables
from nlac.entropy.range_coder import TOTAL

LAPLACE = 4
EDGE = 255  # symbols 1 .. 510 are the bins -255 .. 254; 0 and 511 escape
ALPHABET = 2 * EDGE + 2
ESCAPE_BITS = 24
MAX_SYMBOL_SCALE = 16 * 28 - 1
_ESCAPE_OFFSET = 1 << (ESCAPE_BITS - 1)


def _model(frequencies: NDArray[np.int64]) -> Any:
    import constriction

    weights = (frequencies - 1).astype(np.float64)
    return constriction.stream.model.Categorical(weights, perfect=False)


@lru_cache(maxsize=512)
def _laplace_model(scale: int) -> Any:
    return _model(laplace_frequencies(scale))


def low_bits_of(scale: int) -> int:
    """Number of low bits of an integer that are raw bits at a scale."""
    return max(0, (scale >> 4) - 7)


def _low_bits(counts: Sequence[int], scales: Sequence[int]) -> NDArray[np.int64]:
    """`low_bits_of` for each integer of runs that share a scale, (n,) int64."""
    return np.repeat(np.array([low_bits_of(scale) for scale in scales], np.int64), counts)


@lru_cache(maxsize=512)
def laplace_frequencies(scale: int) -> NDArray[np.int64]:
    """Return the frequencies of the symbols at a scale, (ALPHABET,) int64; they sum to 2**24."""
    normative = tables()
    edges = np.arange(-EDGE, EDGE + 1, dtype=np.int64) << low_bits_of(scale)
    distance = (edges << 8) - 128
    position = (distance * normative.down[scale & 15]) >> (7 + (scale >> 4))
    inside = np.clip(position + REACH, 0, 2 * REACH - 1)
    row = LAPLACE * ROW + (inside >> 8)
    left = normative.cumulative[row]
    value = left + (((normative.cumulative[row + 1] - left) * (inside & 255)) >> 8)
    value = np.where(position <= -REACH, TAIL, np.where(position >= REACH, TOTAL - TAIL, value))
    cumulative = np.concatenate([[0], value, [TOTAL]])
    # every symbol has at least one count
    cumulative = ((cumulative * (TOTAL - ALPHABET)) >> 24) + np.arange(ALPHABET + 1)
    frequencies: NDArray[np.int64] = np.diff(cumulative)
    return frequencies


def histogram_frequencies(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return frequencies from weights 0 .. 255 that are not all 0; they sum to 2**24."""
    cumulative = np.concatenate([[0], np.cumsum(weights)])
    count = len(weights)
    cumulative = cumulative * (TOTAL - count) // cumulative[-1] + np.arange(count + 1)
    frequencies: NDArray[np.int64] = np.diff(cumulative)
    return frequencies


class SideWriter:
    """Collects side information; `finish` returns its words and its raw bits."""

    def __init__(self) -> None:
        import constriction

        self._coder = constriction.stream.queue.RangeEncoder()
        self._raw = [np.zeros(0, np.int64)]
        self._raw_bits = [np.zeros(0, np.int64)]

    def symbols(self, values: NDArray[np.int64]) -> bytes:
        """Code small symbols; returns the bytes of their histogram."""
        counts = np.bincount(values)
        if len(counts) == 0:
            return b"\0"
        weights = np.where(counts > 0, np.maximum(1, counts * 255 // counts.max()), 0)
        if np.count_nonzero(weights) > 1:
            model = _model(histogram_frequencies(weights))
            self._coder.encode(values.astype(np.int32), model)
        return bytes([len(weights)]) + weights.astype(np.uint8).tobytes()

    def integers(
        self, values: NDArray[np.int64], counts: Sequence[int], scales: Sequence[int]
    ) -> None:
        """Code signed integers under the Laplace shape, `counts[i]` of them at `scales[i]`."""
        low = _low_bits(counts, scales)
        bins = values >> low
        symbols = np.clip(bins + EDGE + 1, 0, ALPHABET - 1).astype(np.int32)
        at = 0
        for count, scale in zip(counts, scales, strict=True):
            self._coder.encode(symbols[at : at + count], _laplace_model(scale))
            at += count
        escaped = (symbols == 0) | (symbols == ALPHABET - 1)
        self._raw.append(np.where(escaped, values + _ESCAPE_OFFSET, values & ((1 << low) - 1)))
        self._raw_bits.append(np.where(escaped, ESCAPE_BITS, low))

    def finish(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return the words of the coder and those of the raw bits, uint32."""
        words: NDArray[np.uint32] = self._coder.get_compressed()
        counts = np.concatenate(self._raw_bits)
        raw = np.zeros(-(-int(counts.sum()) // 32) + 1, np.uint32)
        used = pack_bits(np.concatenate(self._raw), counts, raw)
        return words, raw[:used]


class SideReader:
    """Reads what a `SideWriter` wrote, in the same order."""

    def __init__(self, words: NDArray[np.uint32], raw: NDArray[np.uint32]) -> None:
        import constriction

        self._coder = constriction.stream.queue.RangeDecoder(words)
        self._raw = raw
        self.position = 0

    def symbols(self, count: int, weights: bytes) -> NDArray[np.int64]:
        """Decode small symbols whose histogram is `weights`."""
        table = np.frombuffer(weights, np.uint8).astype(np.int64)
        used = np.flatnonzero(table)
        if len(table) == 0 or count == 0:
            return np.zeros(count, np.int64)
        if len(used) == 0:
            raise CorruptStream("empty histogram", path="side")
        if len(used) == 1:
            return np.full(count, used[0], np.int64)
        return self._decode(_model(histogram_frequencies(table)), count)

    def integers(self, counts: Sequence[int], scales: Sequence[int]) -> NDArray[np.int64]:
        """Decode signed integers, `counts[i]` of them at `scales[i]`."""
        pieces = [
            self._decode(_laplace_model(scale), count)
            for count, scale in zip(counts, scales, strict=True)
        ]
        symbols = np.concatenate([np.zeros(0, np.int64), *pieces])
        low = _low_bits(counts, scales)
        escaped = (symbols == 0) | (symbols == ALPHABET - 1)
        rest = self._take(np.where(escaped, ESCAPE_BITS, low))
        return np.where(escaped, rest - _ESCAPE_OFFSET, ((symbols - EDGE - 1) << low) + rest)

    def _decode(self, model: Any, count: int) -> NDArray[np.int64]:
        try:
            decoded: NDArray[np.int64] = self._coder.decode(model, count).astype(np.int64)
        except (AssertionError, ValueError) as error:
            raise CorruptStream("side information does not decode", path="side") from error
        return decoded

    def _take(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take `counts[i]` raw bits for each i, least significant first."""
        values = np.empty(len(counts), np.int64)
        self.position = take_bits(self._raw, self.position, counts, values)
        if self.position > 32 * len(self._raw):
            raise CorruptStream("side information ends too early", path="side")
        return values
