"""Whole blocks of `lpc` for tests, which the product decodes in pieces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.predictors.lpc.block import lpc_pieces


def decode_lpc(
    data: bytes, at: int, frames: int, channels: int, coder_id: int = 0
) -> NDArray[np.int32]:
    """Decode all channels of a block, (channels, frames) int32."""
    pieces = lpc_pieces(data, at, frames, channels, coder_id)
    # a piece overwrites the one before
    return np.concatenate([piece.copy() for piece in pieces], axis=1)
