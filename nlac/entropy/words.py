"""Payload words at the end of a block of `lpc` or `cascade`.

The words of the range coder are followed by those of the raw bits; both are uint32 (spec, sections
"lpc block" and "cascade block").
"""

from __future__ import annotations

import numpy as np

from nlac._errors import CorruptStream
from nlac._typing import U32
from nlac.entropy.varint import write_varint


def new_buffers(num_samples: int) -> tuple[U32, U32]:
    """Return buffers, uint32, for the range coder and the raw bits of any `num_samples` samples."""
    words = np.empty(num_samples + num_samples // 4 + 64, np.uint32)
    return words, np.empty(num_samples + 64, np.uint32)


def write_words(words: U32, bits: U32) -> bytes:
    """Return the bytes of both, after the number of `words`."""
    return write_varint(len(words)) + words.astype("<u4").tobytes() + bits.astype("<u4").tobytes()


def read_words(data: bytes, at: int, count: int) -> tuple[U32, U32]:
    """Read `count` words of the range coder, and the raw bits to the end of `data`.

    Raises
    ------
    CorruptStream
        These are not whole words, or fewer than `count`.
    """
    left = len(data) - at
    if left % 4 or 4 * count > left:
        raise CorruptStream("words do not fit", path="samples")
    both = np.frombuffer(data, "<u4", left // 4, at).astype(np.uint32)
    return both[:count], both[count:]


def check_end(words: U32, bits: U32, words_taken: int, bits_taken: int) -> None:
    """Raise `CorruptStream` unless exactly the words present were taken; -1 marks bad data."""
    # a decoder reads at most two words past those that decide
    if (
        bits_taken < 0
        or -(-bits_taken // 32) != len(bits)
        or not len(words) <= words_taken <= len(words) + 2
    ):
        raise CorruptStream("samples do not decode", path="samples")
