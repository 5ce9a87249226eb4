"""Divide recordings into splits: by what their layout says, and else by a seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from nlac._errors import UsageError
from nlac.training.data.layouts import Source

SPLITS = ("train", "valid", "test")


def divide(
    sources: Sequence[Source], seed: int, valid: float, test: float, by: str = ""
) -> list[str]:
    """Split of each recording.

    A recording keeps the split of its layout. The others are placed by a hash of seed and group,
    so that none moves when others are added. Where a split that was asked for would stay empty, it
    gets the group whose hash comes nearest.

    Parameters
    ----------
    sources : sequence of Source
    seed : int
        Another seed divides otherwise.
    valid, test : float
        Shares of the recordings; the rest is for training.
    by : str
        Label whose values are not divided, such as ``speaker``; empty: by recording.

    Returns
    -------
    list of str
        ``train``, ``valid`` or ``test``.

    Raises
    ------
    UsageError
        The shares are none, or a recording lacks the label.
    """
    if not (valid >= 0 and test >= 0 and valid + test < 1):
        raise UsageError(f"shares {valid} for valid and {test} for test: together 0 to below 1")
    groups: dict[str, float] = {}
    for source in sources:
        if not source.split:
            group = _group(source, by)
            groups[group] = _place(seed, group)
    own = {source.split for source in sources}
    bounds = {"valid": (0.0, valid), "test": (valid, valid + test), "train": (valid + test, 1.0)}
    split_of = {
        group: next(s for s, (low, high) in bounds.items() if low <= at < high)
        for group, at in groups.items()
    }
    for split in SPLITS:
        low, high = bounds[split]
        counts = Counter(split_of.values())
        rich = [group for group, where in split_of.items() if counts[where] > 1]
        if high > low and split not in own and not counts[split] and rich:
            nearest = min(rich, key=lambda group: abs(groups[group] - (low + high) / 2))
            split_of[nearest] = split
    return [source.split or split_of[_group(source, by)] for source in sources]


def _group(source: Source, by: str) -> str:
    if not by:
        return source.group
    if by not in source.labels:
        known = ", ".join(sorted(source.labels)) or "none"
        raise UsageError(f"{source.name} has no label {by!r} to divide by; it has: {known}")
    return str(source.labels[by])


def _place(seed: int, group: str) -> float:
    """Number from 0 to below 1 that a group has by its name."""
    digest = hashlib.sha256(f"{seed}\0{group}".encode()).digest()
    return float(int.from_bytes(digest[:6], "big") / 2**48)
