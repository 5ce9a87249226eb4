"""What a stream says about itself, gathered block by block behind the page's back.

A block of the slow presets takes seconds to follow, so the page is answered with what is known, and
asks again. The blocks that were asked for last come first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError
from nlac.api.origin.parts import OriginPart, summarise
from nlac.views.columns import PeakStore, column_edges, peaks_of, plain
from nlac.views.recording import Recording
from nlac.views.trace import BlockView, Histogram, Segment, StreamTrace, Trace, Weights

# frames of a point of what is kept of a block's bits
STEP = 512
# blocks whose residuals are kept as they are, for zooming in and for listening
_MOST_BLOCKS = 4
# beyond, a picture could not show them apart
_MOST_SEGMENTS = 6000
# for a thread that sits in a block, when its file is closed
PATIENCE_SECONDS = 1.0
_one_at_a_time = threading.Semaphore(1)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept of a block."""

    bits: NDArray[np.float32]
    weights: list[Weights]
    histogram: Histogram
    samples_bits: float
    origin: list[OriginPart]


class Tracing:
    """The trace of a stream, as far as it has been followed.

    Parameters
    ----------
    path : Path
        The stream.
    recording : Recording
        Its samples.
    """

    def __init__(self, path: Path, recording: Recording) -> None:
        self._trace = StreamTrace(path)
        self._recording = recording
        dtype = np.dtype(np.float32 if recording.is_float else np.int32)
        self._peaks = PeakStore(recording.frames, recording.channels, dtype)
        self._known: dict[int, _Known] = {}
        self._problems: dict[int, str] = {}
        self._residuals: OrderedDict[int, NDArray[Any]] = OrderedDict()
        self._views: dict[int, BlockView] = {}
        self._segments: dict[int, list[Segment]] = {}
        self._wanted: list[int] = []
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._following = threading.Lock()
        self._closed = False

    def block(self, index: int) -> BlockView:
        """Return what a block's header and side information say.

        Raises
        ------
        CorruptStream
            It is damaged.
        """
        view = self._views.get(index)
        if view is None:
            view = self._trace.block(index)
            self._segments[index] = self._trace.segments(view.start, view.start + view.frames)
            self._views[index] = view
        return view

    def answer(self, start: int, stop: int, points: int) -> dict[str, Any]:
        """What is known of a span; what is not is asked for.

        Parameters
        ----------
        start, stop : int
            Frames.
        points : int
            Points of the curve of bits at most.

        Returns
        -------
        dict
            As the interface describes it in `nlac.web.answers.TraceAnswer`.
        """
        start, stop = self._span(start, stop)
        touched = self._trace.touched(start, stop)
        views = self._described(touched)
        self._ask(list(touched))
        step = STEP * max(1, -(-(stop - start) // (STEP * points)))
        known = [one for one in views if one.index in self._known]
        segments = [
            segment
            for one in views
            for segment in self._segments[one.index]
            if segment.start < stop and start < segment.start + segment.frames
        ]
        histogram = Histogram(self._recording.channels)
        for one in known:
            histogram.counts += self._known[one.index].histogram.counts
            histogram.expected += self._known[one.index].histogram.expected
        problems = self._damage(start, stop)
        done = len(known) + len(problems)
        return {
            "start": start,
            "stop": stop,
            "blocks": [one.as_dict() for one in views],
            "segments": [one.as_dict() for one in segments[:_MOST_SEGMENTS]],
            "segments_left_out": max(0, len(segments) - _MOST_SEGMENTS),
            **self._curve(start, stop, step, known),
            "totals": [
                {"index": one.index, "total": 8 * one.bytes,
                 "samples": self._known[one.index].samples_bits}
                for one in known
            ],
            "weights": [
                weights.as_dict() for one in known for weights in self._weights(one, start, stop)
            ],
            "histogram": histogram.as_dict(),
            "origin": self._origin(),
            "problems": problems,
            "complete": done == len(touched),
            "progress": done / len(touched) if touched else 1.0,
        }  # fmt: skip

    def peaks(self, start: int, stop: int, columns: int, kind: str) -> dict[str, Any]:
        """Peaks of prediction or residual, as `Overview.as_dict` gives those of samples."""
        start, stop = self._span(start, stop)
        if stop - start <= columns:
            values, _ = self._read_around_gaps(start, stop, kind)
            return {"start": start, "stop": stop, "samples": plain(values.T),
                    "damage": self._damage(start, stop)}  # fmt: skip
        edges = column_edges(start, stop, columns, self._recording.frames)
        first, last = int(edges[0]), int(edges[-1])
        if kind == "residual" and last - first > self._recording.sample_rate * 4:
            touched = self._trace.touched(first, last)
            self._ask(list(touched))
            done = sum(index in self._known or index in self._problems for index in touched)
            exact = all(index in self._known for index in touched)
            found = self._peaks.peaks(edges, exact, complete=done == len(touched))
            return {**found.as_dict(), "progress": done / max(1, len(touched)),
                    "damage": self._damage(first, last)}  # fmt: skip
        # of predictions, no eye could tell them from the samples at such a zoom
        far = last - first > self._recording.sample_rate * 4
        values, gaps = self._read_around_gaps(first, last, "samples" if far else kind)
        found = peaks_of(values, edges, first).without(gaps)
        return {**found.as_dict(), "progress": 1.0, "damage": self._damage(first, last)}

    def read(self, start: int, stop: int, kind: str) -> NDArray[Any]:
        """Predictions or residuals of a span, (frames, channels); blocks are followed for it.

        Raises
        ------
        CorruptStream
            A block is damaged.
        """
        pieces = []
        for index in self._trace.touched(start, stop):
            residuals = self._residuals_of(index)
            first = self.block(index).start
            pieces.append(residuals[max(start - first, 0) : stop - first])
        if not pieces:
            return np.zeros((0, self._recording.channels), np.int32)
        found = np.concatenate(pieces)
        return found if kind == "residual" else self._recording.read(start, stop) - found

    def _read_around_gaps(
        self, start: int, stop: int, kind: str
    ) -> tuple[NDArray[Any], list[tuple[int, int]]]:
        """Samples, predictions or residuals of a span, 0 in damaged blocks, and where these are."""
        read = self._recording.read if kind == "samples" else partial(self.read, kind=kind)
        pieces, gaps = [np.zeros((0, self._recording.channels), self._recording.dtype)], []
        for index in self._trace.touched(start, stop):
            begin, end = self._trace.extent(index)
            begin, end = max(begin, start), min(end, stop)
            try:
                pieces.append(read(begin, end))
            except NlacError as error:
                self._problems.setdefault(index, str(error))
                pieces.append(np.zeros((end - begin, *pieces[0].shape[1:]), pieces[0].dtype))
                gaps.append((begin, end))
        return np.concatenate(pieces), gaps

    def _damage(self, start: int, stop: int) -> list[str]:
        touched = self._trace.touched(start, stop)
        return [self._problems[index] for index in touched if index in self._problems]

    def close(self) -> None:
        """End what works in the background, and close the stream."""
        self._closed = True
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(PATIENCE_SECONDS)
        self._trace.close()

    def _span(self, start: int, stop: int) -> tuple[int, int]:
        start = min(max(start, 0), self._recording.frames)
        return start, min(max(stop, start), self._recording.frames)

    def _described(self, indices: range) -> list[BlockView]:
        """Describe blocks; of damaged ones, the problem is noted."""
        views = []
        for index in indices:
            try:
                views.append(self.block(index))
            except NlacError as error:
                self._problems[index] = str(error)
        return views

    def _curve(self, start: int, stop: int, step: int, known: list[BlockView]) -> dict[str, Any]:
        """Bits a sample over time, null where they are not known."""
        points = -(-(stop - start) // step)
        sums = np.zeros((self._recording.channels, points))
        counts = np.zeros(points)
        for one in known:
            bits = self._known[one.index].bits
            at = (one.start + STEP * np.arange(bits.shape[1]) + STEP // 2 - start) // step
            inside = (at >= 0) & (at < points)
            np.add.at(counts, at[inside], 1)
            for channel, row in enumerate(bits):
                np.add.at(sums[channel], at[inside], row[inside])
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.round(np.where(counts, sums / counts, np.nan), 4)
        return {"step": step, "bits": plain(values)}

    def _weights(self, block: BlockView, start: int, stop: int) -> list[Weights]:
        """Weights of a block in a span."""
        found = []
        for one in self._known[block.index].weights:
            first, last = np.searchsorted(one.starts, (start, stop))
            part = slice(max(0, int(first) - 1), int(last))
            # more than a screen has columns would not be seen
            thin = max(1, (part.stop - part.start) // 1000)
            starts, values = one.starts[part][::thin], one.values[part][::thin]
            found.append(Weights(one.channel, one.phase, one.names, starts, values))
        return found

    def _origin(self) -> dict[str, Any] | None:
        """What the samples were before; None until all blocks were followed."""
        indices = self._trace.touched(0, self._trace.frames)
        if not all(one in self._known or one in self._problems for one in indices):
            return None
        parts = [part for one in sorted(self._known) for part in self._known[one].origin]
        found = summarise(parts, self._recording.sample_rate, self._trace.frames)
        return None if found is None else found.to_dict()

    def _ask(self, indices: list[int]) -> None:
        """Have blocks followed, in the background."""
        with self._guard:
            self._wanted = [
                one for one in indices if one not in self._known and one not in self._problems
            ]
            if self._wanted and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, name="nlac-trace", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while not self._closed:
            with self._guard:
                if not self._wanted:
                    self._thread = None
                    return
                index = self._wanted.pop(0)
            with _one_at_a_time:
                if not self._closed:
                    self._follow(index)

    def _follow(self, index: int) -> None:
        """Follow one block, if that has not been done, and keep what the page shows of it."""
        with self._following:
            if index in self._known or index in self._problems:
                return
            try:
                block = self.block(index)
                traced, residuals = self._decoded(block)
            except NlacError as error:
                self._problems[index] = str(error)
                return
            self._keep(index, residuals)
            self._peaks.add(block.start, residuals)
            self._known[index] = _Known(
                traced.bits, traced.weights, traced.histogram, traced.totals[0].samples,
                traced.origin,
            )  # fmt: skip

    def _residuals_of(self, index: int) -> NDArray[Any]:
        kept = self._residuals.get(index)
        if kept is None:
            self._follow(index)
            kept = self._residuals.get(index)
        if kept is None:
            # followed before, and forgotten; or damaged, which is said here
            block = self.block(index)
            with self._following:
                _, kept = self._decoded(block)
                self._keep(index, kept)
        return kept

    def _decoded(self, block: BlockView) -> tuple[Trace, NDArray[Any]]:
        """What coding a block took, and its residuals."""
        found: list[NDArray[Any]] = []
        traced = self._trace.trace(
            block.start, block.start + block.frames, STEP,
            lambda one: found.append(one.residual_samples()),
        )  # fmt: skip
        return traced, found[0]

    def _keep(self, index: int, residuals: NDArray[Any]) -> None:
        self._residuals[index] = residuals
        while len(self._residuals) > _MOST_BLOCKS:
            self._residuals.popitem(last=False)
