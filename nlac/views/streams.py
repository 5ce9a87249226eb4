"""Blocks, segments and bits of a whole stream, as plain values for pictures and pages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from nlac.views.trace import open_trace


@dataclass(frozen=True, slots=True)
class StreamView:
    """What a stream says about itself.

    Attributes
    ----------
    bytes : int
        Length of the stream.
    bits_per_sample : float
        Bits of the whole stream over samples.
    trace : dict
        What `nlac.views.trace.Trace.as_dict` tells of the whole stream.
    """

    bytes: int
    bits_per_sample: float
    trace: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"bytes": self.bytes, "bits_per_sample": self.bits_per_sample, **self.trace}

    def bits_at(self, frame: int) -> float | None:
        """Bits a sample at a frame, over all channels."""
        place = (frame - self.trace["start"]) // self.trace["step"]
        values = [row[place] for row in self.trace["bits"] if place < len(row)]
        return round(sum(values) / len(values), 4) if values else None


def view_stream(path: str | os.PathLike[str]) -> StreamView:
    """Look at all of a stream, which is decoded for it, a block at a time.

    Raises
    ------
    CorruptStream
        A block is damaged.
    """
    num_bytes = os.path.getsize(path)
    with open_trace(os.fspath(path)) as stream:
        samples = stream.frames * stream.header.channels
        trace = stream.trace().as_dict()
    return StreamView(num_bytes, 8 * num_bytes / max(1, samples), trace)
