"""Training: recipes, data, runs that begin and go on, live."""

from __future__ import annotations

import threading
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from starlette.responses import StreamingResponse

from nlac.web.answers import Made, Problem
from nlac.web.files.refs import missing
from nlac.web.http.events import event_stream
from nlac.web.http.ranges import range_response
from nlac.web.research.answers import (
    RUN_ID_MAX,
    Beginning,
    DatasetFacts,
    DatasetList,
    GoingOn,
    Recipe,
    RecordingList,
    RecordingRow,
    Training,
)
from nlac.web.research.shelves import RUNS, Shelves, gathered
from nlac.web.routes.generation import JobId
from nlac.web.routes.runs import NOT_FOUND
from nlac.web.state import State
from nlac.web.work.job import Job, Unit
from nlac.web.work.jobs import TooMuchWaiting

KIND, PART = "training", "run"
DatasetId = Annotated[str, Query(max_length=RUN_ID_MAX, description="Such as synthetic, data:mine")]
_PATIENCE_SECONDS = 300.0  # a step of a large model, and its checkpoint, take a while
_REFUSED: dict[int | str, dict[str, Any]] = {
    **NOT_FOUND, **{code: {"model": Problem} for code in (403, 409, 501, 503)},
}  # fmt: skip


def make_router(state: State, shelves: Shelves) -> APIRouter:
    """Routes of training."""
    router = APIRouter(prefix="/api", tags=["training"])
    _add_recipes(router)
    _add_datasets(router, shelves)
    _add_trainings(router, state, shelves)
    return router


def _add_recipes(router: APIRouter) -> None:
    @router.get("/recipes")
    def recipes() -> list[Recipe]:
        """The shipped configurations."""
        from nlac.training.config.shipped import describe_config, shipped_configs

        return [Recipe(**describe_config(path)) for path in shipped_configs().values()]


def _add_datasets(router: APIRouter, shelves: Shelves) -> None:
    @router.get("/datasets")
    def datasets() -> DatasetList:
        """What can be trained on: the built-in set, and what `nlac data prepare` made."""
        found, problems = gathered(
            shelves.datasets(), lambda name: DatasetFacts(**shelves.dataset_facts(name))
        )
        return DatasetList(datasets=found, problems=problems)

    @router.get("/datasets/recordings", responses=NOT_FOUND)
    def recordings(
        dataset: DatasetId,
        query: Annotated[str, Query(max_length=200)] = "",
        split: Literal["", "train", "valid", "test"] = "",
        offset: Annotated[int, Query(ge=0, le=1 << 40)] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> RecordingList:
        """Recordings of a dataset whose name or label has a text in it."""
        found = shelves.dataset(dataset)
        wanted = query.casefold()
        rows = [
            RecordingRow(
                index=i, name=each.name, split=each.split, seconds=each.frames / found.rate,
                labels=each.labels, licence=each.licence,
            )
            for i, each in enumerate(found.recordings)
            if split in ("", each.split)
            and any(wanted in str(text).casefold() for text in (each.name, *each.labels.values()))
        ]  # fmt: skip
        return RecordingList(total=len(rows), rows=rows[offset : offset + limit])

    @router.get(
        "/datasets/audio",
        response_class=Response,
        responses={200: {"content": {"audio/wav": {}}}, 416: {"model": Problem}, **NOT_FOUND},
    )
    def audio(
        request: Request,
        dataset: DatasetId,
        index: Annotated[int, Query(ge=0, le=1 << 40)],
        download: bool = False,
    ) -> Response:
        """A recording of a dataset as WAV, with the very samples that are trained on."""
        from nlac.training.generation.files import contained

        found = shelves.dataset(dataset)
        if index >= len(found.recordings):
            raise missing(f"{dataset} {index}")
        name = FilePath(found.recordings[index].name).with_suffix(".wav").name
        data = contained(found.read(index), found.rate, "wav", found.bits)
        return range_response(
            request, len(data), lambda offset, count: data[offset : offset + count],
            media_type="audio/wav", tag=f"{found.manifest_hash[:16]}-{index}",
            download_name=name if download else "",
        )  # fmt: skip


def _add_trainings(router: APIRouter, state: State, shelves: Shelves) -> None:
    lock = threading.Lock()

    def submit(name: str, wish: Any) -> Made:
        from nlac.training.background import train_in_background
        from nlac.training.requirements import need_packages

        need_packages("torch", "safetensors", "yaml")
        unit = Unit(
            PART, train_in_background, (wish,), gentle=True, patience_seconds=_PATIENCE_SECONDS
        )
        for job in state.research.all(KIND):
            if job.facts["run"] == name and not job.is_over:
                raise HTTPException(409, f"{name.partition(':')[2]}: it is being trained already")
        try:
            job = state.research.submit(KIND, [unit], {"run": name})
        except TooMuchWaiting:
            raise HTTPException(503, "too much is waiting already; try again later") from None
        return Made(id=job.id)

    def find(job_id: str) -> Job:
        job = state.research.find(job_id, KIND)
        if job is None:
            raise missing(job_id)
        return job

    @router.post("/trainings", status_code=202, responses=_REFUSED)
    def begin(given: Beginning) -> Made:
        """Train a shipped configuration, as `nlac train` does, in a new run."""
        from nlac.training.background import TrainingWish, check_run_name
        from nlac.training.config.shipped import shipped_configs

        folder = shelves.runs_folder
        if folder is None:
            raise HTTPException(403, "this server was started without --runs")
        name = check_run_name(given.name)
        configs = shipped_configs()
        if given.recipe not in configs:
            raise HTTPException(422, f"recipe {given.recipe!r}: choose from {', '.join(configs)}")
        if given.steps is not None and given.epochs is not None:
            raise HTTPException(422, "steps and epochs: give one of them")
        settings = {
            f"train.{key}": value
            for key in ("steps", "batch", "rate", "seed")
            if (value := getattr(given, key)) is not None
        }
        wish = TrainingWish(
            str(configs[given.recipe]), str(folder / name), shelves.dataset_folder(given.dataset),
            settings, given.epochs or 0.0,
        )  # fmt: skip
        with lock:
            if (folder / name).exists():
                raise HTTPException(409, f"{name}: there is a run or a folder of that name")
            return submit(f"{RUNS}:{name}", wish)

    @router.post("/trainings/resume", status_code=202, responses=_REFUSED)
    def resume(given: GoingOn) -> Made:
        """Go on with a run from its last checkpoint."""
        from nlac.training.background import TrainingWish, resumable

        run = shelves.run(given.run)
        if not given.run.startswith(f"{RUNS}:"):
            raise HTTPException(403, "only runs in the folder of --runs can go on")
        problem = resumable(run.path)
        if problem and not (given.steps and run.state() == "finished"):
            raise HTTPException(409, f"{given.run.partition(':')[2]}: {problem}")
        settings = {} if given.steps is None else {"train.steps": given.steps}
        wish = TrainingWish(str(run.config_path), str(run.path), settings=settings, is_new=False)
        with lock:
            return submit(given.run, wish)

    @router.get("/trainings")
    def everything() -> list[Training]:
        """What was trained since the server began, newest first."""
        return [_view(job) for job in reversed(state.research.all(KIND))]

    @router.get("/trainings/{job_id}", responses=NOT_FOUND)
    def show(job_id: JobId) -> Training:
        """State of training."""
        return _view(find(job_id))

    @router.get(
        "/trainings/{job_id}/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, **NOT_FOUND},
    )
    def events(job_id: JobId) -> StreamingResponse:
        """State of training at each change, as server-sent events."""
        job = find(job_id)
        return event_stream(
            lambda: job.version, lambda: _view(job).model_dump(), lambda: job.is_over
        )

    @router.delete("/trainings/{job_id}", status_code=204, responses=NOT_FOUND)
    def stop(job_id: JobId) -> Response:
        """Stop training after the step of the moment, with a checkpoint, as Ctrl-C does."""
        state.research.stop(find(job_id))
        return Response(status_code=204)


def _view(job: Job) -> Training:
    part = job.parts[PART]
    facts = part.facts
    stage = "writing a checkpoint" if facts.get("stopping") else facts.get("stage", "")
    return Training(
        id=job.id, run=job.facts["run"], state=part.state, stage=stage, step=facts.get("step"),
        steps=facts.get("steps"), lines=facts.get("lines", 0),
        run_state=facts.get("run_state", ""), error=part.error,
    )  # fmt: skip
