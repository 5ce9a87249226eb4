"""What all results have in common: they turn into plain values, for JSON."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


class Record:
    """A dataclass that can be turned into plain values."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `json.dumps` takes."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else value
