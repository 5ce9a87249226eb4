"""Variable-length integers (LEB128; spec 3.2): 7 bits a byte, lowest first.

Example: 300 is ``AC 02``. Only the shortest form of a value is valid.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, TruncatedStream

MAX_VARINT_BYTES: Final = 10


def write_varint(value: int) -> bytes:
    """Return the bytes of `value`, 0 to 2**64 - 1."""
    if not 0 <= value < 2**64:
        raise ValueError(f"{value} does not fit an unsigned 64-bit integer")
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def fold(value: int) -> int:
    """Map a signed integer to an unsigned one (zigzag): 0, -1, 1, -2 become 0, 1, 2, 3."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def unfold(value: int) -> int:
    """Invert `fold`."""
    return -((value + 1) >> 1) if value & 1 else value >> 1


def varint_num_bytes(value: int) -> int:
    """Return the length of ``write_varint(value)``."""
    return max(1, (value.bit_length() + 6) // 7)


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the value at `position` of `data`, and the position after it.

    Raises
    ------
    TruncatedStream
        `data` ends inside the number.
    CorruptStream
        The form is not the shortest, or the value exceeds 2**64 - 1.
    """
    value = 0
    for count in range(MAX_VARINT_BYTES):
        if position + count >= len(data):
            raise TruncatedStream("number ends too early")
        byte = data[position + count]
        value |= (byte & 127) << (7 * count)
        if byte < 128:
            if (byte == 0 and count) or value >= 2**64:
                break
            return value, position + count + 1
    raise CorruptStream("number is not in its shortest form or exceeds 64 bits")


def read_varints(data: bytes, count: int) -> tuple[NDArray[np.int64], int]:
    """Return `count` values from the beginning of `data`, and the position after them.

    For long lists of values below 2**63, which is as much as int64 holds; see `read_varint`.

    Parameters
    ----------
    data : bytes
        The numbers, and maybe more.
    count : int
        How many.

    Returns
    -------
    values : (count,) int64
    position : int

    Raises
    ------
    TruncatedStream
        `data` ends before.
    CorruptStream
        The form of a number is not the shortest, or its value exceeds 2**63 - 1.
    """
    octets = np.frombuffer(data, np.uint8)
    last = np.flatnonzero(octets < 128)[:count]
    if len(last) < count:
        raise TruncatedStream("number ends too early")
    if not count:
        return np.zeros(0, np.int64), 0
    first = np.concatenate(([0], last[:-1] + 1))
    lengths = last - first + 1
    # 9 bytes hold 63 bits
    if (lengths >= MAX_VARINT_BYTES).any() or ((octets[last] == 0) & (lengths > 1)).any():
        raise CorruptStream("number is not in its shortest form or exceeds 63 bits")
    values = np.zeros(count, np.int64)
    for place in range(int(lengths.max())):
        holds = lengths > place
        values[holds] |= (octets[first[holds] + place].astype(np.int64) & 127) << (7 * place)
    return values, int(last[-1]) + 1


def write_signed(value: int) -> bytes:
    """Return the bytes of a signed integer, mapped by `fold`."""
    return write_varint(fold(value))


def read_signed(data: bytes, position: int) -> tuple[int, int]:
    """Return the signed value at `position`, and the position after it; see `read_varint`."""
    value, position = read_varint(data, position)
    return unfold(value), position
