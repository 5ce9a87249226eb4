"""Jobs whose workers die, need more memory, or fail for a while."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from typing import Any

import pytest
from batch_tools import MANIFEST, Here, Scripted, Trial

from nlac.batch.engines import LocalEngine, open_engine
from nlac.batch.jobs import Job, Outcome
from nlac.batch.schedule import Schedule


class Fragile(Here):
    """An engine of which a job may take down everything that was given to it."""

    broken = (BrokenExecutor,)
    width = 3

    def __init__(self, behave: Callable[[Job], Outcome]) -> None:
        super().__init__()
        self._behave = behave
        self.starts = 0
        self.calls: list[str] = []
        self.lost = False

    def start(self) -> Executor:
        self.starts += 1
        self.lost = False
        down: list[BaseException] = []

        def call(function: object, text: str) -> str:
            self.calls.append(text)
            if down:
                raise down[0]
            try:
                return self._behave(Job.from_json(text)).to_json()
            except (BrokenExecutor, CancelledError) as error:
                down.append(error)
                raise

        return Scripted(call)

    def is_lost(self) -> bool:
        return self.lost


def see_through(engine: Any, names: str, **options: Any) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}

    def turn(finished: list[tuple[Job, Outcome]], begun: list[Job]) -> None:
        for job, outcome in finished:
            assert job.source not in found
            found[job.source] = outcome

    schedule = Schedule(engine, options.pop("retries", 2), turn, **options)
    schedule.run([Job("encode", name, "/" + name) for name in names])
    return found


def test_only_the_job_that_kills_its_worker_fails() -> None:
    def behave(job: Job) -> Outcome:
        if job.source == "d":
            raise BrokenExecutor
        return Outcome("encoded")

    engine = Fragile(behave)
    found = see_through(engine, "abcdefghij")
    assert {name for name, outcome in found.items() if outcome.state == "failed"} == {"d"}
    assert len(found) == 10
    assert "killed 3 times" in str(found["d"].reason)
    # no call equals another: schedulers may run equal ones once
    assert len(set(engine.calls)) == len(engine.calls)


def test_a_lost_scheduler_is_asked_again() -> None:
    times = iter(range(100))

    def behave(job: Job) -> Outcome:
        if next(times) == 4:
            engine.lost = True
            raise CancelledError
        return Outcome("encoded")

    engine = Fragile(behave)
    assert len(see_through(engine, "abcdefghij")) == 10
    assert engine.starts == 2


def test_a_job_that_needs_memory_gets_all_of_it() -> None:
    def behave(job: Job) -> Outcome:
        assert job.memory is not None
        if job.source == "b" and job.memory < 900:
            return Outcome("failed", exit_code=1, needs_memory=True)
        return Outcome("encoded", bytes=job.memory)

    found = see_through(Fragile(behave), "abc", memory=900)
    assert [found[name].bytes for name in "abc"] == [300, 900, 300]


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: SIGKILL is of POSIX")
def test_a_worker_that_is_killed_costs_no_file(trial: Trial) -> None:
    """As the OOM killer does it."""
    # copies: each process would load its compiled loops for a second to encode
    (trial.root / "a.wav").unlink()
    (trial.root / "deep/b.wav").unlink()
    for number in range(150):
        (trial.root / f"{number}.txt").write_bytes(bytes(20_000))

    def kill() -> None:
        deadline = time.monotonic() + 60
        manifest = trial.out / MANIFEST
        while time.monotonic() < deadline:
            if manifest.exists() and manifest.read_bytes().count(b'"copied"') > 2:
                os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    report = trial.run(LocalEngine(1))
    killer.join()
    assert report.exit_codes == {0}
    assert report.counts["copied"] == 151
    assert multiprocessing.active_children() == []
    assert not list(trial.out.rglob("*.part"))


def test_engines_have_names() -> None:
    assert open_engine("local", 3).width == 3
    assert open_engine("local").width >= 1
