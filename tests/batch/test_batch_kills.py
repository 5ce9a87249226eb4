"""Real batches that are killed or interrupted in the middle, and go on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from batch_tools import MANIFEST, Trial, listing, wav_bytes
from interruptible import AS_FROM_A_TERMINAL, NEEDS_SIGINT

import nlac

pytestmark = NEEDS_SIGINT
PROCESSES = 2


@pytest.fixture
def many(tmp_path: Path) -> Trial:
    """50 copies come first, then 10 recordings, for which compiled loops are loaded."""
    trial = Trial(tmp_path)
    for number in range(60):
        folder = trial.root / f"Ordner ä{number // 25}"
        folder.mkdir(exist_ok=True)
        if number < 50:
            (folder / f"{number}.txt").write_bytes(bytes(5000))
        else:
            (folder / f"{number}.wav").write_bytes(wav_bytes(9000, number))
    return trial


def start(trial: Trial) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "nlac", "batch", "--preset", "fast", "-J", str(PROCESSES)]
    paths = [str(Path(nlac.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [*command, str(trial.root), str(trial.out)], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        **AS_FROM_A_TERMINAL,
    )  # fmt: skip


def await_lines(trial: Trial, process: subprocess.Popen[bytes], number: int) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if (trial.out / MANIFEST).read_bytes().count(b"\n") >= number:
                return
        time.sleep(0.002)
    raise AssertionError(f"{process.poll()}: the manifest has not {number} lines")


def test_nothing_is_lost_and_nothing_done_twice_but_the_files_in_hand(many: Trial) -> None:
    # everything at once; and the first process alone, whose workers must then end by themselves
    kills = {12: os.killpg, 112: os.kill}
    for number, kill in kills.items():
        process = start(many)
        await_lines(many, process, number)
        kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert process.stderr is not None
        process.stderr.close()
    # the worst moment: in the middle of a line
    with open(many.out / MANIFEST, "r+b") as file:
        file.truncate(file.seek(0, os.SEEK_END) - 7)
    report = many.run()
    assert report.exit_codes <= {0}
    assert report.counts["unchanged"] > 10
    done = Counter(e["source"] for e in many.events() if e.get("state") in ("encoded", "copied"))
    begun = Counter(e["source"] for e in many.events() if e["event"] == "begin")
    assert len(done) == 60
    assert set(done.values()) == {1}
    # in hand are a file for each process, and one more that waits; and the torn line was one
    assert begun.total() - 60 <= len(kills) * (PROCESSES + 1) + 1
    assert not list(many.out.rglob("*.part"))
    assert many.check().counts["ok"] == 60
    many.restore()
    assert listing(many.back) == listing(many.root)


@pytest.mark.parametrize(("kill", "lines"), [(os.killpg, 12), (os.kill, 110)])
def test_an_interrupt_ends_at_once_and_leaves_no_partial_file(
    many: Trial, kill: Callable[[int, int], None], lines: int
) -> None:
    """From a terminal, which tells all processes; and to the first process alone."""
    process = start(many)
    await_lines(many, process, lines)
    begin = time.monotonic()
    kill(process.pid, signal.SIGINT)
    assert process.wait(20) == 130
    assert time.monotonic() - begin < 10
    assert process.stderr is not None
    with process.stderr as told:
        assert told.read().strip() == b"nlac: interrupted"
    assert not list(many.out.rglob("*.part"))
    assert many.run().exit_codes <= {0}
    assert many.check().counts["ok"] == 60
