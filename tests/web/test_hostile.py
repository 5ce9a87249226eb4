"""Clients that are slow, many, or break off: others are served, and nothing is left behind."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from web_tools import wav_bytes

from nlac.web.app import create_app
from nlac.web.settings import Settings


@contextmanager
def served(settings: Settings):
    """A server on a thread; gives its port and its state."""
    app = create_app(settings)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1)
    )
    listener = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()[1], app.state.nlac
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _waves(folder):
    """Names of the WAVs in the folders of a folder, some of which may go away meanwhile."""
    names = []
    for _, _, files in os.walk(folder):
        names += [name for name in files if name.endswith(".wav")]
    return names


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_fifty_files_at_once():
    with served(Settings(workers=2)) as (port, state):

        def send(k):
            data = wav_bytes(frames=2000 + k, seed=k)
            status, answer = ask(port, "POST", f"/api/uploads?name={k}.wav", data)
            assert status == 200
            ref = json.loads(answer)["ref"]
            status, back = ask(port, "GET", f"/api/download?ref={ref}")
            return (status, back) == (200, data)

        with ThreadPoolExecutor(50) as pool:
            assert all(pool.map(send, range(50)))
        folder = state.store.folder
        assert len(list(folder.iterdir())) == 50
    assert not folder.exists()


def test_queue_that_is_full_refuses():
    with served(Settings(workers=1, max_waiting=3)) as (port, state):
        _, answer = ask(port, "POST", "/api/uploads?name=x.wav", wav_bytes(frames=44_100 * 20))
        body = json.dumps({"ref": json.loads(answer)["ref"], "presets": ["max", "neural"]})
        sent = [
            ask(port, "POST", "/api/jobs", body, {"Content-Type": "application/json"})
            for _ in range(4)
        ]
        codes = [status for status, _ in sent]
        assert codes[0] == 202
        assert codes[-1] == 503
        assert "waiting" in json.loads(sent[-1][1])["detail"]
        # what was refused leaves no folder
        assert len(list(state.store.folder.iterdir())) == 1 + codes.count(202)


def test_slow_client_holds_up_nobody():
    data = wav_bytes()
    with served(Settings()) as (port, state):
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for each in slow:
            each.sendall(
                b"POST /api/uploads?name=slow.wav HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: %d\r\n\r\n" % len(data) + data[:3000]
            )
        until(lambda: len(list(state.store.folder.rglob("slow.wav"))) == 20)
        status, _ = ask(port, "POST", "/api/uploads?name=quick.wav", data)
        assert status == 200
        # and what they sent goes away with them
        for each in slow:
            each.close()
        until(lambda: _waves(state.store.folder) == ["quick.wav"])


def test_listener_who_goes_away_frees_the_file(tmp_path):
    Path(tmp_path, "long.wav").write_bytes(wav_bytes(frames=2_000_000))
    with served(Settings(folder=tmp_path)) as (port, state):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(
                    b"GET /api/audio?ref=library:long.wav HTTP/1.1\r\nHost: localhost\r\n\r\n"
                )
                assert client.recv(1000).startswith(b"HTTP/1.1 200")
        (file,) = state.files._files.values()
        until(lambda: file.users == 0)


@pytest.mark.parametrize("claim", ["99999999999999", "1" * 300])
def test_huge_claims_are_refused_at_once(claim):
    with served(Settings(upload_limit_bytes=1 << 20)) as (port, state):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(60)
            client.sendall(
                b"POST /api/uploads?name=x.wav HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: " + claim.encode() + b"\r\n\r\n"
            )
            assert client.recv(100).split()[1] in (b"413", b"400")
        assert not list(state.store.folder.iterdir())
