"""Blocks, segments and bits of a whole stream, as plain values for pictures and pages."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlac._errors import NlacError
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
    damaged : bool
        Blocks are missing.
    """

    bytes: int
    bits_per_sample: float
    trace: dict[str, Any]
    residual: PeakStore
    damaged: bool = False

    def residual_peaks(self, frames: int, columns: int) -> dict[str, Any]:
        """Peaks of the residuals of all `frames`, as plain values."""
        # no finer than what is kept
        edges = column_edges(0, frames, max(1, min(columns, frames // FINE_FRAMES)), frames)
        found = self.residual.peaks(edges, exact=not self.damaged, complete=True)
        return {**found.as_dict(), "progress": 1.0}

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"bytes": self.bytes, "bits_per_sample": self.bits_per_sample, **self.trace}

    def origin_lines(self) -> list[str]:
        """What the samples were before they were coded, in words; nothing unless blocks tell."""
        origin = self.trace["origin"]
        return [] if origin is None else list(origin["summary"])

    def bits_at(self, frame: int) -> float | None:
        """Bits a sample at a frame, over all channels; None where they are not known."""
        place = (frame - self.trace["start"]) // self.trace["step"]
        values = [row[place] for row in self.trace["bits"] if place < len(row)]
        known = values and None not in values
        return round(sum(values) / len(values), 4) if known else None


def view_stream(
    path: str | os.PathLike[str], tell: Callable[[NlacError], None] | None = None
) -> StreamView:
    """Look at all of a stream, which is decoded for it, a block at a time.

    Parameters
    ----------
    path : path
        The stream.
    tell : callable, optional
        Called with what is wrong with damaged blocks, which are left out.

    Raises
    ------
    CorruptStream
        A block is damaged, and there is nobody to tell.
    """
    num_bytes = os.path.getsize(path)
    with open_trace(os.fspath(path)) as stream:
        samples = stream.frames * stream.header.channels
        dtype = np.dtype(np.float32 if stream.header.is_float else np.int32)
        residual = PeakStore(stream.frames, stream.header.channels, dtype)
        trace = stream.trace(
            observe=lambda block: residual.add(block.start, block.residual_samples()), tell=tell
        )
        damaged = len(trace.blocks) < len(stream.touched(0, stream.frames))
    rate = 8 * num_bytes / max(1, samples)
    return StreamView(num_bytes, rate, trace.as_dict(), residual, damaged)
