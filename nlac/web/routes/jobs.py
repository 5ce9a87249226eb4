"""Jobs of encoding: a file with several presets and other codecs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Response
from starlette.responses import StreamingResponse

from nlac.web.answers import Coding, CodingState, Made, Problem, Row
from nlac.web.files.refs import Audio, missing
from nlac.web.files.store import Entry
from nlac.web.http.events import event_stream
from nlac.web.state import State
from nlac.web.work.coding import PEERS, code_with_peer, code_with_preset
from nlac.web.work.job import Job, Unit
from nlac.web.work.jobs import TooMuchWaiting

KIND = "coding"
JobId = Annotated[str, Path(max_length=64)]
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


def presets() -> list[str]:
    """Names of the presets, fastest first."""
    from nlac.codec.encoder.presets import PRESETS

    return list(PRESETS)


def peers() -> dict[str, str]:
    """Labels of the other codecs that are installed, and the suffixes of their files."""
    from nlac.bench.peers import DEFAULT_PEERS, find_peers

    found, _ = find_peers(peer for peer in DEFAULT_PEERS if peer.label in PEERS)
    return {peer.label: peer.suffix for peer in found}


def make_router(state: State) -> APIRouter:
    """Routes of jobs; registers refs of the streams that they make."""
    router = APIRouter(prefix="/api", tags=["encoding"])

    def stream(rest: str) -> Audio:
        job_id, _, preset = rest.partition("/")
        job = state.jobs.find(job_id, KIND)
        entry = state.store.find(job_id)
        if job is None or entry is None or preset not in job.parts or preset not in presets():
            raise missing(f"stream:{rest}")
        name = f"{job.facts['stem']}.{preset}.nlac"
        return Audio(f"stream:{rest}", entry.folder / f"{preset}.nlac", name)

    state.refs.register("stream", stream)

    def find(job_id: str) -> Job:
        job = state.jobs.find(job_id, KIND)
        if job is None:
            raise missing(job_id)
        return job

    @router.post(
        "/jobs",
        status_code=202,
        responses={404: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
    )
    def begin(coding: Coding) -> Made:
        """Encode a file with presets, and with other codecs beside."""
        wrong = sorted(set(coding.presets) - set(presets()))
        if wrong:
            raise HTTPException(
                422, f"preset {wrong[0][:60]!r}: choose from {', '.join(presets())}"
            )
        source = state.refs.find(coding.ref)
        entry = state.store.new()
        held = [entry, *filter(None, [_entry_of(state, coding.ref)])]
        path = str(source.path)
        units = [
            Unit(name, code_with_preset, (path, str(entry.folder / f"{name}.nlac"), name))
            for name in presets() if name in coding.presets
        ]
        for label, suffix in peers().items() if coding.peers else ():
            target = str(entry.folder / (label.replace(" ", "_") + suffix))
            units.append(Unit(label, code_with_peer, (path, target, label)))
        facts = {"source": coding.ref, "stem": source.path.stem}

        def ended(job: Job | None) -> None:
            for one in held:
                state.store.pin(one, -1)
            state.store.measure(entry)

        for one in held:
            state.store.pin(one, 1)
        try:
            job = state.jobs.submit(KIND, units, facts, job_id=entry.id, ended=ended)
        except TooMuchWaiting:
            ended(None)
            state.store.discard(entry)
            raise HTTPException(503, "too much is waiting already; try again later") from None
        return Made(id=job.id)

    @router.get("/jobs/{job_id}", responses=_NOT_FOUND)
    def show(job_id: JobId) -> CodingState:
        """State of a job."""
        return _view(find(job_id))

    @router.get(
        "/jobs/{job_id}/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, **_NOT_FOUND},
    )
    def events(job_id: JobId) -> StreamingResponse:
        """State of a job at each change, as server-sent events."""
        job = find(job_id)
        return event_stream(
            lambda: job.version, lambda: _view(job).model_dump(), lambda: job.is_over
        )

    @router.delete("/jobs/{job_id}", status_code=204, responses=_NOT_FOUND)
    def stop(job_id: JobId) -> Response:
        """Stop a job. What is done of it stays."""
        state.jobs.stop(find(job_id))
        return Response(status_code=204)

    return router


def _entry_of(state: State, ref: str) -> Entry | None:
    """Folder of the store in which a ref's file is, if it is there."""
    kind, _, rest = ref.partition(":")
    return state.store.find(rest.partition("/")[0]) if kind in ("upload", "stream") else None


def _view(job: Job) -> CodingState:
    rows = []
    for name, part in job.parts.items():
        facts = {key: value for key, value in part.facts.items() if key in Row.model_fields}
        preset = name if name in presets() else None
        ref = f"stream:{job.id}/{name}" if preset and part.state == "done" else None
        rows.append(
            Row(codec=f"nlac {name}" if preset else name, preset=preset, ref=ref,
                state=part.state, error=part.error, **facts)
        )  # fmt: skip
    return CodingState(
        id=job.id, source=job.facts["source"], state=job.state, rows=rows,
        error=job.error if job.state == "failed" else "",
    )  # fmt: skip
