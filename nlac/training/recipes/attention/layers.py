"""Causal attention to a window of the past, at a cost that grows with time linearly.

Positions enter by rotation of queries and keys (RoPE, Su et al., arXiv 2104.09864), so what
attention gives depends on distances only, and sequences of any length need no other weights.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def rotations(positions: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each (times, size / 2), of the angles of positions.

    Angles are computed in float64: positions reach millions.
    """
    rates = 10_000.0 ** (-torch.arange(0, size, 2, device=positions.device).double() / size)
    angles = positions.double()[:, None] * rates
    return angles.cos().float(), angles.sin().float()


def rotated(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Rotate pairs of (..., times, size) vectors."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cosines - b * sines, a * sines + b * cosines], -1)


class Block(nn.Module):
    """Attention and two dense layers, each after a normalisation and beside a residual connection.

    Parameters
    ----------
    width : int
        Channels.
    heads : int
        Heads of the attention.
    window : int
        Number of positions that a position attends to, itself included.
    dropout : float
        Share of the outputs of attention and dense layers that training sets to zero.
    """

    def __init__(self, width: int, heads: int, window: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.before_attention, self.before_dense = nn.LayerNorm(width), nn.LayerNorm(width)
        self.projections = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, times, width) for the same."""
        batch, times, width = x.shape
        queries, keys, values = self.projected(x, torch.arange(times, device=x.device))
        # a block of queries needs its own block of keys and the one before it
        size = min(self.window, times)
        blocks = -(-times // size)
        padding = (0, 0, 0, blocks * size - times)
        shape = batch, self.heads, blocks, size, width // self.heads
        queries, keys, values = (
            functional.pad(part, padding).reshape(shape) for part in (queries, keys, values)
        )
        keys, values = (
            torch.cat([functional.pad(part, (0, 0, 0, 0, 1, 0))[:, :, :-1], part], 3)
            for part in (keys, values)
        )
        at = torch.arange(size, device=x.device)[:, None] + size
        to = torch.arange(2 * size, device=x.device)[None]
        near = (to <= at) & (to > at - self.window)
        mask = near.repeat(blocks, 1, 1)
        mask[0, :, :size] = False  # nothing is before the first block
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        mixed = mixed.reshape(batch, self.heads, blocks * size, -1)[:, :, :times]
        return self.mixed_in(x, mixed)

    def projected(self, x: Tensor, positions: Tensor) -> list[Tensor]:
        """Queries, keys and values, (batch, heads, times, size), of normalised inputs."""
        parts = self.projections(self.before_attention(x)).chunk(3, -1)
        queries, keys, values = (
            part.reshape(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in parts
        )
        turn = rotations(positions, queries.shape[-1])
        return [rotated(queries, *turn), rotated(keys, *turn), values]

    def mixed_in(self, x: Tensor, mixed: Tensor) -> Tensor:
        """Add what attention gave, (batch, heads, times, size), and what the dense layers give."""
        x = x + self.dropout(self.out(mixed.transpose(1, 2).flatten(2)))
        hidden = functional.gelu(self.wide(self.before_dense(x)))
        return x + self.dropout(self.narrow(hidden))


def small_start(module: nn.Module, layers: int) -> None:
    """Initialise as GPT-2 does: narrow normals, narrower where residual connections add up."""
    for name, parameter in module.named_parameters():
        if parameter.dim() < 2:
            continue
        deep = name.endswith(("out.weight", "narrow.weight"))
        nn.init.normal_(parameter, 0.0, 0.02 / (math.sqrt(2 * layers) if deep else 1.0))
