"""How kernels run in this process: compiled ahead of time, just in time, or as plain Python.

A built wheel holds the kernels as machine code (`nlac.kernels.ahead`), and needs no compiler.
A source tree holds none: there numba compiles them on their first call (`nlac.kernels.numba_jit`).

``NLAC_JIT=1`` asks for numba where there is machine code, too; so does ``NLAC_PLAIN_KERNELS``,
for the choice is built into that code.  ``NUMBA_DISABLE_JIT=1`` asks for plain Python, which needs
neither.  The settings are read once, at the start of a process.  Streams are the same in all modes.
"""

from __future__ import annotations

import enum
import importlib.util
import os

from nlac._errors import MissingDependency
from nlac.kernels.ahead.loader import problem


class Mode(enum.Enum):
    """How kernels run."""

    AHEAD = "compiled ahead of time"
    JIT = "compiled just in time"
    INTERPRETED = "interpreted"


# names of vector loops to be replaced by plain ones, see `nlac.kernels.plain`
PLAIN_SETTING = os.environ.get("NLAC_PLAIN_KERNELS", "").strip()


def _choose() -> Mode:
    if _asked("NUMBA_DISABLE_JIT"):
        return Mode.INTERPRETED
    if _asked("NLAC_JIT") or PLAIN_SETTING:
        why = "NLAC_JIT and NLAC_PLAIN_KERNELS need numba"
    else:
        missing = problem()
        if missing is None:
            return Mode.AHEAD
        why = f"without compiled kernels ({missing}) numba is needed"
    if importlib.util.find_spec("numba") is None:
        raise MissingDependency(f"{why}: pip install 'nlac[jit]'")
    return Mode.JIT


def _asked(name: str) -> bool:
    return os.environ.get(name, "").strip() not in ("", "0")


MODE = _choose()
