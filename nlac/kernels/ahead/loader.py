"""The shared library of kernels, if the installation has one that this processor can run.

The folder ``built`` holds the library and ``entries.json``, which ``tools/ahead`` writes::

    {"library": FILE, "bytes": LENGTH, "levels": [LEVEL, ...],
     "entries": [[NAME, [TYPE, ...], TYPE, COUNT], ...]}

with, for each entry, the name of its kernel, the types of arguments and result
(`nlac.kernels.ahead.values`), and the number of slots that the arguments take.  Entry `n` is the
function ``nlac_LEVEL_n`` for each level of processors (`nlac.kernels.ahead.levels`; the only one
is 0 where the machine is not x86-64).  ``NLAC_CPU_LEVEL`` asks for one below the processor's.
"""

from __future__ import annotations

import ctypes
import json
import os
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from nlac._errors import UsageError
from nlac.kernels.ahead.levels import level_of

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "built")


@dataclass(frozen=True, slots=True)
class Library:
    """A library that was loaded, and its entries.

    Parameters
    ----------
    code : ctypes.CDLL
        The library.
    level : int
        The level of processors whose functions are called.
    levels : list of int
        Those that it has.
    entries : dict
        By the kernels' names: number of the entry, types of its arguments and result, slots.
    """

    code: ctypes.CDLL
    level: int
    levels: list[int]
    entries: dict[str, list[tuple[int, list[Any], Any, int]]] = field(repr=False)

    def function(self, entry: int) -> Any:
        """Return the function of an entry, which takes the addresses of arguments and results."""
        found = self.code[f"nlac_{self.level}_{entry}"]
        found.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        found.restype = ctypes.c_int32
        return found

    def release(self, block: int) -> None:
        """Free the memory of an array that a kernel returned."""
        self.code.nlac_release(ctypes.c_void_p(block))


@cache
def loaded() -> Library:
    """Load the library.

    Raises
    ------
    OSError
        The installation holds none, or it can't be loaded here, or it has no level that this
        processor can run.
    UsageError
        ``NLAC_CPU_LEVEL`` names a level that is not there.
    """
    return load(FOLDER)


def load(folder: str) -> Library:
    """Load the library of a folder, see `loaded`."""
    with open(os.path.join(folder, "entries.json"), encoding="utf-8") as file:
        table = json.load(file)
    path = os.path.join(folder, table["library"])
    # what lies behind the end of a file that was cut would end the process
    if os.path.getsize(path) != table["bytes"]:
        raise OSError(f"{path} is damaged")
    code = ctypes.CDLL(path)
    entries: dict[str, list[tuple[int, list[Any], Any, int]]] = {}
    for number, (name, arguments, result, count) in enumerate(table["entries"]):
        entries.setdefault(name, []).append((number, arguments, result, count))
    levels = table["levels"]
    return Library(code, _level(code, levels), levels, entries)


def _level(code: ctypes.CDLL, levels: list[int]) -> int:
    if levels == [0]:
        return 0
    processor = processor_level(code)
    able = [level for level in levels if level <= processor]
    if not able:
        raise OSError(f"the kernels were compiled for x86-64-v{min(levels)} and above")
    asked = os.environ.get("NLAC_CPU_LEVEL", "").strip()
    if not asked:
        return max(able)
    if asked not in map(str, able):
        raise UsageError(f"NLAC_CPU_LEVEL={asked}: what can run here is {sorted(able)}")
    return int(asked)


def processor_level(code: ctypes.CDLL) -> int:
    """Level of this machine's x86-64 processor, asked by functions of the library."""

    def cpuid(leaf: int, subleaf: int) -> tuple[int, int, int, int]:
        registers = (ctypes.c_uint32 * 4)()
        code.nlac_cpuid(ctypes.c_uint32(leaf), ctypes.c_uint32(subleaf), registers)
        return registers[0], registers[1], registers[2], registers[3]

    return level_of(cpuid, lambda: int(code.nlac_xgetbv()))


def problem() -> str | None:
    """Tell why the installation has no library that runs here; None if it has one."""
    try:
        loaded()
    except FileNotFoundError:
        return "the installation holds none"
    except OSError as error:
        return str(error)
    return None
