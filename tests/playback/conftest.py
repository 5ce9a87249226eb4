"""Tools of other folders."""

from __future__ import annotations

import sys
from pathlib import Path

for _folder in ("", "audio", "playback"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / _folder))
