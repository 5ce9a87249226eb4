"""FLAC frames (RFC 9639, section 9) taken apart into samples and columns of parameters."""

from __future__ import annotations

from typing import Final

import numpy as np

from nlac.audio.flac.frames.bits import crc_8, crc_16
from nlac.audio.flac.frames.columns import (
    FLAG_NUMBER,
    FLAG_PADDING,
    MAX_FLAC_LENGTH,
    NUM_COLUMNS,
    NUMBER_BYTES,
    Column,
)
from nlac.audio.flac.frames.subframes import TRUNCATED, parse_subframe
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i64, load_u8, store_8, store_32

# why a frame was not taken; negative numbers come from its subframes
COMPLETE: Final = 0
NO_SYNC: Final = 1
BAD_HEADER: Final = 2
OTHER_FORMAT: Final = 3
BAD_HEADER_CRC: Final = 4
BAD_CRC: Final = 5
BAD_VALUE: Final = 6
TOO_LONG: Final = 8
# room in `samples`, `columns` or `places`, or whole frames in `data`, are used up
NO_ROOM: Final = 7
MAX_HEADER_BYTES: Final = 16
# fields of a row of `places`
PLACE_FIELDS: Final = 4

# bits by depth code; 0: as STREAMINFO says, -1: reserved (RFC 9639, 9.1.4)
_DEPTHS = np.array([0, 8, 12, -1, 16, 20, 24, 32])
# smallest number that so many bytes code
_SMALLEST = np.array([0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000, 0x80000000])


@kernel
def length_of_code(code):
    """Block length by its code (RFC 9639, 9.1.1); 0 where the header tells it, or is reserved."""
    if code == 1:
        return np.int64(192)
    if 2 <= code <= 5:
        return np.int64(576) << (code - 2)
    if code >= 8:
        return np.int64(256) << (code - 8)
    return np.int64(0)


@kernel
def most_frame_bytes(length, bits, channels):
    """The most bytes that a frame may have (spec 6.10): four times those of plain samples."""
    return 1024 + 4 * ((length * bits * channels + 7) >> 3)


@kernel
def _append_bytes(base, capacity, counts, column, source, first, count):
    """Copy bytes of `source` to the end of a column."""
    for i in range(count):
        store_8(base, column * capacity + counts[column], load_u8(source, first + i))
        counts[column] += 1


@kernel
def parse_header(data, at, end, header):
    """Parse a frame header.

    Parameters
    ----------
    data : int
        Address of the bytes.
    at, end : int
        Where the header begins, and where the bytes end.
    header : int64 array of 8
        Gets length of the header in bytes, block length, coded number, channel assignment, depth
        code, whether the number counts samples, place of the length's bytes, of the rate's bytes.

    Returns
    -------
    int
        `COMPLETE`, or what is wrong.
    """
    if at + 6 > end:
        return NO_SYNC if end > at and np.int64(load_u8(data, at)) != 0xFF else TRUNCATED
    first, second = np.int64(load_u8(data, at)), np.int64(load_u8(data, at + 1))
    if first != 0xFF or second & 0xFE != 0xF8:
        return NO_SYNC
    third, fourth = np.int64(load_u8(data, at + 2)), np.int64(load_u8(data, at + 3))
    lead = np.int64(load_u8(data, at + 4))
    length_code, rate_code = third >> 4, third & 15
    ones = 0
    while ones < 8 and lead & (0x80 >> ones):
        ones += 1
    number_bytes = max(ones, 1)
    if fourth & 1 or length_code == 0 or rate_code == 15 or ones == 1 or ones == 8:
        return BAD_HEADER
    length_bytes = length_code - 5 if 6 <= length_code <= 7 else 0
    rate_bytes = 0 if rate_code < 12 else (1 if rate_code == 12 else 2)
    stop = at + 4 + number_bytes + length_bytes + rate_bytes
    if stop >= end:
        return TRUNCATED
    number = lead & (0x7F >> ones)
    for i in range(1, number_bytes):
        byte = np.int64(load_u8(data, at + 4 + i))
        if byte >> 6 != 2:
            return BAD_HEADER
        number = number << 6 | byte & 0x3F
    if crc_8(data, at, stop) != np.int64(load_u8(data, stop)):
        return BAD_HEADER_CRC
    place = at + 4 + number_bytes
    length = length_of_code(length_code)
    if length_bytes:
        length = np.int64(load_u8(data, place))
        if length_bytes == 2:
            length = length << 8 | np.int64(load_u8(data, place + 1))
        length += 1
    if length > MAX_FLAC_LENGTH or number < _SMALLEST[number_bytes]:
        return BAD_HEADER
    header[0] = stop + 1 - at
    header[1] = length
    header[2] = number
    header[3] = fourth >> 4
    header[4] = fourth >> 1 & 7
    header[5] = second & 1
    header[6] = length_bytes
    header[7] = rate_bytes
    return COMPLETE


@kernel
def parse_frames(
    data, begin, end, bits, channels, samples, columns, counts, largest, places, state, work,
    any_crc,
):  # fmt: skip
    """Parse FLAC frames that follow each other.

    Parameters
    ----------
    data : uint8 array
        The frames; `SPARE_BYTES` more bytes than `end`.
    begin, end : int
        Where the first frame begins, and where the bytes end.
    bits, channels : int
        Format of the stream.
    samples : int32 array, shape (frames, channels)
        Gets the samples; frames are taken as long as the longest one has room.
    columns : uint8 array, shape (NUM_COLUMNS, capacity)
        Get the parameters (spec 6.10).
    counts : int64 array of NUM_COLUMNS
        Bytes in each of them.
    largest : int
        No further frame is taken where the columns hold more bytes than this.
    places : int64 array, shape (count, 4)
        Gets of each frame: where it begins, its coded number, its length in samples, whether
        the number counts samples.
    state : int64 array of 2
        The number that the next frame should have, for numbers of frames and of samples.
    work : int64 array, shape (channels, MAX_FLAC_LENGTH)
        Is overwritten.
    any_crc : bool
        Take frames with a wrong checksum as well.

    Returns
    -------
    frames, samples, end, status : int
        Frames taken, their samples of a channel, where they end, and why the next one was not
        taken: `NO_ROOM`, or what is wrong there.
    """
    base, cols, capacity = address(data), address(columns), columns.shape[1]
    pcm, rows, stride = address(samples), address(work), 8 * work.shape[1]
    header = np.zeros(8, np.int64)
    saved = np.zeros(NUM_COLUMNS, np.int64)
    frames, done, at, status = 0, 0, begin, NO_ROOM
    while frames < len(places) and done + MAX_FLAC_LENGTH <= len(samples):
        if np.sum(counts) > largest:
            break
        saved[:] = counts
        status = parse_header(base, at, end, header)
        if status != COMPLETE:
            break
        length, number, assignment = header[1], header[2], header[3]
        depth = _DEPTHS[header[4]]
        sides = assignment - 7 if assignment >= 8 else 0
        if (depth != 0 and depth != bits) or (2 if sides else assignment + 1) != channels:
            status = OTHER_FORMAT
            break
        if sides > 3:
            status = BAD_HEADER
            break
        _note_header(base, at, header, cols, capacity, counts, number != state[header[5]])
        bit = 8 * (at + header[0])
        for c in range(channels):
            # the side channel has a bit more
            wide = bits + (1 if (c == 0 and sides == 2) or (c == 1 and sides & 1) else 0)
            bit = parse_subframe(
                base, bit, 8 * end, length, wide, rows + c * stride, cols, capacity, counts
            )
            if bit < 0:
                break
        if bit < 0:
            status = bit
            counts[:] = saved
            break
        stop = (bit + 7) >> 3
        if stop + 2 > end:
            status = TRUNCATED
            counts[:] = saved
            break
        padding = np.int64(load_u8(base, stop - 1)) & ((1 << (8 * stop - bit)) - 1)
        if padding:
            store_8(cols, Column.PADDING * capacity + counts[Column.PADDING], padding)
            counts[Column.PADDING] += 1
            flags = Column.FLAGS * capacity + counts[Column.FLAGS] - 1
            store_8(cols, flags, np.int64(load_u8(cols, flags)) | FLAG_PADDING)
        told = np.int64(load_u8(base, stop)) << 8 | np.int64(load_u8(base, stop + 1))
        if not any_crc and crc_16(base, at, stop) != told:
            status = BAD_CRC
        elif stop + 2 - at > most_frame_bytes(length, bits, channels):
            status = TOO_LONG
        elif not _store_samples(rows, stride, length, channels, sides, bits, pcm, done):
            status = BAD_VALUE
        if status != COMPLETE:
            counts[:] = saved
            break
        places[frames, 0] = at
        places[frames, 1] = number
        places[frames, 2] = length
        places[frames, 3] = header[5]
        state[0] = number + 1
        state[1] = number + length
        frames += 1
        done += length
        at = stop + 2
        status = NO_ROOM
    return frames, done, at, status


@kernel
def _note_header(base, at, header, cols, capacity, counts, is_odd):
    """Append the fields of a header to the columns."""
    second, third = np.int64(load_u8(base, at + 1)), np.int64(load_u8(base, at + 2))
    shape = (second & 1) << 7 | (third >> 4) << 3 | header[4]
    store_8(cols, Column.SHAPE * capacity + counts[Column.SHAPE], shape)
    layout = (third & 15) << 4 | header[3]
    store_8(cols, Column.LAYOUT * capacity + counts[Column.LAYOUT], layout)
    flags = FLAG_NUMBER if is_odd else 0
    store_8(cols, Column.FLAGS * capacity + counts[Column.FLAGS], flags)
    counts[Column.SHAPE] += 1
    counts[Column.LAYOUT] += 1
    counts[Column.FLAGS] += 1
    place = at + header[0] - 1 - header[6] - header[7]
    _append_bytes(cols, capacity, counts, Column.LENGTH, base, place, header[6])
    _append_bytes(cols, capacity, counts, Column.RATE, base, place + header[6], header[7])
    if is_odd:
        for i in range(NUMBER_BYTES):
            column = Column.NUMBER * capacity + counts[Column.NUMBER]
            store_8(cols, column, header[2] >> (8 * i))
            counts[Column.NUMBER] += 1


@kernel
def _store_samples(rows, stride, length, channels, sides, bits, pcm, first):
    """Undo the stereo decorrelation (RFC 9639, 4.2) and store int32; False if a value is too large.
    """
    outside = np.int64(0)
    if sides:
        for i in range(length):
            a, b = load_i64(rows, i), load_i64(rows + stride, i)
            if sides == 1:
                b = a - b
            elif sides == 2:
                a = a + b
            else:
                middle = (a << 1) | (b & 1)
                a, b = (middle + b) >> 1, (middle - b) >> 1
            outside |= (a >> (bits - 1)) ^ (a >> 63) | (b >> (bits - 1)) ^ (b >> 63)
            store_32(pcm, 2 * (first + i), a)
            store_32(pcm, 2 * (first + i) + 1, b)
        return outside == 0
    for c in range(channels):
        for i in range(length):
            a = load_i64(rows + c * stride, i)
            outside |= (a >> (bits - 1)) ^ (a >> 63)
            store_32(pcm, channels * (first + i) + c, a)
    return outside == 0
