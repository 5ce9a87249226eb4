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
