"""Names of outputs, and the containers that they stand for."""

from __future__ import annotations

import os

# all names that outputs may have, and the container that each stands for
SUFFIXES = {
    ".wav": "wav",
    ".wave": "wav",
    ".bwf": "wav",
    ".rf64": "rf64",
    ".bw64": "bw64",
    ".w64": "w64",
    ".aif": "aiff",
    ".aiff": "aiff",
    ".aifc": "aifc",
    ".afc": "aifc",
    ".raw": "raw",
    ".pcm": "raw",
    ".flac": "flac",
    ".caf": "caf",
    ".au": "au",
    ".snd": "au",
}


def container_for(name: str | os.PathLike[str]) -> str | None:
    """Return the container that a file name's suffix stands for, or None."""
    return SUFFIXES.get(os.path.splitext(os.fspath(name))[1].lower())
