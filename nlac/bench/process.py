"""Run the command of a peer and measure CPU time, wall time and peak memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlac._errors import UsageError

LAUNCHER = Path(__file__).with_name("_launch.py")


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources that one command used.

    Parameters
    ----------
    exit_code : int
        Exit code of the command; negative for a signal.
    cpu_s, wall_s : float
        CPU time (user plus system) of the process, and wall time, in seconds.
    maxrss : int
        Peak resident memory in bytes; at least about 9 MiB, that of the launcher.
    error : str
        Last line of its messages, or the time limit, if the command failed; else empty.
    """

    exit_code: int
    cpu_s: float
    wall_s: float
    maxrss: int
    error: str


def run_measured(command: Sequence[str], *, timeout_s: float | None = None) -> Usage:
    """Run a command to its end, or stop it and its children at the time limit.

    Parameters
    ----------
    command : sequence of str
        Program and arguments. Standard input is empty.
    timeout_s : float, optional
        Limit on wall time, in seconds.

    Raises
    ------
    UsageError
        The system does not report the CPU time of a child process.
    """
    if not hasattr(os, "wait4"):
        raise UsageError("peers can only be measured where os.wait4 exists (Linux, macOS)")
    with tempfile.TemporaryDirectory(prefix="nlac-bench-") as folder:
        result = Path(folder, "usage")
        messages = Path(folder, "messages")
        argv = [sys.executable, "-I", "-S", str(LAUNCHER), str(result), *command]
        with open(messages, "wb") as sink:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=sink,
                start_new_session=True,
            )
            try:
                process.wait(timeout_s)
            except BaseException as error:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if isinstance(error, subprocess.TimeoutExpired):
                    return Usage(-9, 0.0, 0.0, 0, f"stopped after {timeout_s:g} s")
                raise
        said = messages.read_text("utf-8", "replace").replace("\r", "\n").split("\n")
        last = next((line.strip() for line in reversed(said) if line.strip()), "")
        if not result.exists():
            return Usage(-1, 0.0, 0.0, 0, last or "could not be started")
        code, cpu_s, wall_s, maxrss = result.read_text().split()
    unit = 1 if sys.platform == "darwin" else 1024
    error_text = "" if code == "0" else last or f"exit code {code}"
    return Usage(int(code), float(cpu_s), float(wall_s), int(maxrss) * unit, error_text)
