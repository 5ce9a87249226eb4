"""Sliced blocks: section 11.23 of format_spec.md. See decoder.py."""

import zlib
from typing import NamedTuple

from oracle.coding import Tables, check_end, read_words
from oracle.container import Reader, require
from oracle.lpc import (
    MAX_INITIAL,
    Plan,
    decode_slice_times,
    read_plan,
    sample_decoders,
)
from oracle.prefilter import Prefilter, read_first_samples, read_prefilter, restore

MIN_SLICE_FRAMES, MAX_WARM_UP = 1024, 64
PREFILTERED, SLICED = 4, 6


class Slice(NamedTuple):
    """Frames of a slice, and its bytes."""

    start: int
    stop: int
    data: bytes


def decode_sliced(
    reader: Reader, frames: int, count: int, coder_id: int, tables: Tables
) -> list[list[int]] | None:
    """The samples of a sliced block, prefiltered or not; None if the block is none."""
    reader = Reader(reader.data, reader.position)
    kind, filters = reader.varint(name="kind of block"), [Prefilter(0, [], [])] * count
    if kind == PREFILTERED:
        filters = [read_prefilter(reader, frames) for _ in range(count)]
        kind = reader.varint(name="kind of block")
    if kind != SLICED:
        return None
    warm_up, slices, side_end = read_table(reader, frames)
    plan = read_plan(reader, frames, count, tables)
    require(coder_id in (0, plan.coder + 1), "coder of a sliced block")
    require(reader.position == side_end, "length of the side information")
    channels: list[list[int]] = [[] for _ in range(count)]
    for number, each in enumerate(slices):
        rows = decode_slice(each, plan, warm_up, filters, tables, first=number == 0)
        for channel, row in zip(channels, rows, strict=True):
            channel.extend(row)
    return channels


def read_table(reader: Reader, frames: int) -> tuple[int, list[Slice], int]:
    """The warm-up, the slices, and where the side information ends."""
    count = reader.varint(2, frames // MIN_SLICE_FRAMES, "slices")
    warm_up = reader.varint(0, MAX_WARM_UP, "warm-up")
    entries, start = [], 0
    for number in range(count):
        stop = frames if number == count - 1 else start + reader.varint(name="frames of a slice")
        require(start + MIN_SLICE_FRAMES <= stop <= frames, "frames of a slice")
        entries.append((start, stop, reader.varint(name="length of a slice"), reader.unsigned(4)))
        start = stop
    place = len(reader.data) - sum(length for _, _, length, _ in entries)
    side_end = place - 4
    require(reader.position <= side_end, "lengths of slices")
    told = int.from_bytes(reader.data[side_end:place], "little")
    require(zlib.crc32(reader.data[:side_end]) == told, "side CRC")
    slices = []
    for start, stop, length, crc in entries:
        data = reader.data[place : place + length]
        require(zlib.crc32(data) == crc, "CRC of a slice")
        slices.append(Slice(start, stop, data))
        place += length
    return warm_up, slices, side_end


def decode_slice(
    own: Slice, plan: Plan, warm_up: int, filters: list[Prefilter], tables: Tables, first: bool
) -> list[list[int]]:
    """The samples of a slice."""
    reader = Reader(own.data)
    initials = [place.initial for place in plan.places]
    firsts = [each.first for each in filters]
    if not first:
        initials = [reader.varint(0, MAX_INITIAL, "initial scale") for _ in initials]
        firsts = [read_first_samples(reader, len(each.weights)) for each in filters]
    range_coder, string = read_words(reader, plan.coder == 0)
    states = sample_decoders(plan, initials, tables, range_coder, string)
    rows = decode_slice_times(plan, own.start, own.stop, 0 if first else warm_up, states)
    check_end(range_coder, string)
    return [restore(*row) for row in zip(filters, firsts, rows, strict=True)]
