"""The generators that AAC decoders fill bands of noise with, and the order of their states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def following(low: int, high: int) -> tuple[int, int]:
    """What follows a state: of a congruential generator, or of two shift registers."""
    if high == 0:
        return (1664525 * low + 1013904223) % 2**32, 0
    bits = ((low & 0xF5).bit_count() % 2, (high >> 25 & 0x63).bit_count() % 2)
    return low >> 1 | bits[0] << 31, high << 1 & 0xFFFFFFFF | bits[1]


def moved_on(state: tuple[int, int], count: int) -> tuple[int, int]:
    """The state after so many lines."""
    for _ in range(count):
        state = following(*state)
    return state


def values_after(state: tuple[int, int], count: int) -> NDArray[np.float64]:
    """What the states after one stand for, signed numbers of 32 bits."""
    found = []
    for _ in range(count):
        state = following(*state)
        number = state[0] ^ state[1]
        found.append(number - 2**32 if number >= 2**31 else number)
    return np.array(found, np.float64)


def in_order(noise: NDArray[np.uint8], alike: bool, high: int) -> list[tuple[int, int]]:
    """Channels and bands of noise of a frame in the order of their states."""
    order = [(c, int(b)) for c, row in enumerate(noise) for b in np.flatnonzero(row)]
    return sorted(order, key=lambda each: each[::-1]) if alike and high > 0 else order
