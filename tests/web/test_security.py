"""Who may ask the server, and what its answers allow."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from web_tools import wav_bytes

from nlac.web.app import create_app
from nlac.web.settings import Settings


@pytest.fixture
def local():
    with TestClient(create_app(Settings()), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.mark.parametrize(
    ("host", "code"),
    [
        *(("127.0.0.1:8000", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:8000", 200)),
        *(("page.example", 421), ("127.0.0.1.page.example", 421), ("", 421)),
    ],
)
def test_only_names_of_this_machine(local, host, code):
    assert local.get("/api/about", headers={"Host": host}).status_code == code


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://page.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_pages_of_other_sites_change_nothing(local, headers, code):
    answer = local.post(
        "/api/uploads", params={"name": "x.wav"}, content=wav_bytes(), headers=headers
    )
    assert answer.status_code == code


def test_token():
    with TestClient(create_app(Settings(hosts=(), token="s3cret"))) as client:
        assert client.get("/").status_code == 401
        assert client.get("/api/about?token=other").status_code == 401
        right = {"Authorization": "Bearer s3cret"}
        assert client.get("/api/about", headers=right).status_code == 200
        page = client.get("/api/about?token=s3cret")
        assert page.status_code == 200
        cookie = page.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        # the browser has it now
        assert client.get("/api/about").status_code == 200
        client.cookies.clear()
        assert client.get("/api/about").status_code == 401
        # whatever cookies of other programs stand beside it
        own = cookie.partition(";")[0]
        for other in ('x={"a":1}', "a b=c", "nlac-token-00000000=other"):
            headers = {"Cookie": f"{other}; {own}"}
            assert client.get("/api/about", headers=headers).status_code == 200
        for header in ("bearer s3cret", "BEARER s3cret"):
            right = {"Authorization": header}
            assert client.get("/api/about", headers=right).status_code == 200
        assert client.get("/api/about", headers={"Authorization": "s3cret"}).status_code == 401


def test_pages_load_nothing_from_elsewhere(local):
    for url in ("/", "/api/about", "/api/none"):
        headers = local.get(url).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_text_is_compressed_and_audio_is_not(client):
    packed = {"Accept-Encoding": "gzip"}
    about = client.get("/api/openapi.json", headers=packed)
    assert about.headers["content-encoding"] == "gzip"
    audio = client.get("/audio/sub/song.wav", headers=packed)
    assert "content-encoding" not in audio.headers
