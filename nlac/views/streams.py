"""Blocks, segments and bits of a whole stream, as plain values for pictures and pages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlac.views.trace import StreamTrace, open_trace

# points of a curve of bits over the whole stream, at most
_POINTS = 1000


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
        Blocks, segments and bits over time, as the page takes them.
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
        return sum(values) / len(values) if values else None


def view_stream(path: str | os.PathLike[str]) -> StreamView:
    """Look at all of a stream.

    Raises
    ------
    CorruptStream
        A block is damaged.
    """
    num_bytes = os.path.getsize(path)
    with open_trace(os.fspath(path)) as stream:
        samples = stream.frames * stream.header.channels
        trace = _trace(stream)
    return StreamView(num_bytes, 8 * num_bytes / max(1, samples), trace)


def _trace(stream: StreamTrace) -> dict[str, Any]:
    """Blocks and segments; bits by the lengths of blocks."""
    frames, channels = stream.frames, stream.header.channels
    step = max(1, -(-frames // _POINTS))
    places = np.arange(0, frames, step)
    stops = np.array([each.start + each.frames for each in stream.blocks], np.int64)
    rates = np.array([8 * each.bytes / (each.frames * channels) for each in stream.blocks])
    bits = rates[np.searchsorted(stops, places, side="right")]
    return {
        "start": 0,
        "stop": frames,
        "step": step,
        "blocks": [each.as_dict() for each in stream.blocks],
        "segments": [each.as_dict() for each in stream.segments()],
        "bits": [np.round(bits, 4).tolist()],
        "weights": [],
        "histogram": {"edges": [], "counts": [], "expected": []},
    }
