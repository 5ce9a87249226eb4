"""Map a function over threads: in order, in bounded memory, interruptible by Ctrl-C.

`concurrent.futures` does not serve: Python waits for its threads at exit, so a kernel that runs for
seconds would delay Ctrl-C by as much. The threads here are daemons, for which nothing waits, and
the calling thread sleeps only in short steps.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, Generic, TypeVar, overload

T = TypeVar("T")
R = TypeVar("R")

# longest sleep of the calling thread between two looks for signals; on POSIX a signal wakes it, on
# Windows it does not
_SLEEP_SECONDS = 0.1


class Flush:
    """Type of `FLUSH`."""


# among the arguments of `ordered_map`: the next one may take long to come, so that all results of
# those before are to be given out first
FLUSH: Final = Flush()


class Later(Generic[R]):
    """What a function of `ordered_map` returns to have the rest of its work done by any thread.

    Parameters
    ----------
    rest : callable
        The rest of the work; it returns the result.
    waits : bool
        Whether calls that wait already come first: the rest of one call may then fill a thread
        that would have no call of its own. Else the rest follows at once.
    """

    __slots__ = ("rest", "waits")

    def __init__(self, rest: Callable[[], R], waits: bool = True) -> None:
        self.rest, self.waits = rest, waits


class _Task(Generic[R]):
    """One call of the function, with its outcome once `done` is set."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[], R | Later[R]]) -> None:
        self.work: Callable[[], R | Later[R]] | None = work
        self.result: R | None = None
        self.error: BaseException | None = None
        self.done = threading.Event()


@overload
def ordered_map(
    function: Callable[[T], Later[R]],
    arguments: Iterable[T | Flush],
    threads: int,
    tick: Callable[[], None] | None = None,
) -> Iterator[R]: ...
@overload
def ordered_map(
    function: Callable[[T], R],
    arguments: Iterable[T | Flush],
    threads: int,
    tick: Callable[[], None] | None = None,
) -> Iterator[R]: ...
def ordered_map(
    function: Callable[[T], R | Later[R]],
    arguments: Iterable[T | Flush],
    threads: int,
    tick: Callable[[], None] | None = None,
) -> Iterator[R]:
    """Yield ``function(argument)`` for each argument, in order, computed on threads.

    A call may return the rest of its work as `Later`, whose result takes the place of its own.

    At most ``threads + 1`` arguments and results exist at a time. If the system grants fewer
    threads, those do the work, or else the calling thread. An error of `function` is raised here,
    at its position in the order. Leaving the iterator early (an error, Ctrl-C, ``close()``) starts
    no further call and does not wait for running ones.

    Parameters
    ----------
    function : callable
        Should release the GIL most of the time.
    arguments : iterable
        Iterated on the calling thread, as far ahead as the threads need. `FLUSH` among them is
        no argument.
    threads : int
        Number of threads, at least 1. Even a single one is not the calling thread.
    tick : callable, optional
        Called on the calling thread, several times a second while it waits.
    """
    tasks: queue.SimpleQueue[_Task[R] | None] = queue.SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        while (task := tasks.get()) is not None and not stop.is_set():
            run(task)
            del task

    def run(task: _Task[R]) -> None:
        step, task.work = task.work, None
        assert step is not None
        try:
            result = step()
            if isinstance(result, Later):
                task.work = result.rest
                if result.waits:
                    tasks.put(task)
                else:
                    run(task)
                return
            task.result = result
        except BaseException as error:
            task.error = error
        del step
        task.done.set()

    pending: deque[_Task[R]] = deque()
    workers = 0
    try:
        for argument in arguments:
            if isinstance(argument, Flush):
                while pending:
                    yield _outcome(pending.popleft(), tick)
                continue
            task: _Task[R] = _Task(partial(function, argument))
            del argument
            pending.append(task)
            tasks.put(task)
            if workers < threads and _started(work):
                workers += 1
            while not workers and not task.done.is_set():
                run(task)
            del task
            if len(pending) > threads:
                yield _outcome(pending.popleft(), tick)
        while pending:
            yield _outcome(pending.popleft(), tick)
    finally:
        stop.set()
        for _ in range(workers):
            tasks.put(None)


def _started(work: Callable[[], None]) -> bool:
    """Whether a thread could be started: at the end of the process, for one, none can."""
    try:
        threading.Thread(target=work, name="nlac-worker", daemon=True).start()
    except RuntimeError:
        return False
    return True


def _outcome(task: _Task[R], tick: Callable[[], None] | None) -> R:
    while not task.done.wait(_SLEEP_SECONDS):
        if tick is not None:
            tick()
    if task.error is not None:
        raise task.error
    return task.result  # type: ignore[return-value]
