"""Make the normative tables of the synthesis of MPEG audio Layer III (spec, section "Synthesis").

Everything is computed with 60 decimal digits, so the rounding to integers is that of the exact real
value; the window is that of ISO/IEC 11172-3, table 3-B.3, in units of 2**-16.  Run from the root of
the repository::

    python tools/make_layer3_tables.py

It rewrites ``nlac/predictors/origin/layer3.bin``; a test holds the hash of it.
"""

from __future__ import annotations

import struct
from decimal import ROUND_FLOOR, Decimal, getcontext
from pathlib import Path

getcontext().prec = 60
HALF = Decimal("0.5")
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628621")
Q24, Q30 = 1 << 24, 1 << 30
MAX_VALUE = 8206

# coefficients 0 to 256 of the window without the signs of every second run of 64
WINDOW = """
0 -1 -1 -1 -1 -1 -1 -2 -2 -2 -2 -3 -3 -4 -4 -5 -5 -6 -7 -7 -8 -9 -10 -11 -13 -14 -16 -17 -19 -21
-24 -26 -29 -31 -35 -38 -41 -45 -49 -53 -58 -63 -68 -73 -79 -85 -91 -97 -104 -111 -117 -125 -132
-139 -147 -154 -161 -169 -176 -183 -190 -196 -202 -208 -213 -218 -222 -225 -227 -228 -228 -227 -224
-221 -215 -208 -200 -189 -177 -163 -146 -127 -106 -83 -57 -29 2 36 72 111 153 197 244 294 347 401
459 519 581 645 711 779 848 919 991 1064 1137 1210 1283 1356 1428 1498 1567 1634 1698 1759 1817 1870
1919 1962 2001 2032 2057 2075 2085 2087 2080 2063 2037 2000 1952 1893 1822 1739 1644 1535 1414 1280
1131 970 794 605 402 185 -45 -288 -545 -814 -1095 -1388 -1692 -2006 -2330 -2663 -3004 -3351 -3705
-4063 -4425 -4788 -5153 -5517 -5879 -6237 -6589 -6935 -7271 -7597 -7910 -8209 -8491 -8755 -8998
-9219 -9416 -9585 -9727 -9838 -9916 -9959 -9966 -9935 -9863 -9750 -9592 -9389 -9139 -8840 -8492
-8092 -7640 -7134 -6574 -5959 -5288 -4561 -3776 -2935 -2037 -1082 -70 998 2122 3300 4533 5818 7154
8540 9975 11455 12980 14548 16155 17799 19478 21189 22929 24694 26482 28289 30112 31947 33791 35640
37489 39336 41176 43006 44821 46617 48390 50137 51853 53534 55178 56778 58333 59838 61289 62684
64019 65290 66494 67629 68692 69679 70590 71420 72169 72835 73415 73908 74313 74630 74856 74992
75038
"""
ALIAS = ("-0.6", "-0.535", "-0.33", "-0.185", "-0.095", "-0.041", "-0.0142", "-0.0037")


def rounded(value: Decimal) -> int:
    """The nearest integer, halves up."""
    return int((value + HALF).to_integral_value(rounding=ROUND_FLOOR))


def cosine(x: Decimal) -> Decimal:
    """cos(x), by its series."""
    x = x % (2 * PI)
    term = total = Decimal(1)
    n = 0
    while abs(term) > Decimal(10) ** -55:
        n += 2
        term = -term * x * x / (n * (n - 1))
        total += term
    return total


def sine(x: Decimal) -> Decimal:
    """sin(x)."""
    return cosine(x - PI / 2)


def powers() -> list[int]:
    """n**(4/3) as mantissas from 2**30 to 2**31, for n from 1 on."""
    third = Decimal(1) / 3
    numbers = []
    for n in range(1, MAX_VALUE + 1):
        exponent = ((n**4).bit_length() - 1) // 3
        numbers.append(rounded(Decimal(n**4) ** third * (Decimal(2) ** (30 - exponent))))
    return numbers


def transform(kind: int) -> list[int]:
    """The windowed inverse MDCT of a block type: 18 rows of 36 numbers."""
    window = [sine(PI / 36 * (i + HALF)) for i in range(36)]
    short = [sine(PI / 12 * (i + HALF)) for i in range(12)]
    one, zero = [Decimal(1)] * 6, [Decimal(0)] * 6
    windows = {0: window, 1: window[:18] + one + short[6:] + zero,
               3: zero + short[:6] + one + window[18:]}  # fmt: skip
    rows = []
    for k in range(18):
        row = [Decimal(0)] * 36
        if kind == 2:
            f, w = divmod(k, 3)
            for i in range(12):
                row[6 + 6 * w + i] = short[i] * cosine(PI / 24 * ((2 * i + 7) * (2 * f + 1)))
        else:
            for i in range(36):
                row[i] = windows[kind][i] * cosine(PI / 72 * ((2 * i + 19) * (2 * k + 1)))
        rows += [rounded(value * Q24) for value in row]
    return rows


def main() -> None:
    """Write the tables, s(32) each."""
    numbers = powers()
    numbers += [rounded(Decimal(2) ** (Decimal(r) / 4) * Q30) for r in range(4)]
    for kind in range(4):
        numbers += transform(kind)
    factors = [Decimal(each) for each in ALIAS]
    norms = [1 / (1 + each * each).sqrt() for each in factors]
    numbers += [rounded(norm * Q24) for norm in norms]
    numbers += [rounded(c * norm * Q24) for c, norm in zip(factors, norms, strict=True)]
    numbers += [rounded(cosine(PI * i / 64) * Q24) for i in range(128)]
    half = [int(each) for each in WINDOW.split()]
    window = half + half[255:0:-1]
    numbers += [-value if i // 64 % 2 else value for i, value in enumerate(window)]
    target = Path(__file__).parents[1] / "nlac" / "predictors" / "origin" / "layer3.bin"
    target.write_bytes(struct.pack(f"<{len(numbers)}i", *numbers))


if __name__ == "__main__":
    main()
