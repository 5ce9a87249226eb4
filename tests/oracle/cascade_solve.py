"""Weighted covariances and their solution: sections 11.17.3 and 11.17.4; see decoder.py.

Values are asserted to have the widths of 11.17.5; in the solution some are modulo 2^64 or 2^32.
"""

from math import isqrt
from operator import mul

from oracle.coding import clip, fits


def wrap(value: int, bits: int) -> int:
    """The value modulo 2^bits, signed."""
    half = 1 << (bits - 1)
    return ((value + half) & ((1 << bits) - 1)) - half


class Weight:
    """The weight of a batch: 2^-exponent, half as much again if odd."""

    def __init__(self, v: int) -> None:
        k = v.bit_length() - 1
        f = (v << 4) >> k
        self.exponent = k if f < 19 else k + 1
        self.odd = 19 <= f < 27

    def times(self, z: int, up: int) -> int:
        """w: z times the weight times 2^up."""
        u = up - self.exponent
        w = z << max(u, 0) >> max(-u, 0)
        return fits(w + (w >> 1) if self.odd else w, 49)


class Covariance:
    """R: the upper triangle, row by row, target last."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.rows = [[0] * (size - i) for i in range(size)]

    def clear(self, count: int) -> None:
        """The first rows become 0."""
        for i in range(count):
            self.rows[i] = [0] * (self.size - i)

    def learn(self, series: list[list[int]], first: int, decay: int, up: int, v: int) -> None:
        """series has the values of the batch for each variable from the first that is present."""
        weight = Weight(v)
        for i, a in enumerate(series):
            row = self.rows[first + i]
            for j, b in enumerate(series[i:]):
                z = fits(sum(map(mul, a, b)), 47)
                row[j] = fits(row[j] - (row[j] >> decay) + weight.times(z, up), 59)


def eliminate(rows: list[list[int]], load: int) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """The columns of U above its diagonal, and (len(r), i) of each row; (0, 0) if it is 0."""
    n = len(rows)
    up = 60 - max(1, *(row[0] for row in rows)).bit_length()
    columns: list[list[int]] = [[] for _ in range(n)]
    steps = []
    for k in range(n - 1):
        row = []
        for j, entry in enumerate(rows[k], k):
            shifted = wrap(entry << max(up, 0), 64) >> max(-up, 0)
            row.append(wrap(shifted - sum(map(mul, columns[k], columns[j])), 64))
        pivot = wrap(row[0] + (1 << load), 64)
        if not 2**30 <= pivot < 2**61:
            steps.append((0, 0))
            for column in columns[k + 1 :]:
                column.append(0)
            continue
        root = isqrt(pivot)
        length = root.bit_length()
        inverse = min((1 << (30 + length)) // root, 2**31 - 1)
        steps.append((length, inverse))
        for column, entry in zip(columns[k + 1 :], row[1:], strict=True):
            factor = wrap(entry >> (length - 1), 32)
            column.append(fits((factor * inverse + 2**30) >> 31, 31))
    return columns, steps


def solve(covariance: Covariance, first: int, load: int) -> list[int]:
    """Section 11.17.4 for the variables from the first on; the coefficients."""
    rows = covariance.rows[first:]
    n = len(rows)
    columns, steps = eliminate(rows, load)
    bound = 1 << (31 - n.bit_length())
    result = [0] * (n - 1)
    for k in range(n - 2, -1, -1):
        length, inverse = steps[k]
        if length:
            t = columns[n - 1][k] << 20
            t -= sum(columns[j][k] * result[j] for j in range(k + 1, n - 1))
            t = clip(fits(t, 63) >> (length - 1), -(2**31), 2**31)
            result[k] = clip((t * inverse + 2**30) >> 31, -bound, bound)
    return result
