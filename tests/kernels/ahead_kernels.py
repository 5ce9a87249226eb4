"""Kernels of which the tests build a library, and what it is told of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nlac.kernels.jit import kernel


class Pair(NamedTuple):
    """A number, and an array with a tuple beside it."""

    number: int
    rest: tuple[object, float]


@kernel
def scalars(integer, wide, narrow, real, truth):
    """Each argument, changed so that its type shows."""
    return -integer, wide + np.uint64(1), np.int32(-narrow), real / 2, not truth


@kernel
def add_to(array, pair, most):
    """Add a pair's array, rows of which are numbers, to another; nothing is returned."""
    for i in range(len(array)):
        for j in range(array.shape[1]):
            array[i, j] += min(pair.rest[0][i] * pair.number + np.int64(pair.rest[1]), most)


@kernel
def squares(count):
    """Arrays that the kernel makes: of two dimensions, and of one."""
    made = np.empty((count, 2), np.int64)
    for i in range(count):
        made[i, 0], made[i, 1] = i, i * i
    return made, made[:, 1].copy(), count


@kernel
def length_of(array):
    """Items, and a sum of rooms that are given back."""
    total = 0
    for i in range(len(array)):
        total += len(np.zeros(i + 1, np.uint8))
    return Pair(len(array), (total, 0.5))


ENTRIES = [
    ["ahead_kernels:scalars", ["int64", "uint64", "int32", "float64", "bool"]],
    [
        "ahead_kernels:add_to",
        [
            ["array", "int16", 2, True],
            [
                "named",
                "ahead_kernels:Pair",
                "int64",
                ["tuple", ["array", "int64", 1, False], "float64"],
            ],
            "int64",
        ],
    ],
    ["ahead_kernels:squares", ["int64"]],
    ["ahead_kernels:length_of", [["array", "uint8", 1, False]]],
    ["ahead_kernels:length_of", [["array", "float32", 1, False]]],
]
