"""Code block types: which window a granule and channel has (spec, section "Granules")."""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import decide
from nlac.kernels.jit import kernel

TYPE_CONTEXTS, TYPE_SETS = 144, 3
_RATE = 6


@kernel
def code_type(decisions, base, sets, kind, last, older, other, second):
    """Code a block type; returns it.

    Parameters
    ----------
    decisions : Decisions
    base, sets : int
        Where the contexts and the sets of weights begin.
    kind : int
        0 to 3.
    last, older : int
        The last two types of the channel.
    other : int
        1 more than the type of the channel before, 0 for the first channel.
    second : int
        0 for the first channel, else 1.
    """
    result = np.int64(0)
    node = np.int64(0)
    for i in range(2):
        bit = decide(
            decisions, (kind >> (1 - i)) & 1, _RATE, sets + node,
            base + (last * 5 + other) * 3 + node, base + 60 + last * 3 + node,
            base + 72 + other * 3 + node, base + 87 + node,
            base + 90 + (last * 4 + older) * 3 + node, base + 138 + second * 3 + node,
        )  # fmt: skip
        result = result * 2 + bit
        node = 1 + bit
    return result
