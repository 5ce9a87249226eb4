"""Ctrl-C, SIGTERM, SIGHUP: whenever they come, nothing is left, and the process is gone at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_tools import wav_bytes
from interruptible import AS_FROM_A_TERMINAL, NEEDS_SIGINT

pytestmark = NEEDS_SIGINT
# where there is none, nothing is tested that may be sent
HANG_UP = getattr(signal, "SIGHUP", signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, HANG_UP])
def test_an_interrupt_leaves_nothing(
    number: signal.Signals, tmp_path: Path, wav: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "out.nlac").write_bytes(b"precious")
    command = [sys.executable, "-m", "nlac", "encode", "-f", "-", "out.nlac"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        **AS_FROM_A_TERMINAL,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(wav_bytes()[:4000])
        process.stdin.flush()
        # the rest never comes; once its unfinished output is there, it waits for more
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".*.part")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.1)
        begin = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == 130
        assert time.monotonic() - begin < 2
        assert process.stderr is not None
        assert process.stderr.read().strip() == b"nlac: interrupted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.wav", "out.nlac"]
    assert (tmp_path / "out.nlac").read_bytes() == b"precious"


def interrupted(code: str, tmp_path: Path, environment: dict[str, str]) -> float:
    """Run a program that interrupts itself; returns how long it took to end after that."""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, **AS_FROM_A_TERMINAL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"now\n"
        begin = time.monotonic()
        assert process.wait(20) == 130
        assert process.stderr.read().strip() == b"nlac: interrupted"
    assert list(tmp_path.glob(".*")) == []
    return time.monotonic() - begin


LOST = """
import os, signal, time, weakref
from nlac._output import open_output
from nlac.cli import _interrupt

class Something: pass

def callback(reference):
    print("now", flush=True)
    signal.raise_signal(signal.SIGINT)

_interrupt.install()
with open_output("out") as file:
    assert len(os.listdir(".")) == 1
    {lose}
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("lose", "seconds"),
    [
        # Python reports it and goes on
        ("something = Something(); r = weakref.ref(something, callback); del something", 1.0),
        # somebody's code takes it for an error like others
        ("exec('try: callback(None)\\nexcept BaseException: pass')", 3.0),
    ],
    ids=["in a callback", "caught"],
)
def test_a_lost_interrupt_ends_the_process(
    lose: str, seconds: float, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert interrupted(LOST.format(lose=lose), tmp_path, environment) < seconds


DURING_AN_IMPORT = """
import signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            print("now", flush=True)
            try:
                signal.raise_signal(signal.SIGTERM)
            except KeyboardInterrupt:
                raise {error}

sys.meta_path.insert(0, Finder())
from nlac.__main__ import main
sys.argv = ["nlac", "info", "none.wav"]
main()
"""


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "ImportError('from a signal')"])
@pytest.mark.parametrize("name", ["click", "nlac.cli.commands.files.info"])
def test_an_interrupt_during_an_import(
    name: str, error: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    code = DURING_AN_IMPORT.format(name=name, error=error)
    assert interrupted(code, tmp_path, environment) < 1.0


def test_whoever_ignores_ctrl_c_may(tmp_path: Path, environment: dict[str, str]) -> None:
    """So does a shell for what it starts in the background."""
    code = """
import signal
from nlac.cli import _interrupt
signal.signal(signal.SIGINT, signal.SIG_IGN)
_interrupt.install()
signal.raise_signal(signal.SIGINT)
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"False\n", b"")
