"""lpc blocks: sections 11.9 and 11.10 of format_spec.md; see decoder.py."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import mul
from typing import NamedTuple, Protocol

from oracle.coding import (
    BitString,
    RangeDecoder,
    Tables,
    check_end,
    clip,
    decode_integers,
    decode_symbols,
    fits,
    read_histogram,
    read_words,
)
from oracle.container import Reader, require
from oracle.samples import RangeChannel, RiceChannel
from oracle.value_sets import ValueSet, read_value_sets

ORDERS = (0, 2, 4, 10, 18, 34, 66, 130, 258)
FAR_LENGTHS = (0, 4, 8, 16, 32)
GROUP_STARTS = (0, 1, 2, 3, 4, 6, 10, 18, 34, 66, 130)
FAR_GROUP = 11
MIN_SHIFT = 4
SILENCE_BEFORE = 1008  # no window begins earlier than this many frames before time 0
MAX_DELAY = 64
MAX_INITIAL = 44


class Place(NamedTuple):
    """What 11.9 tells of the channel at a place of the coding order."""

    reference: int  # -1 without
    delay: int
    initial: int


class Part(NamedTuple):
    """What 11.9.2 and 11.9.3 tell of a channel in a segment."""

    order: int
    far: int  # samples in the far window
    shift: int
    values: ValueSet
    near_weights: list[int]
    far_weights: list[int]


class Segment(NamedTuple):
    """A segment of 11.9.2: the times from start to stop - 1."""

    start: int
    stop: int
    lag: int
    parts: list[Part]


def read_places(reader: Reader, count: int) -> list[Place]:
    """References, delays and initials of 11.9."""
    places = []
    for c in range(count):
        reference = reader.varint(0, count, "reference") - 1
        require(reference != c, "a channel refers to itself")
        delay = reader.varint(0, MAX_DELAY, "delay")
        places.append(Place(reference, delay, reader.varint(0, MAX_INITIAL, "initial")))
    return places


def decode_segments(
    reader: Reader, tables: Tables, places: list[Place], sets: list[ValueSet], total: int
) -> list[Segment]:
    """From the number of segments to the side information: 11.9.2 and 11.9.3."""
    count, c = reader.varint(1, total // 256 + 1, "segments"), len(places)
    histograms = [read_histogram(reader, most) for most in (9, 9, 5, 16, 3, len(sets))]
    bases = reader.raw(12)
    lags_length = reader.varint(0, 10 * count, "length of lags")
    word_count, string_length = reader.varint(name="words"), reader.varint(name="words of bits")
    lags = Reader(reader.raw(lags_length))
    coder = RangeDecoder(reader.words(word_count))
    string = BitString(reader.raw(4 * string_length))

    sizes = (1, c, c, c, 1, c)
    fields = [
        decode_symbols(coder, weights, count * size)
        for weights, size in zip(histograms, sizes, strict=True)
    ]
    lengths, orders, fars, shifts, kinds, numbers = fields
    ends = list(accumulate(256 << symbol for symbol in lengths))
    require(ends[-1] >= total, "the segments end before the block")
    require(count == 1 or ends[-2] < total, "segments behind the end of the block")
    starts = [0, *ends[:-1]]
    ends[-1] = total

    segment_lags, lag = [], 0
    for s, kind in enumerate(kinds):
        if kind == 2:
            lag = lags.varint(32, total, "lag")
        require(kind == 0 or lag > 0, "lag kind 1 before the first lag")
        require(kind == 0 or lag <= starts[s] + 992, f"lag {lag} at {starts[s]}")
        require(kind > 0 or not any(fars[s * c : s * c + c]), "far window without a lag")
        segment_lags.append(lag if kind else 0)

    parts = []
    for x in range(count * c):
        near = ORDERS[orders[x]]
        far = FAR_LENGTHS[fars[x]] * (2 if places[x % c].reference >= 0 else 1)
        values = sets[numbers[x]]
        parts.append(Part(near, far, MIN_SHIFT + shifts[x], values, [0] * near, [0] * far))
    decode_coefficients(coder, string, tables, bases, parts)
    require(string.used <= 8 * len(string.data), "bit string of the side information ends early")
    return [
        Segment(starts[s], ends[s], segment_lags[s], parts[s * c : s * c + c]) for s in range(count)
    ]


def decode_coefficients(
    coder: RangeDecoder, string: BitString, tables: Tables, bases: bytes, parts: list[Part]
) -> None:
    """Section 11.9.3; parts are those of all segments and channels."""
    slots: dict[tuple[int, int], list[tuple[list[int], int]]] = defaultdict(list)
    for part in parts:
        for i in range(part.order):
            group = bisect_right(GROUP_STARTS, part.order - 1 - i) - 1
            slots[group, part.shift].append((part.near_weights, i))
        slots[FAR_GROUP, part.shift].extend((part.far_weights, i) for i in range(part.far))
    for (group, shift), places in sorted(slots.items(), key=lambda entry: entry[0]):
        scale = clip(8 * bases[group] + 16 * (shift - 16), 0, 447)
        bound = 1 << (15 + min(shift, 8))
        numbers = decode_integers(coder, string, tables, scale, len(places))
        for (weights, i), number in zip(places, numbers, strict=True):
            require(-bound <= number < bound, f"coefficient {number} with shift {shift}")
            weights[i] = number


class History:
    """The samples that the windows of one channel lie in, section 11.10.

    samples has 1008 times of zeros before time 0; with a reference it holds two channels.
    """

    def __init__(self, place: int, reference: int, total: int) -> None:
        self.width = 1 if reference < 0 else 2
        self.newest = int(0 <= reference < place)  # of its reference, the sample of the same time
        self.samples = [0] * (self.width * (SILENCE_BEFORE + total))

    def set(self, time: int, slot: int, sample: int) -> None:
        self.samples[self.width * (SILENCE_BEFORE + time) + slot] = sample

    def location(self, part: Part, time: int, lag: int) -> int:
        """mu of section 11.10."""
        end = self.width * time + self.newest
        middle = self.width * (time - lag)
        near = self.window(end - part.order, end)
        far = self.window(middle - part.far // 2, middle + part.far // 2)
        a = sum(map(mul, near, part.near_weights)) + sum(map(mul, far, part.far_weights))
        assert abs(a) <= 322 * 2**54
        assert (len(near), len(far)) == (part.order, part.far)
        n = part.shift
        mu = a << (8 - n) if n < 8 else (a + ((1 << (n - 8)) >> 1)) >> (n - 8)
        return in_set(mu, part.values)

    def window(self, begin: int, end: int) -> list[int]:
        """Numbers begin to end - 1 of those that are counted from time 0."""
        zero = self.width * SILENCE_BEFORE
        return self.samples[zero + begin : zero + end]


class SliceHistory(History):
    """The same in a slice (11.23): samples that are not its own are 0, at any distance."""

    def __init__(self, place: int, reference: int, total: int) -> None:
        super().__init__(place, reference, 0)
        self.own: dict[int, int] = {}

    def set(self, time: int, slot: int, sample: int) -> None:
        self.own[self.width * time + slot] = sample

    def window(self, begin: int, end: int) -> list[int]:
        return [self.own.get(number, 0) for number in range(begin, end)]

    def extrapolated(self, part: Part, time: int, start: int) -> int:
        """mu of a warm-up, section 11.23; the slice begins at the time start."""
        last, before = (self.own.get(self.width * (time - k + 1) - 1, 0) for k in (1, 2))
        a = last if time < start + 2 else 2 * last - before
        return in_set(a << 8, part.values)


def in_set(mu: int, values: ValueSet) -> int:
    """The clip at the end of section 11.10."""
    low, high = values.value(values.first), values.value(values.last)
    return fits(clip(fits(mu, 63), low << 8, high << 8), 39)


class Plan(NamedTuple):
    """All that 11.9 tells before the samples."""

    coder: int
    order: list[int]  # of the coded channels, by places
    places: list[Place]
    total: int
    segments: list[Segment]


def read_plan(reader: Reader, frames: int, count: int, tables: Tables) -> Plan:
    """The beginning of 11.9, up to the words of the samples."""
    coder = reader.varint(0, 1, "coder")
    order = [reader.varint(0, count - 1, "coding order") for _ in range(count)]
    require(sorted(order) == list(range(count)), "coding order")
    sets = read_value_sets(reader)
    places = read_places(reader, count)
    total = frames + max(place.delay for place in places)
    segments = decode_segments(reader, tables, places, sets, total)
    return Plan(coder, order, places, total, segments)


class SampleDecoder(Protocol):
    """What decodes the samples of a channel, given what the windows predict."""

    def decode(self, mu: int, values: ValueSet) -> int: ...

    def skip(self) -> None:
        """A time at which the channel has no sample."""


def decode_times(
    plan: Plan, frames: int, states: Sequence[SampleDecoder]
) -> list[list[int]]:
    """The loop of 11.9.4: the samples of the coded channels, in the order of the stream."""
    places = plan.places
    histories = [History(c, place.reference, plan.total) for c, place in enumerate(places)]

    def location(c: int, part: Part, t: int, lag: int) -> int:
        return histories[c].location(part, t, lag)

    return run_times(plan, 0, frames, states, histories, location)


def decode_slice_times(
    plan: Plan, start: int, stop: int, warm_up: int, states: Sequence[SampleDecoder]
) -> list[list[int]]:
    """The loop of 11.23."""
    places = plan.places
    histories = [SliceHistory(c, place.reference, 0) for c, place in enumerate(places)]

    def location(c: int, part: Part, t: int, lag: int) -> int:
        if t < start + warm_up:
            return histories[c].extrapolated(part, t, start)
        return histories[c].location(part, t, lag)

    return run_times(plan, start, stop, states, histories, location)


def run_times(
    plan: Plan,
    start: int,
    stop: int,
    states: Sequence[SampleDecoder],
    histories: Sequence[History],
    location: Callable[[int, Part, int, int], int],
) -> list[list[int]]:
    """Frames start to stop - 1 of the coded channels, in the order of the stream."""
    places = plan.places
    sinks = [[(history, history.width - 1)] for history in histories]
    for c, place in enumerate(places):
        if place.reference >= 0:
            sinks[place.reference].append((histories[c], 0))
    samples: list[list[int]] = [[] for _ in places]
    end = stop + max(place.delay for place in places)
    for segment in plan.segments:
        for t in range(max(segment.start, start), min(segment.stop, end)):
            for c, part in enumerate(segment.parts):
                if not start <= t - places[c].delay < stop:
                    states[c].skip()
                    continue
                mu = location(c, part, t, segment.lag)
                sample = fits(states[c].decode(mu, part.values), 31)
                samples[c].append(sample)
                for history, slot in sinks[c]:
                    history.set(t, slot, sample)
    return [samples[plan.order.index(number)] for number in range(len(places))]


def sample_decoders(
    plan: Plan, initials: Sequence[int], tables: Tables, range_coder: RangeDecoder,
    string: BitString,
) -> list[SampleDecoder]:
    """What decodes the samples of each channel, in its first state."""
    return [
        RangeChannel(tables, initial, range_coder, string)
        if plan.coder == 0
        else RiceChannel(initial, string)
        for initial in initials
    ]


def decode_samples(
    plan: Plan, frames: int, tables: Tables, range_coder: RangeDecoder, string: BitString
) -> list[list[int]]:
    """The samples of an lpc block."""
    initials = [place.initial for place in plan.places]
    states = sample_decoders(plan, initials, tables, range_coder, string)
    return decode_times(plan, frames, states)


def decode_lpc(
    reader: Reader, frames: int, count: int, coder_id: int, tables: Tables
) -> list[list[int]]:
    """Section 11.9: the samples of the coded channels."""
    plan = read_plan(reader, frames, count, tables)
    fine = coder_id in (0, plan.coder + 1)
    require(fine, f"coder {plan.coder}, but the stream has coder id {coder_id}")
    range_coder, string = read_words(reader, plan.coder == 0)
    samples = decode_samples(plan, frames, tables, range_coder, string)
    check_end(range_coder, string)
    return samples
