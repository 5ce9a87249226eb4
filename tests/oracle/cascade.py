"""cascade blocks: section 11.17 of format_spec.md; see decoder.py.

Here are the parameters, the head of a block and the loop over the samples; cascade_predict.py has
the prediction and cascade_mixture.py the distribution.
"""

from typing import NamedTuple

from oracle.cascade_mixture import Mixture
from oracle.cascade_predict import ChannelPredictor, ExpertShape, Parameters
from oracle.cascade_stages import StageShape
from oracle.coding import BitString, RangeDecoder, Tables, clip, fits
from oracle.container import Header, Reader, require
from oracle.lpc import MAX_INITIAL, decode_lpc
from oracle.value_sets import ValueSet, read_value_sets

SPAN, PIECE = 16384, 1024
MAX_DELAY, MAX_UNIT = 64, 32


def ranged(value: int, low: int, high: int, name: str) -> int:
    """The value, required to be in its range."""
    require(low <= value <= high, f"{name}: {value} is not in {low} to {high}")
    return value


def read_expert(reader: Reader, batch: int, number: int) -> ExpertShape:
    """An expert of 11.17.1."""
    own = ranged(reader.unsigned(2), 1, 512, "own taps")
    other = ranged(reader.unsigned(2), 0, 256, "other taps")
    period = ranged(reader.unsigned(2), 1, 65535, "period")
    memory = ranged(reader.unsigned(1), batch + 1, 13, "memory")
    flags = reader.unsigned(1)
    sides, optional = ranged(flags & 127, 0, 32, "sides"), flags > 127
    require(not (optional and number == 0), "the first expert is optional")
    return ExpertShape(
        own, other, period, memory, sides, optional, ranged(reader.unsigned(1), 28, 50, "load")
    )


def read_stage(reader: Reader) -> StageShape:
    """A stage of 11.17.1."""
    own = ranged(reader.unsigned(2), 32, 4096, "taps of a stage")
    other = ranged(reader.unsigned(2), 0, 4096, "other taps of a stage")
    require(own % 32 == other % 32 == 0, "taps of a stage")
    return StageShape(own, other, ranged(reader.unsigned(1), 24, 80, "step"))


def read_parameters(data: bytes) -> Parameters:
    """Section 11.17.1."""
    reader = Reader(data)
    ranged(reader.unsigned(1), 1, 1, "version")
    batch = ranged(reader.unsigned(1), 3, 6, "batch")
    experts = ranged(reader.unsigned(1), 1, 5, "experts")
    cascades = ranged(reader.unsigned(1), 0, 4, "cascades")
    stages = ranged(reader.unsigned(1), 0, 4, "stages")
    finals = ranged(reader.unsigned(1), 1, 3, "finals")
    pause = ranged(reader.unsigned(1), 1, 255, "batches between solutions")
    lasts = ranged(reader.unsigned(1), 0, 1, "last stages")
    ranged(experts - 1 + cascades * stages, 1, 15, "inputs of finals")
    shapes = [read_expert(reader, batch, number) for number in range(experts)]
    rows = [[read_stage(reader) for _ in range(stages)] for _ in range(cascades)]
    last = read_stage(reader) if lasts else None
    memories = [ranged(reader.unsigned(1), 4, 13, "memory of a final") for _ in range(finals)]
    require(reader.left() == 0, "bytes behind the parameters")
    parameters = Parameters(batch, pause, shapes, rows, last, memories)
    require(not parameters.with_few_experts().experts[0].optional, "the first expert is optional")
    return parameters


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
    head: Head,
    parameters: Parameters,
    frames: int,
    tables: Tables,
    coder: RangeDecoder,
    string: BitString,
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
    mixtures = [Mixture(tables, predictors[0].locations, 1 << place.initial) for place in places]
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
            mixture = mixtures[c]
            last = mixtures[place.reference].last if place.reference >= 0 else None
            mixture.prepare(locations, last)
            sample = fits(mixture.decode(values, coder, string), 31)
            samples[c].append(sample)
            predictors[c].learn(sample)
    return [samples[[p.number for p in places].index(number)] for number in range(len(places))]


def decode_cascade(
    reader: Reader, frames: int, count: int, header: Header, tables: Tables
) -> list[list[int]]:
    """Section 11.17: the samples of the coded channels."""
    parameters = read_parameters(header.parameters)
    kind = reader.varint(0, 2, "kind of cascade block")
    if kind == 1:
        return decode_lpc(reader, frames, count, header.coder, tables)
    if kind == 0:
        parameters = parameters.with_few_experts()
    head = read_head(reader, frames, count)
    words = reader.words(reader.varint(name="code words"))
    require(reader.left() % 4 == 0, "bit string of the samples is no whole number of words")
    string = BitString(reader.raw(reader.left()))
    coder = RangeDecoder(words)
    samples = decode_samples(head, parameters, frames, tables, coder, string)
    require(len(string.data) // 4 == (string.used + 31) // 32, "length of the bit string")
    require(len(words) <= coder.taken <= len(words) + 2, "number of words")
    return samples
