"""Kinds of lossy streams whose spectra a block can hold, and numbers in such blocks."""

from __future__ import annotations

from dataclasses import dataclass

ORIGIN = 7  # kind of block, in place of the coder of an `lpc` block
UNITY_GAIN = 1 << 30
NEAREST, DOWN, TOWARDS_ZERO = range(3)  # how the decoder rounded


@dataclass(frozen=True)
class LossyKind:
    """A kind of lossy stream. Its *units* are granules of Layer III, or frames of AAC.

    Attributes
    ----------
    number : int
        In streams.
    name : str
        For users.
    lines : int
        Lines of a unit and channel, and samples that it adds.
    lead : int
        Units before the one of a sample that are heard in it.
    tables : int
        Number of tables of bands.
    """

    number: int
    name: str
    lines: int
    lead: int
    tables: int

    @property
    def most_shift(self) -> int:
        """Most samples of a synthesis before those of a section."""
        return (self.lead + 1) * self.lines - 1

    @property
    def least_frames(self) -> int:
        """Least frames of a section."""
        return 2 * self.lines

    def units(self, shift: int, frames: int) -> int:
        """Number of units of a section."""
        return -(-(shift + frames) // self.lines)


LAYER3 = LossyKind(0, "MPEG audio Layer III", 576, 2, 7)
AAC = LossyKind(1, "AAC-LC", 1024, 1, 7)
KINDS = (LAYER3, AAC)
