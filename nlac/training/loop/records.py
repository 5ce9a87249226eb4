"""What a run tells while it goes on: a log, lines of metrics, curves, metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from nlac.training.loop.board import Show, board
from nlac.training.recipes.base import Recipe
from nlac.training.runs.environment import now
from nlac.training.runs.folder import RunFolder

Tell = Callable[[str], None]
Report = Callable[[dict[str, Any]], None]


class Records:
    """Writer of the records of a run; that of all but the first of several processes is silent.

    Parameters
    ----------
    run : RunFolder or None
        The run; None writes nothing.
    tell : callable
        Called with lines for the user.
    report : callable
        Called with each line of metrics.
    """

    def __init__(self, run: RunFolder | None, tell: Tell, report: Report) -> None:
        self._run, self._tell, self._report = run, tell, report
        self._log: TextIO | None = None
        self._show: Show = lambda record: None

    @contextmanager
    def opened(self, step: int) -> Iterator[None]:
        """Context in which records are written; metrics of steps after `step` are dropped first."""
        if self._run is None:
            yield
            return
        self._run.forget_later_metrics(step)
        with (
            open(self._run.log_path, "a", encoding="utf-8") as log,
            board(self._run.tensorboard, step) as show,
        ):
            self._log, self._show = log, show
            try:
                yield
            finally:
                self._log, self._show = None, lambda record: None

    def say(self, text: str) -> None:
        """Tell the user, and write it to the log."""
        if self._run is not None:
            self.note(text)
            self._tell(text)

    def note(self, text: str) -> None:
        """Write a line to the log only."""
        if self._log is not None:
            self._log.write(f"{now()} {text}\n")
            self._log.flush()

    def metrics(self, record: dict[str, Any]) -> None:
        """Write a line of metrics, and report it."""
        if self._run is None:
            return
        with open(self._run.metrics_path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        self._show(record)
        self._report(record)

    def metadata(self, **changes: Any) -> None:
        """Change entries of the metadata."""
        if self._run is not None:
            self._run.write_metadata({**self._run.metadata(), **changes})


def describe_figures(recipe: Recipe, figures: Mapping[str, float]) -> str:
    """Figures in words, as far as lines of progress tell them."""
    told = [
        figure.words(name, figures[name])
        for name, figure in recipe.figures.items()
        if figure.is_brief and name in figures
    ]
    return ", ".join(told)


def describe_record(recipe: Recipe, record: Mapping[str, Any]) -> str:
    """A line of metrics in words."""
    parts = []
    for prefix, name in (("train.", "training"), ("valid.", "validation")):
        told = describe_figures(recipe, numbers_of(record, prefix))
        if told:
            parts.append(f"{name} {told}")
    return f"step {record['step']}, {record['seconds']:.0f} s: {'; '.join(parts)}"


def numbers_of(record: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """Figures of a line of metrics whose names begin with a prefix, without it."""
    return {k.removeprefix(prefix): v for k, v in record.items() if k.startswith(prefix)}
