"""How loud floats are at most, and how many of them are no finite numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class LevelStore:
    """Largest finite values of pieces of a recording, and counts of what is not finite.

    Parameters
    ----------
    channels : int
        Channels of the recording.
    edges : ndarray, shape (pieces + 1,)
        Borders of the pieces.
    """

    def __init__(self, channels: int, edges: NDArray[np.int64]) -> None:
        self._edges = edges
        self._largest = np.zeros((channels, len(edges) - 1))
        self._odd = np.zeros((channels, len(edges) - 1), np.int64)

    def add(self, start: int, samples: NDArray[Any], pieces: range) -> None:
        """Take pieces from samples, shape (frames, channels), that begin at frame `start`."""
        for piece in pieces:
            first, last = (self._edges[piece : piece + 2] - start).tolist()
            part = samples[first:last]
            finite = np.isfinite(part)
            # not added up: what is seen again is the same
            self._odd[:, piece] = len(part) - finite.sum(axis=0)
            self._largest[:, piece] = np.abs(np.where(finite, part, 0)).max(axis=0, initial=0)

    def largest(self) -> list[float]:
        """The largest finite value of each channel, without its sign."""
        found: list[float] = self._largest.max(axis=1, initial=0).tolist()
        return found

    def not_finite(self) -> list[int]:
        """How many values of each channel are infinite or no numbers."""
        found: list[int] = self._odd.sum(axis=1).tolist()
        return found
