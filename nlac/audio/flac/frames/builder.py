"""FLAC frames (RFC 9639, section 9) put together again from samples and parameters."""

from __future__ import annotations

from typing import Final

import numpy as np

from nlac.audio.flac.frames.bits import SPARE_BYTES, crc_8, crc_16, put
from nlac.audio.flac.frames.columns import (
    FLAG_NUMBER,
    FLAG_PADDING,
    MAX_FLAC_LENGTH,
    NUMBER_BYTES,
    VERBATIM,
    Column,
)
from nlac.audio.flac.frames.parser import length_of_code, most_frame_bytes
from nlac.audio.flac.frames.subframe_builder import (
    BAD_PARAMETERS,
    BUILT,
    UNFIT,
    build_subframe,
    put_verbatim,
    take,
)
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i32, store_8, store_64

# why no further frame was built; see also `nlac.audio.flac.frames.subframe_builder`
NEED_SAMPLES: Final = 1
NEED_ROOM: Final = 2
# the most that is written beyond the end of a frame that proves to be too long
_MARGIN_BYTES = 64


@inline_kernel
def _put_number(base, pos, number):
    """Write a coded number (RFC 9639, 9.1.5) of up to 36 bits."""
    count = 1
    while count < 7 and number >= (128 if count == 1 else np.int64(1) << (5 * count + 1)):
        count += 1
    if count == 1:
        store_8(base, pos, number)
        return pos + 1
    store_8(base, pos, (0xFF00 >> count) | (number >> (6 * (count - 1))))
    for i in range(1, count):
        store_8(base, pos + i, 0x80 | ((number >> (6 * (count - 1 - i))) & 0x3F))
    return pos + count


@inline_kernel
def _has_side(channel, sides):
    """1 for the side channel, which has a bit more; 0 for others."""
    return 1 if (channel == 0 and sides == 2) or (channel == 1 and sides & 1) else 0


@kernel
def _load_channels(pcm, first, length, channels, sides, rows, stride):
    """Copy the samples of a frame to int64 cells, decorrelated as the frame has them."""
    for i in range(length):
        if not sides:
            for c in range(channels):
                store_64(rows + c * stride, i, load_i32(pcm, channels * (first + i) + c))
            continue
        a, b = load_i32(pcm, 2 * (first + i)), load_i32(pcm, 2 * (first + i) + 1)
        side = a - b
        if sides == 3:
            a = (a + b) >> 1
        elif sides == 2:
            a = side
        store_64(rows, i, a)
        store_64(rows + stride, i, b if sides == 2 else side)


@kernel
def build_frames(
    samples, available, bits, channels, columns, starts, ends, state, out, places, work, must_build
):
    """Put together as many FLAC frames as there are samples and room for.

    Parameters
    ----------
    samples : int32 array, shape (frames, channels)
        Samples that have not been used yet.
    available : int
        How many frames of them count.
    bits, channels : int
        Format of the stream.
    columns : uint8 array
        All columns of a piece, one after the other.
    starts, ends : int64 array of NUM_COLUMNS
        What is left of each column; `starts` moves on.
    state : int64 array of 2
        The number that the next frame is expected to have, of frames and of samples.
    out : uint8 array
        Gets the frames.
    places : int64 array, shape (count, 2)
        Gets of each frame where it ends in `out`, and its samples.
    work : int64 array, shape (channels + 1, MAX_FLAC_LENGTH)
        Is overwritten.
    must_build : bool
        Samples that cannot be coded with the parameters are an error; otherwise they are
        written as plain samples, in a frame with the same header.

    Returns
    -------
    frames, used, size, status : int
        Frames built, samples used of each channel, bytes written, and why there are no more.
    """
    cols, base, pcm = address(columns), address(out), address(samples)
    rows, stride = address(work), 8 * work.shape[1]
    saved = np.empty_like(starts)
    frames, used, pos = 0, 0, 0
    while starts[Column.SHAPE] < ends[Column.SHAPE]:
        saved[:] = starts
        shape = take(cols, starts, ends, Column.SHAPE)
        layout = take(cols, starts, ends, Column.LAYOUT)
        flags = take(cols, starts, ends, Column.FLAGS)
        length_code, rate_code, assignment = shape >> 3 & 15, layout >> 4, layout & 15
        length_bytes = length_code - 5 if 6 <= length_code <= 7 else 0
        rate_bytes = 0 if rate_code < 12 else (1 if rate_code == 12 else 2)
        number = state[shape >> 7]
        if flags & FLAG_NUMBER:
            number = np.int64(0)
            for i in range(NUMBER_BYTES):
                number |= take(cols, starts, ends, Column.NUMBER) << (8 * i)
        length = length_of_code(length_code)
        coded_length = np.int64(0)
        for _ in range(length_bytes):
            coded_length = coded_length << 8 | take(cols, starts, ends, Column.LENGTH)
        coded_rate = np.int64(0)
        for _ in range(rate_bytes):
            coded_rate = coded_rate << 8 | take(cols, starts, ends, Column.RATE)
        if length_bytes:
            length = coded_length + 1
        padding = np.int64(0)
        if flags & FLAG_PADDING:
            padding = take(cols, starts, ends, Column.PADDING)
        sides = assignment - 7 if assignment >= 8 else 0
        fits = (2 if sides else assignment + 1) == channels and 0 < length <= MAX_FLAC_LENGTH
        if not fits or sides > 3 or rate_code == 15 or number < 0 or number >> 36:
            return frames, used, pos, BAD_PARAMETERS
        if flags & ~(FLAG_NUMBER | FLAG_PADDING) or min(layout, flags, padding, coded_rate) < 0:
            return frames, used, pos, BAD_PARAMETERS
        most = most_frame_bytes(length, bits, channels)
        if used + length > available:
            starts[:] = saved
            return frames, used, pos, NEED_SAMPLES
        if frames == len(places) or pos + most + _MARGIN_BYTES + SPARE_BYTES > len(out):
            starts[:] = saved
            return frames, used, pos, NEED_ROOM
        begin = pos
        store_8(base, pos, 0xFF)
        store_8(base, pos + 1, 0xF8 | shape >> 7)
        store_8(base, pos + 2, length_code << 4 | rate_code)
        store_8(base, pos + 3, assignment << 4 | (shape & 7) << 1)
        pos = _put_number(base, pos + 4, number)
        for i in range(length_bytes):
            store_8(base, pos + i, coded_length >> (8 * (length_bytes - 1 - i)))
        pos += length_bytes
        for i in range(rate_bytes):
            store_8(base, pos + i, coded_rate >> (8 * (rate_bytes - 1 - i)))
        pos += rate_bytes
        store_8(base, pos, crc_8(base, begin, pos))
        pos += 1
        _load_channels(pcm, used, length, channels, sides, rows, stride)
        acc, fill, body, fits = np.int64(0), np.int64(0), pos, True
        for c in range(channels):
            pos, acc, fill, status = build_subframe(
                rows + c * stride, rows + channels * stride, length, bits + _has_side(c, sides),
                cols, starts, ends, base, pos, acc, fill, begin + most + _MARGIN_BYTES, fits,
            )  # fmt: skip
            if status == BAD_PARAMETERS:
                return frames, used, begin, BAD_PARAMETERS
            fits = fits and status == BUILT
        if not fits or pos + 3 - begin > most:
            if must_build:
                return frames, used, begin, UNFIT
            _load_channels(pcm, used, length, channels, sides, rows, stride)
            pos, acc, fill = body, np.int64(0), np.int64(0)
            for c in range(channels):
                wide = bits + _has_side(c, sides)
                pos, acc, fill = put(base, pos, acc, fill, VERBATIM << 1, 8)
                pos, acc, fill = put_verbatim(base, pos, acc, fill, rows + c * stride, length, wide)
        pos, acc, fill = put(base, pos, acc, fill, padding, -fill & 7)
        crc = crc_16(base, begin, pos)
        store_8(base, pos, crc >> 8)
        store_8(base, pos + 1, crc)
        pos += 2
        state[0] = number + 1
        state[1] = number + length
        used += length
        places[frames, 0] = pos
        places[frames, 1] = length
        frames += 1
    return frames, used, pos, BUILT
