"""Stop on a signal: after the step of the moment, so that a checkpoint can be written."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

# Ctrl-C reaches all processes of a terminal, and torchrun then sends each a signal of its own
_SAME_SECONDS = 2.0


class SignalStop:
    """Context in which the first SIGINT or SIGTERM is only noted.

    A later one is answered as before the context. What the process ignores, it goes on ignoring.
    Nothing changes outside the main thread, where Python has no signal handlers.

    Parameters
    ----------
    tell : callable
        Called with a line for the user when the first signal comes.

    Attributes
    ----------
    happened : bool
        Whether a signal came.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.happened = False
        self._tell = tell
        self._before: dict[int, Any] = {}
        self._time = 0.0
        self._process = os.getpid()

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.happened

    def __enter__(self) -> SignalStop:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.getsignal(number)
                if before is not signal.SIG_IGN:
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            # a process that this one made, such as one that loads data, has inherited the handler
            if number != signal.SIGINT:
                os._exit(128 + number)
        elif not self.happened:
            self.happened, self._time = True, time.monotonic()
            self._tell("ending after this step, with a checkpoint; once more ends at once")
        elif time.monotonic() - self._time > _SAME_SECONDS:
            before = self._before[number]
            signal.signal(number, before)
            signal.raise_signal(number)
