"""Describe the machine, and the code that ran on it, for a report."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from nlac.bench.results import Host


def describe_host() -> Host:
    """Processor, number of cores, system and Python; no name of the machine or user."""
    return Host(
        cpu=_cpu_name(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def source_commit() -> str:
    """Commit of the checkout of this package, with ``+`` if changed; empty if there is none."""
    package = Path(__file__).resolve().parent.parent

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(package), *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        # an installed package may lie inside somebody else's repository
        if not git("ls-files", "--error-unmatch", "_errors.py"):
            return ""
        return git("rev-parse", "HEAD")[:12] + ("+" if git("status", "--porcelain", ".") else "")
    except OSError:
        return ""
