"""Columns in which the parameters of FLAC frames are kept (spec 6.10)."""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Final


class Column(IntEnum):
    """Columns of a piece, in their order. Each is a sequence of bytes."""

    SHAPE = 0
    LAYOUT = auto()
    FLAGS = auto()
    LENGTH = auto()
    RATE = auto()
    NUMBER = auto()
    PADDING = auto()
    SUBFRAME = auto()
    WASTED = auto()
    PARTITIONS = auto()
    PRECISION = auto()
    SHIFT = auto()
    COEFFICIENT_HIGH = auto()
    COEFFICIENT_LOW = auto()
    RICE = auto()
    RAW_BITS = auto()
    PAGE_SEGMENTS = auto()
    PAGE_FLAGS = auto()
    PAGE_POSITION = auto()


NUM_COLUMNS: Final = len(Column)
# bits of FLAGS
FLAG_NUMBER: Final = 1
FLAG_PADDING: Final = 2
# in RICE: the partition is not Rice coded
ESCAPED: Final = 255
# of a coded number in NUMBER: 36 bits
NUMBER_BYTES: Final = 5
MAX_FLAC_CHANNELS: Final = 8
# RFC 9639 forbids the largest, which decoders know all the same
MAX_FLAC_LENGTH: Final = 65536
MAX_ORDER: Final = 32
# subframe types
CONSTANT: Final = 0
VERBATIM: Final = 1
FIXED: Final = 8
LPC: Final = 32
