"""Two recordings beside each other: whether they are the same, and how they differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from nlac.web.answers import Problem
from nlac.web.routes.views import Frame, PeaksAnswer
from nlac.web.state import State

if TYPE_CHECKING:
    from nlac.views.compare import Difference
    from nlac.views.recording import Recording

_RESPONSES: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
# of longer spans a picture is made of pieces of each column
_MOST_FRAMES = 1 << 21
_PIECE = 1024
Ref = Annotated[str, Query(max_length=4096)]


class PlaceAnswer(BaseModel):
    """A sample."""

    frame: int
    channel: int
    seconds: float


class ComparisonAnswer(BaseModel):
    """Whether two recordings are the same, and where not; see `nlac.views.compare.Comparison`."""

    identical: bool
    same_format: bool
    comparable: bool
    frames_a: int
    frames_b: int
    frames_compared: int
    differing_samples: int
    first_difference: PlaceAnswer | None
    last_difference: PlaceAnswer | None
    peak_difference: float
    peak_difference_lsb: int | None
    peak_difference_dbfs: float | None
    rms_difference_dbfs: float | None
    peak_place: PlaceAnswer | None


class SpectraAnswer(BaseModel):
    """Mean spectra, in decibels at equal steps from 0 Hz to the Nyquist frequency."""

    a: list[float]
    b: list[float]
    difference: list[float]


def make_router(state: State) -> APIRouter:
    """Routes of comparisons."""
    router = APIRouter(prefix="/api/compare", tags=["compare"])

    @contextmanager
    def both(a: str, b: str) -> Iterator[tuple[Recording, Recording]]:
        files = state.refs.find(a), state.refs.find(b)
        with state.files.use(files[0]) as first, state.files.use(files[1]) as second:
            yield first.recording, second.recording

    @router.get("", responses=_RESPONSES)
    def show(a: Ref, b: Ref) -> ComparisonAnswer:
        """Compare all samples of two recordings."""
        from nlac.views.compare import compare

        with both(a, b) as (first, second):
            return ComparisonAnswer(**compare(first, second).to_dict())

    @router.get("/peaks", responses=_RESPONSES)
    def peaks(
        a: Ref,
        b: Ref,
        columns: Annotated[int, Query(ge=1, le=8192)] = 1000,
        start: Frame = 0,
        stop: Frame | None = None,
    ) -> PeaksAnswer:
        """Waveform of the difference; of long spans from parts of each column."""
        from nlac.views.compare import Difference

        with both(a, b) as (first, second):
            return PeaksAnswer(**_peaks(Difference(first, second), start, stop, columns))

    @router.get("/spectrum", responses=_RESPONSES)
    def spectrum(
        a: Ref,
        b: Ref,
        start: Frame = 0,
        stop: Frame | None = None,
        bins: Annotated[int, Query(ge=7, le=12, description="Binary logarithm of the steps")] = 10,
    ) -> SpectraAnswer:
        """Mean spectra of a span of both, and of their difference."""
        from nlac.views.compare import Difference
        from nlac.views.mean_spectrum import mean_spectrum

        with both(a, b) as (first, second):
            end = max(first.frames, second.frames) if stop is None else stop
            parts = (first, second, Difference(first, second))
            spectra = [mean_spectrum(part, start, max(start, end), 1 << bins) for part in parts]
        lists = [one.round(2).tolist() for one in spectra]
        return SpectraAnswer(a=lists[0], b=lists[1], difference=lists[2])

    return router


def _peaks(both: Difference, start: int, stop: int | None, columns: int) -> dict[str, Any]:
    import numpy as np

    from nlac.views.columns import column_edges, peaks_of, plain

    end = both.frames if stop is None else min(stop, both.frames)
    start = min(start, end)
    if end - start <= columns:
        return {"start": start, "stop": end, "samples": plain(both.read(start, end).T)}
    edges = column_edges(start, end, columns, both.frames)
    first, last = int(edges[0]), int(edges[-1])
    if last - first <= _MOST_FRAMES:
        return {**peaks_of(both.read(first, last), edges, first).as_dict(), "progress": 1.0}
    low, high = [], []
    for begin, stop_ in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = both.read(begin, min(stop_, begin + _PIECE))
        low.append(part.min(axis=0))
        high.append(part.max(axis=0))
    return {
        "start": first, "stop": last, "columns": len(low), "low": plain(np.array(low).T),
        "high": plain(np.array(high).T), "exact": False, "progress": 1.0,
    }  # fmt: skip
