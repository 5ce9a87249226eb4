"""The API with a verbatim block codec, a file and its stream, and the tools of the stream tests."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bitstream"))

import verbatim
from stream_tools import BLOCK, RATE, make_wav

import nlac


@pytest.fixture(autouse=True)
def _verbatim_codec(monkeypatch):
    verbatim.install(monkeypatch)


@pytest.fixture
def samples():
    return np.random.default_rng(5).integers(-32768, 32768, (3 * BLOCK + 2, 2)).astype(np.int16)


@pytest.fixture
def wav(samples, tmp_path):
    path = tmp_path / "in.wav"
    path.write_bytes(make_wav(samples, b"bext\x03\0\0\0abc\0", b"cue \x02\0\0\0xy"))
    return path


@pytest.fixture
def coded(wav, tmp_path):
    path = tmp_path / "a.nlac"
    nlac.encode(wav, path, block_seconds=BLOCK / RATE, tags={"Title": "T", "Artist": ["A", "B"]})
    return path
