"""What the page draws: waveforms, spectrograms, and what streams say about themselves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field

from nlac.web.answers import Problem
from nlac.web.files.refs import Kind
from nlac.web.state import State

_RESPONSES: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
Ref = Annotated[str, Query(max_length=4096)]
Frame = Annotated[int, Query(ge=0, lt=1 << 62)]
Number = float | int | None


class PeaksAnswer(BaseModel):
    """Lowest and highest samples of the columns of a waveform, or the samples themselves."""

    start: int
    stop: int
    columns: int | None = None
    low: list[list[Number]] | None = Field(None, description="A list for each channel")
    high: list[list[Number]] | None = None
    exact: bool | None = Field(None, description="All samples of all columns were seen")
    complete: bool | None = Field(None, description="No more will come; the rest is damaged")
    known: list[bool] | None = Field(None, description="Columns of which samples were seen")
    progress: float | None = Field(None, description="Share of the recording that was seen")
    samples: list[list[Number]] | None = None
    damage: list[str] = Field([], description="What was found damaged by now, and is silent")


class TraceAnswer(BaseModel):
    """What a stream says about itself in a span, as far as it has been followed."""

    start: int
    stop: int
    step: int
    blocks: list[dict[str, Any]]
    segments: list[dict[str, Any]]
    segments_left_out: int
    bits: list[list[Number]] = Field(description="Bits a sample, `step` frames each, by channel")
    totals: list[dict[str, Any]]
    weights: list[dict[str, Any]]
    histogram: dict[str, Any]
    origin: dict[str, Any] | None = Field(
        description="What the samples were before, as `nlac analyze --json`; null of most, and "
        "until all blocks were followed"
    )
    problems: list[str]
    complete: bool
    progress: float


def make_router(state: State) -> APIRouter:
    """Routes of views."""
    router = APIRouter(prefix="/api", tags=["views"])

    @router.get("/peaks", responses=_RESPONSES, response_model_exclude_none=False)
    def peaks(
        ref: Ref,
        columns: Annotated[int, Query(ge=1, le=8192)] = 1000,
        start: Frame = 0,
        stop: Frame | None = None,
        kind: Kind = "original",
    ) -> PeaksAnswer:
        """Waveform of a recording, or of its prediction or residual."""
        with state.files.use(state.refs.find(ref)) as file:
            end = file.recording.frames if stop is None else stop
            if kind == "original":
                found = file.overview.as_dict(start, end, columns)
                found["damage"] = list(file.overview.damage)
            else:
                found = file.tracing.peaks(start, end, columns, kind)
        return PeaksAnswer(**found)

    @router.get(
        "/spectrogram",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}}, **_RESPONSES},
    )
    def spectrogram(
        ref: Ref,
        width: Annotated[int, Query(ge=1, le=4096)],
        height: Annotated[int, Query(ge=1, le=1024)],
        start: Frame = 0,
        stop: Frame | None = None,
        channel: Annotated[int, Query(ge=0, le=254)] = 0,
    ) -> Response:
        """Levels in bytes, row by row from the Nyquist frequency down to 0 Hz.

        255 is a sine of full scale, 0 one of -120 dB or less.
        """
        with state.files.use(state.refs.find(ref)) as file:
            end = file.recording.frames if stop is None else min(stop, file.recording.frames)
            if channel >= file.recording.channels:
                raise HTTPException(422, f"channel {channel} of {file.recording.channels}")
            if start >= end:
                raise HTTPException(422, f"frames {start} to {end}: at least one is needed")
            picture = file.overview.spectrogram(start, end, width, height, channel)
            progress = file.overview.progress
        return Response(
            picture.tobytes(), media_type="application/octet-stream",
            headers={"X-Progress": f"{progress:.4f}"},
        )  # fmt: skip

    @router.get("/trace", responses=_RESPONSES)
    def trace(
        ref: Ref,
        start: Frame = 0,
        stop: Frame | None = None,
        points: Annotated[int, Query(ge=1, le=8192)] = 1000,
    ) -> TraceAnswer:
        """What an nlac file says about itself: blocks, segments, bits, weights."""
        with state.files.use(state.refs.find(ref)) as file:
            end = file.recording.frames if stop is None else stop
            return TraceAnswer(**file.tracing.answer(start, end, points))

    return router
