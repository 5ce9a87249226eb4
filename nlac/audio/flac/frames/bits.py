"""Bits, most significant first, and checksums of FLAC frames, as compiled kernels.

A reader's state is its position in bits, a writer's ``pos, acc, fill``: whole bytes written, the
waiting bits, and their number, below 8. Buffers have `SPARE_BYTES` more bytes than counted.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import load_u8, store_8

SPARE_BYTES: Final = 16
# bits that `window` gives at least
WINDOW_BITS: Final = 57
U = np.uint64


@inline_kernel
def window(base, bit):
    """The 57 bits from `bit` on, at the top of a uint64."""
    at = bit >> 3
    word = (
        (load_u8(base, at) << U(56))
        | (load_u8(base, at + 1) << U(48))
        | (load_u8(base, at + 2) << U(40))
        | (load_u8(base, at + 3) << U(32))
        | (load_u8(base, at + 4) << U(24))
        | (load_u8(base, at + 5) << U(16))
        | (load_u8(base, at + 6) << U(8))
        | load_u8(base, at + 7)
    )
    return word << U(bit & 7)


@inline_kernel
def top_bits(word, count):
    """The top `count` bits (0 .. 63) of a uint64, int64."""
    return np.int64((word >> U(1)) >> U(63 - count))


@kernel
def get(base, bit, count):
    """Unsigned number of `count` bits (0 .. 57) at `bit`, int64."""
    return top_bits(window(base, bit), count)


@kernel
def get_signed(base, bit, count):
    """Two's complement number of `count` bits (0 .. 57) at `bit`, int64; 0 of no bits."""
    value = get(base, bit, count)
    return value - ((value >> max(count - 1, 0)) << count)


@inline_kernel
def put_inline(base, pos, acc, fill, value, count):
    """Append the low `count` bits (0 .. 48) of an int64."""
    ones = (np.int64(1) << count) - 1
    acc = (acc << count) | (value & ones)
    fill += count
    word = acc << (56 - fill)
    store_8(base, pos, word >> 48)
    store_8(base, pos + 1, word >> 40)
    store_8(base, pos + 2, word >> 32)
    store_8(base, pos + 3, word >> 24)
    store_8(base, pos + 4, word >> 16)
    store_8(base, pos + 5, word >> 8)
    store_8(base, pos + 6, word)
    fill_left = fill & 7
    return pos + (fill >> 3), acc & ((np.int64(1) << fill_left) - 1), fill_left


@kernel
def put(base, pos, acc, fill, value, count):
    """Do the same as `put_inline`: smaller code where speed does not matter."""
    return put_inline(base, pos, acc, fill, value, count)


def _tables(polynomial: int, width: int, count: int) -> NDArray[np.int64]:
    """Tables of a CRC: row i is the effect of a byte that i further bytes follow."""
    top, ones = 1 << (width - 1), (1 << width) - 1
    tables = np.zeros((count, 256), np.int64)
    for byte in range(256):
        value = byte << (width - 8)
        for row in range(count):
            for _ in range(8):
                value = (value << 1 ^ (polynomial if value & top else 0)) & ones
            tables[row, byte] = value
    return tables


_CRC_8 = _tables(0x07, 8, 1)
_CRC_16 = _tables(0x8005, 16, 8)


@kernel
def crc_8(base, begin, end):
    """CRC-8 of a frame's header (RFC 9639, 9.1.8)."""
    crc = 0
    for at in range(begin, end):
        crc = _CRC_8[0, crc ^ np.int64(load_u8(base, at))]
    return crc


@kernel
def crc_16(base, begin, end):
    """CRC-16 of a frame (RFC 9639, 9.3), eight bytes a step."""
    crc, at = 0, begin
    while at + 8 <= end:
        crc = (
            _CRC_16[7, (crc >> 8) ^ np.int64(load_u8(base, at))]
            ^ _CRC_16[6, (crc & 255) ^ np.int64(load_u8(base, at + 1))]
            ^ _CRC_16[5, np.int64(load_u8(base, at + 2))]
            ^ _CRC_16[4, np.int64(load_u8(base, at + 3))]
            ^ _CRC_16[3, np.int64(load_u8(base, at + 4))]
            ^ _CRC_16[2, np.int64(load_u8(base, at + 5))]
            ^ _CRC_16[1, np.int64(load_u8(base, at + 6))]
            ^ _CRC_16[0, np.int64(load_u8(base, at + 7))]
        )
        at += 8
    while at < end:
        crc = ((crc << 8) & 0xFFFF) ^ _CRC_16[0, (crc >> 8) ^ np.int64(load_u8(base, at))]
        at += 1
    return crc
