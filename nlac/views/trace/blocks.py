"""What a block says about itself in its headers and side information: no sample is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from nlac.api.origin.parts import ROUNDINGS, BlockPlace
from nlac.codec.decoder.payload import (
    FLOAT_PHASES,
    FLOATS,
    INTEGER_PHASES,
    INTEGERS,
    VERBATIM,
)
from nlac.codec.transforms.channels import CODED, CONSTANT, COPY, NEGATED_COPY
from nlac.entropy.value_sets import GRID, LIST, PLAIN, SOFT, ValueSet
from nlac.predictors.cascade.block import CodedCascade
from nlac.predictors.lpc.block import RANGE, RICE
from nlac.predictors.origin.kinds import UNITY_GAIN
from nlac.views.trace.coded import CodedChannels, CodedLpc, CodedOrigin

MODES = {
    VERBATIM: "verbatim", INTEGERS: "integers", FLOATS: "floats",
    INTEGER_PHASES: "integer phases", FLOAT_PHASES: "float phases",
}  # fmt: skip
ROLES = {CONSTANT: "constant", COPY: "copy", NEGATED_COPY: "negated copy", CODED: "coded"}
SET_NAMES = {PLAIN: "plain", GRID: "grid", LIST: "list", SOFT: "soft"}
_CODERS = {RANGE: "range", RICE: "rice"}


@dataclass(frozen=True, slots=True)
class ChannelView:
    """Part of a channel in a block.

    Attributes
    ----------
    channel, phase : int
        Number of the channel, and of its phase: 0 but in phases.
    role : str
        ``coded``, ``constant``, ``copy`` or ``negated copy``.
    source : int or None
        Channel of which a copy is one, counted with all phases.
    step, offset : int
        A sample is ``step * coded + offset``; of a copy or constant, the offset alone counts.
    reference : int or None
        Channel from which this one is predicted, too.
    delay : int
        Frames by which it is coded later.
    prefilter : int
        Taps of its prefilter, 0 for none.
    """

    channel: int
    phase: int
    role: str
    source: int | None = None
    step: int = 1
    offset: int = 0
    reference: int | None = None
    delay: int = 0
    prefilter: int = 0


@dataclass(frozen=True, slots=True)
class SetView:
    """A value set of a block.

    Attributes
    ----------
    kind : str
        ``plain``, ``grid``, ``list`` or ``soft``.
    lowest, highest : int
        Its ends, as coded.
    count : int
        How many values it has.
    step : float
        Distance of values on a grid, or of the phases of a soft set; 0 for others.
    """

    kind: str
    lowest: int
    highest: int
    count: int
    step: float


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section of a block of granules.

    Attributes
    ----------
    start, frames : int
        First frame in the stream, and length.
    predictor : str
        What its samples were coded with.
    granules : int
        Granules that explain it; 0 for none.
    gain : float
        Factor of the samples that they make.
    rounding : str
        How the decoder rounded: ``nearest``, ``down`` or ``towards zero``; empty without
        granules.
    """

    start: int
    frames: int
    predictor: str
    granules: int = 0
    gain: float = 1.0
    rounding: str = ""


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block of a stream.

    Attributes
    ----------
    index, start, frames : int
        Its number, first frame and length.
    bytes : int
        Length in the stream, with header and checksums.
    mode : str
        ``verbatim``, ``integers``, ``floats``, ``integer phases`` or ``float phases``.
    predictor : str
        What the samples were coded with: ``lpc`` also where another predictor's block fell back
        to it, ``cascade`` where a network was not worth it, ``origin (Layer III)`` where granules
        of a lossy stream explain samples; empty without coded samples.
    coder : str
        ``range`` or ``rice``; empty without coded samples.
    phases : int
        Phases of a channel, 1 for none.
    channels : tuple of ChannelView
        With phases, those of the first phase come first.
    value_sets : tuple of SetView
    slices : tuple of int
        First frames of the slices, none without; counted from the stream's.
    cascade : dict or None
        Parameters of a cascade.
    sections : tuple of SectionView
        Sections of a block of granules; none of others. Value sets, slices and the like are those
        of its sections without granules.
    """

    index: int
    start: int
    frames: int
    bytes: int
    mode: str
    predictor: str
    coder: str
    phases: int
    channels: tuple[ChannelView, ...]
    value_sets: tuple[SetView, ...]
    slices: tuple[int, ...]
    cascade: dict[str, Any] | None
    sections: tuple[SectionView, ...] = ()

    @property
    def bits_per_sample(self) -> float:
        """Bits of the stream for each sample of the block."""
        return 8 * self.bytes / (self.frames * (len(self.channels) // self.phases))

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes as JSON takes them, with `bits_per_sample`."""
        return {**asdict(self), "bits_per_sample": self.bits_per_sample}


def describe(coded: CodedChannels) -> BlockView:
    """Tell what the headers and the side information of a block say."""
    header, predicted = coded.block.header, coded.predicted
    body = None if predicted is None else predicted.body
    coder = ""
    if coded.body is not None:
        coder = _CODERS[coded.body.coder] if isinstance(coded.body, CodedLpc) else "range"
    slices: tuple[int, ...] = ()
    if isinstance(body, CodedLpc) and body.sliced is not None:
        starts = [each.start for each in body.sliced.table.slices]
        if isinstance(coded.body, CodedOrigin):
            starts = [coded.body.place(start) for start in starts]
        slices = tuple(header.first_frame + start for start in starts)
    return BlockView(
        header.block_index,
        header.first_frame,
        header.num_frames,
        header.num_bytes,
        MODES[coded.opened.mode],
        coded.predictor,
        coder,
        coded.opened.phases,
        _channels(coded),
        () if predicted is None else tuple(map(_set_view, predicted.sets)),
        slices,
        asdict(body.parameters) if isinstance(body, CodedCascade) else None,
        tuple(_sections(coded)),
    )


def _sections(coded: CodedChannels) -> Iterator[SectionView]:
    body, header, opened = coded.body, coded.block.header, coded.opened
    if not isinstance(body, CodedOrigin):
        return
    place = BlockPlace(header.first_frame, header.num_frames, opened.phases, opened.offset)
    for begin, each in zip(body.head.begins, body.head.sections, strict=True):
        start, stop = place.span(begin, begin + each.frames)
        if each.shift is not None:
            gain, rounding = each.gain / UNITY_GAIN, ROUNDINGS[each.rounding]
            yield SectionView(
                start, stop - start, coded.predictor, body.head.units(each), gain, rounding
            )
        elif body.others is not None:
            yield SectionView(start, stop - start, body.others.predictor)


def _channels(coded: CodedChannels) -> tuple[ChannelView, ...]:
    channels, mapped = coded.stream.channels, coded.opened.channels
    if mapped is None:
        return tuple(ChannelView(c, 0, "verbatim") for c in range(channels))
    numbers = [i for i, (kind, _, _) in enumerate(mapped.entries) if kind == CODED]
    predicted = coded.predicted or coded
    # channel in the block of each coded channel in coding order
    places = [numbers[place] for place in predicted.order]
    links = dict(zip(places, zip(*predicted.links, strict=True), strict=True))
    prefilters = {
        place: len(each.coefficients)
        for place, each in zip(numbers, predicted.prefilters, strict=False)
    }
    views = []
    for i, (kind, number, offset) in enumerate(mapped.entries):
        phase, channel = divmod(i, channels)
        reference, delay = links.get(i, (-1, 0))
        views.append(
            ChannelView(
                channel,
                phase,
                ROLES[kind],
                number if kind in (COPY, NEGATED_COPY) else None,
                number if kind == CODED else 1,
                offset,
                places[reference] if reference >= 0 else None,
                delay,
                prefilters.get(i, 0),
            )
        )
    return tuple(views)


def _set_view(each: ValueSet) -> SetView:
    step = each.step / (1 << 24) if each.kind in (GRID, SOFT) else 0.0
    low, high = each.value(each.first), each.value(each.last)
    return SetView(SET_NAMES[each.kind], low, high, each.last - each.first + 1, step)
