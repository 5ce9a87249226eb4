"""The range coder (Martin 1979) outside compiled loops: in plain Python, and in bulk.

`RangeEncoder` and `RangeDecoder` are the arithmetic of the format (spec, section "Range coder") in
Python integers, one interval a call. They serve loops without a kernel in which each interval
depends on the sample before it. The bulk functions pass whole arrays to constriction. Its tables of
probabilities get integers, so nothing is rounded. Everything here writes the words that
`nlac.entropy.range_kernels` writes.

`RangeDecoder` refuses words that end too early or too late.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlac._errors import CorruptStream, TruncatedStream
from nlac._typing import U32

PRECISION = 24
TOTAL = 1 << PRECISION
RAW_GROUP = 16  # raw bits that go through the coder at once
_FULL = (1 << 64) - 1
_WORD = (1 << 32) - 1


class RangeEncoder:
    """Codes intervals of 2**24, one at a time.

    Examples
    --------
    >>> encoder = RangeEncoder()
    >>> encoder.encode(3 << 22, 1 << 22)
    >>> [hex(word) for word in encoder.finish()]
    ['0xc0000000']
    """

    __slots__ = ("_first", "_held", "_lower", "_range", "_started", "_words")

    def __init__(self) -> None:
        self._words: list[int] = []
        self._lower = 0
        self._range = _FULL
        self._started = False
        # words held back because a carry may still reach them: their number and the first; the
        # others are all ones, or all zeros after the carry
        self._held = 0
        self._first = 0

    def encode(self, c: int, f: int) -> None:
        """Code the interval [c, c + f).

        Parameters
        ----------
        c, f : int
            0 <= c, 1 <= f, c + f <= 2**24.
        """
        if c < 0 or f < 1 or c + f > TOTAL:
            raise ValueError(f"[{c}, {c + f}) is no interval of 2**24")
        self._started = True
        scale = self._range >> PRECISION
        self._range = scale * f
        lower = self._lower + scale * c
        self._lower = lower & _FULL
        if self._held and (lower > _FULL or lower + self._range <= _FULL):
            self._settle(carry=lower > _FULL)
        if self._range <= _WORD:
            word = self._lower >> 32
            self._range <<= 32
            self._lower = (self._lower << 32) & _FULL
            if self._held:
                self._held += 1
            elif self._lower + self._range <= _FULL:
                self._words.append(word)
            else:
                self._held, self._first = 1, word

    def encode_raw(self, value: int, count: int) -> None:
        """Code a value below 2**count as `count` uniform bits.

        They are coded in groups of `RAW_GROUP` bits, the lowest first; the last may be smaller.
        """
        while count > 0:
            size = min(count, RAW_GROUP)
            step = PRECISION - size
            self.encode((value & ((1 << size) - 1)) << step, 1 << step)
            value >>= size
            count -= size

    def finish(self) -> U32:
        """End the code and return its words, uint32."""
        if self._started:
            point = self._lower + _WORD
            if self._held:
                self._settle(carry=point > _FULL)
            word = (point & _FULL) >> 32
            self._words.append(word)
            if ((self._lower + self._range) & _FULL) >> 32 == word:
                self._words.append(0)
            self._started = False
        return np.array(self._words, np.uint32)

    def _settle(self, *, carry: bool) -> None:
        self._words.append((self._first + carry) & _WORD)
        self._words.extend([0 if carry else _WORD] * (self._held - 1))
        self._held = 0


class RangeDecoder:
    """Takes intervals off the words of a `RangeEncoder`, by `decode` and `advance` in turn.

    Parameters
    ----------
    words : array_like of uint32
        All words of the encoder, and no more.
    """

    __slots__ = ("_lower", "_point", "_pos", "_range", "_words")

    def __init__(self, words: ArrayLike) -> None:
        self._words: list[int] = np.asarray(words, np.uint32).tolist()
        self._lower = 0
        self._range = _FULL
        self._point = 0
        self._pos = 0
        for _ in range(2):
            self._point = (self._point << 32) | self._next()

    def decode(self) -> int:
        """Return the quantile, 0 to 2**24 - 1; the coded interval is the one that holds it.

        Raises
        ------
        CorruptStream
            The words are not from a range coder.
        """
        quantile = ((self._point - self._lower) & _FULL) // (self._range >> PRECISION)
        if quantile >= TOTAL:
            raise CorruptStream("range coder: point outside its range")
        return quantile

    def advance(self, c: int, f: int) -> None:
        """Take off the interval [c, c + f), which holds what `decode` returned.

        Raises
        ------
        TruncatedStream
            More words are needed than there are.
        """
        scale = self._range >> PRECISION
        self._range = scale * f
        self._lower = (self._lower + scale * c) & _FULL
        if self._range <= _WORD:
            self._range <<= 32
            self._lower = (self._lower << 32) & _FULL
            self._point = ((self._point << 32) & _FULL) | self._next()
            # an encoder writes one word a step like this, and one or two at the end
            if self._pos > len(self._words) + 1:
                raise TruncatedStream("range coder: words end too early")

    def decode_raw(self, count: int) -> int:
        """Take off `count` bits that `RangeEncoder.encode_raw` coded."""
        value = 0
        for at in range(0, count, RAW_GROUP):
            step = PRECISION - min(count - at, RAW_GROUP)
            group = self.decode() >> step
            self.advance(group << step, 1 << step)
            value |= group << at
        return value

    def finish(self) -> None:
        """Check that all words were taken off.

        Raises
        ------
        CorruptStream
            Words are left over, or there are fewer than an encoder writes.
        """
        # an encoder writes at least one word more than it renormalises, but none for nothing;
        # the range is whole only until the first interval is taken off
        needed = self._pos - 1 if self._range < _FULL else 0
        if needed > len(self._words):
            raise TruncatedStream("range coder: words end too early")
        if len(self._words) > needed + (needed > 0):
            raise CorruptStream("range coder: words are left over")

    def _next(self) -> int:
        word = self._words[self._pos] if self._pos < len(self._words) else 0
        self._pos += 1
        return word


def encode_bulk(intervals: ArrayLike) -> U32:
    """Code many intervals at once, each on its own.

    Parameters
    ----------
    intervals : array_like of int, shape (n, 2)
        Rows (c, f): the interval [c, c + f) of 2**24, with 1 <= f <= 2**24 - 2.

    Returns
    -------
    uint32 array
        The words; a decoder that knows the intervals' tables takes them off one by one.
    """
    rows = np.asarray(intervals, np.int64).reshape(-1, 2)
    c, f = rows[:, 0], rows[:, 1]
    rest = TOTAL - c - f
    if np.any((c < 0) | (f < 1) | (rest < 0) | (f > TOTAL - 2)):
        raise ValueError("not all are intervals of 2**24 with at most 2**24 - 2 counts")
    # each interval becomes one of three symbols; the other two fill the rest
    at_left, at_right = c == 0, rest == 0
    sizes = np.stack(
        [
            np.where(at_left, f, np.where(at_right, 1, c)),
            np.where(at_left, 1, np.where(at_right, c - 1, f)),
            np.where(at_left, rest - 1, np.where(at_right, f, rest)),
        ],
        axis=1,
    )
    symbols = np.where(at_left, 0, np.where(at_right, 2, 1)).astype(np.int32)
    encoder, categorical = _constriction().queue.RangeEncoder(), _constriction().model.Categorical
    if len(rows):
        encoder.encode(symbols, categorical(perfect=False), (sizes - 1).astype(np.float64))
    words: U32 = encoder.get_compressed()
    return words


def encode_symbols(symbols: ArrayLike, frequencies: ArrayLike) -> U32:
    """Code symbols of one table.

    Parameters
    ----------
    symbols : array_like of int, shape (n,)
        Each from 0 to ``len(frequencies) - 1``.
    frequencies : array_like of int
        At least 1 each, 2**24 in all. A table of one symbol needs no words.

    Returns
    -------
    uint32 array
        The words.
    """
    table = _table(frequencies)
    values = np.asarray(symbols, np.int32)
    if len(values) and not 0 <= values.min() <= values.max() < len(table):
        raise ValueError(f"symbols must lie in 0 .. {len(table) - 1}")
    if len(table) == 1:
        return np.zeros(0, np.uint32)
    encoder = _constriction().queue.RangeEncoder()
    encoder.encode(values, _model(table))
    words: U32 = encoder.get_compressed()
    return words


def decode_symbols(words: ArrayLike, count: int, frequencies: ArrayLike) -> NDArray[np.int32]:
    """Decode `count` symbols that `encode_symbols` coded with the same table.

    Raises
    ------
    CorruptStream
        The words are not those of `count` symbols.
    """
    table = _table(frequencies)
    data = np.asarray(words, np.uint32)
    if len(table) == 1:
        if len(data):
            raise CorruptStream("range coder: words are left over")
        return np.zeros(count, np.int32)
    decoder = _constriction().queue.RangeDecoder(data)
    try:
        symbols: NDArray[np.int32] = decoder.decode(_model(table), count)
    except AssertionError as error:  # constriction raises it for bad words
        raise CorruptStream("range coder: point outside its range") from error
    if not decoder.maybe_exhausted():
        raise CorruptStream("range coder: words are left over")
    return symbols


def _table(frequencies: ArrayLike) -> NDArray[np.int64]:
    table = np.asarray(frequencies, np.int64)
    if table.ndim != 1 or not len(table) or table.min() < 1 or table.sum() != TOTAL:
        raise ValueError("frequencies must be at least 1 each and 2**24 in all")
    return table


def _model(table: NDArray[np.int64]) -> Any:
    # constriction gives every symbol one count and shares the rest in proportion to its
    # arguments; these sum to the rest, so the factor is 1 and nothing is rounded
    return _constriction().model.Categorical((table - 1).astype(np.float64), perfect=False)


def _constriction() -> Any:
    import constriction

    return constriction.stream
