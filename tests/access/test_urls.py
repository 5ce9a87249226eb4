"""Inputs and outputs by URL: what is asked of a server, and what becomes of errors."""

from __future__ import annotations

import contextlib
import http.server
import io
import pickle
import re
import sys
import threading

import numpy as np
import pytest
from access_tools import RATE, case
from cli_tools import wav_bytes
from click.testing import CliRunner

import nlac
from nlac._ranges import HEAD_BYTES, TAIL_BYTES
from nlac._urls import is_url, url_name
from nlac.cli.main import cli

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")


class Server(http.server.ThreadingHTTPServer):
    """Gives out files of a dictionary, in parts if `ranges` says so, and notes requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.requests: list[tuple[str, int]] = []

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def handle_error(self, request, client_address) -> None:
        """Clients may go in the middle of an answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        server, name = self.server, self.path[1:]
        data = server.files.get(name)
        if data is None:
            self.send_error(403 if name.startswith("secret") else 404)
            return
        part, status = data, 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked and server.ranges:
            first, last = map(int, asked.groups())
            part, status = data[first : last + 1], 206
        server.requests.append((self.command, len(part) if with_body else 0))
        self.send_response(status)
        self.send_header("Content-Length", str(len(part)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.end_headers()
        if with_body:
            with contextlib.suppress(OSError):
                self.wfile.write(part)

    def log_message(self, *_arguments) -> None:
        pass


@pytest.fixture(scope="module")
def long():
    """Stream of 25 blocks of 32 kB."""
    samples = np.random.default_rng(2).integers(-(2**15), 2**15, (200_000, 2)).astype(np.int16)
    stream = io.BytesIO()
    nlac.write(stream, samples, RATE, preset="fast", block_seconds=1, verify=False)
    return stream.getvalue(), samples


@pytest.fixture(scope="module")
def running():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server(running, long):
    running.ranges = True
    running.files = {"a.nlac": long[0], "short.nlac": case("stereo").data, "b.wav": wav_bytes()}
    running.requests.clear()
    return running


@pytest.fixture
def memory():
    """The file system of memory://, empty."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()


def call(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, list(arguments), prog_name="nlac")
    assert result.exit_code == code, result.output
    return result.output


def test_what_a_url_is():
    for url in ("https://a/b", "memory://x", "simplecache::https://a/b", "s3://b/c.nlac"):
        assert is_url(url)
    for path in ("a.nlac", "/a//b", "C:\\a", "c://a", "a:b", "://", b"https://a", None):
        assert not is_url(path)
    assert url_name("https://host/a/b%20c.nlac?key=1#x") == "b c.nlac"
    assert url_name("simplecache::s3://bucket/a.wav") == "a.wav"


def test_only_what_is_needed_is_fetched(server, long):
    _, samples = long
    with nlac.open(server.url("a.nlac"), threads=2) as file:
        assert file.info.num_frames == len(samples)
        assert server.requests == [("HEAD", 0), ("GET", TAIL_BYTES), ("GET", HEAD_BYTES)]
        np.testing.assert_array_equal(file[100_000:100_010], samples[100_000:100_010])
        (method, count), *others = server.requests[3:]
        assert (method, others) == ("GET", [])
        assert 32_000 < count < 32_100
        np.testing.assert_array_equal(file[16_000:80_000], samples[16_000:80_000])
        assert len(server.requests) == 5
        assert server.requests[4][1] < 8 * 32_100
        again = pickle.loads(pickle.dumps(file))
        with again:
            np.testing.assert_array_equal(again[-9:], samples[-9:])


def test_short_files_take_one_request(server):
    url = server.url("short.nlac")
    np.testing.assert_array_equal(nlac.read(url)[0], case("stereo").samples)
    assert server.requests == [("HEAD", 0), ("GET", len(case("stereo").data))]


def test_commands_take_urls(server, long, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "200,000 frames" in call("info", server.url("a.nlac"))
    assert [method for method, _ in server.requests] == ["HEAD", "GET", "GET"]
    call("test", "--quick", server.url("a.nlac"))
    call("decode", server.url("a.nlac"), "--skip=9f", "--until=+90f", "--format=raw")
    assert (tmp_path / "a.raw").read_bytes() == long[1][9:99].tobytes()
    # a WAV file by URL, and back
    call("encode", server.url("b.wav"), "--preset=fast")
    call("decode", "b.nlac")
    assert (tmp_path / "b.wav").read_bytes() == wav_bytes()
    assert "restorable" in call("info", "--json", server.url("b.wav"))


def test_servers_that_give_whole_files_only(server, long, caplog):
    server.ranges = False
    samples = long[1]
    np.testing.assert_array_equal(nlac.read(server.url("a.nlac"), -9)[0], samples[-9:])
    assert "all of it is downloaded" in caplog.text


def test_errors_name_the_url(server):
    with pytest.raises(FileNotFoundError, match=r"none\.nlac"):
        nlac.info(server.url("none.nlac"))
    with pytest.raises(OSError, match=r"403 Forbidden.*secret"):
        nlac.info(server.url("secret.nlac"))
    with pytest.raises(nlac.BadMagic, match="WAV"):
        nlac.info(server.url("b.wav"))
    with pytest.raises(nlac.UsageError, match="over HTTP"):
        nlac.decode(server.url("a.nlac"), server.url("c.wav"))
    with pytest.raises(nlac.UsageError, match="nosuch"):
        nlac.info("nosuch://a/b")
    with pytest.raises(nlac.UsageError, match="only files and pipes"):
        nlac.follow(server.url("a.nlac"), None)
    url = server.url("none.nlac")
    assert call("info", url, code=1).count(url) == 1
    server.files["a.nlac"] += b"more"
    server.files["short.nlac"] = b""
    with pytest.raises(nlac.FormatError):
        nlac.info(server.url("short.nlac"))


def test_files_that_change_behind_the_url(server, long):
    with nlac.open(server.url("a.nlac")) as file:
        server.files["a.nlac"] = long[0][:500_000]
        with pytest.raises(OSError, match=r"did the file change|416"):
            file[150_000:150_009]


def test_memory_both_ways(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.wav").write_bytes(wav_bytes())
    call("encode", "in.wav", "-o", "memory://x/a.nlac", "--preset=fast")
    assert "wav" in call("info", "memory://x/a.nlac")
    assert "exists" in call("encode", "in.wav", "-o", "memory://x/a.nlac", code=5)
    assert "skipped" in call("encode", "in.wav", "-o", "memory://x/a.nlac", "--skip-existing")
    call("encode", "in.wav", "-o", "memory://x/a.nlac", "--preset=fast", "-f")
    call("decode", "memory://x/a.nlac", "-o", "memory://y/")
    assert memory.cat_file("/y/a.wav") == wav_bytes()
    (tmp_path / "also.wav").write_bytes(wav_bytes(seed=2))
    call("encode", "in.wav", "also.wav", "-o", "memory://many", "--preset=fast")
    assert sorted(memory.find("/many")) == ["/many/also.nlac", "/many/in.nlac"]
    call("encode", "in.wav", "-o", "memory://x/a.nlac", "--update", code=2)
    call("encode", "memory://y/a.wav", "--delete-input", code=2)
    call("encode", "memory://y/a.wav", "memory://y/a.nlac", "--preset=fast", "-n")
    assert not memory.exists("/y/a.nlac")


def test_handles_on_one_object_do_not_move_each_other(memory):
    stream, samples = case("stereo")
    memory.pipe_file("/a.nlac", stream)
    with nlac.open("memory://a.nlac") as one, nlac.open("memory://a.nlac") as two:
        for i in range(0, 2000, 100):
            np.testing.assert_array_equal(one[i : i + 9], samples[i : i + 9])
            np.testing.assert_array_equal(two[-i - 9 : -i or None], samples[-i - 9 : -i or None])


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_nothing_is_published_after_an_error(memory, tmp_path, scheme):
    """fsspec itself would publish what was written until then."""
    url = "memory://a.nlac" if scheme == "memory" else f"file://{tmp_path}/a.nlac"
    form = {"sample_rate": RATE, "channels": 2, "bits_per_sample": 16, "block_seconds": 0.01}

    def fail() -> None:
        with nlac.open(url, "w", preset="fast", force=True, **form) as file:
            file.write(np.ones((5000, 2), np.int16))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not memory.store
    assert not list(tmp_path.iterdir())
    nlac.write(url, case("stereo").samples, RATE, preset="fast")
    before = nlac.info(url).md5
    with pytest.raises(KeyboardInterrupt):
        fail()
    assert nlac.info(url).md5 == before
    with pytest.raises(nlac.OutputExists):
        nlac.write(url, case("stereo").samples, RATE, preset="fast")
    assert len(memory.store) + len(list(tmp_path.iterdir())) == 1


def test_archives_and_caches_of_fsspec(tmp_path, memory):
    import zipfile

    stream, samples = case("stereo")
    memory.pipe_file("/a.nlac", stream)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in/a.nlac", stream)
    for url in ("simplecache::memory://a.nlac", f"zip://in/a.nlac::{tmp_path}/a.zip"):
        np.testing.assert_array_equal(nlac.read(url, 600, 700)[0], samples[600:700])


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    message = call("info", "https://example.invalid/a.nlac", code=4)
    assert "pip install 'nlac[remote]'" in message
    with pytest.raises(nlac.MissingDependency, match="remote"):
        nlac.write("s3://a/b.nlac", np.zeros(9, np.int16), RATE)
