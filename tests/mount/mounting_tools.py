"""Mount archives for real, where that is possible."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schema_tools import check_output

# a file system of one folder, to see whether any can be mounted
_PROBE = """
import stat, sys, mfusepy
class Empty:
    use_ns = True
    def getattr(self, path, fh=None):
        return {"st_mode": stat.S_IFDIR | 0o555, "st_nlink": 2}
    def init(self, path):
        print("mounted", flush=True)
mfusepy.FUSE(Empty(), sys.argv[1], foreground=True)
"""
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}


@functools.cache
def why_not(folder: Path) -> str:
    """Why nothing can be mounted here; empty if it can."""
    try:
        import mfusepy  # noqa: F401
    except ImportError:
        return "mfusepy is not installed"
    except OSError as error:
        return f"libfuse: {error}"
    if not Path("/dev/fuse").exists():
        return "/dev/fuse is missing"
    if shutil.which("fusermount3") is None:
        return "fusermount3 is not installed"
    command = [sys.executable, "-c", _PROBE, str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as probe:
        assert probe.stdout is not None
        assert probe.stderr is not None
        if probe.stdout.readline():
            unmount(folder)
            return ""
        return f"mounting is not permitted: {probe.stderr.read().strip()[-200:]}"


def unmount(folder: Path) -> None:
    subprocess.run(["fusermount3", "-u", folder], check=True)


def start(archive: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    """Begin to mount; returns when the files can be read."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nlac", "mount", "--json", *options, archive, folder],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    assert json.loads(line)["event"] == "mounted"
    return process


def finish(process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    """What a process told at its end, which must be a good one."""
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    check_output(["mount", "--json"], output)
    last = json.loads(output.splitlines()[-1])
    assert last["event"] == "unmounted"
    return last, errors


@contextmanager
def mounted(archive: Path, folder: Path, *options: str) -> Iterator[list[str]]:
    """An archive at a folder; what was told on stderr is in the list at the end."""
    told: list[str] = []
    process = start(archive, folder, *options)
    try:
        yield told
    finally:
        process.send_signal(signal.SIGINT)
        told.append(finish(process)[1])
        assert not os.path.ismount(folder)


def wait_until(true: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
