"""What a run was made with: software, machine, commit."""

from __future__ import annotations

import importlib.metadata
import os
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from nlac.bench.host import describe_host, source_commit

_PACKAGES = ("nlac", "torch", "numpy", "numba", "safetensors")


def describe() -> dict[str, Any]:
    """Versions, commit and machine, without the name of machine or user."""
    host = asdict(describe_host())
    versions = {"python": host.pop("python")}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    machine = host | ({"memory_bytes": memory} if (memory := _memory()) else {})
    return {"versions": versions, "commit": source_commit(), "machine": machine}


def now() -> str:
    """Time as in records: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0
