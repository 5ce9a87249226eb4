"""Value sets: the sample values that occur, and their bytes (spec, section "Value sets").

The method is this project's own. One rule serves empty low bits, recordings scaled after they were
quantised, sparse histograms and clipping: a value is coded by its rank among those that occur, and
its interval reaches halfway to its neighbours, at both ends to infinity. The encoder finds the sets
in `nlac.codec.encoder.value_sets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.entropy import soft_sets
from nlac.entropy.bitmap import read_bitmap, write_bitmap
from nlac.entropy.varint import read_signed, read_varint, write_signed, write_varint

PLAIN, GRID, LIST, SOFT = 0, 1, 2, 3
GRID_BITS = 24
MAX_SPAN = 1 << 18  # between the ends of a list
MAX_SETS = 255
_LIMIT = 1 << 31


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A set of values: all integers, a fractional grid, or a list.

    Attributes
    ----------
    kind : int
        `PLAIN`: the rank is the value; `GRID`: the value of a rank is
        ``(step * rank + offset) >> 24``; `LIST`: it is ``values[rank]``; `SOFT`: the rank is the
        value, and boundaries lie where the weights of a step's phases move them.
    first, last : int
        Smallest and largest rank.
    step, offset : int
        Step and offset of a grid, or step of a soft set, Q24; 0 otherwise.
    values : (n,) int64
        The list, ascending; of a soft set its boundaries (Q8), those of `first` to ``last + 1``;
        empty otherwise.
    weights : bytes
        Weights of the phases of a soft set.
    """

    kind: int
    first: int
    last: int
    step: int = 0
    offset: int = 0
    values: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    weights: bytes = b""

    def value(self, rank: int) -> int:
        """Return the value of a rank."""
        if self.kind in (PLAIN, SOFT):
            return rank
        if self.kind == GRID:
            return (self.step * rank + self.offset) >> GRID_BITS
        return int(self.values[rank])

    @property
    def spread(self) -> int:
        """Whole bits of the smallest distance between neighbours, or of a soft set's step."""
        if self.kind in (GRID, SOFT):
            return (self.step >> GRID_BITS).bit_length() - 1
        if self.kind == LIST and len(self.values) > 1:
            return int(np.diff(self.values).min()).bit_length() - 1
        return 0

    def ranks_of(self, samples: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Return the ranks of samples, (n,) int64, or None if one is not in the set."""
        if self.kind in (PLAIN, SOFT):
            ranks = samples
        elif self.kind == GRID:
            # only the rank ceil((sample * 2**24 - offset) / step) can have this value
            ranks = -((self.offset - (samples << GRID_BITS)) // self.step)
            if np.any(((self.step * ranks + self.offset) >> GRID_BITS) != samples):
                return None
        else:
            ranks = np.searchsorted(self.values, samples)
            ranks = np.minimum(ranks, len(self.values) - 1)
            if np.any(self.values[ranks] != samples):
                return None
        if len(ranks) and (ranks.min() < self.first or ranks.max() > self.last):
            return None
        return ranks


def plain(low: int, high: int) -> ValueSet:
    """Return the set of all integers from `low` to `high`."""
    return ValueSet(PLAIN, low, high)


def listed(values: NDArray[np.int64]) -> ValueSet:
    """Return the set of these values, which ascend."""
    return ValueSet(LIST, 0, len(values) - 1, values=values)


def soft(low: int, high: int, step: int, weights: bytes) -> ValueSet:
    """Return the soft set of all integers from `low` to `high`; see `boundaries`."""
    edges = soft_sets.boundaries(low, high, step, weights)
    return ValueSet(SOFT, low, high, step, values=edges, weights=weights)


def _read_signed(data: bytes, at: int) -> tuple[int, int]:
    value, at = read_signed(data, at)
    if abs(value) >= _LIMIT << GRID_BITS:
        raise CorruptStream("number out of range", path="value_set")
    return value, at


def write_sets(sets: Sequence[ValueSet]) -> bytes:
    """Return the bytes of a table of sets."""
    out = bytearray(write_varint(len(sets)))
    for entry in sets:
        out += write_varint(entry.kind)
        if entry.kind == LIST:
            low = int(entry.values[0])
            present = np.zeros(int(entry.values[-1]) - low + 1, np.uint8)
            present[entry.values - low] = 1
            bitmap = write_bitmap(present)
            out += write_signed(low) + write_varint(len(present))
            out += write_varint(len(bitmap)) + bitmap
        else:
            out += write_signed(entry.first) + write_varint(entry.last - entry.first)
            if entry.kind == SOFT:
                out += write_varint(entry.step) + entry.weights
            if entry.kind == GRID:
                out += write_varint(entry.step) + write_signed(entry.offset)
    return bytes(out)


def read_sets(data: bytes, at: int) -> tuple[list[ValueSet], int]:
    """Parse a table of sets at byte `at`; returns it and the position after it.

    Raises
    ------
    CorruptStream
        A number is out of range, or a list is not what `write_sets` writes.
    """
    count, at = read_varint(data, at)
    if not 1 <= count <= MAX_SETS:
        raise CorruptStream(f"{count} value sets", path="value_set")
    sets: list[ValueSet] = []
    listed_values = 0
    for _ in range(count):
        kind, at = read_varint(data, at)
        low, at = _read_signed(data, at)
        span, at = read_varint(data, at)
        if kind == LIST:
            length, at = read_varint(data, at)
            listed_values += span
            if not 1 <= span <= MAX_SPAN or listed_values > 8 * MAX_SPAN or at + length > len(data):
                raise CorruptStream(f"list of {span} values is too long", path="value_set")
            present = read_bitmap(data[at : at + length], span)
            at += length
            if not (present[0] and present[-1]) or not -_LIMIT <= low <= _LIMIT - span:
                raise CorruptStream("list does not begin and end with a value", path="value_set")
            sets.append(listed(np.flatnonzero(present).astype(np.int64) + low))
            continue
        if kind not in (PLAIN, GRID, SOFT):
            raise CorruptStream(f"set {len(sets)}: unknown kind {kind}", path="value_set")
        if not -_LIMIT <= low <= low + span < _LIMIT:
            raise CorruptStream(f"set {len(sets)}: ranks out of range", path="value_set")
        if kind == SOFT:
            step, at = read_varint(data, at)
            weights = data[at : at + soft_sets.PHASES]
            at += soft_sets.PHASES
            listed_values += span + 1
            if not soft_sets.MIN_STEP < step < soft_sets.MAX_STEP:
                raise CorruptStream(f"soft set of step {step} is out of range", path="value_set")
            if len(weights) < soft_sets.PHASES or not all(weights):
                raise CorruptStream("soft set lacks a weight", path="value_set")
            if span >= MAX_SPAN or listed_values > 8 * MAX_SPAN:
                raise CorruptStream(f"soft set of {span} values is too wide", path="value_set")
            sets.append(soft(low, low + span, step, bytes(weights)))
            continue
        step = offset = 0
        if kind == GRID:
            step, at = read_varint(data, at)
            offset, at = _read_signed(data, at)
            # steps of at least 1 keep neighbours apart; as values are samples, all fit int64
            first = (step * low + offset) >> GRID_BITS
            last = (step * (low + span) + offset) >> GRID_BITS
            good = 1 << GRID_BITS <= step < 1 << 56 and first >= -_LIMIT and last < _LIMIT
            if not good:
                raise CorruptStream(f"grid of step {step} is out of range", path="value_set")
        sets.append(ValueSet(kind, low, low + span, step, offset))
    return sets, at
