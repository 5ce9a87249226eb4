"""Make the normative tables of binary decisions (spec, section "Binary decisions").

Everything is computed with 60 decimal digits, so the rounding to integers is that of the exact real
value.  Run from the root of the repository::

    python tools/make_logistic_tables.py

It rewrites ``nlac/entropy/logistic.bin``; a test holds the hash of it.
"""

from __future__ import annotations

import struct
from decimal import ROUND_FLOOR, Decimal, getcontext
from pathlib import Path

getcontext().prec = 60
HALF = Decimal("0.5")
ENTRIES, TOP = 4096, 2047


def _rounded(value: Decimal) -> int:
    return int((value + HALF).to_integral_value(rounding=ROUND_FLOOR))


def logit(i: int) -> int:
    """256 times the logarithm of the odds in the middle of the cell i of 4096, limited."""
    odds = (i + HALF) / (ENTRIES - i - HALF)
    return min(max(_rounded(256 * odds.ln()), -TOP), TOP)


def chance(i: int) -> int:
    """The chance, Q16, whose odds have the logarithm i / 256."""
    return _rounded(65536 / (1 + (-Decimal(i) / 256).exp()))


def main() -> None:
    """Write 4096 logits, s(16), then the chances of -2048 to 2047, u(16)."""
    logits = [logit(i) for i in range(ENTRIES)]
    chances = [chance(i) for i in range(-ENTRIES // 2, ENTRIES // 2)]
    target = Path(__file__).parents[1] / "nlac" / "entropy" / "logistic.bin"
    target.write_bytes(struct.pack("<4096h4096H", *logits, *chances))


if __name__ == "__main__":
    main()
