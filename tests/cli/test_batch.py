"""Many files: second runs over a tree, dry runs, the closing line, JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import wav_bytes
from click.testing import Result

import nlac

Call = Callable[..., Result]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two recordings in a tree, and what is none."""
    for seed, name in enumerate(("a.wav", "sub/b.wav")):
        path = tmp_path / "tree" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(wav_bytes(1000, seed))
        os.utime(path, (1e9, 1e9))
    return tmp_path / "tree"


def objects(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_skip_existing(call: Call, tree: Path) -> None:
    assert call("encode", "-r", tree).exit_code == 0
    (tree / "c.wav").write_bytes(wav_bytes(1000, 3))
    (tree / "a.nlac").write_bytes(b"mine")
    done = call("encode", "-r", tree, "--skip-existing")
    assert done.exit_code == 0
    assert (tree / "a.nlac").read_bytes() == b"mine"
    assert re.search(r"3 files: 1 encoded, 2 skipped; [\d,]+ -> [\d,]+ bytes \(", done.stdout)
    assert "a.nlac: exists, skipped" in done.stdout
    assert call("encode", "-r", tree).exit_code == 5


@pytest.mark.parametrize("preserve", ["--preserve-mtime", "--no-preserve-mtime"])
def test_update(call: Call, tree: Path, preserve: str) -> None:
    assert call("encode", "-r", tree, preserve).exit_code == 0
    done = call("encode", "-r", tree, "--update")
    assert "2 files: 2 skipped;" in done.stdout
    before = (tree / "a.nlac").read_bytes()
    (tree / "a.wav").write_bytes(wav_bytes(1000, 9))
    os.utime(tree / "a.wav", (4e9, 4e9))
    done = call("encode", "-r", tree, "--update")
    assert done.exit_code == 0
    assert "2 files: 1 encoded, 1 skipped;" in done.stdout
    assert (tree / "a.nlac").read_bytes() != before
    done = call("decode", "-r", tree, "--update")
    assert done.exit_code == 0
    # back again: what was written just now is newer than the recordings, if it is not dated back
    old = 2 if preserve == "--preserve-mtime" else 1
    assert f"{old} skipped;" in done.stdout


def test_a_skipped_input_is_not_deleted(call: Call, tree: Path) -> None:
    assert call("encode", "-r", tree).exit_code == 0
    assert call("encode", "-r", tree, "--skip-existing", "--delete-input").exit_code == 0
    assert (tree / "a.wav").exists()


@pytest.mark.parametrize(
    "options", [["-f", "--update"], ["--skip-existing", "--update"], ["-f", "--skip-existing"]]
)
def test_what_excludes_each_other(call: Call, tree: Path, options: list[str]) -> None:
    done = call("encode", "-r", tree, *options)
    assert done.exit_code == 2
    assert "exclude each other" in done.stderr


def test_dry_run(call: Call, tree: Path) -> None:
    before = sorted(tree.parent.rglob("*"))
    done = call("encode", "-r", tree, "-o", "new", "--dry-run")
    assert done.exit_code == 0
    assert f"{tree}/sub/b.wav -> new/sub/b.nlac: would be written\n" in done.stdout
    assert "2 files: 2 to be encoded;" in done.stdout
    assert sorted(tree.parent.rglob("*")) == before
    assert call("encode", "-q", "-r", tree, "-o", "new").exit_code == 0
    assert call("encode", "-r", tree, "-o", "new", "-n").exit_code == 5
    done = call("decode", "-r", "new", "-o", tree, "-n", "-f", "--delete-input")
    assert done.exit_code == 2
    done = call("decode", "-r", "new", "-o", tree, "-n", "-f")
    assert f"new/a.nlac -> {tree}/a.wav: would be replaced" in done.stdout
    assert call("decode", "-n", "new/a.nlac", "-").stdout == "new/a.nlac -> -: would be written\n"


def test_json(call: Call, tree: Path) -> None:
    (tree / "bad.wav").write_bytes(b"RIFF")
    done = call("encode", "--json", "-r", tree)
    assert (done.exit_code, done.stderr) == (1, "")
    first, bad, second = objects(done)
    assert first["file"] == str(tree / "a.wav")
    assert first["output"] == str(tree / "a.nlac")
    assert first["ok"] is first["verified"] is first["restorable"] is True
    assert first["bytes_in"] == (tree / "a.wav").stat().st_size
    assert first["bytes_out"] == (tree / "a.nlac").stat().st_size
    assert (first["frames"], first["channels"], first["sample_rate"]) == (1000, 2, 8000)
    assert first["wall_seconds"] >= 0
    assert second["file"] == str(tree / "sub" / "b.wav")
    assert (bad["ok"], bad["output"], bad["exit_code"]) == (False, None, 1)
    assert bad["error"] == "UnsupportedAudio"
    assert bad["message"]
    (back, _) = objects(call("decode", "--json", "-f", "-r", tree))
    assert back["restored"] is True
    assert back["md5"] == first["md5"]
    assert back["bytes_in"] == first["bytes_out"]
    assert back["bytes_out"] == first["bytes_in"]
    (skipped, _) = objects(call("decode", "--json", "--skip-existing", "-r", tree))
    assert skipped == {
        "file": str(tree / "a.nlac"),
        "output": str(tree / "a.wav"),
        "ok": True,
        "skipped": "exists",
    }


def test_damage_is_placed_by_slices(call: Call, tmp_path: Path) -> None:
    """Two of the slices of one block; what precedes them tells which."""
    samples = np.random.default_rng(1).normal(0, 3000, (60_000, 2)).astype(np.int16)
    nlac.write(tmp_path / "x.nlac", samples, 8000, preset="fast", block_seconds=30)
    data = bytearray((tmp_path / "x.nlac").read_bytes())
    for place in (0.4, 0.8):
        data[int(place * len(data))] ^= 1
    (tmp_path / "x.nlac").write_bytes(data)
    for quick in ([], ["--quick"]):
        told = json.loads(call("test", "--json", "x.nlac", *quick).stdout)
        assert told["block_index"] == 0
        # noise takes as many bytes everywhere
        assert len(told["lost"]) == 2
        for place, lost in zip((0.4, 0.8), told["lost"], strict=True):
            assert lost["start"] <= place * len(samples) <= lost["stop"]
            assert lost["stop"] - lost["start"] < len(samples) / 3
            assert lost["start_seconds"] == lost["start"] / 8000
    first = told["lost"][0]
    times = f"only {first['start_seconds']:.3f} to {first['stop_seconds']:.3f} s, "
    assert times in call("test", "x.nlac").stdout
    # damage ahead of the slices concerns all of the block
    data[told["offset_bytes"] + 40] ^= 1
    (tmp_path / "x.nlac").write_bytes(data)
    assert "lost" not in json.loads(call("test", "--json", "x.nlac").stdout)


def test_json_of_a_damaged_stream(call: Call, tree: Path) -> None:
    assert call("encode", "-q", tree / "a.wav").exit_code == 0
    stream = tree / "a.nlac"
    data = bytearray(stream.read_bytes())
    data[len(data) // 2] ^= 1
    stream.write_bytes(data)
    (told,) = objects(call("decode", "--json", "-f", stream))
    assert (told["ok"], told["exit_code"], told["block_index"]) == (False, 3, 0)
    (told,) = objects(call("decode", "--json", "-f", "--recover", stream))
    assert (told["ok"], told["exit_code"], len(told["lost"])) == (False, 3, 1)


def test_json_beside_data(call: Call, tree: Path) -> None:
    done = call("encode", "--json", tree / "a.wav", "-")
    assert json.loads(done.stderr)["output"] == "-"
    assert done.stdout_bytes[:4] == b"nlac"


def test_failures_are_told_beside_data(call: Call, tree: Path) -> None:
    """Nothing but the output goes to stdout where that carries one, of whichever input."""
    assert call("encode", "-q", "--protect", "5%", tree / "a.wav").exit_code == 0
    stream, good = tree / "a.nlac", (tree / "a.nlac").read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1
    stream.write_bytes(bad)
    for arguments in (["decode", stream, "-"], ["protect", stream, "-o", "-"]):
        done = call(*arguments, "--json")
        assert done.exit_code == 3
        assert done.stdout.startswith("{") is False
        (told,) = map(json.loads, done.stderr.splitlines())
        assert (told["ok"], told["output"], told["error"]) == (False, None, "ChecksumMismatch")
    # the output of the first input goes to stdout
    (tree / "bad.wav").write_bytes(b"RIFF")
    inputs = ["-", tree / "bad.wav", tree / "sub" / "b.wav"]
    for as_json in ([], ["--json"]):
        done = call("encode", "-f", *inputs, *as_json, input=(tree / "a.wav").read_bytes())
        assert done.exit_code == 1
        assert nlac.test(done.stdout_bytes).frames == 1000
        lines = done.stderr.splitlines()
        assert len(lines) == 4 - len(as_json)
        assert all(line.startswith("{") == bool(as_json) for line in lines)
    # in a dry run stdout is free
    assert json.loads(call("decode", "-n", "--json", stream, "-").stdout)["skipped"] == "dry run"


def test_closing_lines(call: Call, tree: Path) -> None:
    (tree / "bad.wav").write_bytes(b"RIFF")
    done = call("encode", "-r", tree)
    assert re.search(r"\n3 files: 2 encoded, 1 failed; .* bytes \(.* %\); .* s\n$", done.stdout)
    (tree / "bad.nlac").write_bytes(b"nothing")
    done = call("test", "-r", tree)
    assert done.stdout.endswith("\n3 files: 2 ok, 1 failed\n")
    # nothing is summed up of one file, nor with -q
    assert "files:" not in call("test", tree / "a.nlac").stdout
    assert call("encode", "-q", "-f", "-r", tree).stdout == ""


@pytest.mark.parametrize("command", ["info", "test"])
def test_other_commands_take_patterns(call: Call, tmp_path: Path, command: str) -> None:
    for name in ("one.wav", "two.wav"):
        (tmp_path / name).write_bytes(wav_bytes(50))
    assert call("encode", "-r", ".", "-o", "packed").exit_code == 0
    done = call(command, "--json", "-r", "packed", "--include", "TWO*")
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == ["packed/two.nlac"]
