"""Which vector loops are replaced by their plain loops.

Each vector loop stands beside a plain loop that computes the same, bit for bit.  The plain one
runs

- as Python, with ``NUMBA_DISABLE_JIT=1``; nor are vector loops written where kernels were compiled
  ahead of time;
- compiled, on processors for which the vector loops were not tried;
- compiled, where ``NLAC_PLAIN_KERNELS`` asks for it: ``1`` for all, or names such as
  ``correlate,eliminate``, to measure what they gain.  ``0`` asks for vector loops on every
  processor.

Streams are the same either way.  The setting is read once, at the start of a process.
"""

from __future__ import annotations

import hashlib

from nlac.kernels.mode import MODE, PLAIN_SETTING, Mode

# both are little-endian, and have vectors of 128 bits or more on every processor
TRIED = ("x86_64", "aarch64", "arm64")


def is_plain(name: str) -> bool:
    """Tell whether the vector loop of a name is to be replaced by its plain loop."""
    if MODE is not Mode.JIT or PLAIN_SETTING == "1":
        return True
    if PLAIN_SETTING == "0":
        return False
    if PLAIN_SETTING:
        return name in PLAIN_SETTING.replace(" ", "").split(",")
    from nlac.kernels.numba_internals import machine

    return not machine().startswith(TRIED)


def cache_tag() -> str:
    """Part of the names of cache folders, so that both forms are kept; empty by default."""
    return (
        "plain" + hashlib.sha256(PLAIN_SETTING.encode()).hexdigest()[:8] + "-"
        if PLAIN_SETTING
        else ""
    )
