"""A kernel of the library, called as its source would be."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from nlac.kernels.ahead.loader import Library, loaded
from nlac.kernels.ahead.values import Flattener, Reader, flattener, reader

# slots of the largest result
_RESULT = ctypes.c_int64 * 64


class Entry:
    """A function of the library for each list of types that Python gives a kernel.

    Parameters
    ----------
    function : callable
        The kernel's source.
    """

    __slots__ = ("__wrapped__", "_calls", "_release")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__wrapped__ = function
        self._calls: list[_Call] | None = None

    @property
    def __name__(self) -> str:
        return self.__wrapped__.__name__

    @property
    def name(self) -> str:
        """Name in the list of entries: ``MODULE:FUNCTION``."""
        return f"{self.__wrapped__.__module__}:{self.__wrapped__.__qualname__}"

    def __call__(self, *values: Any) -> Any:
        """Call the kernel.

        Raises
        ------
        TypeError
            The kernel was not compiled for arguments of these types.
        MemoryError
            The kernel could not make an array: kernels raise nothing themselves.
        """
        calls = self._calls
        if calls is None:
            calls = self._bind(loaded())
        for call in calls:
            slots: list[int] = []
            if call.flatten(values, slots):
                results = _RESULT()
                if call.function(call.slots(*slots), results):
                    raise MemoryError(f"no memory for arrays of {self.name}")
                return call.read(results, 0, self._release)[0]
        shown = ", ".join(map(_shown, values))
        raise TypeError(f"{self.name} is not compiled for ({shown})")

    def _bind(self, found: Library) -> list[_Call]:
        self._release = found.release
        # two threads may do so at once, and do the same
        calls = [_Call(found, *each) for each in found.entries.get(self.name, ())]
        self._calls = calls
        return calls


class _Call:
    """One function: how to call it and to read its result."""

    __slots__ = ("flatten", "function", "read", "slots")

    def __init__(
        self, found: Library, number: int, arguments: list[Any], result: Any, count: int
    ) -> None:
        self.function = found.function(number)
        self.flatten: Flattener = flattener(["tuple", *arguments])
        self.read: Reader = reader(result)
        self.slots = ctypes.c_int64 * count


def _shown(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    if dtype is None or not getattr(value, "shape", ()):
        return type(value).__name__
    kind = "" if value.flags.writeable else "read-only "
    kind += "" if value.flags.c_contiguous else "not contiguous "
    return f"{kind}{dtype}{list(value.shape)}"
