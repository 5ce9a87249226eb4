"""Decode a block of `cascade` (spec, section "cascade block").

The predictors adapt backward, so the side information is short: parameters of the cascade,
references, lags, value sets and first scales. The rest are payload words.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.bitstream.constants import CODER_AUTO
from nlac.bitstream.header import StreamHeader
from nlac.entropy.varint import read_varint
from nlac.entropy.words import check_end, read_words
from nlac.predictors.cascade.loops import decode_samples
from nlac.predictors.cascade.parameter_codes import read_parameters
from nlac.predictors.cascade.parameters import CascadeParameters
from nlac.predictors.cascade.side_info import SideInfo, read_side_info
from nlac.predictors.lpc.block import decode_plain
from nlac.predictors.prefilter import decode_prefiltered

CASCADE = 2  # kind of block, in place of the coder of an `lpc` block
MAX_COVARIANCES = 1 << 26


class CodedCascade(NamedTuple):
    """A parsed block of kind `CASCADE`; channels are in coding order."""

    side_info: SideInfo
    parameters: CascadeParameters
    words: NDArray[np.uint32]
    raw: NDArray[np.uint32]


def decode(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader
) -> Iterator[NDArray[np.int32]]:
    """Decode the channels of a block with `decode_cascade`; see `Method.decode`."""
    yield decode_cascade(data, at, frames, channels, stream.coder_id)


def decode_cascade(
    data: bytes, at: int, frames: int, channels: int, coder_id: int = CODER_AUTO
) -> NDArray[np.int32]:
    """Decode the channels of a block, which may also be an `lpc` block.

    Parameters
    ----------
    data : bytes
        The block begins at `at`, and `data` ends with it.
    at, frames, channels : int
    coder_id : int
        Coder of the stream, which may exclude one of an `lpc` block's.

    Returns
    -------
    channels : (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    return decode_prefiltered(data, at, frames, channels, partial(_decode_plain, coder_id=coder_id))


def _decode_plain(
    data: bytes, at: int, frames: int, channels: int, coder_id: int
) -> NDArray[np.int32]:
    kind, after = read_varint(data, at)
    if kind != CASCADE:
        return decode_plain(data, at, frames, channels, coder_id)
    side_info, parameters, words, raw = read_cascade(data, after, frames, channels)
    pcm = np.zeros((channels, frames), np.int32)
    taken, used = decode_samples(side_info, parameters, pcm, words, raw)
    check_end(words, raw, taken, used)
    return in_block_order(pcm, side_info.order)


def read_cascade(data: bytes, at: int, frames: int, channels: int) -> CodedCascade:
    """Parse a block from the byte after its kind; `data` ends with it.

    Raises
    ------
    CorruptStream
        A value is out of range.
    """
    parameters, at = read_parameters(data, at)
    if channels * parameters.covariances > MAX_COVARIANCES:
        raise CorruptStream("the RLS predictors need too much memory", path="parameters")
    side_info, at = read_side_info(data, at, frames, channels)
    count, at = read_varint(data, at)
    return CodedCascade(side_info, parameters, *read_words(data, at, count))


def in_block_order(pcm: NDArray[np.int32], order: list[int]) -> NDArray[np.int32]:
    """Return the channels in the order of the block, from those in coding order."""
    if order == sorted(order):
        return pcm
    out = np.empty_like(pcm)
    out[order] = pcm
    return out
