"""Players that are installed, on a device of ALSA that writes what it plays to a file."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nlac
from nlac.playback.choice import choose_output
from nlac.playback.player import Player
from nlac.playback.tracks import Track

_DEVICE = 'pcm.!default {{ type file slave.pcm null file "{}" format raw }}\n'
# what libraries say of cards that are not there would else be on the screen
_DEVICE += "ctl.!default {{ type hw card 0 }}\n"


@pytest.fixture
def heard(tmp_path, monkeypatch):
    """File with what has been heard."""
    if sys.platform != "linux":
        pytest.skip("needs ALSA")
    path = tmp_path / "heard.raw"
    (tmp_path / ".asoundrc").write_text(_DEVICE.format(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SDL_AUDIODRIVER", "alsa")
    return path


@pytest.fixture
def album(tmp_path):
    samples = np.random.default_rng(8).integers(-9000, 9000, (2, 8000, 2))
    for name, part in zip("ab", samples, strict=True):
        nlac.write(tmp_path / f"{name}.nlac", part.astype(np.int16), 44_100, preset="fast")
        nlac.write(
            tmp_path / f"{name}24.nlac", part.astype(np.int32) * 100 + 7, 44_100,
            bits_per_sample=24, preset="fast",
        )  # fmt: skip
    return samples.reshape(-1, 2)


def _play(name: str, paths: list[Path]) -> None:
    tracks = [Track(path) for path in paths]
    Player(tracks, choose_output(name)[1], queue.Queue()).run()
    for track in tracks:
        track.close()


def _check(heard: Path, expected: bytes) -> None:
    data = heard.read_bytes()
    assert data.startswith(expected)
    # the last period of the device is filled with silence
    assert not any(data[len(expected) :])


@pytest.mark.parametrize("name", ["aplay", "play", "mpv"])
def test_a_program_plays_the_exact_samples(name, heard, album, tmp_path):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    _play(name, [tmp_path / "a.nlac", tmp_path / "b.nlac"])
    _check(heard, album.astype("<i2").tobytes())


def test_24_bits_are_played_in_32(heard, album, tmp_path):
    if shutil.which("aplay") is None:
        pytest.skip("aplay is not installed")
    _play("aplay", [tmp_path / "a24.nlac", tmp_path / "b24.nlac"])
    _check(heard, ((album * 100 + 7) << 8).astype("<i4").tobytes())


def test_a_device_plays_the_exact_samples(heard, album, tmp_path):
    """In a process of its own: PortAudio looks for devices once."""
    command = [sys.executable, "-m", "nlac", "play", "--player", "device", "--gain", "off"]
    environment = os.environ | {"PYTHONPATH": str(Path(nlac.__file__).parents[1])}
    done = subprocess.run(
        [*command, tmp_path / "a.nlac", tmp_path / "b.nlac"],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    if done.returncode == 4:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    _check(heard, album.astype("<i2").tobytes())
