"""What a target is: a parser with inputs that it accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A parser: inputs that it accepts, and how it is called."""

    seeds: Callable[[], list[bytes]]
    use: Callable[[bytes], None]
