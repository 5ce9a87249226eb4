"""How far blocks are while they are coded.

A thread that codes a block has a `Meter`. Compiled loops write the frame they are at into its cell,
so that long blocks can be watched from outside; a `Gauge` adds up all blocks in flight.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

_STEP = 0.04  # share of what is left, for steps of which nobody knows how long they take
_local = threading.local()


class Meter:
    """Progress of one block, which may take several passes over its samples.

    Parameters
    ----------
    frames : int
        Frames of the block.
    passes : float
        Passes to come, as far as that is known; one over a part counts as that part. Further
        ones share what is left.
    """

    def __init__(self, frames: int, passes: float = 1) -> None:
        self.frames = frames
        self._left = passes
        # part done before this pass, part that the pass stands for, its frames, and where it is;
        # replaced as a whole, for another thread looks at it
        self._state = (0.0, 0.0, 1, np.zeros(1, np.int64))

    @property
    def fraction(self) -> float:
        """Part of the block that is done, 0 to 1."""
        done, share, frames, cell = self._state
        return min(1.0, done + share * min(1.0, int(cell[0]) / frames))

    def start_pass(self, frames: int) -> NDArray[np.int64]:
        """Begin a pass over all samples; the one before counts as complete.

        Parameters
        ----------
        frames : int
            Frames at which the pass ends.

        Returns
        -------
        cell : (1,) int64
            Where the pass writes the frame it is at.
        """
        done = sum(self._state[:2])
        cell = np.zeros(1, np.int64)
        part = min(1.0, frames / self.frames)
        share = (1.0 - done) * (part / self._left if self._left >= part else 0.5)
        self._left -= part
        self._state = (done, share, max(1, frames), cell)
        return cell

    def step(self) -> None:
        """Note a step that is no pass."""
        self.reach(self.fraction + _STEP * (1.0 - self.fraction))

    def reach(self, fraction: float) -> None:
        """Note that so much of the block is done, at least."""
        self._state = (max(fraction, self.fraction), 0.0, 1, self._state[3])


def current_meter() -> Meter:
    """Meter of the block that this thread codes; one that nobody reads where there is none."""
    meter: Meter | None = getattr(_local, "meter", None)
    return meter or Meter(1)


class Gauge:
    """Progress of many blocks.

    Parameters
    ----------
    report : callable
        Called by `tick` with the frames done, when they have become more.
    """

    def __init__(self, report: Callable[[int], None]) -> None:
        self._report = report
        self._finished, self._told = 0.0, 0
        self._running: list[tuple[Meter, float]] = []
        self._lock = threading.Lock()

    @contextmanager
    def block(self, frames: int, passes: float = 1, share: float = 1.0) -> Iterator[Meter]:
        """Do a share of the work on a block on this thread; it counts as done at the end."""
        meter = Meter(frames, passes)
        running = meter, share * frames
        with self._lock:
            self._running.append(running)
        _local.meter = meter
        try:
            yield meter
        finally:
            _local.meter = None
            with self._lock:
                self._running.remove(running)
                self._finished += share * frames

    def tick(self) -> None:
        """Report, on this thread, if there is something new."""
        with self._lock:
            running = sum(frames * meter.fraction for meter, frames in self._running)
            done = round(self._finished + running)
        if done > self._told:
            self._told = done
            self._report(done)


def silent_gauge() -> Gauge:
    """Return a gauge that tells nobody."""
    return Gauge(lambda done: None)
