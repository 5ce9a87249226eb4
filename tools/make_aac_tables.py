"""Make the normative tables of the synthesis of AAC (spec, section "Tables of AAC").

Everything is computed with 60 decimal digits, so the rounding to integers is that of the exact real
value.  Run from the root of the repository::

    python tools/make_aac_tables.py

It rewrites ``nlac/predictors/origin/aac/aac.bin``; a test holds the hash of it.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from pathlib import Path

from make_layer3_tables import HALF, PI, Q24, cosine, rounded, sine

Q28 = 1 << 28


def bessel(x: Decimal) -> Decimal:
    """The modified Bessel function of order 0, by its series."""
    term = total = Decimal(1)
    n = 0
    while term > total * Decimal(10) ** -55:
        n += 1
        term = term * x * x / (4 * n * n)
        total += term
    return total


def kaiser_bessel(length: int, alpha: int) -> list[Decimal]:
    """The rising half of a Kaiser-Bessel derived window."""
    values = []
    for n in range(length + 1):
        x = Decimal(2 * n) / length - 1
        values.append(bessel(PI * alpha * (1 - x * x).sqrt()))
    total = sum(values)
    rising, done = [], Decimal(0)
    for value in values[:length]:
        done += value
        rising.append((done / total).sqrt())
    return rising


def twist(length: int, factor: Decimal) -> list[int]:
    """Cosines, then sines of pi (8 k + 1) / (8 length), times a factor, for k below length / 2."""
    angles = [PI * (8 * k + 1) / (8 * length) for k in range(length // 2)]
    return [rounded(factor * turn(angle) * Q24) for turn in (cosine, sine) for angle in angles]


def main() -> None:
    """Write the tables, s(32) each."""
    numbers = []
    for length, alpha in ((1024, 4), (128, 6)):
        slopes = [sine(PI / (2 * length) * (n + HALF)) for n in range(length)]
        numbers += [rounded(value * Q24) for value in slopes + kaiser_bessel(length, alpha)]
    turns = [PI * j / 256 for j in range(256)]
    numbers += [rounded(turn(angle) * Q24) for turn in (cosine, sine) for angle in turns]
    one = Decimal(1)
    numbers += twist(1024, one) + twist(1024, HALF.sqrt()) + twist(128, one)
    for half in (4, 8):
        for i in range(-half, half):
            numbers.append(rounded(sine(PI * i / (2 * half + (-1 if i >= 0 else 1))) * Q28))
    target = Path(__file__).parents[1] / "nlac" / "predictors" / "origin" / "aac" / "aac.bin"
    target.write_bytes(struct.pack(f"<{len(numbers)}i", *numbers))


if __name__ == "__main__":
    main()
