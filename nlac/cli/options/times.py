"""Positions in a recording, as ``--skip`` and ``--until`` take them.

A time is a number of seconds (``90``, ``1.5``, also ``1.5s``) or ``mm:ss.fff`` (``1:30``,
``0:02.5``; hours may come before). A number of frames has an ``f`` behind it (``441000f``,
also ``441000 frames``). A sign in front
changes what the position counts from: ``+`` the place that ``--skip`` gave,
``-`` the end. Times are exact fractions; one that falls between two frames
means the earlier.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from nlac._errors import FormatError, UsageError

if TYPE_CHECKING:
    from fractions import Fraction

_FRAMES = r"([0-9]+) ?(?:f|frames?)"
_SECONDS = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?: ?(?:s|seconds?))?"
_TIME = r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d*)?)"


@dataclass(frozen=True, slots=True)
class Position:
    """A position on the command line, before rate and length are known.

    Parameters
    ----------
    sign : str
        ``"+"``, ``"-"`` or empty.
    frames : int or None
        The number, where it was given in frames.
    seconds : Fraction or None
        The number, where it was given as a time.
    """

    sign: str
    frames: int | None
    seconds: Fraction | None

    def resolve(self, sample_rate: int, num_frames: int | None, skip: int = 0) -> int:
        """Return the frame that is meant.

        Parameters
        ----------
        sample_rate : int
            Frames a second.
        num_frames : int or None
            Length of the recording; None: unknown.
        skip : int
            What ``+`` counts from.

        Raises
        ------
        UsageError
            If it lies outside the recording, or counts from an unknown end.
        """
        if self.frames is not None:
            count = self.frames
        else:
            assert self.seconds is not None
            count = int(self.seconds * sample_rate)
        if self.sign == "-":
            if num_frames is None:
                raise UsageError("the length is not known, so nothing can be counted from the end")
            place = num_frames - count
        else:
            place = count + (skip if self.sign == "+" else 0)
        if place < 0:
            raise UsageError(f"a position {count} frames before the end lies before the beginning")
        if num_frames is not None and place > num_frames:
            end = f"{num_frames}, {num_frames / sample_rate:.3f} s"
            raise UsageError(f"frame {place} lies behind the end, which is at {end}")
        return place


def parse_position(text: str) -> Position:
    """Read a position.

    Raises
    ------
    UsageError
        If `text` is none.

    Examples
    --------
    >>> parse_position("-1:30.5")
    Position(sign='-', frames=None, seconds=Fraction(181, 2))
    """
    from fractions import Fraction

    sign = text[:1] if text[:1] in ("+", "-") else ""
    number = text[len(sign) :]
    if match := re.fullmatch(_FRAMES, number):
        return Position(sign, int(match[1]), None)
    if match := re.fullmatch(_SECONDS, number):
        return Position(sign, None, Fraction(f"0{match[1].rstrip('.')}"))
    match = re.fullmatch(_TIME, number)
    if match and number.isascii():
        hours, minutes, seconds = match.groups()
        whole = (int(hours or 0) * 60 + int(minutes)) * 60 + Fraction(seconds.rstrip("."))
        if Fraction(seconds.rstrip(".")) < 60 and (hours is None or int(minutes) < 60):
            return Position(sign, None, whole)
    raise UsageError(
        f"{text!r} is not a position; write seconds (1.5), mm:ss.fff (1:30.5) or frames (441000f), "
        "with + for relative to where the part begins, or - for before the end"
    )


def position_option(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> Position | None:
    """Turn the text of ``--skip`` or ``--until`` into a position (a callback for click)."""
    try:
        return None if value is None else parse_position(value)
    except UsageError as error:
        raise click.BadParameter(str(error), ctx, param) from error


class Seconds(click.FloatRange):
    """A length of time in seconds: more than 0, and no more than a day."""

    name = "seconds"

    def __init__(self) -> None:
        super().__init__(0, 86_400, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Refuse what is no number as well: comparisons do not."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is no length of time", param, ctx)
        return seconds


class BlockSeconds(click.FloatRange):
    """Length of a block in seconds, more than 0, or the word ``auto``."""

    name = "seconds"

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take the word, or a number."""
        return "auto" if value == "auto" else super().convert(value, param, ctx)


SECONDS = Seconds()
BLOCK_SECONDS = BlockSeconds()


def frame_range(
    file: BinaryIO, skip: Position | None, until: Position | None, recover: bool
) -> tuple[int, int | None]:
    """Frames of a stream from one position to another.

    Parameters
    ----------
    file : binary file object
        The stream.
    skip, until : Position or None
        What ``--skip`` and ``--until`` were given.
    recover : bool
        Whether the stream may be damaged.

    Raises
    ------
    UsageError
        The positions do not lie in the stream, or not in this order.
    """
    if skip is None and until is None:
        return 0, None
    sample_rate, num_frames = _extent(file, recover)
    start = skip.resolve(sample_rate, num_frames) if skip else 0
    if until is None:
        return start, num_frames
    stop = until.resolve(sample_rate, num_frames, start)
    if stop < start:
        raise UsageError(f"--until (frame {stop}) lies before --skip (frame {start})")
    return start, stop


def _extent(file: BinaryIO, recover: bool) -> tuple[int, int | None]:
    """Sample rate and length of a stream; None where damage hides the length."""
    import nlac
    from nlac._files import open_input
    from nlac.bitstream.reader import read_header

    try:
        facts = nlac.info(file)
        return facts.sample_rate, facts.num_frames
    except FormatError:
        if not recover:
            raise
    with open_input(file) as opened:
        return read_header(opened).sample_rate, None
