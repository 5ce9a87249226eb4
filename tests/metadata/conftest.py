"""A recording of three tracks; tools of other folders are importable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import soundfile
from track_tools import PICTURE, RATE, SAMPLES, SHEET

import nlac

sys.path.append(str(Path(__file__).resolve().parents[1] / "audio"))


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds in blocks of 0.7 s, with a cue sheet."""
    folder = tmp_path_factory.mktemp("album")
    soundfile.write(folder / "album.wav", SAMPLES, RATE)
    nlac.encode(
        folder / "album.wav", folder / "album.nlac", cuesheet=SHEET, preset="fast",
        block_seconds=0.7, tags={"TITLE": "Album", "DATE": "x", "LABEL": "L"}, pictures=[PICTURE],
    )  # fmt: skip
    return folder / "album.nlac"
