"""Kernels compiled by numba on their first call, and kept on disk (`nlac.kernels.cache`).

Importing this module imports numba (about 0.3 s).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numba
from numba.core import event as numba_event

from nlac.kernels.cache import module_folder
from nlac.kernels.numba_internals import keep_code

# numba's own annotations differ between its releases, so none of them is used
_events: Any = numba_event
_Listener: Any = numba_event.Listener
_njit: Any = numba.njit
_kept = True


def keep_no_code() -> None:
    """Compile in this process whatever kernels need; for those that are marked after this."""
    global _kept
    _kept = False


def compiled_on_call(function: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    """Return numba's dispatcher of a function; `options` are further ones of ``numba.njit``."""
    compiled = _njit(**{"nogil": True, "error_model": "numpy", **options})(function)
    folder = module_folder(function.__code__.co_filename) if _kept else None
    if folder is not None:
        keep_code(compiled, folder)
    return compiled


def when_compiling(announce: Callable[[], None]) -> None:
    """Call a function once, from the thread that first finds that a kernel needs compiling."""
    _events.register("numba:compile", _Announcer(announce))


class _Announcer(_Listener):  # type: ignore[misc]
    def __init__(self, announce: Callable[[], None]) -> None:
        self._announce: Callable[[], None] | None = announce

    def on_start(self, event: Any) -> None:
        announce, self._announce = self._announce, None
        if announce is not None:
            announce()

    def on_end(self, event: Any) -> None:
        pass
