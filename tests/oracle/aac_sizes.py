"""Sizes of lines of AAC: section 11.25.2 of format_spec.md. See decoder.py."""

from collections.abc import Sequence

from oracle.coding import clip
from oracle.granules import layer3_tables, round_shift


def size(n: int, e: int, f: Sequence[int]) -> int:
    """The size of a line; f is that of the table, or f'."""
    x = ((n**4).bit_length() - 1) // 3
    shift = clip(48 - x - (e >> 2), 1, 61)
    return min(round_shift(layer3_tables().m[n] * f[e & 3], shift), 1 << 32)
