"""Segments of a block: windows, lags and value sets in time, from the side information."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from nlac.codec.transforms.channels import CODED
from nlac.entropy.value_sets import PLAIN
from nlac.predictors.cascade.block import CodedCascade
from nlac.predictors.cascade.kernels import LAG_SPAN, PIECE
from nlac.predictors.lpc.parameters import LONG_FRAMES
from nlac.views.trace.blocks import SET_NAMES
from nlac.views.trace.coded import CodedChannels, CodedGeneric, CodedLpc, CodedOrigin


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of a channel that is coded in one way.

    Attributes
    ----------
    start, frames : int
        First frame in the stream, and length.
    channel, phase : int
        The channel, and its phase: 0 but in phases, of which each has segments of its own.
    order : int or None
        Length of the window in samples, those of the reference included; None for what adapts
        backward and so has none.
    shift : int or None
        Fraction bits of the window's coefficients.
    lag : int
        Frames back to the LTP match; 0 for none.
    ltp_taps : int
        Samples of the LTP window; 0 without a lag.
    value_set : str
        ``plain``, ``grid``, ``list`` or ``soft``.
    set_index : int
        Number of the value set among the block's; -1 with granules.
    granules : int
        Granules of a lossy stream that explain the samples; 0 for none.
    """

    start: int
    frames: int
    channel: int
    phase: int
    order: int | None
    shift: int | None
    lag: int
    ltp_taps: int
    value_set: str
    set_index: int
    granules: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes as JSON takes them."""
        return asdict(self)


def segments_of(coded: CodedChannels) -> list[Segment]:
    """Return the segments of a block, ordered by their first frames.

    None for verbatim samples and third parties' predictors; channels that are not coded have none.
    In a block of granules, each section with some is a segment.
    """
    if isinstance(coded.body, CodedOrigin):
        found = [*_granule_segments(coded, coded.body), *_other_segments(coded.body)]
    else:
        found = list(_own_segments(coded))
    placed = [each for own in found if (each := _in_stream(own, coded)) is not None]
    return sorted(placed, key=lambda each: (each.start, each.channel, each.phase))


def _numbers(coded: CodedChannels) -> list[tuple[int, int]]:
    """Phase and channel of each coded channel of a block."""
    entries = [] if coded.opened.channels is None else coded.opened.channels.entries
    numbers = [i for i, (kind, _, _) in enumerate(entries) if kind == CODED]
    return [divmod(number, coded.stream.channels) for number in numbers]


def _granule_segments(coded: CodedChannels, body: CodedOrigin) -> Iterator[Segment]:
    """The sections with granules, by frames of the coded channels."""
    for phase, channel in _numbers(coded):
        for begin, each in zip(body.head.begins, body.head.sections, strict=True):
            if each.shift is not None:
                yield Segment(begin, each.frames, channel, phase, None, None, 0, 0,
                              SET_NAMES[PLAIN], -1, body.head.units(each))  # fmt: skip


def _other_segments(body: CodedOrigin) -> Iterator[Segment]:
    """The segments of the sections without granules, cut where these end."""
    if body.others is None:
        return
    last = body.others.opened.frames
    for each in _own_segments(body.others):
        begin, end = max(each.start, 0), min(each.start + each.frames, last)
        for first, stop in body.places(begin, end):
            own = replace(each, start=first, frames=stop - first)
            if each.lag:
                # what was before it among these sections lay further back
                own = replace(own, lag=first - body.place(max(begin - each.lag, 0)))
            yield own
            begin += stop - first


def _own_segments(coded: CodedChannels) -> Iterator[Segment]:
    """The segments of what a predictor coded, by frames of the coded channels."""
    body = coded.body
    if body is None or isinstance(body, CodedGeneric):
        return
    numbers = _numbers(coded)
    for c, place in enumerate(coded.order):
        runs = _cascade_runs(body, c) if isinstance(body, CodedCascade) else _lpc_runs(body, c)
        delay, names = coded.links[1][c], coded.sets
        phase, channel = numbers[place]
        for begin, end, order, shift, lag, taps, number in runs:
            name = SET_NAMES[names[number].kind]
            yield Segment(begin - delay, end - begin, channel, phase, order, shift, lag, taps,
                          name, number)  # fmt: skip


Run = tuple[int, int, int | None, int | None, int, int, int]


def _lpc_runs(body: Any, c: int) -> Iterator[Run]:
    """Runs of a channel by delayed frames: begin, end, order, shift, lag, LTP taps, value set."""
    p = body.parameters
    starts = p.starts.tolist()
    sliced = body.sliced if isinstance(body, CodedLpc) else None
    slices = [] if sliced is None else [each.start for each in sliced.table.slices]
    for k, (begin, end) in enumerate(pairwise(starts)):
        lag, taps = int(p.lag[k]), int(p.long_order[k, c])
        own = int(p.order[k, c]), int(p.shift[k, c])
        number = int(p.value_set[k, c])
        for first, last, has_ltp in _reached(begin, end, lag if taps else 0, slices):
            ltp = (lag, taps) if has_ltp else (0, 0)
            yield first, last, *own, *ltp, number


def _reached(
    begin: int, end: int, lag: int, slices: Sequence[int]
) -> Iterator[tuple[int, int, bool]]:
    """Parts of a segment, and whether the LTP window has samples there.

    After the first frame of a slice, it has none until it leaves what was before.
    """
    if not lag:
        yield begin, end, False
        return
    marks = {begin, end}
    silent = [(start, start + lag - LONG_FRAMES[-1] // 2) for start in slices[1:]]
    for pair in silent:
        marks |= {mark for mark in pair if begin < mark < end}
    ordered = sorted(marks)
    for first, last in pairwise(ordered):
        yield first, last, not any(a <= first < b for a, b in silent)


def _cascade_runs(body: CodedCascade, c: int) -> Iterator[Run]:
    schedule, rls = body.side_info.schedule, body.parameters.rls
    half = max(each.ltp_taps for each in rls)
    taps = (2 * half + 1) * (1 if body.side_info.reference[c] < 0 else 2) if half else 0
    total = schedule.frames + int(schedule.delay.max())
    begin, before = 0, (-1, -1)
    for k, number in enumerate(schedule.value_set[:, c].tolist()):
        lag = int(schedule.lag[k * PIECE // LAG_SPAN])
        # the match would begin before the block
        now = (lag if lag <= k * PIECE else 0, number)
        if now != before:
            if k:
                yield begin, k * PIECE, None, None, before[0], taps if before[0] else 0, before[1]
            begin, before = k * PIECE, now
    yield begin, total, None, None, before[0], taps if before[0] else 0, before[1]


def _in_stream(each: Segment, coded: CodedChannels) -> Segment | None:
    """A segment of own frames, cut to the block and placed in the stream; None if nothing is left.

    A frame of a phase stands for as many frames of the block as there are phases.
    """
    phases, header = coded.opened.phases, coded.block.header
    begin = each.start * phases - coded.opened.offset
    end = begin + each.frames * phases
    begin, end = max(begin, 0), min(end, header.num_frames)
    if begin >= end:
        return None
    return replace(
        each, start=header.first_frame + begin, frames=end - begin, lag=each.lag * phases
    )
