"""Compiled kernels: the decorator for all of them.

``@kernel`` (or ``@kernel(inline="always")``) is numba's ``njit`` with the
settings that every kernel here needs: the interpreter lock is released, so that
blocks can be coded in threads; division follows C, not Python's exceptions; and
the machine code is kept on disk (`nlac.kernels.cache`), so that only the first
run compiles.

With ``NUMBA_DISABLE_JIT=1`` a kernel is its own source, on NumPy's integers of
64 bits, which wrap around like the machine's (NumPy 2: before, it made floats of
some). That is slow, milliseconds a sample: to step through kernels, and to check
numba.

Importing this module imports numba (about 0.3 s): import it only from modules
that hold kernels, and those only inside functions that need them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast, overload

import numba
import numpy as np
from numba.core import event as numba_event

from nlac.kernels.cache import module_folder
from nlac.kernels.numba_internals import is_jit_disabled, keep_code

F = TypeVar("F", bound=Callable[..., Any])

# numba's own annotations differ between its releases, so none of them is used
_events: Any = numba_event
_Listener: Any = numba_event.Listener
_njit: Any = numba.njit


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(**options: Any) -> Callable[[F], F]: ...
def kernel(function: Any = None, **options: Any) -> Any:
    """Compile a function with numba on its first call, and keep the code on disk.

    Parameters
    ----------
    function : callable
        What to compile, when used without arguments.
    **options
        Further options of ``numba.njit``, such as ``inline="always"``.

    Examples
    --------
    >>> @kernel
    ... def double(x):
    ...     return 2 * x
    >>> double(21)
    42
    """

    def decorate(plain: F) -> F:
        if is_jit_disabled():
            return cast(F, _interpreted(plain))
        settings = {"nogil": True, "error_model": "numpy"} | options
        compiled: F = _njit(**settings)(plain)
        folder = module_folder(plain.__code__.co_filename)
        if folder is not None:
            keep_code(compiled, folder)
        return compiled

    return decorate if function is None else decorate(function)


def _interpreted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a kernel as Python that neither warns of wrapping nor of dividing by zero."""

    @wraps(function)
    def run(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*arguments)

    return run


# calls cost more than what most of these do
inline_kernel = kernel(forceinline=True)


def when_compiling(announce: Callable[[], None]) -> None:
    """Call a function once, when a kernel is first found to need compiling.

    Parameters
    ----------
    announce : callable
        Called without arguments, from the thread that is about to compile.
    """
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
