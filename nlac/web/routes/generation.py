"""Generation: audio of a run's model, heard while it is made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response
from starlette.responses import StreamingResponse

from nlac.web.answers import Made, Problem
from nlac.web.files.refs import Audio, missing
from nlac.web.http.events import event_stream
from nlac.web.research.answers import Generating, Generation
from nlac.web.research.shelves import Shelves
from nlac.web.routes.runs import NOT_FOUND
from nlac.web.state import State
from nlac.web.work.job import DONE, Job, Unit
from nlac.web.work.jobs import TooMuchWaiting

KIND, PART = "generation", "audio"
JobId = Annotated[str, Path(max_length=64)]
_MOST_BYTES = 1 << 22  # of samples in an answer


def make_router(state: State, shelves: Shelves) -> APIRouter:
    """Routes of generation; registers refs of what is made."""
    router = APIRouter(prefix="/api", tags=["generation"])

    def audio(job_id: str) -> Audio:
        from nlac.training.generation.live import AUDIO

        entry = state.store.find(job_id)
        if state.research.find(job_id, KIND) is None or entry is None:
            raise missing(f"generated:{job_id}")
        return Audio(f"generated:{job_id}", entry.folder / AUDIO, entry.name)

    state.refs.register("generated", audio)

    def find(job_id: str) -> Job:
        job = state.research.find(job_id, KIND)
        if job is None:
            raise missing(job_id)
        return job

    @router.post(
        "/generations",
        status_code=202,
        responses={**NOT_FOUND, 501: {"model": Problem}, 503: {"model": Problem}},
    )
    def begin(wish: Generating) -> Made:
        """Make audio with the model of a run, as `nlac generate` does."""
        from nlac.training.generation.live import Wish, generate_live
        from nlac.training.generation.sampling import Sampling
        from nlac.training.requirements import need_packages

        need_packages("torch", "safetensors", "yaml")
        run = shelves.run(wish.run)
        prime = None if wish.prime is None else str(state.refs.find(wish.prime).path)
        sampling = Sampling(wish.temperature, wish.top_k, wish.top_p, wish.seed)
        made = Wish(
            str(run.path), wish.seconds, sampling, wish.label or None, prime,
            None if prime is None else wish.prime_seconds,
        )  # fmt: skip
        entry = state.store.new(f"{run.path.name}-{wish.seed}.wav")
        state.store.pin(entry, 1)

        def ended(job: Job) -> None:
            state.store.pin(entry, -1)
            state.store.measure(entry)

        unit = Unit(PART, generate_live, (made, str(entry.folder)), gentle=True)
        facts = {"wish": wish.model_dump()}
        try:
            state.research.submit(KIND, [unit], facts, job_id=entry.id, ended=ended)
        except TooMuchWaiting:
            state.store.discard(entry)
            raise HTTPException(503, "too much is waiting already; try again later") from None
        return Made(id=entry.id)

    @router.get("/generations")
    def everything() -> list[Generation]:
        """What was made since the server began, newest first."""
        return [_view(job, state) for job in reversed(state.research.all(KIND))]

    @router.get("/generations/{job_id}", responses=NOT_FOUND)
    def show(job_id: JobId) -> Generation:
        """State of a generation."""
        return _view(find(job_id), state)

    @router.get(
        "/generations/{job_id}/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, **NOT_FOUND},
    )
    def events(job_id: JobId) -> StreamingResponse:
        """State of a generation at each change, as server-sent events."""
        job = find(job_id)
        return event_stream(
            lambda: job.version, lambda: _view(job, state).model_dump(), lambda: job.is_over
        )

    @router.get(
        "/generations/{job_id}/samples",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}}, **NOT_FOUND},
    )
    def samples(job_id: JobId, start: Annotated[int, Query(ge=0, le=1 << 40)] = 0) -> Response:
        """Frames from one on, as many as there are by now: 16 bits, little-endian, interleaved."""
        from nlac.training.generation.live import SAMPLES

        facts = find(job_id).parts[PART].facts
        entry = state.store.find(job_id)
        size = 2 * int(facts.get("channels", 1))
        end = size * int(facts.get("frames", 0))
        if entry is None:
            raise missing(job_id)
        if size * start >= end:
            return Response(b"", media_type="application/octet-stream")
        with open(entry.folder / SAMPLES, "rb") as file:
            file.seek(size * start)
            data = file.read(min(end - size * start, _MOST_BYTES))
        return Response(data, media_type="application/octet-stream")

    @router.delete("/generations/{job_id}", status_code=204, responses=NOT_FOUND)
    def stop(job_id: JobId) -> Response:
        """Stop a generation. What there is of it stays."""
        state.research.stop(find(job_id))
        return Response(status_code=204)

    return router


def _view(job: Job, state: State) -> Generation:
    part = job.parts[PART]
    facts = part.facts
    is_whole = part.state == DONE or bool(facts.get("kept"))
    return Generation(
        id=job.id, run=job.facts["wish"]["run"], wish=Generating(**job.facts["wish"]),
        state=part.state, stage=facts.get("stage", ""), error=part.error,
        rate=facts.get("rate"), channels=facts.get("channels"), frames=facts.get("frames", 0),
        total=facts.get("total"), device=facts.get("device", ""),
        begins_with=facts.get("begins_with", ""), unused=facts.get("unused", []),
        took_seconds=facts.get("took_seconds"),
        ref=f"generated:{job.id}" if is_whole and state.store.find(job.id) is not None else None,
    )  # fmt: skip
