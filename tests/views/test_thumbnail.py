"""Small pictures of waveforms."""

from __future__ import annotations

import io

import numpy as np
import pytest

import nlac
from nlac.views.output.thumbnail import png, thumbnail
from nlac.views.recording import open_recording


def _pixels(data: bytes) -> np.ndarray:
    """Read by matplotlib, whose PNG reader is not ours."""
    image = pytest.importorskip("matplotlib.image", reason="matplotlib is not installed")
    return np.rint(image.imread(io.BytesIO(data), format="png") * 255).astype(np.uint8)


def test_png_holds_the_pixels():
    pixels = np.random.default_rng(1).integers(0, 256, (7, 13, 4)).astype(np.uint8)
    np.testing.assert_array_equal(_pixels(png(pixels)), pixels)


@pytest.fixture
def recording(tmp_path):
    """Silence, then half of full scale, then all of it."""

    def made(kind=np.int16, frames=3000):
        step = np.repeat([0, 0.5, 1.0], frames // 3)[:, None] * np.ones((1, 2))
        step[1::2] *= -1
        scale = 1.0 if kind == np.float32 else 32767
        nlac.write(tmp_path / "x.nlac", (step * scale).astype(kind), 8000, preset="fast")
        return open_recording(tmp_path / "x.nlac")

    return made


@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_columns_are_as_high_as_the_sound(recording, kind):
    with recording(kind) as opened:
        found = _pixels(thumbnail(opened, 60))
    heights = (found[:, :, 3] > 0).sum(axis=0)
    assert found.shape == (30, 60, 4)
    assert set(heights[:19]) == {2}
    assert set(heights[21:39]) <= {14, 15, 16}
    assert set(heights[41:]) == {30}


def test_time_is_bounded(recording, monkeypatch):
    with recording(frames=6000) as opened:
        calls = []
        read = opened.read
        monkeypatch.setattr(opened, "read", lambda a, b: (calls.append(a), read(a, b))[1])
        data = thumbnail(opened, 64, seconds=0)
    assert len(calls) == 1
    assert _pixels(data).shape == (32, 64, 4)


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_short_recordings(tmp_path, frames):
    nlac.write(tmp_path / "x.nlac", np.full((frames, 1), 99, np.int16), 8000, preset="fast")
    with open_recording(tmp_path / "x.nlac") as opened:
        assert _pixels(thumbnail(opened, 16)).shape == (8, 16, 4)
