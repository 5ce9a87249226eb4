"""Network blocks: section 11.20 of format_spec.md; see decoder.py.

Here is how a network changes the distribution of samples, and the windows in front of one; the
network itself is in networks.py, the cascade in front of one in cascade.py.
"""

from collections.abc import Sequence

from oracle.cascade import MAX_UNIT, Place, decode_behind, decode_cascade
from oracle.cascade_mixture import PARTS, Mixture, Part, Samples
from oracle.cascade_online import OnlineNetwork
from oracle.cascade_stages import Cascade, History, StageShape
from oracle.coding import Tables, check_end, clip, fits
from oracle.container import Reader, require
from oracle.lpc import Place as WindowsPlace
from oracle.lpc import decode_lpc, decode_times, read_plan
from oracle.networks import Network
from oracle.value_sets import ValueSet

INPUTS, OUTPUTS = 20, 4
GIVEN = slice(8, 11)  # parts whose mean the network tells
STAGES = [StageShape(512, 128, 43), StageShape(128, 0, 37), StageShape(32, 0, 28)]
ONLINE_STEP = 34
WINDOWS, CASCADE, ALONE = 3, 2, 5


def network_parts(locations: int) -> list[Part]:
    """The parts of 11.20 that are present; the network's location is counted."""
    changed: list[Part] = [
        *PARTS[:8],
        *[(1, 4, 16, False)] * 3,
        (1, 7, 16, False),
        (1, 2, 16, False),
        *[(location, 4, 16, True) for location in (3, 4, 5)],
    ]
    return [part for part in changed if locations > part[0]]


def log256(n: int) -> int:
    """A logarithm in 1/256 octaves, for the features."""
    e = n.bit_length() - 1
    return 256 * e + (((n << 8) >> e) - 256)


def rel(v: int, m: int) -> int:
    """A difference, in proportion to the size of errors, for the features."""
    difference = log256(m + (abs(v) << 4)) - log256(m)
    return -difference if v < 0 else difference


class Memory:
    """What each channel keeps for the features."""

    def __init__(self, initial: int) -> None:
        self.error = self.seen = self.before = 0
        self.fast = self.middle = self.slow = initial

    def m(self) -> int:
        return self.middle + 256

    def trends(self) -> list[int]:
        """How fast and slow are to middle."""
        return [log256(mean + 256) - log256(self.m()) for mean in (self.fast, self.slow)]

    def learn(self, sample: int, location: int) -> None:
        self.error, self.before = (sample << 8) - location, sample
        self.seen += 1
        v, a = fits(abs(self.error) << 4, 45), self.seen.bit_length()
        self.fast += (v - self.fast) >> min(3, a)
        self.middle += (v - self.middle) >> min(6, a)
        self.slow += (v - self.slow) >> min(9, a)


def padded(values: Sequence[int], count: int) -> list[int]:
    """With zeros for what is not there."""
    return [*values, *[0] * (count - len(values))]


class NetworkSamples(Samples):
    """The samples of all channels, each with a network of its own."""

    def __init__(
        self,
        reader: Reader,
        tables: Tables,
        network: Network,
        locations: int,
        places: Sequence[Place | WindowsPlace],
    ) -> None:
        parts = network_parts(locations + 1)
        mixtures = [Mixture(tables, parts, 1 << place.initial) for place in places]
        super().__init__(reader, mixtures, [place.reference for place in places])
        self.up = tables.up
        self.networks = [network.start() for _ in places]
        self.memories = [Memory(1 << place.initial) for place in places]

    def decode(self, c: int, locations: list[int], predictions: list[int], values: ValueSet) -> int:
        """11.20 for one sample: features, answers, the changed distribution."""
        memory, mixture, best = self.memories[c], self.mixtures[c], locations[0]
        features = self._features(c, locations, predictions)
        assert all(abs(feature) <= 2**14 for feature in features)
        answers = self.networks[c].step(features)
        m = memory.m()
        low, high = values.value(values.first) << 8, values.value(values.last) << 8
        told = clip(best + (fits(m * answers[0], 61) >> 14), low, high)
        mixture.mean[GIVEN] = [self._given(m, answer) for answer in answers[1:]]
        sample = super().decode(c, [best, told, *locations[1:]], predictions, values)
        memory.learn(sample, best)
        return sample

    def _given(self, m: int, answer: int) -> int:
        """A mean that the network tells."""
        o = clip((answer + 32) >> 6, -96, 96)
        return min(fits(m * self.up[o & 15], 61) >> (7 - (o >> 4)), 2**52)

    def _features(self, c: int, locations: list[int], predictions: list[int]) -> list[int]:
        memory, r = self.memories[c], self.references[c]
        m, best = memory.m(), locations[0]
        error, trends, level, side = 0, [0, 0], 0, 0
        if r >= 0:
            other = self.memories[r]
            error, trends = rel(other.error, other.m()), other.trends()
            level, side = log256(m) - log256(other.m()), 256 if r < c else -256
        return [
            rel(memory.error, m),
            error,
            *memory.trends(),
            *trends,
            level,
            log256(m) - 4096,
            *padded([rel((place - best) << 2, m) for place in locations[1:5]], 4),
            *padded([rel((p - best) << 2, m) for p in predictions], 5),
            side,
            rel(best - (memory.before << 8), m),
            rel(best, m),
        ]


class Windows:
    """A channel behind windows: three stages and an online network predict what they miss."""

    def __init__(self, c: int, reference: int, unit: int, decoder: NetworkSamples) -> None:
        self.c, self.decoder, self.t = c, decoder, 0
        self.residual = History(unit)
        ahead = int(0 <= reference < c)
        self.cascade = Cascade(STAGES, unit, self.residual, ahead)
        self.online, self.newest = OnlineNetwork(ONLINE_STEP, ahead), 0

    def refer(self, other: "Windows") -> None:
        """To the channel's reference."""
        self.cascade.refer(other.residual)
        self.online.other = other.online

    def skip(self) -> None:
        self.residual.append(0)
        self.cascade.skip()
        self.online.errors.append(0)
        self.t += 1

    def decode(self, mu: int, values: ValueSet) -> int:
        first, second, third = self.cascade.predict(self.t)
        low, high = values.value(values.first) << 8, values.value(values.last) << 8
        f1 = clip(fits(mu + first + second + third, 53), low, high)
        partly = [mu + first, mu + first + second]
        missed = self.online.predict(self.t, partly, [f1, f1, mu], 256 * self.newest)
        best = clip(f1 + missed, low, high)
        sample = self.decoder.decode(self.c, [best, f1, mu], [], values)
        target = (sample << 8) - mu
        self.residual.append(target)
        self.cascade.learn(self.t, target)
        self.online.learn((sample << 8) - f1)
        self.newest = sample
        self.t += 1
        return sample


def decode_windows(
    reader: Reader, frames: int, count: int, tables: Tables, network: Network
) -> list[list[int]]:
    """A block of kind 3, behind this number."""
    plan_reader = Reader(bytes([0]) + reader.raw(reader.left()))
    plan = read_plan(plan_reader, frames, count, tables)
    fine = all(segment.start % 1024 == 0 for segment in plan.segments)
    require(fine, "segment that begins at no multiple of 1024")
    units = [plan_reader.varint(0, MAX_UNIT, "unit") - 8 for _ in plan.places]
    decoder = NetworkSamples(plan_reader, tables, network, 3, plan.places)
    channels = [
        Windows(c, place.reference, unit, decoder)
        for c, (place, unit) in enumerate(zip(plan.places, units, strict=True))
    ]
    for channel, place in zip(channels, plan.places, strict=True):
        if place.reference >= 0:
            channel.refer(channels[place.reference])
    samples = decode_times(plan, frames, channels)
    check_end(decoder.coder, decoder.string)
    return samples


def decode_network(
    reader: Reader, frames: int, count: int, coder_id: int, tables: Tables, network: Network
) -> list[list[int]]:
    """Section 11.20: the samples of the coded channels."""
    require(coder_id != 2, "networks have no Rice codes")
    fine = (network.inputs, network.outputs) == (INPUTS, OUTPUTS)
    require(fine, f"a network of {network.inputs} inputs and {network.outputs} outputs")
    start = reader.position
    kind = reader.varint(0, 5, "kind of network block")
    require(kind != 4, "a prefiltered block in another")
    if kind == ALONE:
        inner = reader.position
        require(reader.varint(name="kind of cascade block") == CASCADE, "not a cascade")
        return decode_cascade(Reader(reader.data, inner), frames, count, coder_id, tables)
    if kind == WINDOWS:
        return decode_windows(reader, frames, count, tables, network)
    if kind == CASCADE:
        return decode_behind(
            reader,
            frames,
            count,
            lambda words, locations, places: NetworkSamples(
                words, tables, network, locations, places
            ),
        )
    return decode_lpc(Reader(reader.data, start), frames, count, coder_id, tables)
