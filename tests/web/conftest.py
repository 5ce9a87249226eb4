"""A server for the tests, and signals to send to it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the page needs nlac[web]")
pytest.importorskip("httpx2", reason="fastapi's client for tests needs httpx2")

from fastapi.testclient import TestClient
from web_tools import wav_bytes

import nlac
from nlac.web.app import create_app
from nlac.web.settings import Settings

# makers of streams
sys.path.append(str(Path(__file__).resolve().parents[1] / "origin"))


@pytest.fixture
def archive(tmp_path):
    """A folder with an nlac file, a WAV file and what is no audio."""
    folder = tmp_path / "archive"
    (folder / "sub").mkdir(parents=True)
    (folder / "plain.wav").write_bytes(wav_bytes(seed=2))
    (folder / "song.wav").write_bytes(wav_bytes(seed=3))
    nlac.encode(
        folder / "song.wav", folder / "sub" / "song.nlac", preset="fast",
        tags={"TITLE": "Étude", "ARTIST": "Nobody"},
    )  # fmt: skip
    (folder / "song.wav").unlink()
    (folder / "notes.txt").write_text("secret of the folder")
    (tmp_path / "outside.wav").write_bytes(wav_bytes(seed=4))
    return folder


@pytest.fixture
def client(archive):
    """A client of a server with that folder as its library."""
    settings = Settings(folder=archive, stream=True, hosts=("testserver",))
    with TestClient(create_app(settings)) as client:
        yield client
