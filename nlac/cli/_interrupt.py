"""Ctrl-C, SIGTERM and SIGHUP: clean up, and be gone at once.

The signal becomes a KeyboardInterrupt in the main thread, on whose way up the
unfinished output is removed. Worker threads may sit in a compiled kernel for
seconds; the process ends without waiting for them.

Python can lose an exception that a signal raises: in a callback of the garbage
collector, of which an import has hundreds, it is reported and forgotten. So a thread
watches, and ends the process where the main thread does not.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, NoReturn

EXIT_CODE = 130
# further signals within this time must not disturb the clean-up that the first one began
_CLEANUP_SECONDS = 2.0
# how long the main thread has for its way up
_PATIENCE_SECONDS = 1.5


class _Handler:
    def __init__(self) -> None:
        self.called = False
        self.leaving = False
        self._quiet_until = 0.0
        # unlike other queues and events, this one may be used by a signal handler
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() > self._quiet_until:
            self.called = True
            self._quiet_until = time.monotonic() + _CLEANUP_SECONDS
            self._news.put(None)
            _end_children()
            raise KeyboardInterrupt

    def report(self, unraisable: Any) -> None:
        """Hear of an exception that Python can't raise."""
        if self.called and issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._news.put(None)
        else:
            sys.__unraisablehook__(unraisable)

    def watch(self) -> None:
        """End the process where the main thread, after a signal, does not."""
        self._news.get()
        with contextlib.suppress(queue.Empty):
            self._news.get(timeout=_PATIENCE_SECONDS)
        if not self.leaving:
            # not imported here: the main thread may be stuck in an import
            remove = getattr(sys.modules.get("nlac._output"), "remove_unfinished", None)
            if remove is not None:
                remove()
            _say_so()
            os._exit(EXIT_CODE)


_handler = _Handler()


def install() -> None:
    """Answer SIGINT, SIGTERM and, where a terminal can hang up, SIGHUP from now on."""
    threading.Thread(target=_handler.watch, name="nlac-signals", daemon=True).start()
    hang_up = getattr(signal, "SIGHUP", signal.SIGTERM)
    for number in (signal.SIGINT, signal.SIGTERM, hang_up):
        # whoever starts a program in the background may ask that Ctrl-C be ignored, as nohup does
        # of a closed terminal
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handler)
    sys.unraisablehook = _handler.report


def happened() -> bool:
    """Tell whether a signal came; an error that then comes up is one of the clean-up."""
    return _handler.called


def leave() -> NoReturn:
    """Say so and end the process, without waiting for threads."""
    _handler.leaving = True
    _say_so()
    if "concurrent.futures.process" in sys.modules:
        # the pool of the benchmark has semaphores to give back, and no kernels run here
        sys.exit(EXIT_CODE)
    os._exit(EXIT_CODE)


def end(code: int) -> NoReturn:
    """End the process with an exit code, without waiting for threads."""
    _handler.leaving = True
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(code)


def _say_so() -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        print("nlac: interrupted", file=sys.stderr, flush=True)


def _end_children() -> None:
    """End what runs in processes of our own, for which the clean-up would wait."""
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None:
        for child in multiprocessing.active_children():
            child.terminate()
