"""Make the normative tables of sigmoid and tanh (spec, section "Networks").

Everything is computed with 60 decimal digits, so the rounding to integers is that of
the exact real value.  Run from the root of the repository::

    python tools/make_gate_tables.py

It rewrites ``nlac/predictors/networks/gates.bin``; a test holds the hash of it.
"""

from __future__ import annotations

import struct
from decimal import ROUND_FLOOR, Decimal, getcontext
from pathlib import Path

getcontext().prec = 60
HALF = Decimal("0.5")
TOP = 32767


def _q15(value: Decimal) -> int:
    rounded = int((value * 32768 + HALF).to_integral_value(rounding=ROUND_FLOOR))
    return min(max(rounded, -TOP), TOP)


def sigmoid(u: Decimal) -> Decimal:
    """1 / (1 + e**-u)."""
    return 1 / (1 + (-u).exp())


def main() -> None:
    """Write the sigmoid's 4096 entries, then those of tanh (int16)."""
    points = [Decimal(i) / 256 for i in range(-2048, 2048)]
    numbers = [_q15(sigmoid(u)) for u in points]
    numbers += [_q15(2 * sigmoid(2 * u) - 1) for u in points]
    target = Path(__file__).parents[1] / "nlac" / "predictors" / "networks" / "gates.bin"
    target.write_bytes(struct.pack(f"<{len(numbers)}h", *numbers))


if __name__ == "__main__":
    main()
