"""A job: what it does, and how far its parts are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

JobState: TypeAlias = Literal["waiting", "running", "done", "failed", "stopped"]
WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
STOPPED: Final = "stopped"
OVER: Final = (DONE, FAILED, STOPPED)
PATIENCE_SECONDS = 20.0  # for a part that is to end by itself

Report = Callable[[Mapping[str, Any]], None]


class Unit(NamedTuple):
    """Work of one part.

    Attributes
    ----------
    name : str
        Name of the part in its job.
    target : callable
        Function of a module, called as ``target(report, *arguments)`` in the process; what it
        reports, and the mapping that it returns, become facts of the part.
    arguments : tuple
        What it takes, to be pickled.
    gentle : bool
        Ask it to end as Ctrl-C does, so that it can keep what it has, before it is ended.
    patience_seconds : float
        How long it may take to end by itself.
    """

    name: str
    target: Callable[..., Mapping[str, Any] | None]
    arguments: tuple[Any, ...] = ()
    gentle: bool = False
    patience_seconds: float = PATIENCE_SECONDS


@dataclass(slots=True)
class Part:
    """State of a part.

    Attributes
    ----------
    state : JobState
    facts : dict
        What it reported.
    error : str
        Why it failed.
    """

    state: JobState = WAITING
    facts: dict[str, Any] = field(default_factory=dict)
    error: str = ""


class Job:
    """Parts that belong together.

    Attributes
    ----------
    id : str
        Its name in URLs.
    kind : str
        What it does.
    facts : dict
        What was known of it at the start.
    parts : dict of str to Part
        In order.
    version : int
        Grows with every change.
    begin : float
        When it was made, in seconds since 1970.
    """

    def __init__(
        self, job_id: str, kind: str, names: Sequence[str], facts: Mapping[str, Any],
        ended: Callable[[Job], None] | None,
    ) -> None:  # fmt: skip
        self.id = job_id
        self.kind = kind
        self._ended = ended
        self.facts = dict(facts)
        self.parts = {name: Part() for name in names}
        self.version = 0
        self.begin = time.time()

    @property
    def state(self) -> JobState:
        """State of the whole: running while a part is, failed only if all of them did."""
        states = [part.state for part in self.parts.values()]
        if all(state == WAITING for state in states):
            return WAITING
        if any(state not in OVER for state in states):
            return RUNNING
        if STOPPED in states:
            return STOPPED
        return DONE if DONE in states else FAILED

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return all(part.state in OVER for part in self.parts.values())

    def note_end(self) -> None:
        """Tell whoever asked that all is over; once, however often this is called."""
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self)

    @property
    def error(self) -> str:
        """First error of a part; empty if there is none."""
        return next((part.error for part in self.parts.values() if part.error), "")
