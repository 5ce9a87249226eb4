"""What tests of origin blocks in both decoders share, and real numbers to compute tables of."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

import numpy as np

from nlac.bitstream.header import StreamHeader
from nlac.predictors.origin.block import decode_origin
from oracle import origin
from oracle.container import Reader
from oracle.oracle_tools import as_told

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def header(bits: int, channels: int, coder: int = 0) -> StreamHeader:
    return StreamHeader(8000, channels, bits, False, 0, 5000, 5000, 1, b"", coder, b"")


def product(block: bytes, frames: int, stream: StreamHeader) -> np.ndarray:
    return decode_origin(block, 0, frames, stream.channels, stream, None)


def told(block: bytes, frames: int, stream: StreamHeader) -> np.ndarray:
    rows = origin.decode_origin(
        Reader(block), frames, stream.channels, as_told(stream), lambda *_block: []
    )
    return np.array(rows)


def rounded(value: Decimal, bits: int = 0) -> int:
    return int((value * 2**bits + Decimal("0.5")).to_integral_value(ROUND_FLOOR))


def cosine(angle: Decimal) -> Decimal:
    angle %= 2 * PI
    term = total = Decimal(1)
    for k in range(1, 70, 2):
        term *= -angle * angle / (k * (k + 1))
        total += term
    return total


def sine(angle: Decimal) -> Decimal:
    return cosine(PI / 2 - angle)
