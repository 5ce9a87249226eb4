"""Editing with a verbatim block codec, and the tools of the stream tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bitstream"))

import verbatim


@pytest.fixture(autouse=True)
def _verbatim_codec(monkeypatch):
    verbatim.install(monkeypatch)
