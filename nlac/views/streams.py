"""Blocks, segments and bits of a whole stream, as plain values for pictures and pages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlac.views.columns import FINE_FRAMES, PeakStore, column_edges
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
    residual : PeakStore
        Peaks of the residuals.
    """

    bytes: int
    bits_per_sample: float
    trace: dict[str, Any]
    residual: PeakStore

    def residual_peaks(self, frames: int, columns: int) -> dict[str, Any]:
        """Peaks of the residuals of all `frames`, as plain values."""
        # no finer than what is kept
        edges = column_edges(0, frames, max(1, min(columns, frames // FINE_FRAMES)), frames)
        return {**self.residual.peaks(edges, True).as_dict(), "progress": 1.0}

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
        dtype = np.dtype(np.float32 if stream.header.is_float else np.int32)
        residual = PeakStore(stream.frames, stream.header.channels, dtype)
        trace = stream.trace(
            observe=lambda block: residual.add(block.start, block.residual_samples())
        ).as_dict()
    return StreamView(num_bytes, 8 * num_bytes / max(1, samples), trace, residual)
