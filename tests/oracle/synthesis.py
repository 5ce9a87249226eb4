"""Synthesis of granules: section 11.24.6 of format_spec.md. See decoder.py."""

from collections.abc import Sequence
from typing import NamedTuple

from oracle.coding import clip, fits
from oracle.granules import LINES, SHORT, Granule, bands, layer3_tables, round_shift, size

SUBBANDS, PER_SUBBAND, SLOTS = 32, 18, 16
CLIPPED = 22  # the place context of a sample that was clipped


class Sound(NamedTuple):
    """Samples of a channel, and their place contexts."""

    samples: list[int]
    places: list[int]


def bounded(value: int, bound: float) -> int:
    """The value, asserted to be at most 2^bound in size, as section 11.24.8 states."""
    assert abs(value) <= 2**bound, f"{value} is beyond 2^{bound}"
    return value


class ChannelSynthesis:
    """Steps 3 to 5 for one channel of a section."""

    def __init__(self) -> None:
        self.tables = layer3_tables()
        self.overlap = [[0] * PER_SUBBAND for _ in range(SUBBANDS)]
        self.slots = [[0] * 64 for _ in range(SLOTS)]  # V, the last first
        self.sums: list[int] = []  # A

    def add(self, block_type: int, x: list[int]) -> None:
        """A granule."""
        if block_type != SHORT:
            self._butterflies(x)
        slots = [[0] * SUBBANDS for _ in range(PER_SUBBAND)]  # S
        for s in range(SUBBANDS):
            t = self._transform(block_type, x[PER_SUBBAND * s : PER_SUBBAND * (s + 1)])
            for j in range(PER_SUBBAND):
                both = bounded(t[j] + self.overlap[s][j], 39)
                value = clip(both, -(1 << 33), 1 << 33)
                slots[j][s] = -value if j % 2 and s % 2 else value
            self.overlap[s] = t[PER_SUBBAND:]
        for slot in slots:
            self._window(slot)

    def _butterflies(self, x: list[int]) -> None:
        for s in range(1, SUBBANDS):
            for i in range(8):
                low, high = PER_SUBBAND * s - 1 - i, PER_SUBBAND * s + i
                u, w = x[low], x[high]
                cs, ca = self.tables.cs[i], self.tables.ca[i]
                x[low] = bounded(round_shift(u * cs - w * ca, 24), 33.6)
                x[high] = bounded(round_shift(w * cs + u * ca, 24), 33.6)

    def _transform(self, block_type: int, x: list[int]) -> list[int]:
        im = self.tables.im
        start = block_type * PER_SUBBAND * 36
        if not any(x):
            return [0] * 36
        out = []
        for j in range(36):
            total = sum(v * im[start + 36 * k + j] for k, v in enumerate(x) if v)
            out.append(bounded(round_shift(fits(total, 62), 24), 38))
        return out

    def _window(self, slot: list[int]) -> None:
        cos, win = self.tables.cos, self.tables.win
        v = []
        for i in range(64):
            total = sum(
                x * cos[(16 + i) * (2 * s + 1) % 128] for s, x in enumerate(slot) if x
            )  # fmt: skip
            v.append(bounded(round_shift(fits(total, 62), 24), 38))
        self.slots = [v, *self.slots[:-1]]
        for i in range(32):
            total = 0
            for b in range(0, SLOTS, 2):
                total += win[32 * b + i] * self.slots[b][i]
                total += win[32 * b + 32 + i] * self.slots[b + 1][32 + i]
            self.sums.append(fits(total, 56))


def dequantise(granule: Granule, table: int, pair: int, f: Sequence[int]) -> list[int]:
    """Step 1: X of a channel."""
    of_line = bands(table, granule.block_type == SHORT)
    x = [0] * LINES
    for i, v in enumerate(granule.lines):
        if v:
            e = granule.exponents[of_line[i]]
            assert e is not None
            magnitude = size(abs(v), e - 2 * pair, f)
            x[i] = magnitude if v > 0 else -magnitude
    return x


def place_context(a: int, q: int, bits: int) -> tuple[int, int]:
    """The sample of a rounded sum A', and its place context."""
    high = (1 << (bits - 1)) - 1
    y = clip(a >> q, ~high, high)
    if y != a >> q:
        return y, CLIPPED
    u = ((a % (1 << q)) >> (q - 10)) - 512
    d = 512 - abs(u)
    k = 0 if d > 400 else 10 - d.bit_length()
    return y, 2 * k + (u > 0)


def rounded(sums: Sequence[int], q: int, bits: int, rounding: int) -> Sound:
    """The samples of sums A with q bits behind the point."""
    sound = Sound([], [])
    for a in sums:
        if rounding == 0:
            a += 1 << (q - 1)
        elif rounding == 2 and a < 0:
            a += (1 << q) - 1
        y, place = place_context(fits(a, 63), q, bits)
        sound.samples.append(y)
        sound.places.append(place)
    return sound


def gains(gain: int) -> list[int]:
    """f' of a section."""
    return [fits(round_shift(fits(x * gain, 62), 30), 32) for x in layer3_tables().f]


def synthesise(
    granules: Sequence[tuple[int, list[Granule]]], table: int, gain: int, bits: int, shift: int,
    rounding: int, frames: int,
) -> list[Sound]:  # fmt: skip
    """The samples of a section for each channel."""
    f = gains(gain)
    channels = [ChannelSynthesis() for _ in granules[0][1]]
    for pair, own in granules:
        rows = [dequantise(each, table, pair, f) for each in own]
        if pair:
            rows = [
                [a + b for a, b in zip(*rows, strict=True)],
                [a - b for a, b in zip(*rows, strict=True)],
            ]
        for channel, each, row in zip(channels, own, rows, strict=True):
            channel.add(each.block_type, row)
    sums = [channel.sums[shift : shift + frames] for channel in channels]
    return [rounded(each, 46 - bits, bits, rounding) for each in sums]
