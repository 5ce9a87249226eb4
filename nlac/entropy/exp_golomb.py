"""Exp-Golomb codes (Teuhola 1978) of signed integers (spec, section "cascade block").

Example: 0 is ``0``, -1 is ``10 0``, 1 is ``10 1``, -2 is ``110 00``; the first bit is the lowest of
a byte.
"""

from __future__ import annotations

from collections.abc import Iterable

from nlac._errors import CorruptStream, TruncatedStream
from nlac.entropy.varint import fold, unfold

MAX_LENGTH = 24  # bits of the binary part


def write_golomb(values: Iterable[int]) -> bytes:
    """Return the bytes of the values, the last one padded with zeros."""
    bits, used = 0, 0
    for value in values:
        number = fold(value) + 1
        length = number.bit_length() - 1
        ones, low = (1 << length) - 1, number - (1 << length)
        bits |= (low << (length + 1) | ones) << used
        used += 2 * length + 1
    return bits.to_bytes(-(-used // 8), "little")


class GolombReader:
    """Reads what `write_golomb` wrote.

    Parameters
    ----------
    data : bytes
        Other bytes may follow the values.
    at : int
        Where the values begin.
    """

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = 8 * at

    def read(self, count: int) -> list[int]:
        """Return the next values.

        Raises
        ------
        TruncatedStream
            `data` ends inside them.
        CorruptStream
            A value is too large.
        """
        return [self._next() for _ in range(count)]

    def end(self) -> int:
        """Return the position of the next whole byte.

        Raises
        ------
        CorruptStream
            The bits up to it are not 0.
        """
        if any(self._bit() for _ in range(-self._at % 8)):
            raise CorruptStream("bits behind the last number are not 0")
        return self._at // 8

    def _next(self) -> int:
        length = 0
        while self._bit():
            length += 1
            if length > MAX_LENGTH:
                raise CorruptStream("number is too large")
        number = 1 << length
        for i in range(length):
            number |= self._bit() << i
        return unfold(number - 1)

    def _bit(self) -> int:
        if self._at >= 8 * len(self._data):
            raise TruncatedStream("number ends too early")
        bit = self._data[self._at >> 3] >> (self._at & 7) & 1
        self._at += 1
        return bit
