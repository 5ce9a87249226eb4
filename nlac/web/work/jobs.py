"""Jobs: work in processes of its own, a few at a time, with progress and a way to stop it.

A job has parts, for example one for each codec. Each part runs in a process of its own, so that
what it takes of memory is given back, that it can be stopped at once, and that a fault in it is its
own. Parts of all jobs wait in one queue.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import secrets
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from nlac._errors import NlacError
from nlac._log import logger
from nlac.web.work.job import (
    DONE,
    FAILED,
    PATIENCE_SECONDS,
    RUNNING,
    STOPPED,
    WAITING,
    Job,
    JobState,
    Unit,
)

_KEPT = 500  # finished jobs that are remembered


class TooMuchWaiting(Exception):
    """The queue is full."""


class Jobs:
    """The queue of jobs, and the processes that run them.

    Parameters
    ----------
    workers : int
        Processes at a time.
    max_waiting : int
        Parts that wait at most.
    """

    def __init__(self, workers: int, max_waiting: int) -> None:
        self._queue: queue.SimpleQueue[tuple[Job, Unit] | None] = queue.SimpleQueue()
        self._jobs: dict[str, Job] = {}
        self._running: dict[tuple[str, str], tuple[BaseProcess, Unit]] = {}
        self._lock = threading.Lock()
        self._workers, self._max_waiting = workers, max_waiting
        self._threads: list[threading.Thread] = []
        self._closed = False
        # a process that is forked from a server would hold its sockets and locks
        self._context = multiprocessing.get_context("spawn")

    def submit(
        self,
        kind: str,
        units: Sequence[Unit],
        facts: Mapping[str, Any],
        *,
        job_id: str = "",
        ended: Callable[[Job], None] | None = None,
    ) -> Job:
        """Queue a job.

        Parameters
        ----------
        kind : str
            What it does.
        units : sequence of Unit
            Work of its parts, with different names.
        facts : mapping
            What is known of it.
        job_id : str
            Its name; by default one is made.
        ended : callable, optional
            Called once when all of it is over, from another thread.

        Raises
        ------
        TooMuchWaiting
            Too many parts wait already.
        """
        names = [unit.name for unit in units]
        job = Job(job_id or secrets.token_hex(8), kind, names, facts, ended)
        with self._lock:
            waiting = sum(
                part.state == WAITING for old in self._jobs.values() for part in old.parts.values()
            )
            if self._closed or waiting + len(units) > self._max_waiting:
                raise TooMuchWaiting
            self._jobs[job.id] = job
            over = [old.id for old in self._jobs.values() if old.is_over]
            for old in over[: max(0, len(self._jobs) - _KEPT)]:
                del self._jobs[old]
            self._start_threads()
        for unit in units:
            self._queue.put((job, unit))
        return job

    def find(self, job_id: str, kind: str = "") -> Job | None:
        """Return a job, of some kind if one is given; None if there is none."""
        job = self._jobs.get(job_id)
        return job if job is not None and kind in ("", job.kind) else None

    def all(self, kind: str) -> list[Job]:
        """Jobs of a kind, oldest first."""
        with self._lock:
            return [job for job in self._jobs.values() if job.kind == kind]

    def stop(self, job: Job) -> None:
        """Stop what runs of a job, and what waits."""
        with self._lock:
            for name, part in job.parts.items():
                if part.state == WAITING:
                    part.state = STOPPED
                elif part.state == RUNNING and (run := self._running.get((job.id, name))):
                    part.facts["stopping"] = True
                    _end(*run)
            job.version += 1
        if job.is_over:
            job.note_end()

    def close(self) -> None:
        """Stop everything, and wait until it is gone."""
        with self._lock:
            self._closed = True
            jobs, threads = list(self._jobs.values()), self._threads
            patience = max(
                (unit.patience_seconds for _, unit in self._running.values()),
                default=PATIENCE_SECONDS,
            )
        for job in jobs:
            self.stop(job)
        for _ in threads:
            self._queue.put(None)
        for thread in threads:
            thread.join(patience + 5)

    def _start_threads(self) -> None:
        while len(self._threads) < self._workers:
            thread = threading.Thread(target=self._work, name="nlac-jobs", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            job, unit = task
            try:
                self._run(job, unit)
            except Exception as error:  # what is wrong with one job must not end the others
                logger.exception("job %s", job.id)
                self._finish(job, unit, FAILED, f"{type(error).__name__}: {error}")

    def _run(self, job: Job, unit: Unit) -> None:
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_child, args=(sender, unit.target, unit.arguments), name=f"nlac-{job.kind}"
        )
        part = job.parts[unit.name]
        with self._lock:
            if part.state != WAITING:
                return
            part.state = RUNNING
            job.version += 1
            process.start()
            self._running[job.id, unit.name] = process, unit
        sender.close()
        outcome: JobState = FAILED
        error = "the process ended before its work was done"
        # the other end is closed when the process ends, however it does
        with contextlib.suppress(EOFError, OSError):
            while True:
                kind, value = receiver.recv()
                if kind == "facts":
                    with self._lock:
                        part.facts.update(value)
                        job.version += 1
                else:
                    outcome, error = kind, value
        process.join()
        with self._lock:
            del self._running[job.id, unit.name]
        if part.facts.pop("stopping", False) and outcome != DONE:
            outcome, error = STOPPED, ""
        self._finish(job, unit, outcome, error)

    def _finish(self, job: Job, unit: Unit, state: JobState, error: str) -> None:
        with self._lock:
            part = job.parts[unit.name]
            part.state, part.error = state, error
            job.version += 1
        if job.is_over:
            job.note_end()


def _end(process: BaseProcess, unit: Unit) -> None:
    """Ask a process to end; one that does not is ended."""
    if unit.gentle and process.pid is not None and hasattr(signal, "SIGINT") and os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)
    else:
        process.terminate()
    timer = threading.Timer(unit.patience_seconds, process.kill)
    timer.daemon = True
    timer.start()


def _child(
    sender: Connection,
    target: Callable[..., Mapping[str, Any] | None],
    arguments: tuple[Any, ...],
) -> None:
    """Run a unit in its process, and tell what becomes of it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # a server that a shell started in the background ignores SIGINT, and would hand that on
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.name == "posix":
        # so that what is open is closed, and what is unfinished removed
        signal.signal(signal.SIGTERM, _leave)

    def report(facts: Mapping[str, Any]) -> None:
        sender.send(("facts", dict(facts)))

    try:
        facts = target(report, *arguments)
        report(facts or {})
        sender.send((DONE, ""))
    except KeyboardInterrupt:
        sender.send((STOPPED, ""))
    except NlacError as error:
        sender.send((FAILED, str(error)))
    except OSError as error:
        sender.send((FAILED, error.strerror or type(error).__name__))
    except MemoryError:
        sender.send((FAILED, "not enough memory"))
    except Exception as error:
        logger.exception("a fault of nlac itself")
        sender.send((FAILED, f"a fault of nlac itself: {type(error).__name__}"))


def _leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _end_with_parent() -> None:
    """End this process when the server's ends, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
