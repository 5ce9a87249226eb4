"""What the lines of a cue sheet consist of: words, numbers, positions."""

from __future__ import annotations

import re
from fractions import Fraction

from nlac._errors import CueSheetError
from nlac.metadata.cue_sheet.model import SECTORS_PER_SECOND

_SECTORS = re.compile(r"(\d{1,6}):([0-5]?\d):(\d{1,2})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,6}):([0-5]?\d\.\d{1,9})", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_SMALL = re.compile(r"\d{1,3}", re.ASCII)
_WORD = re.compile(r'\s*(?:"([^"]*)"(?=\s|$)|([^\s"]+)(?=\s|$))')


class LineReader:
    """Reads the values of lines; errors tell the line.

    Parameters
    ----------
    sample_rate : int
        Frames a second.

    Attributes
    ----------
    line : int
        Number of the present line.
    in_sectors : bool
        No position was in another form than ``MM:SS:FF``.
    cd_faults : list of CueSheetError
        What would be wrong in the sheet of a compact disc.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.line = 0
        self.in_sectors = True
        self.cd_faults: list[CueSheetError] = []

    def words(self, command: str, rest: str, *wanted: str) -> list[str]:
        """As many words as are wanted, with or without quotes."""
        words: list[str] = []
        place = 0
        while rest[place:].strip():
            match = _WORD.match(rest, place)
            if match is None:
                raise self.error(f"{command}: a quotation mark where none belongs")
            words.append(match[1] if match[1] is not None else match[2])
            place = match.end()
            if len(words) > len(wanted):
                raise self.error(f"{command} has more than {' and '.join(wanted)}; quote spaces")
        if len(words) < len(wanted):
            raise self.error(f"{command} lacks {wanted[len(words)]}")
        return words

    def position(self, text: str) -> int:
        """Frames of a position, or of a length."""
        if match := _SECTORS.fullmatch(text):
            minutes, seconds, sectors = (int(part) for part in match.groups())
            if sectors < SECTORS_PER_SECOND:
                count = (60 * minutes + seconds) * SECTORS_PER_SECOND + sectors
                return count * self.sample_rate // SECTORS_PER_SECOND
        self.in_sectors = False
        self.fault(f"{text[:40]!r}: positions of a compact disc are MM:SS:FF, FF below 75")
        if match := _CLOCK.fullmatch(text):
            return int((60 * int(match[1]) + Fraction(match[2])) * self.sample_rate)
        if _WHOLE.fullmatch(text):
            return int(text)
        raise self.error(f"{text[:40]!r} is no position: MM:SS:FF, MM:SS.fff or frames")

    def whole(self, text: str, what: str) -> int:
        """A number of up to 18 digits."""
        if not _WHOLE.fullmatch(text):
            raise self.error(f"{text[:40]!r} is not {what}")
        return int(text)

    def small(self, text: str, what: str) -> int:
        """A number of up to 3 digits."""
        if not _SMALL.fullmatch(text):
            raise self.error(f"{text[:40]!r} is not {what}")
        return int(text)

    def error(self, reason: str) -> CueSheetError:
        """The error of a rule that the present line breaks."""
        return CueSheetError(reason, self.line)

    def fault(self, reason: str) -> None:
        """Note what would be wrong in the sheet of a compact disc."""
        self.cd_faults.append(self.error(reason))
