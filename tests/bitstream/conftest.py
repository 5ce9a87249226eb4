"""Streams to test with: small, of every structure, with a verbatim block codec."""

from __future__ import annotations

import io

import numpy as np
import pytest
import verbatim
from stream_tools import BLOCK, RATE, make_wav

import nlac


@pytest.fixture(autouse=True)
def _verbatim_codec(monkeypatch):
    verbatim.install(monkeypatch)


@pytest.fixture
def samples() -> np.ndarray:
    """Three blocks and a bit of stereo, the second block silent."""
    rng = np.random.default_rng(3)
    values = rng.integers(-30000, 30000, (3 * BLOCK + 5, 2)).astype(np.int16)
    values[BLOCK : 2 * BLOCK] = 0
    return values


@pytest.fixture
def wav(samples) -> bytes:
    return make_wav(samples, b"LIST\x04\x00\x00\x00INFO", b"note\x03\x00\x00\x00abc")


@pytest.fixture
def stream(wav) -> bytes:
    """A stream with every common structure: recipe, head, tags, four blocks, tail."""
    out = io.BytesIO()
    nlac.encode(
        io.BytesIO(wav), out, block_seconds=BLOCK / RATE, tags={"title": "x" * 20}, threads=1
    )
    return out.getvalue()
