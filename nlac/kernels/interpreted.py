"""Kernels as Python runs them, for ``NUMBA_DISABLE_JIT=1``: to debug them, and to check numba.

A kernel is then its own source, on NumPy's integers of 64 bits, which wrap around like the
machine's (NumPy 2: before, it made floats of some).  What is written in LLVM's language stays
machine code, each intrinsic a function of its own.  It is slow: milliseconds a sample.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numba
import numpy as np
from numba.core import types

_config: Any = numba.config
_njit: Any = numba.njit


def interpreted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a kernel that neither warns of wrapping nor of dividing by zero."""

    @wraps(function)
    def run(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*arguments)

    return run


def callable_intrinsic(intrinsic: Any) -> Callable[..., Any]:
    """Return an intrinsic as a function; integers come back as NumPy's."""
    before, _config.DISABLE_JIT = _config.DISABLE_JIT, 0
    try:
        compiled = _njit(lambda *arguments: intrinsic(*arguments))
    finally:
        _config.DISABLE_JIT = before

    def run(*arguments: Any) -> Any:
        result = compiled(*arguments)
        kind = compiled.nopython_signatures[0].return_type
        if kind == types.uint64:
            return np.uint64(result)
        if isinstance(result, tuple):
            return tuple(map(np.int64, result))
        return np.int64(result) if kind == types.int64 else result

    return run
