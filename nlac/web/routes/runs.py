"""Runs and models: what there is, all about one, its curves, its files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import FileResponse

from nlac.training.runs.folder import RunFolder
from nlac.web.answers import Problem
from nlac.web.files.refs import inside, missing
from nlac.web.research.answers import (
    RUN_ID_MAX,
    Metrics,
    ModelFacts,
    ModelList,
    RunFacts,
    RunList,
    RunRow,
)
from nlac.web.research.shelves import Shelves, gathered
from nlac.web.state import State

RunId = Annotated[str, Query(max_length=RUN_ID_MAX, description="Such as runs:first")]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
# what may be fetched of a run: what it made, not its settings or weights
_SHOWN = ("results/", "artifacts/")
_SUFFIXES = (".wav", ".png", ".json")


def make_router(state: State, shelves: Shelves) -> APIRouter:
    """Routes of runs and models."""
    router = APIRouter(prefix="/api", tags=["models"])

    @router.get("/runs")
    def runs() -> RunList:
        """All runs in the server's folders, newest first."""
        rows, problems = gathered(shelves.runs(), lambda each: _row(shelves, *each))
        rows.sort(key=lambda row: row.begin, reverse=True)
        return RunList(runs=rows, problems=problems)

    @router.get("/runs/facts", responses=NOT_FOUND)
    def facts(run: RunId) -> RunFacts:
        """All about a run."""
        from nlac.training.runs.description import describe_run

        folder = shelves.run(run)
        return RunFacts(**{**describe_run(folder), **_row(shelves, run, folder).model_dump()})

    @router.get("/runs/metrics", responses=NOT_FOUND)
    def metrics(run: RunId, after: Annotated[int, Query(ge=-1)] = -1) -> Metrics:
        """Figures of training and validation by step, those after a step."""
        folder = shelves.run(run)
        records = [each for each in folder.metrics() if each.get("step", 0) > after]
        return Metrics(state=folder.state(), records=records)

    @router.get(
        "/runs/file",
        response_class=FileResponse,
        responses={200: {"content": {"application/octet-stream": {}}}, **NOT_FOUND},
    )
    def file(run: RunId, name: Annotated[str, Query(max_length=RUN_ID_MAX)]) -> FileResponse:
        """A sound, picture or table that a run made."""
        folder = shelves.run(run)
        if not name.startswith(_SHOWN) or not name.endswith(_SUFFIXES):
            raise missing(name)
        path = inside(folder.path, name)
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    @router.get("/models")
    def models() -> ModelList:
        """Models of the predictors cnn and gru: those that are shipped, and those of the folder."""
        found, problems = gathered(
            shelves.models(), lambda each: ModelFacts(**shelves.model_facts(*each))
        )
        return ModelList(models=found, problems=problems)

    return router


def _row(shelves: Shelves, name: str, run: RunFolder) -> RunRow:
    from nlac.training.background import resumable
    from nlac.training.runs.table import summary

    return RunRow(
        **{
            **summary(run),
            "id": name,
            "path": shelves.shown_path(name),
            "has_weights": run.best.is_file() or run.last.is_file(),
            "goes_on": resumable(run.path),
        }
    )
