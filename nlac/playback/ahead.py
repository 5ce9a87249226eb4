"""Work done on a thread of its own, ahead of whoever needs it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from nlac._errors import NlacError
from nlac._log import logger


class Ahead:
    """Calls functions in the order in which they were given; their errors come again later.

    The thread begins with the first of them. Nobody waits for it at the end: a block may take
    long to decode.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], object]) -> None:
        """Have something done."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nlac-ahead", daemon=True)
            self._thread.start()
        self._waiting.put(work)

    def end(self) -> None:
        """Begin with nothing more."""
        self._waiting.put(None)

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            try:
                work()
            # of a file that was closed meanwhile, a ValueError
            except (NlacError, OSError, ValueError) as error:
                logger.debug(f"ahead: {error}")
