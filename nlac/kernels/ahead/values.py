"""Arguments and results of compiled kernels as slots of 64 bits.

Types are written as JSON:

- ``"int64"`` and other integers, ``"float64"``, ``"bool"``, ``"none"``;
- ``["array", DTYPE, DIMENSIONS, WRITTEN]``, contiguous in C's order; a read-only array is taken
  where the kernel was never seen to need a writeable one;
- ``["tuple", TYPE, ...]`` and ``["named", "MODULE:CLASS", TYPE, ...]``.

An array takes the slots that numba's own take: two for the owner of its memory, number of items,
bytes of an item, address, shape, strides.  Tuples are the slots of their items.
"""

from __future__ import annotations

import ctypes
import importlib
import struct
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np

# appends the slots of a value; False if it is not of the type
Flattener: TypeAlias = Callable[[Any, list[int]], bool]
# (slots, place of the first, what frees an array) to the value and the place behind it
Reader: TypeAlias = Callable[[Any, int, Callable[[int], None]], tuple[Any, int]]

_NOTHING = ctypes.c_char * 0
_DOUBLE, _WORD = struct.Struct("=d"), struct.Struct("=q")


def flattener(kind: Any) -> Flattener:
    """Return what puts values of a type into slots."""
    if isinstance(kind, str):
        return _SCALARS.get(kind) or _exactly(kind)
    if kind[0] == "array":
        return _array(*kind[1:])
    return _sequence(kind)


def _integer(value: Any, slots: list[int]) -> bool:
    if value.__class__ is not int:
        if not isinstance(value, np.integer):
            return False
        value = int(value)
        if value >> 63 > 0:
            return False
    slots.append(value)
    return True


def _float(value: Any, slots: list[int]) -> bool:
    if not isinstance(value, float | np.floating):
        return False
    slots.extend(_WORD.unpack(_DOUBLE.pack(value)))
    return True


def _boolean(value: Any, slots: list[int]) -> bool:
    if not isinstance(value, bool | np.bool_):
        return False
    slots.append(int(value))
    return True


def _none(value: Any, slots: list[int]) -> bool:
    return value is None


_SCALARS: dict[str, Flattener] = {
    "int64": _integer,
    "float64": _float,
    "bool": _boolean,
    "none": _none,
}


def _exactly(kind: str) -> Flattener:
    """Integers of other widths, of NumPy's type alone."""
    wanted = np.dtype(kind).type

    def flatten(value: Any, slots: list[int]) -> bool:
        if value.__class__ is not wanted:
            return False
        slots.append(int(value))
        return True

    return flatten


def _array(dtype: str, dimensions: int, written: bool) -> Flattener:
    wanted = np.dtype(dtype)

    def flatten(value: Any, slots: list[int]) -> bool:
        if not isinstance(value, np.ndarray) or value.dtype != wanted or value.ndim != dimensions:
            return False
        flags = value.flags
        if not flags.c_contiguous or (written and not flags.writeable):
            return False
        if flags.writeable:
            # a third of the time that the array's own interface takes, which makes a dictionary
            place = ctypes.addressof(_NOTHING.from_buffer(value))  # type: ignore[arg-type]
        else:
            place = value.__array_interface__["data"][0]
        slots += (0, 0, value.size, value.itemsize, place, *value.shape, *value.strides)
        return True

    return flatten


@cache
def _class(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _sequence(kind: list[Any]) -> Flattener:
    named = kind[0] == "named"
    parts = [flattener(each) for each in kind[2 if named else 1 :]]

    def flatten(value: Any, slots: list[int]) -> bool:
        wanted = _class(kind[1]) if named else tuple
        if value.__class__ is not wanted or len(value) != len(parts):
            return False
        # a loop, since a generator would take a third of a call's time
        for part, each in zip(parts, value, strict=True):  # noqa: SIM110
            if not part(each, slots):
                return False
        return True

    return flatten


def reader(kind: Any) -> Reader:
    """Return what takes values of a type from slots."""
    if isinstance(kind, str):
        return _scalar_reader(kind)
    if kind[0] == "array":
        return _array_reader(kind[1], kind[2])
    return _sequence_reader(kind)


def _scalar_reader(kind: str) -> Reader:
    def read(slots: Any, at: int, release: Callable[[int], None]) -> tuple[Any, int]:
        if kind == "none":
            return None, at
        value = slots[at]
        if kind == "bool":
            value = bool(value & 1)
        elif kind == "float64":
            (value,) = _DOUBLE.unpack(_WORD.pack(value))
        elif kind.startswith("uint"):
            value &= (1 << int(kind.removeprefix("uint"))) - 1
        return value, at + 1

    return read


def _array_reader(dtype: str, dimensions: int) -> Reader:
    def read(slots: Any, at: int, release: Callable[[int], None]) -> tuple[Any, int]:
        owner, _, items, size, place = slots[at : at + 5]
        end = at + 5 + 2 * dimensions
        shape = slots[at + 5 : at + 5 + dimensions]
        # what is read is copied, and then given back
        value = np.empty(shape, dtype)
        ctypes.memmove(value.ctypes.data, place, items * size)
        if owner:
            release(owner)
        return value, end

    return read


def _sequence_reader(kind: list[Any]) -> Reader:
    named = kind[0] == "named"
    parts = [reader(each) for each in kind[2 if named else 1 :]]

    def read(slots: Any, at: int, release: Callable[[int], None]) -> tuple[Any, int]:
        values = []
        for part in parts:
            value, at = part(slots, at, release)
            values.append(value)
        return (_class(kind[1])(*values) if named else tuple(values)), at

    return read
