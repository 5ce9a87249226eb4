"""The stages of cascade blocks: section 11.17.3 of format_spec.md; see decoder.py."""

from operator import mul
from typing import NamedTuple

from oracle.cascade_solve import wrap
from oracle.coding import clip, fits

PAD = 4200  # times of silence before time 0, more than any window reaches back
ROOTS = (1073741824, 902905651, 759250125, 638450708)


def clamp(value: int, bound: int) -> int:
    """clamp of 11.17."""
    return clip(value, -bound, bound)


def shifted(value: int, right: int) -> int:
    """The value shifted to the right, or to the left if right is negative."""
    return value >> right if right >= 0 else value << -right


class StageShape(NamedTuple):
    """What 11.17.1 tells of a stage."""

    own: int
    other: int
    step: int


class History:
    """A history of 16 bits; PAD zeros come first."""

    def __init__(self, unit: int) -> None:
        self.unit, self.values = unit, [0] * PAD

    def append(self, value: int) -> None:
        self.values.append(clamp(shifted(value, self.unit + 8), 8191))


class Stage:
    """A stage of 11.17.3."""

    def __init__(self, shape: StageShape, unit: int, own: History, a: int) -> None:
        self.unit, self.own, self.a = unit, own, a
        self.other: History | None = None
        self.weights, self.other_weights = [0] * shape.own, [0] * shape.other
        self.mean, self.energies = 0, [0, 0, 0]
        self.scale = ((3 * ROOTS[shape.step & 3]) << 21) >> (shape.step >> 2)
        self.grouped = shape.own > 32
        self.gradients: list[int] = []
        self.output = 0

    def predict(self, t: int) -> int:
        total = self._sum(self.weights, self.own, PAD + t)
        if self.other:
            total += self._sum(self.other_weights, self.other, PAD + t + self.a)
        self.output = shifted(total, 6 - self.unit)
        return self.output

    def _sum(self, weights: list[int], history: History, end: int) -> int:
        """Nearest first."""
        window = history.values[end - 1 : end - 1 - len(weights) : -1]
        return wrap(sum(map(mul, (weight >> 16 for weight in weights), window)), 32)

    def learn(self, t: int, target: int) -> None:
        """After the target of time t is in the own history."""
        error = clamp(shifted(fits(target - self.output, 53), self.unit + 5), 2**16)
        limited = clamp(error, 2 * (self.mean >> 8) + 1)
        self.mean += (abs(error) * 256 - self.mean) >> 5
        square = self.own.values[PAD + t - 1] ** 2 * 256
        self.energies = [
            energy + ((square - energy) >> n)
            for energy, n in zip(self.energies, (4, 7, 10), strict=True)
        ]
        gradient = fits(limited * self.scale, 63) // fits(sum(self.energies) + 2**10, 37)
        self.gradients.append(clamp(gradient, 2**30))
        if self.grouped and t % 4 != 3:
            return
        self._turn(self.weights, self.own, PAD + t)
        if self.other:
            self._turn(self.other_weights, self.other, PAD + t + self.a)
        self.gradients = []

    def _turn(self, weights: list[int], history: History, end: int) -> None:
        """end is one more than the place of the newest value that the last prediction saw."""
        gradients, start, stop = self.gradients, 0, 32
        m = max(map(abs, gradients))
        while start < len(weights) and m:
            j = max(m.bit_length() - 15, 1)
            half = (1 << (16 - j)) >> 1
            factors = [max(gradient >> j, -(2**15)) for gradient in gradients]
            stop = min(stop, len(weights))
            for i in range(start, stop):
                at = end - i - len(factors)
                grown = sum(map(mul, factors, history.values[at : at + len(factors)])) + half
                weights[i] = clamp(weights[i] + fits(fits(grown, 30) >> (16 - j), 29), 2**30)
            start, stop = stop, 2 * stop
            gradients = [(gradient * 18820) >> 15 for gradient in gradients]
            m = (m * 18820) >> 15


class Cascade:
    """A cascade of 11.17.3: each stage predicts what the one before it has left."""

    def __init__(self, shapes: list[StageShape], unit: int, residual: History, a: int) -> None:
        self.stages = [
            Stage(shape, unit, History(unit) if place else residual, a)
            for place, shape in enumerate(shapes)
        ]

    def refer(self, residual: History) -> None:
        """The residual of the reference."""
        for stage in self.stages:
            stage.other = residual

    def skip(self) -> None:
        """A time at which the channel has no sample; the residual is not the cascade's own."""
        for stage in self.stages[1:]:
            stage.own.append(0)

    def predict(self, t: int) -> list[int]:
        """The outputs."""
        return [stage.predict(t) for stage in self.stages]

    def learn(self, t: int, target: int) -> None:
        """After the residual has got the target of time t, that of the first stage."""
        for place, stage in enumerate(self.stages):
            if place:
                stage.own.append(target)
            stage.learn(t, target)
            target -= stage.output
