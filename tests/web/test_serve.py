"""``nlac serve`` as a process: what it says, how it ends, and what it leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from web_tools import wav_bytes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


class Server:
    """A running server; `url` is where its page is."""

    def __init__(self, folder, *arguments):
        folder.mkdir(exist_ok=True)
        self.temporary = folder
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "nlac", "serve", "--port", "0", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        self.line = self.process.stdout.readline()
        found = re.search(r"http://\S+", self.line)
        assert found, self.line + self.process.stderr.read()
        self.url = found[0]

    def ask(self, path, data=None, **headers):
        # under a name that is sure to lead here
        port = re.search(r":(\d+)/", self.url)[1]
        url = f"http://127.0.0.1:{port}{path}"
        request = urllib.request.Request(url, data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=60)
        return self.process.returncode, out, errors


@pytest.fixture
def start(tmp_path):
    servers = []

    def start(*arguments):
        servers.append(Server(tmp_path / "temporary", *arguments))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


def long_job(server, seconds=40):
    """Have a server begin what it can't end soon; the job's name."""
    data = wav_bytes(frames=44_100 * seconds)
    ref = server.ask("/api/uploads?name=long.wav", data)["ref"]
    body = json.dumps({"ref": ref, "presets": ["max", "neural"]}).encode()
    job = server.ask("/api/jobs", body, **{"Content-Type": "application/json"})["id"]
    end = time.monotonic() + 60
    while not any(row["progress"] > 0 for row in server.ask(f"/api/jobs/{job}")["rows"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    return job


def processes(marker):
    """Process ids of what has a text among its environment."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if marker.encode() in file.read():
                    found.append(int(name))
        except OSError:
            continue
    return found


def test_starts_tells_where_and_ends_with_ctrl_c(start):
    server = start()
    assert server.line == f"the page is at {server.url} (Ctrl-C ends it)\n"
    assert server.url.startswith("http://127.0.0.1:")
    assert server.ask("/api/about")["folder"] is None
    assert server.end() == (0, "ended\n", "")
    assert os.listdir(server.temporary) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ending_it_in_mid_work_leaves_nothing(start, number):
    server = start()
    long_job(server)
    code, said, errors = server.end(number)
    assert (code, said, errors) == (0, "ended\n", "")
    assert os.listdir(server.temporary) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_killed_in_mid_work_and_started_again(start):
    server = start()
    long_job(server)
    server.end(signal.SIGKILL)
    end = time.monotonic() + 30
    while processes(f"TMPDIR={server.temporary}"):
        assert time.monotonic() < end, "encoders outlive the server"
        time.sleep(0.1)
    assert len(os.listdir(server.temporary)) == 1
    time.sleep(2.1)
    again = start()
    # what the first one left is gone, and the folder of the second is there
    assert len(os.listdir(server.temporary)) == 1
    assert again.end()[0] == 0
    assert os.listdir(server.temporary) == []


def test_other_machines_need_the_token(start, tmp_path):
    (tmp_path / "archive").mkdir()
    server = start(tmp_path / "archive", "--host", "0.0.0.0", "--token", "abc", "--stream")
    assert f"//{socket.gethostname()}:" in server.url
    assert server.url.endswith("?token=abc")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        server.ask("/api/about")
    with refusal.value as error:
        assert error.code == 401
    assert server.ask("/api/about?token=abc")["stream"] is True


@pytest.mark.parametrize("token", ["", "a b;c", "line\nbreak"])
def test_tokens_that_protect_nothing_are_refused(tmp_path, token):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "nlac", "serve", "--host", "0.0.0.0", "--token", token],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--token" in done.stderr


def test_port_in_use(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "nlac", "serve", "--port", str(port)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"can't listen on 127.0.0.1, port {port}" in done.stderr


def test_without_the_packages(tmp_path):
    blocked = tmp_path / "sitecustomize.py"
    blocked.write_text(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'fastapi' else find(name, *rest)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-m", "nlac", "serve"], capture_output=True, text=True,
        timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(
            filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))},
    )  # fmt: skip
    assert done.returncode == 4
    assert "fastapi not installed: pip install 'nlac[web]'" in done.stderr
