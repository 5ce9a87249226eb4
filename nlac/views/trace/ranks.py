"""Where whole numbers lie among the ranks of value sets."""

from __future__ import annotations

from nlac.entropy.value_kernels import rank_near, value
from nlac.entropy.value_sets import PLAIN, SOFT
from nlac.kernels.jit import kernel


@kernel
def first_rank(entry, edge):
    """Smallest rank whose value is `edge` or more; outside of the set there may be none."""
    if entry.kind == PLAIN or entry.kind == SOFT:
        return edge
    rank = rank_near(entry, edge << 8)
    return rank if value(entry, rank) >= edge else rank + 1
