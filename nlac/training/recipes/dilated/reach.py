"""How far back dilated convolutions reach."""

from __future__ import annotations

from collections.abc import Sequence


def dilations(layers: int, repeats: int = 1, order: str = "growing") -> list[int]:
    """Dilation of each layer, from the input on.

    Parameters
    ----------
    layers : int
        Layers of each repetition; the dilations are powers of two from 1 on.
    repeats : int
        Number of repetitions.
    order : {"growing", "shrinking"}
        Order in each repetition.
    """
    once = [1 << i for i in range(layers)]
    return (once if order == "growing" else once[::-1]) * repeats


def reach(kernel: int, dilations: Sequence[int]) -> int:
    """Number of inputs that an output depends on."""
    return 1 + (kernel - 1) * sum(dilations)
