"""Float blocks: section 11.15 of format_spec.md; see decoder.py."""

from collections import defaultdict
from typing import NamedTuple

from oracle.coding import FULL, RangeDecoder
from oracle.container import Reader, SpecError, require

GAIN, GRIDS, EXCEPTIONS, SAME = 1, 2, 4, 8
GAIN_RUN = 32767
NEGATIVE = 1 << 31
INFINITY = 0x7F800000


class Description(NamedTuple):
    """Gain, grids and runs of a channel; a run is a grid, or GAIN_RUN, and its frames."""

    multiplier: int
    gain_exponent: int
    zeros: int
    floor: int
    runs: list[tuple[int, int]]


def read_i16(reader: Reader, low: int, high: int, name: str) -> int:
    value = reader.signed(2)
    require(low <= value <= high, f"{name} {value}")
    return value


def read_runs(reader: Reader, frames: int, has_gain: bool) -> list[tuple[int, int]]:
    """The runs of section 11.15.1; each but the last has at least one frame."""
    runs = []
    left, count = frames, reader.varint(0, frames - 1, "runs - 1") + 1
    for place in range(count):
        grid = reader.signed(2)
        fine = -149 <= grid <= 128 or (grid == GAIN_RUN and has_gain)
        require(fine, f"grid {grid}")
        length = left if place == count - 1 else reader.varint(name="length - 1") + 1
        left -= length
        require(left > 0 or place == count - 1, "runs are longer than the block")
        runs.append((grid, length))
    return runs


def read_description(
    reader: Reader, frames: int, before: Description | None
) -> tuple[Description, bool]:
    """A channel description of section 11.15.1, and whether it has exceptions."""
    flags = reader.unsigned(1)
    require(flags < 16, f"flags {flags} of a channel of floats")
    exceptions = bool(flags & EXCEPTIONS)
    if flags & SAME:
        require(not flags & (GAIN | GRIDS), "flags with SAME")
        if before is None:
            raise SpecError("SAME at the first channel")
        return before, exceptions
    require(bool(flags & (GAIN | GRIDS)), "neither GAIN nor GRIDS")
    multiplier = gain_exponent = zeros = floor = 0
    runs = [(GAIN_RUN, frames)]
    if flags & GAIN:
        multiplier = reader.varint(1, 2**40 - 1, "multiplier")
        gain_exponent = read_i16(reader, -256, 128, "gain exponent")
    if flags & GRIDS:
        zeros = reader.unsigned(1)
        require(zeros <= 23, f"zeros {zeros}")
        floor = read_i16(reader, -149, 128, "floor")
        runs = read_runs(reader, frames, bool(flags & GAIN))
    return Description(multiplier, gain_exponent, zeros, floor, runs), exceptions


def round_float(m: int, e: int) -> int:
    """F(m, E) of section 11.15.5."""
    assert 0 <= m < 2**63
    if m == 0:
        return 0
    s = max(m.bit_length() - 24, -149 - e)
    if s > 63:
        return 0
    if s > 0:
        half, rest, m = 1 << (s - 1), m % (1 << s), m >> s
        m += rest > half or (rest == half and m % 2 == 1)
    else:
        m <<= -s
    result = (e + s + 149) * 2**23 + m
    require(result < INFINITY, "float is too large")
    return result


class Decisions:
    """Section 11.15.2, with the models of a channel in models."""

    def __init__(self, words: list[int]) -> None:
        self.coder, self.words, self.used = RangeDecoder(words), len(words), False
        self.models: dict[tuple[str | int, ...], list[int]] = {}
        self.reset()

    def reset(self) -> None:
        """The first state of section 11.15.3."""
        self.models = defaultdict(lambda: [1 << 23, 0])

    def decide(self, *name: str | int) -> int:
        self.used = True
        model = self.models[name]
        p, n = model
        decision = self.coder.symbol((0, p, FULL))
        p += -((p - 256) // (n + 2)) if decision else (FULL - 256 - p) // (n + 2)
        model[:] = p, min(n + 1, 126)
        return decision

    def ladder(self, name: str, most: int) -> int:
        """Number of decisions 1 of name[0], name[1], ... before the first 0; at most most."""
        for place in range(most):
            if not self.decide(name, place):
                return place
        return most

    def end(self) -> None:
        """Section 11.15.6."""
        spare = self.coder.taken - self.words
        require(spare in (0, 1) if self.used else self.words == 0, "words of the side data")


class FloatChannel:
    """The state of the loop of section 11.15.4 for one channel."""

    def __init__(self, coder: Decisions, description: Description, exceptions: bool) -> None:
        coder.reset()
        self.coder, self.description, self.exceptions = coder, description, exceptions
        self.kind = self.stored = self.before = self.exact = self.zero = 0

    def sample(self, k: int, grid: int) -> int:
        kind_before, self.kind = self.kind, 0
        if self.exceptions and self.coder.decide("PLAIN", kind_before, int(k == 0)):
            bits = self._exception(k, grid, kind_before)
        else:
            bits = self._plain(k, grid)
        self.before = k
        return bits

    def _plain(self, k: int, grid: int) -> int:
        if grid == GAIN_RUN:
            return self._gain(k)
        return self._grid(k, grid) if k else self._grid_zero(grid)

    def _exception(self, k: int, grid: int, kind_before: int) -> int:
        coder = self.coder
        if k == 0 and not coder.decide("NEGATIVE_ZERO", kind_before):
            self.kind = 1
            return NEGATIVE
        if grid == GAIN_RUN and not coder.decide("NEAR", kind_before):
            self.kind = 2
            less = coder.decide("DELTA_SIGN")
            m = coder.ladder("DELTA", 7)
            delta = (1 << m) + coder.coder.uniform(m)
            bits = self._gain(k) + (-delta if less else delta)
            require(0 <= bits < 2**32, "float beyond 32 bits")
            return bits
        self.kind = 3
        if coder.decide("SAME"):
            high = coder.coder.uniform(16)
            self.stored = (high << 16) + coder.coder.uniform(16)
        return self.stored

    def _gain(self, k: int) -> int:
        m = abs(k) * self.description.multiplier
        require(m < 2**63, "gain of 2^63 or more")
        return round_float(m, self.description.gain_exponent) + (NEGATIVE if k < 0 else 0)

    def _free_bits(self, grid: int, e: int) -> int:
        """b of the plain samples of a grid run; grid is Q, or p for an integer of 0."""
        return max(grid - e - max(self.description.zeros, self.description.floor - e), 0)

    def _grid(self, k: int, grid: int) -> int:
        sign, n = (NEGATIVE if k < 0 else 0), abs(k).bit_length()
        e = max(grid + n - 24, -149)
        if e >= grid:
            return round_float(abs(k), grid) + sign
        b, v = self._free_bits(grid, e), 0
        assert b <= 23
        if b > 0:
            inexact = self.coder.decide("EXACT", b, self.exact)
            self.exact = 2 * (self.exact % 2) + inexact
            if inexact:
                v = 1 if b == 1 else self._nonzero(b)
        return round_float((abs(k) << (grid - e)) + (v << (grid - e - b)), e) + sign

    def _nonzero(self, b: int) -> int:
        f = FULL // ((1 << b) - 1)
        v = self.coder.coder.quantile() // f + 1
        require(v < 1 << b, "low bits of a float")
        self.coder.coder.take((v - 1) * f, f)
        return v

    def _grid_zero(self, grid: int) -> int:
        coder = self.coder
        tiny = coder.decide("ZERO", self.zero)
        self.zero = 2 * (self.zero % 2) + tiny
        if not tiny:
            return 0
        sign = coder.decide("SIGN", 0 if self.before == 0 else 1 if self.before > 0 else 2)
        j = coder.ladder("OCTAVE", 24)
        if j == 24:
            j += coder.coder.uniform(9)
        p = grid - 1 - j
        require(p >= -149, "float is too small")
        w = min(p + 149, 23)
        b = self._free_bits(p, p - w)
        r = coder.coder.uniform(b)
        return round_float((1 << w) + (r << (w - b)), p - w) + (NEGATIVE if sign else 0)


def read_descriptions(reader: Reader, plane: list[list[int]]) -> list[tuple[Description, bool]]:
    """The channel descriptions of section 11.15.1."""
    descriptions: list[tuple[Description, bool]] = []
    for channel in plane:
        before = descriptions[-1][0] if descriptions else None
        descriptions.append(read_description(reader, len(channel), before))
    return descriptions


def decode_channels(
    coder: Decisions, descriptions: list[tuple[Description, bool]], plane: list[list[int]]
) -> list[list[int]]:
    """The loop of section 11.15.4 for all channels."""
    floats = []
    for channel, (description, exceptions) in zip(plane, descriptions, strict=True):
        state = FloatChannel(coder, description, exceptions)
        integers = iter(channel)
        bits = [
            state.sample(next(integers), grid)
            for grid, length in description.runs
            for _ in range(length)
        ]
        floats.append(bits)
    return floats


def decode_floats(side: bytes, plane: list[list[int]]) -> list[list[int]]:
    """The floats, as their bits, that side data and integer plane stand for."""
    reader = Reader(side)
    descriptions = read_descriptions(reader, plane)
    require(reader.left() % 4 == 0, "words of the side data")
    coder = Decisions(reader.words(reader.left() // 4))
    floats = decode_channels(coder, descriptions, plane)
    coder.end()
    return floats
