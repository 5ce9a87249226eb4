"""Cut a coded `lpc` block into slices, so that decoding can begin inside of it (spec 11.23)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.analysis import BlockAnalysis, first_means
from nlac.codec.encoder.lpc.coders import code_samples
from nlac.codec.encoder.prefilter import Prefiltered
from nlac.entropy.value_sets import ValueSet
from nlac.entropy.varint import write_varint
from nlac.predictors.lpc.kernels import fill_rows, new_rows
from nlac.predictors.lpc.parameters import LONG_FRAMES, SPAN, UNIT, LpcParameters
from nlac.predictors.lpc.plan import make_plan
from nlac.predictors.lpc.slices import MIN_SLICE_FRAMES, SlicePlanner, write_slices
from nlac.predictors.prefilter import write_first_samples

_ONE_IN = 1000  # slices may cost one byte in so many
_LEAST_COST = 40  # bytes that an entry point costs at least
_TRIALS = 3
_WARM_UP = 32  # frames; residuals of prefilters need none
_LOST_BYTES = 100.0  # that LTP windows may lose by an entry point
_DISTRUST = 2.0  # near windows count on LTP windows: more is lost than these gain
_SLACK = 0.25  # of the distance wanted: an entry point may lie so far off where it loses less,
_PULL = 32.0  # as many bytes less for each distance


class CodedLpc(NamedTuple):
    """A coded block, and what it was coded with.

    Attributes
    ----------
    side, body : bytes
        Side information from the coder on, and payload words.
    block : BlockAnalysis
        The block; of residuals, if there are prefilters.
    parameters : LpcParameters
    sets : list of ValueSet
    coder : int
    filtered : Prefiltered, optional
        The prefilters.
    """

    side: bytes
    body: bytes
    block: BlockAnalysis
    parameters: LpcParameters
    sets: list[ValueSet]
    coder: int
    filtered: Prefiltered | None = None

    @property
    def head(self) -> bytes:
        """Bytes before the side information."""
        return b"" if self.filtered is None else self.filtered.head

    @property
    def data(self) -> bytes:
        """All bytes of the block."""
        return self.head + self.side + self.body

    def size(self) -> int:
        """Number of bytes of the block."""
        return len(self.head) + len(self.side) + len(self.body)


def sliced(coded: CodedLpc, channels: NDArray[np.int32], entry_frames: int, before: bytes) -> bytes:
    """Cut a block into slices, as many as cost no more than one byte in a thousand.

    Parameters
    ----------
    coded : CodedLpc
        The block without slices.
    channels : (channels, frames) int32
        Its samples.
    entry_frames : int
        Frames from one entry point to the next; 0 for none.
    before : bytes
        The payload up to the block.

    Returns
    -------
    bytes
        The block; without slices where even two would cost more.
    """
    whole = coded.data
    budget = coded.size() // _ONE_IN
    frames = channels.shape[1]
    count = budget // _LEAST_COST
    if entry_frames == 0 or count == 0:
        return whole
    slicer = Slicer(coded, channels)
    distance = max(entry_frames, frames // (count + 1), MIN_SLICE_FRAMES)
    for _ in range(_TRIALS):
        starts = entry_points(slicer.losses, frames, distance)
        if len(starts) < 2:
            break
        cut = slicer.encode(starts, before)
        extra = len(cut) - len(whole)
        if extra <= budget:
            return cut
        # as many as the budget has room for, and a little fewer
        distance = max(distance * extra * 9 // (budget * 8), distance + 1)
    return whole


def entry_points(losses: NDArray[np.float64], frames: int, distance: int) -> list[int]:
    """First frames of slices, about `distance` frames long, where LTP loses little.

    Parameters
    ----------
    losses : (units,) float64
        Bytes that an entry point at the beginning of each `UNIT` frames loses.
    frames, distance : int
        Frames of the block, and of a slice.

    Returns
    -------
    list of int
        Multiples of `UNIT`, the first of them 0.
    """
    starts = [0]
    last = (frames - max(distance // 2, MIN_SLICE_FRAMES)) // UNIT
    while True:
        before = starts[-1]
        first = -(-(before + max(round((1 - _SLACK) * distance), MIN_SLICE_FRAMES)) // UNIT)
        near = max((before + round((1 + _SLACK) * distance)) // UNIT, first)
        places = np.arange(first, min(near, last) + 1)
        costs = losses[places] + np.abs(places * UNIT - before - distance) * (_PULL / distance)
        good = places[losses[places] <= _LOST_BYTES]
        if len(good):
            starts.append(UNIT * int(places[np.argmin(costs)]))
            continue
        # nothing near: the next place that loses little
        later = np.flatnonzero(losses[near + 1 : last + 1] <= _LOST_BYTES)
        if len(later) == 0:
            return starts
        starts.append(UNIT * int(near + 1 + later[0]))


def ltp_losses(coded: CodedLpc) -> NDArray[np.float64]:
    """Estimate what LTP windows lose by an entry point, at the beginning of each `UNIT` frames.

    Returns
    -------
    (units,) float64
        Bytes.
    """
    p = coded.parameters
    entries = UNIT * np.arange(-(-p.frames // UNIT))
    lost = np.zeros(len(entries))
    gains = coded.block.ltp_gains * (len(p.reference) / 8 * _DISTRUST)
    for k in np.flatnonzero(p.lag).tolist():
        begin, end, reach = int(p.starts[k]), int(p.starts[k + 1]), int(p.lag[k])
        reach += LONG_FRAMES[-1] // 2
        # entry points whose slice has the end of the segment, and not all its matches
        a, b = max(begin - reach, 0) // UNIT, -(-end // UNIT)
        own = entries[a:b]
        times = np.minimum(end, own + reach) - np.maximum(begin, own)
        lost[a:b] += np.maximum(times, 0) * gains[begin // SPAN]
    return lost


class Slicer:
    """Codes a block in slices.

    Parameters
    ----------
    coded : CodedLpc
        The block without slices.
    channels : (channels, frames) int32
        Its samples.

    Attributes
    ----------
    losses : (units,) float64
        What LTP loses by entry points; see `ltp_losses`.
    """

    def __init__(self, coded: CodedLpc, channels: NDArray[np.int32]) -> None:
        self._coded = coded
        self._channels = channels
        self.losses = ltp_losses(coded)

    def encode(self, starts: list[int], before: bytes) -> bytes:
        """Code the block.

        Parameters
        ----------
        starts : list of int
            First frame of each slice, at least `MIN_SLICE_FRAMES` from one to the next.
        before : bytes
            The payload up to the block.

        Returns
        -------
        bytes
            The block.
        """
        coded, order = self._coded, self._coded.block.inter_channel.order.tolist()
        p, ordered = coded.parameters, coded.block.ordered
        taps = [0] * len(order) if coded.filtered is None else coded.filtered.taps
        warm_up = _WARM_UP if coded.filtered is None else 0
        stops = [*starts[1:], p.frames]
        longest = int(np.diff([*starts, p.frames]).max())
        rows = new_rows(p, longest)
        plan = make_plan(p, coded.sets, rows.shape[1])
        planner = SlicePlanner(plan, p)
        bodies = []
        for start, stop in zip(starts, stops, strict=True):
            own, head, scale = ordered[:, start:stop].copy(), b"", p.initial_scale
            if start:
                for place, channel in enumerate(order):
                    own[place, : taps[channel]] = 0
                scale = first_means(own)
                head = b"".join(write_varint(s.bit_length() - 1) for s in scale.tolist())
                for x, count in zip(self._channels, taps, strict=True):
                    head += write_first_samples(x[start : start + count])
            places = np.arange(len(own)) * own.shape[1]
            plan = planner.plan(start, stop, warm_up if start else 0, places)
            rows[:] = 0
            fill_rows(rows, p, own)
            bodies.append(head + code_samples(plan, coded.coder, scale, rows, own))
        return write_slices(before, coded.head, warm_up, starts, coded.side, bodies)
