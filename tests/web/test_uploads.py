"""Files that are sent to the server."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from web_tools import wav_bytes

from nlac.web.app import create_app
from nlac.web.routes.uploads import clean_name
from nlac.web.settings import Settings


def test_upload_is_taken_and_described(client):
    data = wav_bytes(frames=4410)
    answer = client.post("/api/uploads", params={"name": "C:\\x\\my song.wav"}, content=data)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["name"], told["bytes"]) == ("my song.wav", len(data))
    facts = client.get("/api/facts", params={"ref": told["ref"]}).json()
    assert facts == told["facts"]
    assert (facts["frames"], facts["channels"], facts["bits_per_sample"]) == (4410, 2, 16)
    assert facts["seconds"] == pytest.approx(0.1)
    kept = client.get("/api/download", params={"ref": told["ref"]})
    assert kept.content == data
    assert "my song.wav" in kept.headers["content-disposition"]


def test_upload_goes_away(client):
    told = client.post("/api/uploads", params={"name": "a.wav"}, content=wav_bytes()).json()
    folder = client.app.state.nlac.store.folder
    assert len(list(folder.rglob("a.wav"))) == 1
    url = "/api/uploads/" + told["ref"].removeprefix("upload:")
    assert client.delete(url).status_code == 204
    assert not list(folder.rglob("*.wav"))
    assert client.get("/api/facts", params={"ref": told["ref"]}).status_code == 404
    assert client.delete(url).status_code == 404


@pytest.mark.parametrize("data", [b"", b"no audio at all", b"RIFF\0\0\0\0WAVE", wav_bytes()[:40]])
def test_what_is_no_audio_is_refused_and_not_kept(client, data):
    answer = client.post("/api/uploads", params={"name": "x.wav"}, content=data)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("x.wav: this is no audio")
    assert not list(client.app.state.nlac.store.folder.iterdir())


def test_large_files_are_refused_before_and_while_they_come(archive):
    data = wav_bytes()
    with TestClient(create_app(Settings(hosts=(), upload_limit_bytes=len(data) - 1))) as client:
        announced = client.post("/api/uploads", params={"name": "x.wav"}, content=data)

        def pieces():
            yield data[:9000]
            yield data[9000:]

        streamed = client.post("/api/uploads", params={"name": "x.wav"}, content=pieces())
        for answer in (announced, streamed):
            assert answer.status_code == 413
            assert "too large" in answer.json()["detail"]
        assert not list(client.app.state.nlac.store.folder.iterdir())


def test_old_uploads_make_room(archive):
    data = wav_bytes()
    settings = Settings(hosts=(), store_limit_bytes=int(2.5 * len(data)))
    with TestClient(create_app(settings)) as client:
        refs = []
        for k in range(3):
            answer = client.post("/api/uploads", params={"name": f"{k}.wav"}, content=data)
            refs.append(answer.json()["ref"])
        codes = [client.get("/api/facts", params={"ref": ref}).status_code for ref in refs]
        assert codes == [404, 200, 200]


def test_everything_goes_away_with_the_server(archive):
    with TestClient(create_app(Settings(hosts=()))) as client:
        client.post("/api/uploads", params={"name": "x.wav"}, content=wav_bytes())
        folder = client.app.state.nlac.store.folder
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("song.wav", "song.wav"),
        ("../../etc/passwd", "passwd"),
        ("..", "audio"),
        ("a/b\\c.flac", "c.flac"),
        ("tab\tand\x00null.wav", "tab_and_null.wav"),
        ("ü" * 300 + ".wav", "ü" * 88 + ".wav"),
        (".hidden", "hidden"),
    ],
)
def test_names_are_those_of_files(given, clean):
    assert clean_name(given) == clean
