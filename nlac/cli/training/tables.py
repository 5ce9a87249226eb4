"""Tables in plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def text_table(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> str:
    """Columns under a header, numbers to the right."""
    cells = [list(header), *([_shown(value) for value in row] for row in rows)]
    places = range(len(header))
    right = [all(isinstance(row[i], (int, float, type(None))) for row in rows) for i in places]
    widths = [max(len(row[i]) for row in cells) for i in places]
    lines = [
        "  ".join(
            text.rjust(width) if flush else text.ljust(width)
            for text, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.5g}"
    return str(value)
