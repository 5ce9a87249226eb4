"""Float samples as integers and side data, exactly (spec, section "Float blocks").

The method is this project's own. An encoder splits float32 samples into an integer plane, which is
coded like any other audio, and a few bytes of side data. `join` restores the floats bit for bit,
with NaN payloads, signed zeros and denormals.
"""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, TruncatedStream
from nlac._typing import I64, FloatSamples, IntSamples
from nlac.entropy.varint import read_varint, write_varint

_F_GAIN, _F_GRIDS, _F_EXCEPTIONS, _F_SAME, _ALL_FLAGS = 1, 2, 4, 8, 15
_GAIN_EXPONENTS = range(-256, 129)
_GRIDS = range(-149, 129)
_GAIN_RUN = 0x7FFF  # in place of the exponent of a grid: the run has the gain
_MAX_MULTIPLIER = (1 << 40) - 1


class Gain(NamedTuple):
    """Floats are the rounded products of the integers and ``multiplier * 2**exponent``."""

    multiplier: int
    exponent: int


class Grids(NamedTuple):
    """Integers are the parts of the floats on grids.

    Attributes
    ----------
    zeros : int
        Low bits that are 0 in every mantissa.
    floor : int
        No value has a bit below 2**floor.
    """

    zeros: int
    floor: int


class Channel(NamedTuple):
    """How a channel's floats follow from its integers.

    Attributes
    ----------
    gain : Gain or None
        Gain of the runs that have one.
    grids : Grids or None
        Grids of the other runs.
    runs : tuple of (int, int or None)
        Frame after each run, and exponent of its grid, or None for the gain.
    """

    gain: Gain | None
    grids: Grids | None
    runs: tuple[tuple[int, int | None], ...]


def join(integers: IntSamples, side: bytes) -> FloatSamples:
    """Restore floats from integers and side data.

    Parameters
    ----------
    integers : (frames, channels) int32
        The integer plane.
    side : bytes
        The side data.

    Returns
    -------
    (frames, channels) float32

    Raises
    ------
    CorruptStream
        The side data is damaged, or belongs to other integers.
    """
    from nlac.codec.transforms import float_kernels as steps
    from nlac.codec.transforms.float_loops import decode_side

    frames, num_channels = integers.shape
    channels, exceptions, position = _read_channels(side, num_channels, frames)
    if (len(side) - position) % 4:
        raise CorruptStream("incomplete word", path="floats")
    words = np.frombuffer(side, "<u4", offset=position).astype(np.uint32)
    planes = np.ascontiguousarray(integers.T.astype(np.int32, copy=False))
    patterns = np.empty(planes.shape, np.uint32)
    rows, runs = _kernel_rows(channels, exceptions)
    models = np.empty(2 * steps.MODELS, np.int64)
    if not decode_side(patterns, planes, rows, runs, models, words):
        raise CorruptStream("side data does not fit the integers", path="floats")
    return np.ascontiguousarray(patterns.T).view(np.float32)


def is_gain(side: bytes, num_channels: int) -> bool:
    """Whether each float follows from its integer by a gain alone, whatever its frame.

    Raises
    ------
    CorruptStream
        The side data is damaged.
    """
    channels, exceptions, position = _read_channels(side, num_channels, 1 << 32)
    return position == len(side) and not any(exceptions) and not any(c.grids for c in channels)


def units(side: bytes, num_channels: int, frames: int) -> NDArray[np.float64]:
    """Return what a 1 of the integer plane stands for, (frames, channels) float64.

    Raises
    ------
    CorruptStream
        The side data is damaged.
    """
    channels, _, _ = _read_channels(side, num_channels, frames)
    out = np.empty((frames, num_channels))
    for column, (gain, _, runs) in zip(out.T, channels, strict=True):
        begin = 0
        for end, grid in runs:
            multiplier, exponent = (1, grid) if grid is not None else gain or Gain(1, 0)
            column[begin:end] = math.ldexp(multiplier, exponent)
            begin = end
    return out


def parameter_row(gain: Gain, grids: Grids, exceptions: bool, first_run: int) -> list[int]:
    """Return the parameters of a channel in the order of `ParameterCell`."""
    limit = (2**63 - 1) // gain.multiplier
    return [exceptions, gain.multiplier, limit, grids.zeros, grids.floor, first_run]


def _kernel_rows(channels: list[Channel], exceptions: list[bool]) -> tuple[I64, I64]:
    rows: list[list[int]] = []
    runs: list[list[int]] = []
    before: Channel | None = None
    for channel, some in zip(channels, exceptions, strict=True):
        gain, grids = channel.gain or Gain(1, 0), channel.grids or Grids(0, 0)
        if rows and channel is before:
            # it shares the runs too, or many channels could use much memory
            rows.append([some, *rows[-1][1:]])
            continue
        before = channel
        rows.append(parameter_row(gain, grids, some, len(runs)))
        for end, grid in channel.runs:
            runs.append([end, grid is not None, gain.exponent if grid is None else grid])
    return np.array(rows, np.int64).reshape(-1, 6), np.array(runs, np.int64).reshape(-1, 3)


def _write_channels(channels: list[Channel], exceptions: list[bool]) -> bytes:
    out = bytearray()
    before = None
    for channel, some in zip(channels, exceptions, strict=True):
        if channel == before:
            out.append(_F_SAME | _F_EXCEPTIONS * some)
            continue
        gain, grids, runs = before = channel
        out.append(_F_GAIN * bool(gain) | _F_GRIDS * bool(grids) | _F_EXCEPTIONS * some)
        if gain:
            out += write_varint(gain.multiplier) + struct.pack("<h", gain.exponent)
        if grids:
            out += struct.pack("<Bh", grids.zeros, grids.floor) + write_varint(len(runs) - 1)
            begin = 0
            for end, grid in runs:
                out += struct.pack("<h", _GAIN_RUN if grid is None else grid)
                if end != runs[-1][0]:
                    out += write_varint(end - begin - 1)
                    begin = end
    return bytes(out)


def _read_channels(
    side: bytes, num_channels: int, frames: int
) -> tuple[list[Channel], list[bool], int]:
    """Parse what `_write_channels` wrote; returns it and the position after it."""
    channels: list[Channel] = []
    exceptions = []
    position = 0
    for index in range(num_channels):
        path = f"floats.channel[{index}]"
        try:
            flags = side[position]
            position += 1
            exceptions.append(bool(flags & _F_EXCEPTIONS))
            if flags & ~_F_EXCEPTIONS == _F_SAME and channels:
                channels.append(channels[-1])
                continue
            if flags & ~_ALL_FLAGS or flags & _F_SAME or not flags & (_F_GAIN | _F_GRIDS):
                raise CorruptStream(f"flags {flags:#04x} do not go together", path=path)
            channel, position = _read_channel(side, position, flags, frames)
        except (IndexError, struct.error):
            raise TruncatedStream("side data ends too early", path=path) from None
        gain, grids, _ = channel
        if (
            (gain and not 1 <= gain.multiplier <= _MAX_MULTIPLIER)
            or (gain and gain.exponent not in _GAIN_EXPONENTS)
            or (grids and not (grids.zeros <= 23 and grids.floor in _GRIDS))
        ):
            raise CorruptStream("gain or grid is out of range", path=path)
        channels.append(channel)
    return channels, exceptions, position


def _read_channel(side: bytes, position: int, flags: int, frames: int) -> tuple[Channel, int]:
    gain = grids = None
    if flags & _F_GAIN:
        multiplier, position = read_varint(side, position)
        gain = Gain(multiplier, *struct.unpack_from("<h", side, position))
        position += 2
    if not flags & _F_GRIDS:
        return Channel(gain, None, ((frames, None),)), position
    grids = Grids(*struct.unpack_from("<Bh", side, position))
    more, position = read_varint(side, position + 3)
    runs: list[tuple[int, int | None]] = []
    begin = 0
    while True:
        (grid,) = struct.unpack_from("<h", side, position)
        position += 2
        if grid not in _GRIDS and not (grid == _GAIN_RUN and gain):
            raise CorruptStream(f"grid {grid} is out of range", path="floats.runs")
        end = frames
        if more > len(runs):
            length, position = read_varint(side, position)
            end = begin + length + 1
            if end >= frames:
                raise CorruptStream("runs exceed the block", path="floats.runs")
        runs.append((end, None if grid == _GAIN_RUN else grid))
        if end == frames:
            return Channel(gain, grids, tuple(runs)), position
        begin = end
