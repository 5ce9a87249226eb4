"""Mixtures of integer distributions in plain Python integers (spec, "Distributions (mixtures)").

A predictor without a compiled loop gives a mixture for each sample. The interval of a value in
low .. high reaches halfway to its neighbours; those of low and high reach to infinity. Where every
part is wide, 2**low_bits values share an interval (a bin), and the rest of the value follows as raw
bits. The top 128 counts are the escape, for values whose bin has no count;
``docs/notes/distributions.md`` proves where that cannot happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from operator import index

from nlac.entropy.distributions import MAX_SCALE, REACH, ROW, SHAPES, TAIL, tables
from nlac.entropy.range_coder import TOTAL

MAX_PARTS = 16
WEIGHT_BITS = 16
FULL_WEIGHT = 1 << WEIGHT_BITS
MAX_LOCATION = 1 << 40  # Q8; leaves room in 64 bits for every product
ESCAPE_COUNT = 2 * TAIL
ESCAPE = TOTAL - ESCAPE_COUNT  # begin of the interval of the escape
_FINE = 10  # octaves of the scale index below which a bin holds one value


@cache
def _lists() -> tuple[list[list[int]], list[int]]:
    """Return cumulative rows and scale mantissas as lists of Python integers."""
    data = tables()
    rows = data.cumulative.reshape(SHAPES, ROW)
    return rows.tolist(), data.down.tolist()


class Mixture:
    """A mixture of distributions, and the frequencies of its bins.

    Parameters
    ----------
    parts : sequence of (location, scale, shape, weight)
        1 to 16 parts. `location` in Q8 sample units, within +-2**40; `scale` 0 to
        `MAX_SCALE`; `shape` 0 to 6; `weight` at least 1, 65,536 in all parts together.

    Raises
    ------
    ValueError, TypeError
        The parts are out of range, or not integers; any integer type is accepted.

    Attributes
    ----------
    low_bits : int
        Bits of a value that are not modelled: a bin holds ``2**low_bits`` values.
    """

    __slots__ = ("_centre", "_parts", "_step", "low_bits")

    def __init__(self, parts: Sequence[tuple[int, int, int, int]]) -> None:
        if not 1 <= len(parts) <= MAX_PARTS:
            raise ValueError(f"{len(parts)} parts: 1 to {MAX_PARTS} make a mixture")
        rows, down = _lists()
        self._parts = []
        smallest, most, total = MAX_SCALE, 0, 0
        for part in parts:
            location, scale, shape, weight = map(index, part)
            if abs(location) > MAX_LOCATION:
                raise ValueError(f"location {location} exceeds 2**40")
            if not 0 <= scale <= MAX_SCALE:
                raise ValueError(f"scale {scale} is not in 0 .. {MAX_SCALE}")
            if not 0 <= shape < SHAPES:
                raise ValueError(f"shape {shape} is not in 0 .. {SHAPES - 1}")
            if weight < 1:
                raise ValueError(f"weight {weight} is not positive")
            self._parts.append((location, down[scale & 15], 7 + (scale >> 4), rows[shape], weight))
            smallest = min(smallest, scale)
            total += weight
            if weight > most:
                most, centre, widest = weight, location, scale
        if total != FULL_WEIGHT:
            raise ValueError(f"weights sum to {total}, not {FULL_WEIGHT}")
        self.low_bits = max(0, (smallest >> 4) - _FINE)
        # begin of a search, and its first step: about the deviation of the heaviest part
        self._centre = (centre + 128) >> (8 + self.low_bits)
        self._step = 1 << max(0, (widest >> 4) - 4 - self.low_bits)

    def below(self, edge: int) -> int:
        """Return the counts below a boundary (Q8): 0 to `ESCAPE`, and monotonic."""
        total = 0
        for location, mantissa, shift, row, weight in self._parts:
            position = ((edge - location) * mantissa) >> shift
            if position <= -REACH:
                total += weight * TAIL
            elif position >= REACH:
                total += weight * (TOTAL - TAIL)
            else:
                position += REACH
                cell = position >> 8
                left = row[cell]
                total += weight * (left + (((row[cell + 1] - left) * (position & 255)) >> 8))
        return (total >> WEIGHT_BITS) - TAIL

    def edge(self, number: int, first: int, last: int) -> int:
        """Return the counts below the bin `number`; bins `first` to `last` share all counts."""
        if number <= first:
            return 0
        if number > last:
            return ESCAPE
        return self.below((number << (8 + self.low_bits)) - 128)

    def interval(self, number: int, first: int, last: int) -> tuple[int, int]:
        """Return the first count of the bin `number` and its counts, 0 if it must escape."""
        left = self.edge(number, first, last)
        return left, self.edge(number + 1, first, last) - left

    def find(self, quantile: int, first: int, last: int) -> int:
        """Return the bin among `first` to `last` that holds a quantile below `ESCAPE`."""
        # a bracket, at first near the heaviest part
        left = min(max(self._centre, first), last)
        right, step = left + 1, self._step
        while self.edge(left, first, last) > quantile:
            left, right, step = left - step, left, 2 * step
        while self.edge(right, first, last) <= quantile:
            left, right, step = right, right + step, 2 * step
        # outside the bins `edge` is constant, so the bracket may reach beyond them
        while right - left > 1:
            middle = (left + right) >> 1
            if self.edge(middle, first, last) <= quantile:
                left = middle
            else:
                right = middle
        return left
