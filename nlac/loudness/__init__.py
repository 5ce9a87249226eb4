"""Loudness of recordings by ITU-R BS.1770-5 and EBU R 128: integrated, range, true peak.

``from nlac.loudness import measure`` measures any file that nlac reads; `LoudnessMeter` takes
arrays. `nlac gain` writes what they find as tags.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlac.loudness.files import measure
    from nlac.loudness.gating import Loudness
    from nlac.loudness.meter import LoudnessMeter

__all__ = ["Loudness", "LoudnessMeter", "measure"]

_MODULES = {"Loudness": "gating", "LoudnessMeter": "meter", "measure": "files"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
