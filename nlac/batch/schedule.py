"""Give jobs to an engine, in bounded numbers, and see each of them through.

A job whose worker dies takes others with it: of a pool of processes all that are in hand, of a
Dask cluster those of the same worker. Nobody tells whose fault it was. So all of them are done
again one by one; what then ends its worker is itself at fault.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from dataclasses import replace

from nlac._log import logger
from nlac.batch.engines import Engine
from nlac.batch.jobs import Job, Outcome
from nlac.batch.work import perform

Finished = list[tuple[Job, Outcome]]
_TICK_SECONDS = 0.2
_KILLED = "its worker was killed {count} times, with no other file in hand (out of memory?)"


class Schedule:
    """Sees jobs through.

    Parameters
    ----------
    engine : Engine
        Where they run.
    retries : int
        How often a job that failed for a passing reason is tried again.
    turn : callable
        ``turn(finished, begun)``: called with what has finished, and with what is given to the
        engine right afterwards, both possibly empty.
    memory : int or None
        Bytes for all jobs together; None leaves it to each.

    Attributes
    ----------
    fatal : str or None
        Why no more jobs were begun: the disk is full.
    killed : list of Job
        Those whose workers died, which may have left unfinished files.
    """

    def __init__(
        self,
        engine: Engine,
        retries: int,
        turn: Callable[[Finished, list[Job]], None],
        memory: int | None = None,
    ) -> None:
        self._engine = engine
        self._retries = retries
        self._turn = turn
        self._memory = memory
        self._waiting: deque[Job] = deque()
        self._alone: deque[Job] = deque()
        self._pending: dict[Future[str], Job] = {}
        self._single = False
        # a scheduler may take equal calls for one, even those of two runs
        self._token, self._calls = secrets.token_hex(8), 0
        self.fatal: str | None = None
        self.killed: list[Job] = []

    @property
    def in_hand(self) -> list[Job]:
        """Jobs that were given to the engine and are not finished."""
        return list(self._pending.values())

    def run(self, jobs: Iterable[Job]) -> None:
        """See all jobs through, or as many as there are before `fatal` is set.

        Raises
        ------
        EngineLost
            The engine can't be reached any more.
        """
        self._waiting = deque(jobs)
        finished: Finished = []
        executor = self._engine.start() if self._waiting else None
        while executor is not None and (self._waiting or self._alone or self._pending):
            fresh = [] if self.fatal else self._next()
            self._turn(finished, fresh)
            if self.fatal and not self._pending:
                return
            refused = [job for job in fresh if not self._submit(executor, job)]
            finished, broken = self._collect()
            if self._engine.is_lost():
                logger.warning("the connection to the scheduler was lost; connecting again")
                self._take_back(self._waiting)
                executor = self._engine.start()
            elif refused or (broken and self._engine.is_here):
                self._take_back(self._alone)
                executor = self._engine.start()
            self._waiting.extendleft(refused)
        self._turn(finished, [])

    def _next(self) -> list[Job]:
        if self._single and self._pending:
            return []
        self._single = bool(self._alone) and not self._pending
        if self._alone:
            return [self._alone.popleft()] if self._single else []
        room = self._engine.width + 1 - len(self._pending)
        return [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]

    def _submit(self, executor: Executor, job: Job) -> bool:
        memory = self._memory
        if memory is not None and not self._single:
            memory //= max(1, self._engine.width) if self._engine.is_here else 1
        self._calls += 1
        call = replace(job, memory=memory, call=f"{self._token}-{self._calls}")
        try:
            future = executor.submit(perform, call.to_json())
        except (BrokenExecutor, RuntimeError):
            # found out sooner than by the futures
            return False
        self._pending[future] = job
        return True

    def _collect(self) -> tuple[Finished, bool]:
        done, _ = wait(self._pending, timeout=_TICK_SECONDS, return_when=FIRST_COMPLETED)
        finished: Finished = []
        broken = False
        for future in done:
            job = self._pending.pop(future)
            try:
                outcome = Outcome.from_json(future.result())
            except self._engine.broken:
                broken = True
                self.killed.append(job)
                finished += self._killed(job)
            except CancelledError:
                # the scheduler is gone, and took everything with it
                self._waiting.appendleft(job)
            else:
                finished += self._judged(job, outcome)
        return finished, broken

    def _killed(self, job: Job) -> Finished:
        if not self._single:
            logger.info(f"{job.source}: a worker was killed; to be done again, alone")
            self._alone.append(job)
            return []
        if job.attempts <= self._retries:
            self._alone.append(replace(job, attempts=job.attempts + 1))
            return []
        reason = _KILLED.format(count=job.attempts)
        return [(job, Outcome("failed", exit_code=1, reason=reason))]

    def _judged(self, job: Job, outcome: Outcome) -> Finished:
        if outcome.fatal:
            self.fatal = self.fatal or outcome.reason
        elif outcome.needs_memory and not self._single and self._engine.width > 1:
            self._alone.append(job)
            return []
        elif outcome.transient and job.attempts <= self._retries:
            logger.info(f"{job.source}: {outcome.reason}; to be tried again")
            self._waiting.append(replace(job, attempts=job.attempts + 1))
            return []
        return [(job, outcome)]

    def _take_back(self, queue: deque[Job]) -> None:
        self.killed += self._pending.values()
        for future, job in self._pending.items():
            future.cancel()
            queue.appendleft(job)
        self._pending.clear()
