"""The decorator of all compiled kernels.

``@kernel`` (or ``@kernel(inline="always")``) marks a function that is compiled: ahead of time in
a built wheel, by numba on the first call in a source tree; `nlac.kernels.mode` decides.  Either way
the interpreter lock is released, so that blocks can be coded in threads, and division follows C,
not Python's exceptions.

A kernel that Python calls is an entry.  Entries and the types of their arguments are listed in
``tools/ahead/entries.json``; other kernels are only called by kernels, and have no code of their
own in a wheel.

As plain Python a kernel is its own source, on NumPy's integers of 64 bits, which wrap around like
the machine's (NumPy 2: before, it made floats of some).  That is slow, milliseconds a sample: to
step through kernels, and to check the compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast, overload

import numpy as np

from nlac.kernels.ahead.entry import Entry
from nlac.kernels.mode import MODE, Mode

F = TypeVar("F", bound=Callable[..., Any])


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(**options: Any) -> Callable[[F], F]: ...
def kernel(function: Any = None, **options: Any) -> Any:
    """Mark a function to be compiled.

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
    """

    def decorate(plain: F) -> F:
        if MODE is Mode.INTERPRETED:
            return cast(F, _interpreted(plain))
        if MODE is Mode.AHEAD:
            return cast(F, Entry(plain))
        from nlac.kernels.numba_jit import compiled_on_call

        return cast(F, compiled_on_call(plain, options))

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
    if MODE is Mode.JIT:
        from nlac.kernels import numba_jit

        numba_jit.when_compiling(announce)
