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
_for_library = False


def compile_for_library() -> None:
    """Compile to be linked: what caches hold can't be, nor is Python to call kernels itself.

    It holds for kernels that are marked after this.
    """
    global _for_library
    _for_library = True


def compiled_on_call(function: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    """Return numba's dispatcher of a function; `options` are further ones of ``numba.njit``."""
    settings = {"nogil": True, "error_model": "numpy", **options}
    if _for_library:
        return _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **settings)(function)
    compiled = _njit(**settings)(function)
    folder = module_folder(function.__code__.co_filename)
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
