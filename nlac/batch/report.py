"""What a run tells at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nlac.batch.manifest import Record


@dataclass(slots=True)
class Report:
    """Sums over the files of a run.

    Attributes
    ----------
    counts : Counter
        Files by what became of them: states of the manifest, and ``"unchanged"``, ``"deleted"``,
        ``"proved"``, ``"ok"``, ``"restored"``, ``"unknown"``.
    bytes_in, bytes_out : int
        Of what was encoded.
    seconds : float
        Wall time.
    worker_seconds : float
        The sum over all files.
    exit_codes : set of int
        All that occurred.
    recorded : int
        Damaged outputs that a check has recorded, so that the next run makes them anew.
    """

    counts: Counter[str] = field(default_factory=Counter)
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0
    worker_seconds: float = 0.0
    exit_codes: set[int] = field(default_factory=set)
    recorded: int = 0

    def count(self, record: Record) -> None:
        """Add what became of a file."""
        self.counts[record.state] += 1
        self.exit_codes.add(record.exit_code)
        self.worker_seconds += record.seconds
        if record.state == "encoded":
            self.bytes_in += record.size
            self.bytes_out += record.bytes

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "counts": dict(sorted(self.counts.items())),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "ratio": round(self.bytes_out / self.bytes_in, 6) if self.bytes_in else None,
            "seconds": round(self.seconds, 3),
            "worker_seconds": round(self.worker_seconds, 3),
        }
