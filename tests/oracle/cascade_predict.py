"""The prediction of cascade blocks: section 11.17.3 of format_spec.md; see decoder.py.

Experts and stacks are here, and what joins all parts of a channel; the stages are in
cascade_stages.py.
"""

from operator import mul
from typing import NamedTuple

from oracle.cascade_online import OnlineNetwork
from oracle.cascade_solve import Covariance, solve
from oracle.cascade_stages import PAD, Cascade, History, StageShape, clamp, shifted
from oracle.coding import clip, fits
from oracle.value_sets import ValueSet


class ExpertShape(NamedTuple):
    """What 11.17.1 tells of an expert."""

    own: int
    other: int
    period: int
    memory: int
    sides: int
    optional: bool
    load: int


class Parameters(NamedTuple):
    """Section 11.17.1."""

    batch: int
    pause: int
    experts: list[ExpertShape]
    cascades: list[list[StageShape]]
    online: int | None  # step
    finals: list[int]

    def locations(self) -> int:
        """K: the finals, the two that there always are, that of an online network."""
        return len(self.finals) + 2 + (self.online is not None)

    def covariances(self) -> int:
        """Numbers in the covariances of a channel's experts."""
        return sum((e.own + 1 + e.other + 2 * (2 * e.sides + 1)) ** 2 for e in self.experts)


class Window(NamedTuple):
    """A kind of variables: samples, their shift in products, place of the first, number."""

    samples: list[int]
    down: int
    start: int
    count: int


class Expert:
    """An expert of 11.17.3."""

    def __init__(self, shape: ExpertShape, batch: int, a: int, bits: int, reference: bool) -> None:
        self.shape, self.batch, self.a, self.reference = shape, batch, a, reference
        self.set_bits(bits, bits)
        self.around = 2 * shape.sides + 1 if shape.sides else 0
        self.far = self.around * (2 if reference else 1)
        size = self.far + shape.own + (shape.other if reference else 0) + 1
        self.covariance, self.coefficients = Covariance(size), [0] * (size - 1)
        self.mean, self.lag, self.prediction = 0, 0, 0
        self.errors: list[int] = []

    def set_bits(self, bits: int, reference_bits: int) -> None:
        """n and n'."""
        self.down, self.reference_down = max(0, bits - 19), max(0, reference_bits - 19)
        self.up = 48 - 2 * min(max(bits, reference_bits), 19)

    def absent(self) -> bool:
        return self.shape.optional and not self.lag

    def change_lag(self, lag: int) -> None:
        if self.absent():
            self.covariance.clear(self.covariance.size)
            self.coefficients = [0] * len(self.coefficients)
            self.mean = 0
        self.covariance.clear(self.far)
        self.lag = lag

    def windows(self, x: list[int], y: list[int], t: int) -> list["Window"]:
        """The kinds of variables that are present."""
        near, middle = PAD + t, PAD + t - self.lag - self.shape.sides
        result = []
        if self.lag and self.around:
            if self.reference:
                result.append(Window(y, self.reference_down, middle, self.around))
            result.append(Window(x, self.down, middle, self.around))
        if self.reference:
            start = near - self.shape.other + self.a
            result.append(Window(y, self.reference_down, start, self.shape.other))
        result.append(Window(x, self.down, near - self.shape.own, self.shape.own))
        return result

    def predict(self, x: list[int], y: list[int], t: int) -> int:
        own, other, first = 0, 0, 0 if self.lag else self.far
        for samples, _, start, count in self.windows(x, y, t):
            coefficients = self.coefficients[first : first + count]
            total = fits(sum(map(mul, samples[start : start + count], coefficients)), 63)
            own, other = (own + total, other) if samples is x else (own, other + total)
            first += count
        other = fits(shifted(fits(other, 63), self.reference_down - self.down), 63)
        return fits(own + other + 2**11, 63) >> 12

    def learn(self, x: list[int], y: list[int], t: int) -> None:
        """After sample t."""
        if self.absent():
            return
        self.errors.append(abs(256 * x[PAD + t] - self.prediction) >> 4)
        length = 1 << self.batch
        if (t + 1) % length:
            return
        self.mean = (3 * (sum(self.errors) // length) + self.mean) >> 2
        self.errors = []
        series = [
            [sample >> down for sample in samples[i - length + 1 : i + 1]]
            for samples, down, start, count in [
                *self.windows(x, y, t),
                Window(x, self.down, PAD + t, 1),
            ]
            for i in range(start, start + count)
        ]
        first, decay = 0 if self.lag else self.far, self.shape.memory - self.batch
        self.covariance.learn(series, first, decay, self.up, self.mean + 32)
        count = (t + 1) // length
        if count % self.shape.period == 0 or (count < 64 and count % 4 == 0):
            self.coefficients[first:] = solve(self.covariance, first, self.shape.load)


class Stack:
    """Stacks of 11.17.3 that have the same inputs and target: the first one, or the finals."""

    def __init__(self, inputs: int, memories: list[int], freedom: int, bits: int, pause: int):
        self.inputs, self.memories, self.freedom = inputs, memories, freedom
        self.pauses = [pause] if freedom == 8 else [pause << max(0, m - 8) for m in memories]
        self.shift = max(0, bits + 9 - 22)
        self.means = [0] * (inputs + 1)
        self.errors = [0] * len(memories)
        self.covariances = [Covariance(inputs + 1) for _ in memories]
        self.coefficients = [[0] * inputs for _ in memories]
        self.series: list[list[int]] = [[] for _ in range(inputs + 1)]
        self.batches = 0

    def _take(self, i: int, value: int) -> int:
        """An input, or the target, limited; the error is that of the first stack for all."""
        bound = fits((16 * self.errors[0] + self.means[i] + 1024) << self.freedom, 52)
        value = clamp(fits(value, 51), bound)
        self.means[i] += (abs(value) - self.means[i]) >> 5
        value = clamp(value >> self.shift, 2**22)
        self.series[i].append(value)
        return value

    def predict(self, inputs: list[int]) -> list[int]:
        taken = [self._take(i, value) for i, value in enumerate(inputs)]
        return [
            (fits(sum(map(mul, taken, coefficients)), 53) >> 20) << self.shift
            for coefficients in self.coefficients
        ]

    def learn(self, target: int, errors: list[int]) -> None:
        """errors are what the limited predictions leave."""
        self._take(self.inputs, target)
        for number, error in enumerate(errors):
            self.errors[number] += ((abs(error) >> 4) - self.errors[number]) >> 3
        if len(self.series[-1]) < 8:
            return
        self.batches += 1
        for number, covariance in enumerate(self.covariances):
            v = self.errors[number] + 32
            covariance.learn(self.series, 0, self.memories[number] - 3, 6, v)
            if self.batches % self.pauses[number] == 0:
                self.coefficients[number] = solve(covariance, 0, 32)
        self.series = [[] for _ in range(self.inputs + 1)]


class ChannelPredictor:
    """All of 11.17.3 for one channel."""

    def __init__(
        self, parameters: Parameters, number: int, reference: int, unit: int, sets: list[ValueSet]
    ) -> None:
        self.low = min(values.value(values.first) for values in sets)
        self.high = max(values.value(values.last) for values in sets)
        self.bits = bits = max(abs(self.low), abs(self.high)).bit_length()
        a, related = int(0 <= reference < number), reference >= 0
        self.samples = [0] * PAD
        self.other: ChannelPredictor = self
        self.experts = [
            Expert(shape, parameters.batch, a, bits, related) for shape in parameters.experts
        ]
        others, stages = len(self.experts) - 1, sum(map(len, parameters.cascades))
        self.first = Stack(others, [9], 8, bits, parameters.pause)
        self.finals = Stack(others + stages, parameters.finals, 1, bits, parameters.pause)
        self.residual = History(unit)
        self.cascades = [Cascade(row, unit, self.residual, a) for row in parameters.cascades]
        self.online = None if parameters.online is None else OnlineNetwork(parameters.online, a)
        self.lag = self.t = self.p0 = 0
        self.final_predictions: list[int] = []

    def refer(self, other: "ChannelPredictor") -> None:
        """The reference, when all channels are there."""
        self.other = other
        for expert in self.experts:
            expert.set_bits(self.bits, other.bits)
        for cascade in self.cascades:
            cascade.refer(other.residual)
        if self.online:
            self.online.other = other.online

    def skip(self) -> None:
        """A time at which the channel has no sample."""
        self.samples.append(0)
        for cascade in self.cascades:
            cascade.skip()
        self.residual.append(0)
        if self.online:
            self.online.errors.append(0)
        self.t += 1

    def _limit(self, prediction: int) -> int:
        return clip(prediction, self.low << 8, self.high << 8)

    def _predict_experts(self, lag: int) -> None:
        if lag != self.lag:
            self.lag = lag
            for expert in self.experts:
                expert.change_lag(lag)
        for expert in self.experts:
            expert.prediction = self.experts[0].prediction
            if not expert.absent():
                prediction = expert.predict(self.samples, self.other.samples, self.t)
                expert.prediction = self._limit(prediction)

    def predict(self, lag: int) -> list[int]:
        """The locations."""
        self._predict_experts(lag)
        p1, others = self.experts[0].prediction, self.experts[1:]
        (difference,) = self.first.predict([expert.prediction - p1 for expert in others])
        self.p0 = self._limit(p1 + difference)
        outputs = [cascade.predict(self.t) for cascade in self.cascades]
        inputs = [0 if expert.absent() else expert.prediction - self.p0 for expert in others]
        inputs += [output for row in outputs for output in row]
        self.final_predictions = [
            self._limit(self.p0 + final) for final in self.finals.predict(inputs)
        ]
        locations = list(self.final_predictions)
        locations.append(self._limit(self.p0 + sum(sum(row) for row in outputs[:1])))
        locations.append(self.p0)
        if self.online:
            predictions = [expert.prediction for expert in self.experts]
            missed = self.online.predict(
                self.t, predictions, locations, 256 * self.samples[PAD + self.t - 1]
            )
            locations.insert(0, self._limit(locations[0] + missed))
        return locations

    def clip_finals(self, low: int, high: int) -> None:
        """To the values of a set: the learning takes them so."""
        self.final_predictions = [clip(final, low, high) for final in self.final_predictions]

    def expert_predictions(self) -> list[int]:
        """p_1, p_2, ..."""
        return [expert.prediction for expert in self.experts]

    def learn(self, sample: int) -> None:
        """After the sample of the time."""
        t, y = self.t, sample << 8
        self.samples.append(sample)
        for expert in self.experts:
            expert.learn(self.samples, self.other.samples, t)
        self.first.learn(y - self.experts[0].prediction, [y - self.p0])
        self.finals.learn(y - self.p0, [y - final for final in self.final_predictions])
        self.residual.append(y - self.p0)
        for cascade in self.cascades:
            cascade.learn(t, y - self.p0)
        if self.online:
            self.online.learn(y - self.final_predictions[0])
        self.t += 1
