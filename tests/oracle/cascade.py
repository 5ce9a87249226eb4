"""cascade blocks: section 11.17 of format_spec.md; see decoder.py.

Here are the parameters, the head of a block and the loop over the samples; cascade_predict.py has
the prediction and cascade_mixture.py the distribution.
"""

from collections.abc import Callable
from typing import NamedTuple

from oracle.cascade_mixture import Mixture, Samples, present_parts
from oracle.cascade_predict import ChannelPredictor, ExpertShape, Parameters
from oracle.cascade_stages import StageShape
from oracle.coding import Tables, check_end, clip
from oracle.container import Reader, require
from oracle.lpc import MAX_INITIAL, decode_lpc
from oracle.value_sets import ValueSet, read_value_sets

SPAN, PIECE = 16384, 1024
MAX_DELAY, MAX_UNIT = 64, 32


def ranged(value: int, low: int, high: int, name: str) -> int:
    """The value, required to be in its range."""
    require(low <= value <= high, f"{name}: {value} is not in {low} to {high}")
    return value


class Numbers:
    """The numbers of 11.17.1, each told by its difference from a default."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.byte, self.left = reader, 0, 0

    def bit(self) -> int:
        if self.left == 0:
            self.byte, self.left = self.reader.unsigned(1), 8
        self.left -= 1
        return (self.byte >> (7 - self.left)) & 1

    def number(self, default: int, low: int, high: int, name: str) -> int:
        n = 0
        while self.bit() == 1:
            n += 1
            require(n <= 24, "Exp-Golomb code")
        f = (1 << n) + sum(self.bit() << place for place in range(n)) - 1
        return ranged(default + (-(f + 1) // 2 if f % 2 else f // 2), low, high, name)

    def end(self) -> None:
        while self.left:
            require(self.bit() == 0, "bits behind the parameters")


def read_expert(numbers: Numbers, batch: int, i: int) -> ExpertShape:
    """An expert of 11.17.1."""
    own = numbers.number((16, 24, 16, 32, 192)[i], 1, 512, "own taps")
    other = numbers.number((8, 16, 8, 32, 8)[i], 0, 256, "other taps")
    memory = numbers.number((8, 10, 7, 11, 11)[i], batch + 1, 13, "memory")
    period = numbers.number((2, 4, 1, 4, 32)[i], 1, 65535, "period")
    sides = numbers.number((0, 8, 4, 8, 0)[i], 0, 32, "sides")
    optional = numbers.number((0, 0, 1, 0, 0)[i], 0, 0 if i == 0 else 1, "optional") == 1
    load = numbers.number((37, 35, 37, 39, 36)[i], 28, 50, "load")
    return ExpertShape(own, other, period, memory, sides, optional, load)


def read_stage(numbers: Numbers, defaults: tuple[int, int, int]) -> StageShape:
    """A stage of 11.17.1."""
    own = 32 * numbers.number(defaults[0], 1, 128, "taps of a stage")
    other = 32 * numbers.number(defaults[1], 0, 128, "other taps of a stage")
    return StageShape(own, other, numbers.number(defaults[2], 24, 80, "step"))


def read_parameters(reader: Reader) -> Parameters:
    """Section 11.17.1."""
    numbers = Numbers(reader)
    experts = numbers.number(3, 1, 5, "experts")
    cascades = numbers.number(1, 0, 4, "cascades")
    stages = numbers.number(3, 0, 4, "stages")
    finals = numbers.number(1, 1, 3, "finals")
    networks = numbers.number(0, 0, 1, "online networks")
    ranged(experts - 1 + cascades * stages, 1, 15, "inputs of finals")
    batch = numbers.number(5, 3, 6, "batch")
    pause = numbers.number(6, 1, 255, "batches between solutions")
    shapes = [read_expert(numbers, batch, i) for i in range(experts)]
    first = ((32, 39), (8, 33), (1, 26), (1, 26))
    rows = [
        [read_stage(numbers, (own, 0, step + 6 * k)) for own, step in first[:stages]]
        for k in range(cascades)
    ]
    online = numbers.number(33, 16, 80, "step of the online network") if networks else None
    memories = [numbers.number(9, 4, 13, "memory of a final") for _ in range(finals)]
    numbers.end()
    return Parameters(batch, pause, shapes, rows, online, memories)


class Place(NamedTuple):
    """What the head tells of the channel at a place of the coding order."""

    number: int
    reference: int  # -1 without
    delay: int
    initial: int
    unit: int


class Head(NamedTuple):
    """Section 11.17.2."""

    places: list[Place]
    total: int
    lags: list[int]  # of each span
    sets: list[list[ValueSet]]  # for each channel, of each piece


def read_runs(reader: Reader, count: int, most: int, name: str) -> list[int]:
    """Values told as runs."""
    values: list[int] = []
    while len(values) < count:
        length = reader.varint(1, count - len(values), f"run of {name}")
        values += [reader.varint(0, most, name)] * length
    return values


def read_head(reader: Reader, frames: int, count: int) -> Head:
    """Section 11.17.2 up to the number of code words."""
    places = []
    for c in range(count):
        number = reader.varint(0, count - 1, "place")
        reference = reader.varint(0, count, "reference") - 1
        require(reference != c, "a channel refers to itself")
        delay = reader.varint(0, MAX_DELAY, "delay")
        initial = reader.varint(0, MAX_INITIAL, "initial")
        places.append(
            Place(number, reference, delay, initial, reader.varint(0, MAX_UNIT, "unit") - 8)
        )
    require(sorted(place.number for place in places) == list(range(count)), "coding order")
    total = frames + max(place.delay for place in places)
    sets = read_value_sets(reader)
    lags = read_runs(reader, -(-total // SPAN), total, "lag")
    for span, lag in enumerate(lags):
        last = min((span + 1) * SPAN, total) - 1
        require(lag == 0 or 128 <= lag <= last, f"lag {lag}")
    pieces = -(-total // PIECE)
    numbers = [[0] * pieces for _ in range(count)]
    if len(sets) > 1:
        numbers = [read_runs(reader, pieces, len(sets) - 1, "value set") for _ in range(count)]
    return Head(places, total, lags, [[sets[number] for number in row] for row in numbers])


def lag_at(lags: list[int], time: int) -> int:
    """The lag that is in effect at a time."""
    lag = lags[time // SPAN]
    return lag if lag and time >= -(-lag // PIECE) * PIECE else 0


def decode_samples(
    head: Head, parameters: Parameters, frames: int, decoder: Samples
) -> list[list[int]]:
    """The loop of 11.17.2."""
    places = head.places
    predictors = [
        ChannelPredictor(parameters, c, place.reference, place.unit, sets)
        for c, (place, sets) in enumerate(zip(places, head.sets, strict=True))
    ]
    for predictor, place in zip(predictors, places, strict=True):
        if place.reference >= 0:
            predictor.refer(predictors[place.reference])
    samples: list[list[int]] = [[] for _ in places]
    for t in range(head.total):
        lag = lag_at(head.lags, t)
        for c, place in enumerate(places):
            if not 0 <= t - place.delay < frames:
                predictors[c].skip()
                continue
            values = head.sets[c][t // PIECE]
            low, high = values.value(values.first) << 8, values.value(values.last) << 8
            locations = [clip(p, low, high) for p in predictors[c].predict(lag)]
            predictors[c].clip_finals(low, high)
            sample = decoder.decode(c, locations, predictors[c].expert_predictions(), values)
            samples[c].append(sample)
            predictors[c].learn(sample)
    return [samples[[p.number for p in places].index(number)] for number in range(len(places))]


def decode_behind(
    reader: Reader,
    frames: int,
    count: int,
    read: Callable[[Reader, int, list[Place]], Samples],
) -> list[list[int]]:
    """All of a block behind its number 2.

    read makes, with the words that the reader is at, what decodes samples with so many locations.
    """
    parameters = read_parameters(reader)
    require(count * parameters.covariances() <= 2**26, "experts are too large")
    head = read_head(reader, frames, count)
    decoder = read(reader, parameters.locations(), head.places)
    samples = decode_samples(head, parameters, frames, decoder)
    check_end(decoder.coder, decoder.string)
    return samples


def decode_cascade(
    reader: Reader, frames: int, count: int, coder_id: int, tables: Tables
) -> list[list[int]]:
    """Section 11.17: the samples of the coded channels."""
    require(coder_id != 2, "cascade has no Rice codes")
    start = reader.position
    if reader.varint(name="coder") != 2:
        return decode_lpc(Reader(reader.data, start), frames, count, coder_id, tables)

    def read(reader: Reader, locations: int, places: list[Place]) -> Samples:
        parts = present_parts(locations)
        mixtures = [Mixture(tables, parts, 1 << place.initial) for place in places]
        return Samples(reader, mixtures, [place.reference for place in places])

    return decode_behind(reader, frames, count, read)
