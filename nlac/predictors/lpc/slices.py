"""Slices: parts of an `lpc` block that are decoded by themselves (spec, section "Slices").

The side information of a sliced block is common to its slices. In each, the coder and the
adaptive state begin anew, and all samples before it count as 0. So a slice can be decoded from
its first frame, the entry point, whatever became of the others.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, TruncatedStream
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.entropy.varint import read_varint, write_varint
from nlac.predictors.lpc.parameters import LONG_FRAMES, LpcParameters
from nlac.predictors.lpc.plan import LineCell, Plan, SegmentCell

SLICED = 6  # kind of block, in place of the coder of an `lpc` block
MIN_SLICE_FRAMES = 1024
MAX_WARM_UP = 64
_CRC_BYTES = 4
_HALF_WINDOW = LONG_FRAMES[-1] // 2
# coefficients of the two extrapolations of a warm-up, oldest sample first: of the channel alone, of
# a pair without and with the reference's present sample
_HELD = ((0, 1), (0, 0, 0, 1), (0, 0, 1, 0))
_STRAIGHT = ((-1, 2), (0, -1, 0, 2), (-1, 0, 2, 0))


class Slice(NamedTuple):
    """A slice: its frames `start` to `stop`, and its bytes `begin` to `end` in the payload."""

    start: int
    stop: int
    begin: int
    end: int
    crc: int


class SliceTable(NamedTuple):
    """The slices of a block.

    Attributes
    ----------
    warm_up : int
        Frames at the beginning of a slice that are extrapolated; not in the first slice.
    slices : list of Slice
        In order; they fill the block.
    """

    warm_up: int
    slices: list[Slice]

    @property
    def side_end(self) -> int:
        """Position of the CRC of all bytes before, which stands ahead of the first slice."""
        return self.slices[0].begin - _CRC_BYTES

    def side_is_intact(self, data: bytes) -> bool:
        """Whether the bytes before the slices have the CRC that follows them."""
        stored = data[self.side_end : self.side_end + _CRC_BYTES]
        return crc_bytes(crc32(memoryview(data)[: self.side_end])) == stored

    def slice_is_intact(self, data: bytes, number: int) -> bool:
        """Whether the bytes of a slice have its CRC."""
        each = self.slices[number]
        return len(data) >= each.end and crc32(memoryview(data)[each.begin : each.end]) == each.crc

    def covering(self, start: int, stop: int) -> range:
        """Numbers of the slices that hold frames `start` to `stop`, at least one frame."""
        stops = [each.stop for each in self.slices]
        first, last = np.searchsorted(stops, (start, stop - 1), side="right").tolist()
        return range(first, last + 1)


def write_slices(
    before: bytes, head: bytes, warm_up: int, starts: Sequence[int], side: bytes,
    bodies: Sequence[bytes],
) -> bytes:  # fmt: skip
    """Put a sliced block together.

    Parameters
    ----------
    before : bytes
        The payload up to the block.
    head : bytes
        Prefilters, with the kind of their block, or none.
    warm_up : int
    starts : sequence of int
        First frame of each slice.
    side : bytes
        Side information, from the coder on.
    bodies : sequence of bytes
        Bytes of each slice.

    Returns
    -------
    bytes
        The block.
    """
    out = bytearray(head)
    out += write_varint(SLICED) + write_varint(len(bodies)) + write_varint(warm_up)
    lengths = np.diff(starts).tolist()
    for i, body in enumerate(bodies):
        if i < len(lengths):
            out += write_varint(lengths[i])
        out += write_varint(len(body)) + crc_bytes(crc32(body))
    out += side
    return bytes(out + crc_bytes(crc32(bytes(out), crc32(before))) + b"".join(bodies))


def read_slices(data: bytes, at: int, frames: int, length: int) -> tuple[SliceTable, int]:
    """Parse the table of a sliced block, from the byte after its kind.

    Parameters
    ----------
    data : bytes
        The payload, or as much of it as there is.
    at, frames : int
    length : int
        Length of the payload in bytes.

    Returns
    -------
    table : SliceTable
    at : int
        Where it ends.

    Raises
    ------
    CorruptStream
        A value is out of range.
    """
    count, at = read_varint(data, at)
    if not 2 <= count <= frames // MIN_SLICE_FRAMES:
        raise CorruptStream(f"{count} slices of {frames} frames", path="slices")
    warm_up, at = read_varint(data, at)
    if warm_up > MAX_WARM_UP:
        raise CorruptStream(f"a warm-up of {warm_up} frames", path="slices")
    rows = []
    start = end = 0
    for number in range(count):
        stop = frames
        if number < count - 1:
            own, at = read_varint(data, at)
            stop = start + own
        num_bytes, at = read_varint(data, at)
        if at + _CRC_BYTES > len(data):
            raise TruncatedStream("slices end too early", path="slices")
        (crc,) = struct.unpack_from("<I", data, at)
        at += _CRC_BYTES
        if stop - start < MIN_SLICE_FRAMES or stop > frames or num_bytes > length - end:
            raise CorruptStream("does not fit the block", path=f"slice[{number}]")
        rows.append((start, stop, end, end + num_bytes, crc))
        start, end = stop, end + num_bytes
    first = length - end
    if at + _CRC_BYTES > first:
        raise CorruptStream("slices do not fit the block", path="slices")
    slices = [Slice(a, b, first + begin, first + stop, crc) for a, b, begin, stop, crc in rows]
    return SliceTable(warm_up, slices), at


class SlicePlanner:
    """Makes the plans of slices from that of their block.

    Parameters
    ----------
    plan : Plan
        Plan of the whole block.
    parameters : LpcParameters
        Those that it was made of.
    """

    def __init__(self, plan: Plan, parameters: LpcParameters) -> None:
        self._parameters = parameters
        kinds = np.where(parameters.reference < 0, 0, 1 + plan.cells[0, :, SegmentCell.PRESENT])
        patterns: list[int] = []
        self._warm: list[tuple[list[int], list[int]]] = []
        for shapes in (_HELD, _STRAIGHT):
            orders, places = [], []
            for kind in kinds.tolist():
                orders.append(len(shapes[kind]))
                places.append(len(plan.coefficients) + len(patterns))
                patterns += shapes[kind]
            self._warm.append((orders, places))
        coefficients = np.concatenate([plan.coefficients, np.array(patterns, np.int64)])
        self._plan = plan._replace(coefficients=coefficients)

    def plan(
        self, start: int, stop: int, warm_up: int, places: NDArray[np.int64]
    ) -> Plan:
        """Plan of the slice of frames `start` to `stop`, whose times begin at 0.

        `places` has the index of the first sample of each channel, in coding order, among those
        that the loops read or write.
        """
        p = self._parameters
        total = stop - start + int(p.delay.max())
        first = int(np.searchsorted(p.starts, start, side="right")) - 1
        last = int(np.searchsorted(p.starts, start + total, side="left"))
        starts: list[int] = []
        rows: list[NDArray[np.int64]] = []
        for k in range(first, last):
            begin, end = max(int(p.starts[k]) - start, 0), min(int(p.starts[k + 1]) - start, total)
            # before, all of an LTP window precedes the slice: it may lie beyond the zeros there
            reach = int(p.lag[k]) - _HALF_WINDOW
            inner = {mark for mark in (min(2, warm_up), warm_up, reach) if begin < mark < end}
            for at in (begin, *sorted(inner)):
                cells = self._plan.cells[k]
                if at < warm_up:
                    cells = self._extrapolating(cells, straight=at >= 2)
                elif at < reach:
                    cells = cells.copy()
                    cells[:, SegmentCell.LTP_ORDER] = 0
                starts.append(at)
                rows.append(cells)
        lines = self._plan.lines.copy()
        lines[:, LineCell.PCM] = places
        return self._plan._replace(
            frames=stop - start,
            starts=np.array([*starts, total], np.int64),
            cells=np.ascontiguousarray(rows),
            lines=lines,
        )

    def _extrapolating(self, cells: NDArray[np.int64], straight: bool) -> NDArray[np.int64]:
        orders, places = self._warm[straight]
        cells = cells.copy()
        cells[:, SegmentCell.ORDER] = orders
        cells[:, SegmentCell.COEFFICIENTS] = places
        cells[:, SegmentCell.SHIFT] = -8  # no fraction bits
        cells[:, SegmentCell.LTP_ORDER] = 0
        return cells
