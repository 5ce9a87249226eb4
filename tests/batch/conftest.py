"""Trees to encode."""

from __future__ import annotations

from pathlib import Path

import pytest
from batch_tools import Trial, make_tree, wav_bytes


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """Two recordings and a text."""
    trial = Trial(tmp_path)
    (trial.root / "deep").mkdir()
    (trial.root / "a.wav").write_bytes(wav_bytes(seed=1))
    (trial.root / "deep/b.wav").write_bytes(wav_bytes(seed=2))
    (trial.root / "notes.txt").write_bytes(b"text")
    return trial


@pytest.fixture
def large(tmp_path: Path) -> Trial:
    """A tree of all sorts."""
    trial = Trial(tmp_path)
    make_tree(trial.root)
    return trial
