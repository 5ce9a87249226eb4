"""The distribution of a sample of the cascade (11.18): one location, several parts."""

import math
from bisect import bisect_right
from functools import cache

from oracle.coding import FULL, TAIL, BitString, RangeDecoder, Tables, clip, fits, read_words
from oracle.container import Reader, require
from oracle.samples import SmallContext, log16
from oracle.value_sets import ValueSet

ESCAPE = FULL - 128
WIDEST = 2**59  # of a product with a mantissa
Part = tuple[int, int, int, bool]  # location, rate, width and gained
PARTS: tuple[Part, ...] = (
    (0, 4, 16, True),
    (0, 2, 16, False),
    (0, 9, 16, False),
    (0, 4, 10, True),
    (0, 4, 27, True),
    (0, 6, 16, False),
    *((location, 4, 16, True) for location in range(1, 6)),
    *((location, 7, 16, False) for location in range(1, 6)),
)
RECIPROCALS = [2**25 // (513 + 2 * i) for i in range(256)]


@cache
def turns() -> list[int]:
    """X of 11.18; no entry is near enough to a half for a double to tell it wrongly."""
    return [math.floor(4096 * math.exp((i - 256) / 64) + 0.5) for i in range(513)]


def present_parts(locations: int) -> list[Part]:
    """The parts that are present with K locations."""
    return [
        part
        for number, part in enumerate(PARTS)
        if locations > part[0] and (number < 8 or locations > 3)
    ]


class Mixture:
    """The state of a channel, section 11.18."""

    def __init__(self, tables: Tables, parts: list[Part], initial: int) -> None:
        self.gauss, self.parts = tables.rows[0], parts
        n = len(parts)
        self.inverses = [2**20 // part[2] for part in parts]
        self.mean = [initial << 8] * n
        self.share = [2**28 // n] * n
        self.gate = [[0] * n for _ in range(6)]
        self.gain = [65536] * 36
        self.contexts = [SmallContext() for _ in range(8)]
        self.sum, self.last, self.seen = 2**28, initial << 8, 0
        self.locations: list[int] = []
        self.places: list[tuple[int, int, int]] = []  # location, mantissa and shift of each part
        self.context, self.features = 0, [0] * 6
        self.mantissas, self.shifts, self.weights = [0] * n, [0] * n, [0] * n

    def prepare(self, locations: list[int], reference_last: int | None) -> None:
        """Before a sample: context, features, mantissas, shifts and weights."""
        self.locations = locations
        m = log16(self.mean[0] + 65536)
        f = log16(self.mean[1] + 65536) - m
        s = m - log16(self.mean[2] + 65536)
        self.context = 6 * clip((f >> 3) + 3, 0, 5) + clip((s >> 3) + 3, 0, 5)
        far = abs(locations[0] - locations[-1]) << 12
        near = abs(locations[0] - locations[min(1, len(locations) - 1)]) << 12
        features = [
            f,
            s,
            log16(far + 65536) - m + 16,
            log16(near + 65536) - m + 16,
            0 if reference_last is None else log16(reference_last + 65536) - m,
            log16(self.last + 65536) - m,
        ]
        self.features = [clip(feature, -32, 32) for feature in features]
        gained = self.gain[self.context]
        for part, (_, _, _, has_gain) in enumerate(self.parts):
            v = self.mean[part] + 65536
            e = v.bit_length() - 1
            factor = self.inverses[part]
            if has_gain:
                factor = fits(gained * factor, 35) >> 16
            self.mantissas[part] = (RECIPROCALS[((v << 8) >> e) - 256] * factor) >> 16
            self.shifts[part] = e - 9
        self.places = [
            (locations[part[0]], mantissa, shift)
            for part, mantissa, shift in zip(self.parts, self.mantissas, self.shifts, strict=True)
        ]
        self._weigh()

    def _weigh(self) -> None:
        turned = []
        for part, share in enumerate(self.share):
            total = sum(
                gate[part] * feature for gate, feature in zip(self.gate, self.features, strict=True)
            )
            turned.append(share * turns()[clip(total >> 18, -256, 256) + 256])
        total = fits(sum(turned), 51)
        n = total.bit_length() - 28
        r = 2**56 // ((total >> n) + 1)
        self.weights = [((t >> n) * r) >> 28 for t in turned]

    def _likelihoods(self, boundary: int) -> list[int]:
        """B of each part."""
        g, result = self.gauss, []
        for location, mantissa, shift in self.places:
            product = (boundary - location) * mantissa
            assert -WIDEST < product < WIDEST
            p = (product >> shift) + 131072
            if 0 < p < 262144:
                c = p >> 8
                result.append(g[c] + (((g[c + 1] - g[c]) * (p & 255)) >> 8) - 64)
            else:
                result.append(0 if p <= 0 else ESCAPE)
        return result

    def _mixed(self, likelihoods: list[int]) -> int:
        """D of the mixture."""
        total = sum((w >> 12) * b for w, b in zip(self.weights, likelihoods, strict=True))
        return total >> 16

    def decode(self, values: ValueSet, coder: RangeDecoder, string: BitString) -> int:
        """The sample; prepare was called before, and the state learns from it."""
        mantissa, shift = self.mantissas[0], self.shifts[0]
        k = max(0, shift + 16 - mantissa.bit_length() - 19 - values.spread)
        first, last = values.first >> k, values.last >> k

        @cache
        def likelihoods(i: int) -> list[int]:
            if first < i <= last:
                return self._likelihoods(values.boundary(i << k))
            return [0 if i <= first else ESCAPE] * len(self.parts)

        @cache
        def plain_edge(i: int) -> int:
            if first < i <= last:
                return self._mixed(likelihoods(i))
            return 0 if i <= first else ESCAPE

        location = self.locations[0]
        base, context = (location + 128) >> 8, self.contexts[((location + 128) & 255) >> 5]
        small = values.kind == 0 and k == 0 and self.mean[2] < 16384 << 8

        @cache
        def edges(i: int) -> tuple[int, int, int]:
            if first < i <= last:
                return context.edge(plain_edge(i) + TAIL, i - base)
            return (TAIL,) * 3 if i <= first else (FULL - TAIL,) * 3

        def edge(i: int) -> int:
            return edges(i)[0] - TAIL if small else plain_edge(i)

        q = coder.quantile()
        if q >= ESCAPE:
            coder.take(ESCAPE, 128)
            rank = values.first + string.bits((values.last - values.first).bit_length())
            require(values.first <= rank <= values.last, f"rank {rank}")
            require(edge(rank >> k) == edge((rank >> k) + 1), "escape of a rank in reach")
        else:
            i = first + bisect_right(range(first + 1, last + 1), q, key=edge)
            c = edge(i)
            assert c <= q < edge(i + 1)
            coder.take(c, edge(i + 1) - c)
            rank = (i << k) + string.bits(k)
            require(values.first <= rank <= values.last, f"rank {rank}")
        below, above = likelihoods(rank >> k), likelihoods((rank >> k) + 1)
        sample = values.value(rank)
        if small:
            context.learn(edges(rank), edges(rank + 1), rank - base)
        self._learn(sample << 8, [b - a + 1 for a, b in zip(below, above, strict=True)])
        return sample

    def _learn(self, y: int, likelihoods: list[int]) -> None:
        """After a sample."""
        error = abs(y - self.locations[0])
        ratio = min((error * self.mantissas[0]) >> self.shifts[0], 65536)
        gain = self.gain[self.context]
        self.gain[self.context] = clip(gain - ((gain * (ratio - 8192)) >> 20), 23170, 185364)
        self.last = error << 12
        joints = [w * likelihood for w, likelihood in zip(self.weights, likelihoods, strict=True)]
        total = fits(sum(joints), 52)
        n = total.bit_length() - 28
        assert n >= 0
        r = 2**56 // (total >> n)
        leak = 1 if self.sum > 2**28 else -1
        self.seen += 1
        a = self.seen.bit_length()
        for part, (location, rate, _, _) in enumerate(self.parts):
            surprise = (((joints[part] >> n) * r) >> 28) - self.weights[part]
            share = self.share[part]
            share = max(share + (surprise >> 5) - (share >> 10) * leak, 81920)
            self.share[part] = fits(share, 29)
            for gate, feature in zip(self.gate, self.features, strict=True):
                moved = gate[part] + ((surprise * feature + 32768) >> 16)
                gate[part] = clip(moved, -(2**23), 2**23)
            distance = abs(y - self.locations[location]) << 12
            self.mean[part] += (distance - self.mean[part]) >> min(rate, a)
        self.sum = sum(self.share)


class Samples:
    """The samples of all channels of a block, decoded by 11.18."""

    def __init__(self, reader: Reader, mixtures: list[Mixture], references: list[int]) -> None:
        self.mixtures, self.references = mixtures, references
        self.coder, self.string = read_words(reader)

    def decode(self, c: int, locations: list[int], predictions: list[int], values: ValueSet) -> int:
        """The next sample of channel c; what its experts predict is told for networks (11.20)."""
        mixture, reference = self.mixtures[c], self.references[c]
        mixture.prepare(locations, self.mixtures[reference].last if reference >= 0 else None)
        return fits(mixture.decode(values, self.coder, self.string), 31)
