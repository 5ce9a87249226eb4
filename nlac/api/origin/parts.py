"""Join the sections of origin blocks to the stretches of the lossy streams that they held.

*Units* are granules of Layer III, or frames of AAC.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.api.origin.wording import origin_lines
from nlac.api.results.origin import OriginInfo, OriginStretch
from nlac.predictors.origin.granules import RATES
from nlac.predictors.origin.head import Section
from nlac.predictors.origin.kinds import (
    AAC,
    DOWN,
    NEAREST,
    TOWARDS_ZERO,
    UNITY_GAIN,
    LossyKind,
)

ROUNDINGS = {NEAREST: "nearest", DOWN: "down", TOWARDS_ZERO: "towards zero"}
_MPEG1_RATES = 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320
_MPEG2_RATES = 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160
_QUARTER_RATES = 8000, 11025, 12000  # of MPEG-2.5
# what units and residuals take of the lossy stream, which has headers and padding as well
_CODED_SHARE = 0.86
_CODED_SHARE_OF_AAC = 0.89
_TOLERANCE = 0.08
_SAME_GAIN = 1e-4
_GAP_SECONDS = 10.0  # without units, as silence is, within one stretch
_FEWEST_UNITS = 3  # of the highest line


@dataclass(frozen=True, slots=True)
class Heard:
    """What units of a section tell when they are decoded.

    Attributes
    ----------
    used : (lines,) int64
        In how many units each line is not 0.
    mid_side : bool
        One holds sum and difference, at least in part.
    missed, samples : int
        Samples with a residual, and all samples.
    """

    used: NDArray[np.int64]
    mid_side: bool
    missed: int
    samples: int


class BlockPlace(NamedTuple):
    """Where the coded channels of a block lie in a stream.

    Attributes
    ----------
    first_frame, frames : int
        First frame of the block, and its length.
    phases, offset : int
        Phases of a channel, 1 for none, and frames before the first one.
    """

    first_frame: int
    frames: int
    phases: int
    offset: int

    def frame(self, coded: int) -> int:
        """Return the frame of the stream for one of the coded channels."""
        return self.first_frame + coded * self.phases - self.offset

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Return the part of the block for a span of the coded channels."""
        first, last = self.first_frame, self.first_frame + self.frames
        return max(self.frame(begin), first), min(self.frame(end), last)


@dataclass(frozen=True, slots=True)
class OriginPart:
    """A section with units, placed in its stream.

    Attributes
    ----------
    start, stop : int
        First frame, and the frame after the last.
    grid : int
        A frame at which a unit begins, less multiples of their length.
    kind : str
        Of the lossy stream.
    channels : int
        Coded channels.
    gain : float
        Factor of the samples.
    rounding : str
        As in `OriginStretch`.
    units : int
    lines : int
        Lines of a unit.
    bits : float
        What its units and residuals took.
    heard : Heard or None
        What decoding told.
    """

    start: int
    stop: int
    grid: int
    kind: str
    channels: int
    gain: float
    rounding: str
    units: int
    lines: int
    bits: float
    heard: Heard | None = None

    def continues(self, before: OriginPart, gap: float) -> bool:
        """Whether it is of the same lossy stream as another part, at most `gap` frames before.

        The rounding does not count: few samples of a quiet part tell it.
        """
        return (
            (self.kind, self.channels, self.grid) == (before.kind, before.channels, before.grid)
            and abs(self.gain / before.gain - 1) < _SAME_GAIN
            and self.start - before.stop <= gap
        )


def place_parts(
    kind: LossyKind,
    table: int,
    sections: Sequence[Section],
    bits: Sequence[float],
    channels: int,
    place: BlockPlace,
    sample_rate: int,
    heard: Sequence[Heard] | None = None,
) -> list[OriginPart]:
    """Place the sections of a block that have units.

    Parameters
    ----------
    kind : LossyKind
        Of the lossy stream.
    table : int
        Number of the table of bands.
    sections : sequence of Section
        All sections of the block.
    bits : sequence of float
        Bits of each section with units.
    channels : int
        Coded channels.
    place : BlockPlace
    sample_rate : int
        Of the stream.
    heard : sequence of Heard, optional
        What decoding each section with units told.
    """
    parts: list[OriginPart] = []
    begin = 0
    for each in sections:
        end = begin + each.frames
        if each.shift is not None:
            i = len(parts)
            grid = place.frame(begin - each.shift) % (kind.lines * place.phases)
            parts.append(
                OriginPart(
                    *place.span(begin, end), grid,
                    _kind(kind, table, sample_rate), channels, each.gain / UNITY_GAIN,
                    ROUNDINGS[each.rounding], kind.units(each.shift, each.frames), kind.lines,
                    bits[i],
                    None if heard is None else heard[i],
                )
            )  # fmt: skip
        begin = end
    return parts


def summarise(parts: Iterable[OriginPart], sample_rate: int, frames: int) -> OriginInfo | None:
    """Join parts, in order, to stretches; None if there are none.

    Parameters
    ----------
    parts : iterable of OriginPart
    sample_rate : int
    frames : int
        Length of the stream.
    """
    joined: list[list[OriginPart]] = []
    for part in parts:
        if joined and part.continues(joined[-1][-1], _GAP_SECONDS * sample_rate):
            joined[-1].append(part)
        else:
            joined.append([part])
    if not joined:
        return None
    stretches = tuple(_stretch(each, sample_rate) for each in joined)
    covered = sum(part.stop - part.start for each in joined for part in each)
    summary = tuple(origin_lines(stretches, frames / sample_rate))
    return OriginInfo(summary, covered / frames, stretches)


def _stretch(parts: Sequence[OriginPart], sample_rate: int) -> OriginStretch:
    first, last = parts[0], parts[-1]
    covered = sum(each.stop - each.start for each in parts)
    coded = _CODED_SHARE_OF_AAC if first.kind == AAC.name else _CODED_SHARE
    rate = sum(each.bits for each in parts) * sample_rate / covered / coded / 1000
    heard = [each.heard for each in parts if each.heard is not None]
    told = {}
    if len(heard) == len(parts):
        told = _told(parts, heard, sample_rate)
    return OriginStretch(
        kind=first.kind,
        start=first.start,
        stop=last.stop,
        start_seconds=first.start / sample_rate,
        seconds=(last.stop - first.start) / sample_rate,
        channels=first.channels,
        kbit_s=round(rate, 1),
        standard_kbit_s=_standard(rate, first.kind),
        gain_db=round(20 * math.log10(first.gain), 4),
        rounding=_most_common(parts),
        share=covered / (last.stop - first.start),
        **told,
    )


def _most_common(parts: Sequence[OriginPart]) -> str:
    """Rounding of most frames."""
    frames: Counter[str] = Counter()
    for each in parts:
        frames[each.rounding] += each.stop - each.start
    return frames.most_common(1)[0][0]


def _told(parts: Sequence[OriginPart], heard: Sequence[Heard], sample_rate: int) -> dict[str, Any]:
    """What decoding told of a stretch."""
    stereo = "mono"
    if parts[0].channels > 1:
        stereo = "joint stereo" if any(each.mid_side for each in heard) else "stereo"
    used = sum(each.used for each in heard)
    # an encoder may let a line beyond pass now and then
    fewest = max(_FEWEST_UNITS, sum(each.units for each in parts) // 100)
    lines = np.flatnonzero(used >= fewest)
    cutoff = float((lines[-1] + 1) / parts[0].lines * sample_rate / 2) if len(lines) else None
    missed = sum(each.missed for each in heard)
    exact = 1 - missed / sum(each.samples for each in heard)
    return {"stereo": stereo, "cutoff_hz": cutoff, "exact": exact}


def _kind(kind: LossyKind, table: int, sample_rate: int) -> str:
    if kind is AAC:
        return kind.name
    rate = RATES[table]
    if rate >= 32000:
        return "MPEG-1 Layer III"
    lowest = rate == 8000 or (rate == 16000 and sample_rate in _QUARTER_RATES)
    return "MPEG-2.5 Layer III" if lowest else "MPEG-2 Layer III"


def _standard(rate: float, kind: str) -> int | None:
    rates = _MPEG2_RATES if kind.startswith("MPEG-2") else _MPEG1_RATES
    nearest = min(rates, key=lambda each: abs(each - rate))
    return nearest if abs(nearest - rate) <= _TOLERANCE * nearest else None
