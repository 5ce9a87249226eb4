"""Write the channel map of a block, and leave out channels that need no samples of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._typing import AnyArray, IntSamples
from nlac.codec.encoder.value_sets.kernels import common_step
from nlac.codec.transforms.channels import CODED, CONSTANT, COPY, NEGATED_COPY
from nlac.entropy.varint import write_signed, write_varint

_PROBE = 256


def _copy_of(samples: IntSamples, channel: int, coded: list[int]) -> tuple[int, int, int] | None:
    """(kind, source, offset) if this channel is an earlier coded one, up to sign and offset."""
    x = samples[:, channel]
    for source in coded:
        y = samples[:, source]
        for kind, sign in ((COPY, 1), (NEGATED_COPY, -1)):
            offset = int(x[0]) - sign * int(y[0])
            if _is_copy(x[:_PROBE], y[:_PROBE], sign, offset) and _is_copy(x, y, sign, offset):
                return kind, source, offset
    return None


def _is_copy(x: AnyArray, y: AnyArray, sign: int, offset: int) -> bool:
    return bool(np.all(x.astype(np.int64) - sign * y.astype(np.int64) == offset))


def split_channels(samples: IntSamples, moved: bool = True) -> tuple[bytes, NDArray[np.int32]]:
    """Write the channel map of a block (spec 11.6) and return the channels that must be coded.

    Parameters
    ----------
    samples : (frames, channels) int16 or int32
        At least one frame.
    moved : bool, optional
        Whether to take off offsets and common steps.

    Returns
    -------
    channel_map : bytes
        Kind of each channel with its constant, or source and offset, or step and offset.
    coded : (coded channels, frames) int32
        The other channels.
    """
    frames, channels = samples.shape
    out = bytearray()
    coded: list[int] = []
    # only rows that are filled take memory
    rows = np.empty((channels, frames), np.int32)
    for channel in range(channels):
        x = rows[len(coded)]
        x[:] = samples[:, channel]
        low, high = int(x.min()), int(x.max())
        if low == high:
            out += bytes([CONSTANT]) + write_signed(low)
            continue
        copy = _copy_of(samples, channel, coded)
        if copy is not None:
            kind, source, offset = copy
            out += bytes([kind]) + write_varint(source) + write_signed(offset)
            continue
        coded.append(channel)
        if not moved:
            out += bytes([CODED]) + write_varint(1) + write_signed(0)
            continue
        step = int(common_step(x))
        offset = int(x[0]) % step
        if high - low < 1 << 30:
            # about the mean, so that predictions need no constant term
            mean = int(x.sum(dtype=np.int64)) // len(x)
            offset += step * ((mean - offset) // step)
        out += bytes([CODED]) + write_varint(step) + write_signed(offset)
        if max(abs(offset), high - offset, offset - low, step) < 1 << 31:
            x -= np.int32(offset)
            if step > 1:
                x //= np.int32(step)
        else:
            x[:] = (x.astype(np.int64) - offset) // step
    return bytes(out), rows[: len(coded)]
