"""What was recovered of a lossy stream."""

from __future__ import annotations

from typing import Any, NamedTuple

from nlac.predictors.origin.lossy import Lossy


class Recovered(NamedTuple):
    """A stretch of samples, and the spectra that it was decoded from.

    Attributes
    ----------
    lossy : Lossy
        Kind of the lossy stream.
    begin, end : int
        Frames.
    shift : int
        Frame `begin` is sample `shift` of what the units give, at most ``lossy.kind.most_shift``.
    gain : float
        What the decoder's output was multiplied by, at 16 bits.
    table : int
        Table of bands.
    units : Granules or Frames
        As many as the stretch needs.
    """

    lossy: Lossy
    begin: int
    end: int
    shift: int
    gain: float
    table: int
    units: Any

    def within(self, begin: int, end: int) -> Recovered | None:
        """Return what is between two frames, counted from the first of these; None if nothing is.

        Parameters
        ----------
        begin, end : int
            Frames.
        """
        first, last = max(self.begin, begin), min(self.end, end)
        if last <= first:
            return None
        kind = self.lossy.kind
        place = self.shift + first - self.begin
        # units before the first frame of which nothing is heard are left out
        unit = max(place // kind.lines - kind.lead, 0)
        shift = place - kind.lines * unit
        units = self.units.part(unit, unit + kind.units(shift, last - first))
        return self._replace(begin=first - begin, end=last - begin, shift=shift, units=units)
