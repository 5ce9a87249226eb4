"""Ctrl-C and SIGTERM: clean up, and be gone at once.

The signal becomes a KeyboardInterrupt in the main thread, on whose way up the
unfinished output is removed. Worker threads may sit in a compiled kernel for
seconds; the process ends without waiting for them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

EXIT_CODE = 130
# further signals within this time must not disturb the clean-up that the first one began
_CLEANUP_SECONDS = 2.0


class _Handler:
    def __init__(self) -> None:
        self.called = False
        self._quiet_until = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() > self._quiet_until:
            self.called = True
            self._quiet_until = time.monotonic() + _CLEANUP_SECONDS
            _end_children()
            raise KeyboardInterrupt


_handler = _Handler()


def install() -> None:
    """Answer SIGINT and SIGTERM from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # whoever starts a program in the background may ask that Ctrl-C be ignored
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handler)


def happened() -> bool:
    """Tell whether a signal came; an error that then comes up is one of the clean-up."""
    return _handler.called


def leave() -> NoReturn:
    """End the process as interrupted, without waiting for threads."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    if "concurrent.futures.process" in sys.modules:
        # the pool of the benchmark has semaphores to give back, and no kernels run here
        sys.exit(EXIT_CODE)
    os._exit(EXIT_CODE)


def _end_children() -> None:
    """End what runs in processes of our own, for which the clean-up would wait."""
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None:
        for child in multiprocessing.active_children():
            child.terminate()
