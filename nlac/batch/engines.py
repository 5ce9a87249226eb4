"""Where jobs run: processes of this machine, or the workers of a Dask cluster.

Both are `concurrent.futures` executors to the rest of the package, and an `Engine` is what makes
one, and makes it again when it broke.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import FrameType
from typing import Any, Protocol, TypeVar

from nlac._errors import MissingDependency, NlacError, UsageError
from nlac._log import logger
from nlac._output import remove_unfinished
from nlac.codec.decoder.workers import PROCESS_BYTES, available_cores, available_memory

T = TypeVar("T")
_SCHEMES = {"dask": "tcp", "dask+tls": "tls"}


class EngineLost(NlacError):
    """The cluster can't be reached; what is done is in the manifest."""


class Engine(Protocol):
    """Makes an executor; used as a context.

    Attributes
    ----------
    broken : tuple of exception types
        What a future raises when its worker, or one beside it, has died.
    is_here : bool
        Whether the jobs run on this machine.
    """

    broken: tuple[type[BaseException], ...]
    is_here: bool

    @property
    def width(self) -> int:
        """Jobs that run at a time."""

    def start(self) -> Executor:
        """Return an executor, after a break a new one."""

    def is_lost(self) -> bool:
        """Tell whether all jobs given to the executor are lost."""

    def stop(self, *, at_once: bool) -> None:
        """Give everything back; `at_once`, without waiting for jobs."""


class _Pool(ProcessPoolExecutor):
    """A pool whose processes never hear of Ctrl-C, not even while they start.

    A terminal sends it to all of them; the process that started them ends them.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Submit a call; a process that this starts inherits the blocked signal."""
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            # one that came meanwhile comes now
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class LocalEngine:
    """Processes of this machine, one thread for each core by default.

    Parameters
    ----------
    processes : int
        How many; 0: one a core, fewer where there is no memory for so many.
    """

    broken: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    is_here = True

    def __init__(self, processes: int = 0) -> None:
        fit = max(1, available_memory() // 2 // PROCESS_BYTES)
        self._processes = processes or min(available_cores(), fit)
        self._pool: ProcessPoolExecutor | None = None
        self._alive: Any = None

    @property
    def width(self) -> int:
        """Processes."""
        return self._processes

    def start(self) -> Executor:
        """Start processes, which end when this one does."""
        self.stop(at_once=True)
        # not forked: threads of the compiled loops would be missing in a copy
        context = multiprocessing.get_context("spawn")
        watched, self._alive = context.Pipe(duplex=False)
        self._pool = _Pool(self._processes, context, initializer=_begin_worker, initargs=(watched,))
        return self._pool

    def is_lost(self) -> bool:
        """Return False: a broken pool tells each of its futures."""
        return False

    def stop(self, *, at_once: bool) -> None:
        """End the processes."""
        if self._pool is None:
            return
        if at_once:
            # workers end when the other end of their pipe is closed
            self._alive.close()
        self._pool.shutdown(wait=True, cancel_futures=at_once)
        self._alive.close()
        self._pool = None


def _begin_worker(watched: Any) -> None:
    """Leave signals of the terminal to the process that started this one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_watch, args=(watched,), name="nlac-parent", daemon=True).start()


def _watch(watched: Any) -> None:
    try:
        watched.recv()
    except (EOFError, OSError):
        _leave()


def _leave(number: int = 0, frame: FrameType | None = None) -> None:
    remove_unfinished()
    os._exit(1)


class DaskEngine:
    """Workers of a Dask cluster, which see the same files under the same names.

    Parameters
    ----------
    address : str
        ``dask://HOST:PORT`` of the scheduler; ``dask+tls://`` with the certificates that Dask's
        configuration names.
    patience : float
        Seconds to wait for the scheduler and for workers, at first and when they were lost.

    Raises
    ------
    MissingDependency
        Dask is not installed.
    UsageError
        The address is none.
    """

    is_here = False

    def __init__(self, address: str, patience: float = 60.0) -> None:
        try:
            self._distributed = importlib.import_module("distributed")
        except ImportError as error:
            raise MissingDependency("the Dask engine needs pip install 'nlac[dask]'") from error
        # what it says of lost connections is told by this package, in a line
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        scheme, _, place = address.partition("://")
        if scheme not in _SCHEMES or not place:
            raise UsageError(f"{address!r} is no engine; write local or dask://HOST:PORT")
        self._address = f"{_SCHEMES[scheme]}://{place}"
        self._patience = patience
        self._client: Any = None
        self._width = 0
        self._looked = 0.0
        self.broken: tuple[type[BaseException], ...] = (self._distributed.KilledWorker,)

    @property
    def width(self) -> int:
        """Threads of all workers, looked up again now and then: workers come and go."""
        if time.monotonic() - self._looked > 2.0 and not self.is_lost():
            self._look()
        return self._width

    def start(self) -> Executor:
        """Connect to the scheduler, and wait for a worker.

        Raises
        ------
        EngineLost
            There is none in time.
        """
        self.stop(at_once=True)
        try:
            self._client = self._distributed.Client(
                self._address, timeout=self._patience, set_as_default=False
            )
            self._client.wait_for_workers(1, timeout=self._patience)
        except (OSError, TimeoutError) as error:
            raise EngineLost(
                f"no scheduler with workers at {self._address} within {self._patience:g} s; "
                "what is done is in the manifest, and the same command goes on from there"
            ) from error
        threads = self._look()
        if any(count > 1 for count in threads.values()):
            logger.warning(
                "workers with several threads lose all their files when one dies; start them "
                "with --nthreads 1"
            )
        executor: Executor = self._client.get_executor(pure=False)
        return executor

    def _look(self) -> dict[str, int]:
        self._looked = time.monotonic()
        try:
            threads = dict(self._client.nthreads())
        except (OSError, TimeoutError):
            # lost, as will be found
            return {}
        if not threads and self._width:
            logger.warning("the scheduler has no workers; waiting for some")
        self._width = sum(threads.values())
        return threads

    def is_lost(self) -> bool:
        """Tell whether the connection to the scheduler is gone."""
        return self._client is None or self._client.status != "running"

    def stop(self, *, at_once: bool) -> None:
        """Leave the cluster; a worker still ends the file that it has in hand."""
        if self._client is not None:
            client, self._client = self._client, None
            client.close(timeout=2 if at_once else 10)


def open_engine(name: str, processes: int = 0) -> LocalEngine | DaskEngine:
    """Return the engine of a name: ``local``, or ``dask://HOST:PORT``."""
    return LocalEngine(processes) if name == "local" else DaskEngine(name)
