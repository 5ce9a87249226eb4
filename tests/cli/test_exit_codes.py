"""Exit codes of files that fail among others, of what is missing, and of limits."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import damage
from click.testing import Result

Call = Callable[..., Result]


def test_one_bad_file_does_not_stop_the_others(call: Call, tmp_path: Path, wav: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"nothing like audio, whatever its name may tell")
    done = call("encode", "bad.wav", "in.wav", "-o", "out")
    assert done.exit_code == 1
    assert "nlac: error: bad.wav: " in done.stderr
    assert os.listdir(tmp_path / "out") == ["in.nlac"]


def test_the_gravest_code_counts(call: Call, tmp_path: Path, stream: Path) -> None:
    damaged = tmp_path / "damaged.nlac"
    damaged.write_bytes(stream.read_bytes())
    damage(damaged)
    # in.nlac would go to in.wav, which exists
    assert call("decode", "in.nlac").exit_code == 5
    (tmp_path / "text.nlac").write_bytes(b"RIFF but no more than this")
    assert call("decode", "in.nlac", "text.nlac").exit_code == 1
    assert call("decode", "damaged.nlac", "in.nlac", "text.nlac").exit_code == 3
    assert not (tmp_path / "damaged.wav").exists()


def test_what_is_missing_here(
    call: Call, wav: Path, stream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = call("encode", wav, "-o", "x.nlac", "--device", "cuda")
    assert done.exit_code == 4
    assert "nlac[neural]" in done.stderr
    assert call("encode", wav, "-o", "x.nlac", "--predictor", "none").exit_code == 4
    data = bytearray(stream.read_bytes())
    data[4] = 99  # the version
    stream.write_bytes(data)
    assert call("decode", stream, "x.wav").exit_code == 4
    assert call("test", stream).exit_code == 4


def test_limits(call: Call, tmp_path: Path, wav: Path, stream: Path) -> None:
    for args in (["encode", wav, "-f"], ["decode", stream, "-f"], ["test", stream]):
        assert call(*args, "--memory", "2G").exit_code == 0
        done = call(*args, "--memory", "1.5k")
        assert done.exit_code == 1
        assert "MiB of memory; the limit is 0 MiB" in done.output
        done = call(*args, "--memory", "much")
        assert done.exit_code == 2
        assert "'much' is no size such as 500M or 2G" in done.output
    done = call("decode", stream, "small.wav", "--max-output", "10k")
    assert done.exit_code == 1
    assert "more than --max-output (10240)" in done.output
    assert not (tmp_path / "small.wav").exists()
    assert call("decode", stream, "small.wav", "--max-output", "12 KB").exit_code == 0
