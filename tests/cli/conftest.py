"""Small files, and ways to call the command line: in this process and as a real one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_tools import wav_bytes
from click.testing import CliRunner, Result
from schema_tools import check_output

import nlac
from nlac.cli.main import cli

# makers of streams
sys.path.append(str(Path(__file__).resolve().parents[1] / "origin"))


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "in.wav"
    path.write_bytes(wav_bytes())
    return path


@pytest.fixture
def environment() -> dict[str, str]:
    """Environment for real processes, which must find the package as this one does."""
    found = {key: value for key, value in os.environ.items() if not key.startswith("NLAC_")}
    paths = [str(Path(nlac.__file__).parents[1]), *filter(None, [found.get("PYTHONPATH")])]
    return found | {"PYTHONPATH": os.pathsep.join(paths), "NLAC_CONFIG": ""}


@pytest.fixture
def process(
    tmp_path: Path, environment: dict[str, str]
) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run the command line as a process of its own, in `tmp_path`."""

    def run(*args: object, **extra: Any) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "nlac", *map(str, args)]
        settings: dict[str, Any] = {"capture_output": True, "cwd": tmp_path, "timeout": 120}
        return subprocess.run(command, env=environment, check=False, **(settings | extra))

    return run


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command line in this process, in `tmp_path`; JSON is compared with its schema."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object, **extra: Any) -> Result:
        arguments = [str(arg) for arg in args]
        done = CliRunner().invoke(cli, arguments, prog_name="nlac", **extra)
        check_output(arguments, done.stdout, done.stderr)
        return done

    return run


@pytest.fixture
def stream(call: Callable[..., Result], wav: Path) -> Path:
    """``in.nlac`` of three blocks, encoded from ``in.wav``."""
    assert call("encode", "-q", "--block-seconds", 0.125, wav).exit_code == 0
    return wav.with_suffix(".nlac")
