"""Tools of other folders, and archives to mount."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

for _folder in ("", "audio", "playback", "mount"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / _folder))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive with all kinds of files."""
    from original_files import original

    root = tmp_path / "archive"
    (root / "album" / "deep").mkdir(parents=True)
    for place, name in (
        ("one.nlac", "16.wav"),
        ("two.NLAC", "24.aiff"),
        ("album/three.nlac", "slices.wav"),
        ("album/deep/four.nlac", "some.w64"),
    ):
        (root / place).write_bytes(original(name)[1])
    (root / "album" / "cover.jpg").write_bytes(b"\xff\xd8" + bytes(5000))
    (root / "album" / "album.cue").write_text('FILE "three.wav" WAVE\n')
    return root
