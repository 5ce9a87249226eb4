"""Unfinished files of killed runs: found, removed, and told from those being written."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from nlac._output import open_output
from nlac.cli import _limits

Call = Callable[..., Result]
LEFT = ".out.wav.0123abcd.part"


@pytest.fixture
def leftover(tmp_path: Path) -> Path:
    path = tmp_path / LEFT
    path.write_bytes(b"half")
    os.utime(path, (1e9, 1e9))
    return path


def test_leftovers_are_named(call: Call, leftover: Path) -> None:
    report = json.loads(call("doctor", "--json").stdout)
    assert report["leftovers"] == [LEFT]
    assert leftover.exists()


def test_leftovers_are_removed(call: Call, tmp_path: Path, leftover: Path) -> None:
    deep = tmp_path / "a" / "b" / LEFT
    deep.parent.mkdir(parents=True)
    os.link(leftover, deep)
    done = call("doctor", "--clean")
    assert (done.exit_code, done.stdout) == (0, f"{LEFT} removed\n")
    assert not leftover.exists()
    assert deep.exists()
    done = call("doctor", "--clean", "-r", "--json", "a")
    assert json.loads(done.stdout) == {"removed": [f"a/b/{LEFT}"]}
    assert not deep.exists()
    assert "no unfinished files" in call("doctor", "--clean").stdout


@pytest.mark.parametrize("name", [".out.part", "out.0123abcd.part", ".o.0123abcd.part.wav"])
def test_other_files_are_kept(call: Call, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"mine")
    os.utime(path, (1e9, 1e9))
    (tmp_path / ".link.0123abcd.part").symlink_to(path)
    assert call("doctor", "--clean").exit_code == 0
    assert path.read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_being_written_is_kept(call: Call, tmp_path: Path) -> None:
    with open_output(tmp_path / "out.wav") as file:
        file.write(b"data")
        file.flush()
        (path,) = tmp_path.iterdir()
        os.utime(path, (1e9, 1e9))
        assert "no unfinished files" in call("doctor", "--clean").stdout
    assert (tmp_path / "out.wav").read_bytes() == b"data"


def test_a_file_of_the_last_minute_is_kept(call: Call, leftover: Path) -> None:
    os.utime(leftover)
    call("doctor", "--clean")
    assert leftover.exists()


def test_a_killed_run_leaves_a_file_that_is_found(
    call: Call, tmp_path: Path, environment: dict[str, str]
) -> None:
    code = "\n".join([
        "import os, signal",
        "from nlac._output import open_output",
        "with open_output('out.wav') as file:",
        "    os.kill(os.getpid(), signal.SIGKILL)",
    ])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    (path,) = tmp_path.iterdir()
    os.utime(path, (1e9, 1e9))
    assert call("doctor", "--clean").stdout == f"{path.name} removed\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kilobytes", [600_000, 400_000])
def test_a_limit_on_memory_is_told(
    kilobytes: int, process: Callable[..., subprocess.CompletedProcess[bytes]], wav: Path
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (kilobytes * 1024, kilobytes * 1024))

    done = process("encode", wav, preexec_fn=limit)
    assert done.returncode == 1
    text = done.stderr.decode()
    assert text.startswith("nlac: error: not enough memory: it is limited to ")
    assert text.count("\n") == 1
    assert [path.name for path in wav.parent.iterdir()] == ["in.wav"]


def test_no_limit_is_none() -> None:
    _limits.check_address_space()
