"""Decode a block of `lpc`: forward-adaptive linear prediction (spec, section "lpc block")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import ChecksumMismatch, CorruptStream
from nlac.bitstream.constants import CODER_AUTO, CODER_RANGE, CODER_RICE
from nlac.bitstream.header import StreamHeader
from nlac.entropy.distributions import tables
from nlac.entropy.small_residuals import new_contexts
from nlac.entropy.value_sets import ValueSet, read_sets, write_sets
from nlac.entropy.varint import read_varint, write_varint
from nlac.entropy.words import check_end, read_words
from nlac.predictors.lpc.kernels import clear_rows, new_rows, new_state
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.plan import Plan, make_plan
from nlac.predictors.lpc.range_decoding import decode_loop
from nlac.predictors.lpc.rice_loops import decode_rice
from nlac.predictors.lpc.side_info import MAX_INITIAL_SCALE, read_parameters, write_parameters
from nlac.predictors.lpc.slices import SLICED, SlicePlanner, SliceTable, read_slices
from nlac.predictors.prefilter import (
    PREFILTERED,
    Prefilter,
    decode_prefiltered,
    read_first_samples,
    read_prefilters,
    restore,
)

RANGE, RICE = 0, 1
_CODERS = {CODER_AUTO: (RANGE, RICE), CODER_RANGE: (RANGE,), CODER_RICE: (RICE,)}


def decode(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader
) -> Iterator[NDArray[np.int32]]:
    """Decode the channels of a block with `lpc_pieces`; see `Method.decode`."""
    return lpc_pieces(data, at, frames, channels, stream.coder_id)


def lpc_pieces(
    data: bytes, at: int, frames: int, channels: int, coder_id: int = CODER_AUTO
) -> Iterator[NDArray[np.int32]]:
    """Decode the channels of a block, slice by slice.

    Parameters
    ----------
    data : bytes
        The block begins at `at`, and `data` ends with it.
    at, frames, channels : int
    coder_id : int
        Coder of the stream, which may exclude one of the block's.

    Yields
    ------
    (channels, some frames) int32
        The next one overwrites the one before.

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    sliced = open_sliced(data, at, frames, channels, coder_id)
    if sliced is not None:
        yield from sliced.pieces(range(len(sliced.table.slices)))
        return
    yield decode_prefiltered(data, at, frames, channels, partial(decode_plain, coder_id=coder_id))


def decode_plain(
    data: bytes, at: int, frames: int, channels: int, coder_id: int
) -> NDArray[np.int32]:
    """Decode a block without prefilters and slices; see `lpc_pieces`."""
    coder, at = read_coder(data, at, coder_id)
    order, sets, parameters, at = read_side_info(data, at, frames, channels)
    rows = new_rows(parameters)
    plan = make_plan(parameters, sets, rows.shape[1], order)
    pcm = np.empty((channels, frames), np.int32)
    decode_samples(plan, coder, parameters.initial_scale, rows, pcm, data, at)
    return pcm


def read_coder(data: bytes, at: int, coder_id: int) -> tuple[int, int]:
    """Parse the coder of a block; returns it and the position after it.

    Raises
    ------
    CorruptStream
        The header of the stream rules it out.
    """
    coder, at = read_varint(data, at)
    if coder not in _CODERS[coder_id]:
        raise CorruptStream(f"coder {coder} is not one of the stream's", path="coder")
    return coder, at


def decode_samples(
    plan: Plan,
    coder: int,
    initial_scale: NDArray[np.int64],
    rows: NDArray[np.int32],
    pcm: NDArray[np.int32],
    data: bytes,
    at: int,
) -> None:
    """Decode the samples of a block or slice.

    Parameters
    ----------
    plan : Plan
    coder : int
        `RANGE` or `RICE`.
    initial_scale : (channels,) int64
        As in `LpcParameters`.
    rows : (channels, n) int32
        Zeros; the samples are written here as well.
    pcm : (channels, frames) int32
        Where the samples go, at the places that the plan has.
    data : bytes
        The coded samples begin at `at`, and `data` ends with them.
    at : int

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    state = new_state(initial_scale)
    if coder == RICE:
        words, raw = read_words(data, at, 0)
        taken, used = 0, decode_rice(plan, state, rows, pcm, raw)
    else:
        count, at = read_varint(data, at)
        words, raw = read_words(data, at, count)
        contexts = new_contexts(len(rows))
        taken, used = decode_loop(plan, tables(), state, contexts, rows, pcm, words, raw)
    check_end(words, raw, taken, used)


class DecodedSlice(NamedTuple):
    """A decoded slice; the next one overwrites its samples.

    Attributes
    ----------
    start : int
        First frame in the block.
    plan : Plan
    initial_scale : (channels,) int64
    first : list of list of int
        First samples of each channel, for the prefilters.
    rows : (channels, n) int32
        The samples as the loops read them.
    pcm : (channels, frames) int32
        The samples; before prefilters.
    """

    start: int
    plan: Plan
    initial_scale: NDArray[np.int64]
    first: list[list[int]]
    rows: NDArray[np.int32]
    pcm: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SlicedBlock:
    """A block in slices, its side information parsed; from `open_sliced`.

    Attributes
    ----------
    data : bytes
        The payload, or as much of it as there is.
    table : SliceTable
        The slices.
    coder : int
        `RANGE` or `RICE`.
    prefilters : list of Prefilter
        One for each channel, or none.
    first : list of list of int
        First samples of each channel, for the prefilters of the first slice.
    order : list of int
        Place in the block of each channel in coding order.
    sets : list of ValueSet
    parameters : LpcParameters
    """

    data: bytes
    table: SliceTable
    coder: int
    prefilters: list[Prefilter]
    first: list[list[int]]
    order: list[int]
    sets: list[ValueSet]
    parameters: LpcParameters

    def frames(self, numbers: range) -> int:
        """Frames of slices that follow each other, at least one."""
        slices = self.table.slices
        return slices[numbers[-1]].stop - slices[numbers[0]].start

    def pieces(self, numbers: range) -> Iterator[NDArray[np.int32]]:
        """Decode some slices.

        Parameters
        ----------
        numbers : range
            Numbers of the slices, at least one, in steps of 1.

        Yields
        ------
        (channels, frames) int32
            A slice, which the next one overwrites.

        Raises
        ------
        CorruptStream
            The bytes are not what an encoder writes.
        """
        for each in self.decoded(numbers):
            if self.prefilters:
                restore(self.prefilters, each.first, each.pcm)
            yield each.pcm

    def decoded(self, numbers: range) -> Iterator[DecodedSlice]:
        """Decode some slices as `pieces` does, up to the residuals of prefilters."""
        chosen = [self.table.slices[number] for number in numbers]
        longest = max(each.stop - each.start for each in chosen)
        work = np.empty(len(self.order) * longest, np.int32)
        rows = new_rows(self.parameters, longest)
        plan = make_plan(self.parameters, self.sets, rows.shape[1])
        planner = SlicePlanner(plan, self.parameters)
        order = np.array(self.order, np.int64)
        for number, each in zip(numbers, chosen, strict=True):
            data = self.data[each.begin : each.end]
            scale, first, at = self._read_beginning(data, number)
            warm_up = self.table.warm_up if number else 0
            frames = each.stop - each.start
            pcm = work[: len(order) * frames].reshape(len(order), frames)
            plan = planner.plan(each.start, each.stop, warm_up, order * frames)
            clear_rows(rows, self.parameters, frames)
            decode_samples(plan, self.coder, scale, rows, pcm, data, at)
            yield DecodedSlice(each.start, plan, scale, first, rows, pcm)

    def _read_beginning(
        self, data: bytes, number: int
    ) -> tuple[NDArray[np.int64], list[list[int]], int]:
        """Initial scales and first samples of a slice; those of the first are the block's."""
        if number == 0:
            return self.parameters.initial_scale, self.first, 0
        at, scales, first = 0, [], []
        for _ in self.order:
            scale, at = read_varint(data, at)
            if scale > MAX_INITIAL_SCALE:
                raise CorruptStream(f"initial scale {scale}", path=f"slice[{number}]")
            scales.append(1 << scale)
        for each in self.prefilters:
            path = f"slice[{number}]"
            samples, at = read_first_samples(data, at, len(each.coefficients), path)
            first.append(samples)
        return np.array(scales, np.int64), first, at


def open_sliced(
    data: bytes, at: int, frames: int, channels: int, coder_id: int, length: int | None = None
) -> SlicedBlock | None:
    """Parse a block up to its slices, if it has any; the checksum of that part is compared.

    Parameters
    ----------
    data : bytes
        The payload, which the block ends; or as much of it as there is.
    at : int
        Where the block begins.
    frames, channels, coder_id : int
    length : int, optional
        Length of the payload, if `data` may be shorter.

    Returns
    -------
    SlicedBlock, optional
        None for a block without slices.

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    kind, after = read_varint(data, at)
    prefilters: list[Prefilter] = []
    first: list[list[int]] = []
    if kind == PREFILTERED:
        prefilters, first, at = read_prefilters(data, after, frames, channels)
        kind, after = read_varint(data, at)
    if kind != SLICED:
        return None
    table, at = read_slices(data, after, frames, len(data) if length is None else length)
    if not table.side_is_intact(data):
        raise ChecksumMismatch("CRC of the side information does not match", path="slices")
    coder, at = read_coder(data, at, coder_id)
    order, sets, parameters, at = read_side_info(data, at, frames, channels)
    if at != table.side_end:
        raise CorruptStream("side information has another length", path="slices")
    return SlicedBlock(data, table, coder, prefilters, first, order, sets, parameters)


def write_side_info(order: Sequence[int], sets: list[ValueSet], parameters: LpcParameters) -> bytes:
    """Return the bytes of coding order, value sets and parameters."""
    return b"".join(map(write_varint, order)) + write_sets(sets) + write_parameters(parameters)


def read_side_info(
    data: bytes, at: int, frames: int, channels: int
) -> tuple[list[int], list[ValueSet], LpcParameters, int]:
    """Parse what `write_side_info` wrote.

    Returns
    -------
    order : list of int
        Place in the block of each channel in coding order.
    sets : list of ValueSet
    parameters : LpcParameters
    at : int
        Where the side information ends.

    Raises
    ------
    CorruptStream
        A value is out of range.
    """
    order: list[int] = []
    for c in range(channels):
        place, at = read_varint(data, at)
        if place >= channels or place in order:
            raise CorruptStream("not a permutation", path=f"channel[{c}].place")
        order.append(place)
    sets, at = read_sets(data, at)
    parameters, at = read_parameters(data, at, frames, channels, len(sets))
    return order, sets, parameters, at
