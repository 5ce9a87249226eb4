"""A protected stream, and the same without parity."""

from __future__ import annotations

import io

import numpy as np
import pytest

import nlac


def make_stream(frames: int, **options) -> bytes:
    """A stream of noise in blocks of a quarter of a second."""
    noise = np.random.default_rng(frames).integers(-3000, 3001, (frames, 2)).astype(np.int16)
    out = io.BytesIO()
    nlac.write(out, noise, 8000, preset="fast", block_seconds=0.25, verify=False, **options)
    return out.getvalue()


def protect(stream: bytes, amount: float = 0.02) -> bytes:
    """The stream with parity."""
    out = io.BytesIO()
    nlac.protect(stream, out, amount=amount)
    return out.getvalue()


@pytest.fixture(scope="session")
def plain() -> bytes:
    return make_stream(60_000)


@pytest.fixture(scope="session")
def protected(plain) -> bytes:
    return protect(plain)
