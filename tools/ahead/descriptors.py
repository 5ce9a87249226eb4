"""Types of arguments and results: numba's, and as the list of entries writes them.

`nlac.kernels.ahead.values` describes the latter.
"""

from __future__ import annotations

import importlib
from typing import Any

from numba.core import types


def describe(kind: Any) -> Any:
    """Write a type of numba's; an array is one that is written to unless it is read-only."""
    if isinstance(kind, types.Array):
        if kind.layout != "C":
            raise ValueError(f"entries take contiguous arrays, not {kind}")
        return ["array", str(kind.dtype), kind.ndim, kind.mutable]
    if isinstance(kind, types.NamedTuple | types.NamedUniTuple):
        name = f"{kind.instance_class.__module__}:{kind.instance_class.__qualname__}"
        return ["named", name, *map(describe, kind.types)]
    if isinstance(kind, types.BaseTuple):
        return ["tuple", *map(describe, kind.types)]
    if kind is types.none:
        return "none"
    kind = types.unliteral(kind)
    if not isinstance(kind, types.Integer | types.Float | types.Boolean):
        raise ValueError(f"entries take numbers, arrays and tuples, not {kind}")
    return str(kind)


def restore(kind: Any) -> Any:
    """Read a type; arrays may be written to, for code is the same then."""
    if isinstance(kind, str):
        return {"none": types.none, "bool": types.boolean}.get(kind) or getattr(types, kind)
    if kind[0] == "array":
        return types.Array(restore(kind[1]), kind[2], "C")
    if kind[0] == "tuple":
        return types.BaseTuple.from_types([restore(each) for each in kind[1:]])
    module, _, name = kind[1].partition(":")
    found = getattr(importlib.import_module(module), name)
    return types.BaseTuple.from_types([restore(each) for each in kind[2:]], found)


def merge(first: Any, second: Any) -> Any:
    """What takes values of both types, which differ in nothing but read-only arrays; else None."""
    if isinstance(first, str) or isinstance(second, str):
        return first if first == second else None
    if first[0] != second[0] or len(first) != len(second):
        return None
    if first[0] == "array":
        return [*first[:3], first[3] and second[3]] if first[:3] == second[:3] else None
    if first[0] == "named" and first[1] != second[1]:
        return None
    start = 2 if first[0] == "named" else 1
    parts = [merge(a, b) for a, b in zip(first[start:], second[start:], strict=True)]
    return None if None in parts else [*first[:start], *parts]
