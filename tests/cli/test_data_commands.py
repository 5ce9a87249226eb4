"""``nlac data``: datasets are made and shown, and what is wrong has its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from interruptible import AS_FROM_A_TERMINAL, NEEDS_SIGINT

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
from data_tools import librispeech, put, tone

Call = Callable[..., Result]


def test_prepare_and_info(call: Call, tmp_path: Path) -> None:
    librispeech(tmp_path)
    (tmp_path / "LibriSpeech" / "broken.wav").write_bytes(b"")
    done = call("data", "prepare", "LibriSpeech", "--out", "set", "--rate", 8000, "--mono")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "set: 6 recordings (2 train, 2 valid, 2 test), 0:01.5",
        "  1 left out; the manifest tells why",
    ]
    assert "warning: broken.wav left out: the file is empty (0 bytes)" in done.stderr
    facts = json.loads(call("data", "info", "set", "--json", "--verify").stdout)
    assert (facts["rate"], facts["channels"], facts["bits"]) == (8000, 1, 16)
    assert facts["splits"]["valid"] == {"recordings": 2, "seconds": 0.5}
    assert facts["labels"]["speaker"] == {"103": 2, "116": 2, "61": 2}
    assert facts["licences"] == {"CC-BY-4.0": 6}
    assert facts["skipped"] == [{"name": "broken.wav", "reason": "the file is empty (0 bytes)"}]
    text = call("data", "info", "set").stdout
    for part in ("8000 Hz, mono, 16 bits", "speaker: 103 (2), 116 (2), 61 (2)", "CC-BY-4.0: 6",
                 "broken.wav: the file is empty", facts["hash"]):  # fmt: skip
        assert part in text


def test_the_built_in_set_is_shown(call: Call) -> None:
    text = call("data", "info", "synthetic").stdout
    assert "56 recordings" in text
    assert "kind: chord (12)" in text


def test_options_reach_the_manifest(call: Call, tmp_path: Path) -> None:
    for i in range(4):
        put(tmp_path / "in" / f"{i}.wav", tone(i, 4000))
    done = call(
        "data", "prepare", "in", "-o", "set", "--rate", 8000, "--bits", 20, "--loudness", -9,
        "--trim", 50, "--min-seconds", 0.1, "--valid", 0.25, "--test", 0, "--seed", 5,
        "--licence", "CC0", "--no-resample", "--no-own-splits", "-q",
    )  # fmt: skip
    assert (done.exit_code, done.stdout) == (0, "")
    settings = json.loads((tmp_path / "set" / "manifest.json").read_text())["settings"]
    assert settings == {
        "rate": 8000, "channels": 2, "bits": 20, "resample": False, "peak": None,
        "loudness": -9.0, "trim": 50.0, "min_seconds": 0.1, "valid": 0.25, "test": 0.0,
        "split_by": "", "own_splits": False, "seed": 5, "licence": "CC0", "bad": "skip",
    }  # fmt: skip
    facts = json.loads(call("data", "info", "set", "--json").stdout)
    assert facts["licences"] == {"CC0": 4}
    assert facts["splits"]["test"]["recordings"] == 0


def test_notes_of_the_summary(call: Call, tmp_path: Path) -> None:
    put(tmp_path / "loud.wav", np.full((4000, 1), 1.5), subtype="FLOAT")
    text = call("data", "prepare", "loud.wav", "-o", "a", "--rate", 8000).stdout
    assert "8,000 samples beyond full scale clipped; --peak avoids it" in text
    assert "no recordings in valid: training needs both" in text
    put(tmp_path / "tone.wav", tone(1, 8000))
    text = call("data", "prepare", "tone.wav", "-o", "b", "--rate", 8000, "--loudness", 0).stdout
    assert "1 quieter than asked for, as they would have clipped" in text


def test_what_is_wrong_has_its_code(call: Call, tmp_path: Path) -> None:
    put(tmp_path / "a.wav", tone(1))
    (tmp_path / "bad.wav").write_bytes(b"")
    for arguments, code, message in (
        (["prepare", "a.wav", "-o", "x"], 2, "missing option '--rate'"),
        (["prepare", "gone", "-o", "x", "--rate", 8000], 2, "gone does not exist"),
        (["prepare", "a.wav", "-o", "x", "--rate", 0], 2, "rate: 0; 1 or more Hz"),
        (["prepare", "a.wav", "-o", "x", "--rate", 8000, "--peak", 3], 2, "peak: 3.0; 0 dB"),
        (["prepare", "a.wav", "-o", "x", "--rate", 8000, "--valid", 1], 2, "below 1"),
        (["prepare", "a.wav", "-o", "a.wav", "--rate", 8000], 5, "a.wav exists; -f replaces it"),
        (["prepare", "a.wav", "-o", "a.wav", "--rate", 8000, "-f"], 5, "so it stays"),
        (["prepare", "bad.wav", "-o", "x", "--rate", 8000], 1, "none of 1 recordings is good"),
        (["prepare", "bad.wav", "-o", "x", "--rate", 8000, "--bad", "refuse"], 1,
         "bad.wav: the file is empty"),
        (["info", "gone"], 2, "gone is no dataset"),
        (["inf", "gone"], 2, "did you mean info?"),
    ):  # fmt: skip
        done = call("data", *arguments)
        assert done.exit_code == code, done.stderr
        assert message in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "bad.wav"]
    call("data", "prepare", "a.wav", "-o", "set", "--rate", 8000)
    shard = tmp_path / "set" / "shard-00000.pcm"
    shard.write_bytes(shard.read_bytes()[:-2])
    done = call("data", "info", "set")
    assert done.exit_code == 3
    assert "has 7998 bytes instead of 8000" in done.stderr


@NEEDS_SIGINT
def test_an_interrupt_leaves_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    import signal

    for i in range(3):
        put(tmp_path / "in" / f"{i}.wav", tone(i))
    # waits while the folder is there
    code = """
import time
from nlac.training.data import preparation
def wait(*arguments): print("now", flush=True); time.sleep(60)
preparation._try_convert = wait
from nlac.__main__ import main
main()
"""
    command = [sys.executable, "-c", code, "data", "prepare", "in", "-o", "set"]
    command += ["--rate", "8000", "-j", "1"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        **AS_FROM_A_TERMINAL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"now\n"
        assert len(list(tmp_path.glob(".set.*.part"))) == 1
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert time.monotonic() - begin < 5
        assert process.stderr.read().strip() == b"nlac: interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock folders")
def test_a_folder_that_a_killed_run_left_is_found(call: Call, tmp_path: Path) -> None:
    import os

    from nlac._output import open_output_folder

    left = tmp_path / ".set.0123abcd.part"
    left.mkdir()
    (left / "shard-00000.pcm").write_bytes(b"half")
    os.utime(left, (1e9, 1e9))
    assert json.loads(call("doctor", "--json").stdout)["leftovers"] == [left.name]
    with open_output_folder(tmp_path / "other") as writing:
        os.utime(writing, (1e9, 1e9))
        assert call("doctor", "--clean").stdout == f"{left.name} removed\n"
        assert writing.is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other"]
