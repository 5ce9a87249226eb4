"""A map over threads that keeps the order, bounds the memory and lets Ctrl-C through.

`concurrent.futures` is not used because Python waits for its threads when it exits: a
kernel that runs for seconds would hold up Ctrl-C for as long. The threads here are
daemons, nobody waits for them, and the caller's thread only ever sleeps in short steps.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# how long the calling thread sleeps at most before it looks for signals; on POSIX a
# signal wakes it anyway, on Windows it does not
_SLEEP_SECONDS = 0.1


class _Task(Generic[T, R]):
    """One call, and its outcome once `done` is set."""

    __slots__ = ("argument", "done", "error", "result")

    def __init__(self, argument: T) -> None:
        self.argument: T | None = argument
        self.result: R | None = None
        self.error: BaseException | None = None
        self.done = threading.Event()


def ordered_map(function: Callable[[T], R], arguments: Iterable[T], threads: int) -> Iterator[R]:
    """Yield ``function(argument)`` for each argument, in order, computed on threads.

    Where the system gives fewer threads, those do the work, or else the calling one. At
    most ``threads + 1`` arguments and results exist at a time. An error of `function`
    is raised here, at its place in the order. Leaving the iterator early (an error,
    Ctrl-C, ``close()``) starts no further call and does not wait for running ones.

    Parameters
    ----------
    function : callable
        Should release the GIL for most of its time.
    arguments : iterable
        Iterated on the calling thread, as far ahead as the threads need.
    threads : int
        At least 1; also 1 works on a thread of its own.
    """
    tasks: queue.SimpleQueue[_Task[T, R] | None] = queue.SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        while (task := tasks.get()) is not None and not stop.is_set():
            try:
                argument, task.argument = task.argument, None
                task.result = function(argument)  # type: ignore[arg-type]
                del argument
            except BaseException as error:
                task.error = error
            task.done.set()
            del task

    pending: deque[_Task[T, R]] = deque()
    workers = 0
    try:
        for argument in arguments:
            task: _Task[T, R] = _Task(argument)
            del argument
            pending.append(task)
            tasks.put(task)
            if workers < threads and _started(work):
                workers += 1
            if not workers:
                tasks.put(None)
                work()
            del task
            if len(pending) > threads:
                yield _outcome(pending.popleft())
        while pending:
            yield _outcome(pending.popleft())
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


def _outcome(task: _Task[T, R]) -> R:
    while not task.done.wait(_SLEEP_SECONDS):
        pass
    if task.error is not None:
        raise task.error
    return task.result  # type: ignore[return-value]
