"""A registry of its own for every test, and signals to predict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlac.predictors import registry

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})


@pytest.fixture
def plugin(monkeypatch) -> Path:
    """The example package, installed as far as Python can tell."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    return PLUGIN


@pytest.fixture
def stereo() -> np.ndarray:
    """Some music-like samples, (channels, frames) int32, 16 bits."""
    rng = np.random.default_rng(11)
    noise = rng.normal(0, 60, (2, 1500)).cumsum(axis=1)
    noise[1] += noise[0]
    wave = 3000 * np.sin(np.arange(1500) * 0.07)
    return np.clip(noise + wave, -32768, 32767).astype(np.int32)
