"""The online network of cascade blocks: section 11.17.3 of format_spec.md; see decoder.py."""

import hashlib
import struct
from functools import cache
from importlib.util import find_spec
from operator import mul
from pathlib import Path

from oracle.cascade_stages import PAD, ROOTS, clamp
from oracle.coding import clip, fits
from oracle.container import require

GATES_SHA256 = "e1829850a74d41947c7f2b8485fbba46df5b0495b306efa499ff837576bed196"
INPUTS, UNITS = 35, 16


@cache
def hyperbolic_tangents() -> tuple[int, ...]:
    """TANH of 11.19, from the attachment of that section."""
    package = find_spec("nlac")
    assert package is not None
    assert package.origin is not None
    data = (Path(package.origin).parent / "predictors" / "networks" / "gates.bin").read_bytes()
    require(hashlib.sha256(data).hexdigest() == GATES_SHA256, "gates.bin is another file")
    return struct.unpack("<8192h", data)[4096:]


def first_weights() -> list[list[int]]:
    """U at first."""
    z, rows = 1, []
    for _ in range(UNITS):
        row = []
        for _ in range(INPUTS):
            z = (1664525 * z + 1013904223) % 2**32
            row.append((z >> 7) - 2**24)
        rows.append(row)
    return rows


class OnlineNetwork:
    """An online network of 11.17.3."""

    def __init__(self, step: int, a: int) -> None:
        self.a, self.other = a, None
        self.other: OnlineNetwork | None
        self.scale = (ROOTS[step & 3] << 20) >> (step >> 2)
        self.u, self.v, self.linear = first_weights(), [0] * UNITS, [0] * INPUTS
        self.mean = self.seen = self.output = 0
        self.errors = [0] * PAD
        self.inputs, self.values = [0] * INPUTS, [0] * UNITS
        self._unit()

    def _unit(self) -> None:
        self.one = self.mean + 256
        self.k = self.one.bit_length() + 16
        self.r = 2**self.k // self.one

    def _scaled(self, v: int) -> int:
        product = fits(clamp(v, self.one >> 2) * self.r, 59)
        return clamp(product >> (self.k - 13), 2047)

    def predict(
        self, t: int, predictions: list[int], locations: list[int], newest: int
    ) -> int:
        """The output; locations are those without the network's."""
        self._unit()
        now, best = PAD + t, locations[0]
        others = [0] * 8
        if self.other:
            others = self.other.errors[now - 8 + self.a : now + self.a]
        *finals, plain, p0 = locations
        far = [self._scaled(4 * (p - best)) for p in predictions]
        far += [0] * (5 - len(far))
        far += [self._scaled(4 * (final - best)) for final in finals[1:]]
        far += [0] * (7 - len(far))
        far += [self._scaled(4 * (p - best)) for p in (plain, p0)]
        moved = self._scaled((best - newest) >> 2)
        self.inputs = [*self.errors[now - 16 : now], *others, *far, moved, 512]
        assert len(self.inputs) == INPUTS
        tanh = hyperbolic_tangents()
        self.values = [tanh[clip(self._sum(row) >> 13, -2048, 2047) + 2048] for row in self.u]
        y = fits(sum(map(mul, self.v, self.values)), 42) >> 14
        y += self._sum(self.linear)
        self.output = fits(clamp(y >> 8, 32767) * self.one, 60) >> 17
        return self.output

    def _sum(self, row: list[int]) -> int:
        return fits(sum((weight >> 16) * x for weight, x in zip(row, self.inputs, strict=True)), 31)

    def _turned(self, row: list[int], by: int) -> list[int]:
        return [
            clamp(weight + fits(by * x, 30), 2**30)
            for weight, x in zip(row, self.inputs, strict=True)
        ]

    def learn(self, error: int) -> None:
        """error is that of F_1."""
        self.errors.append(self._scaled(error))
        left = self._scaled(error - self.output)
        energy = sum(x * x for x in self.inputs) + 2**21
        gradient = fits(left * self.scale, 57) // fits((abs(left) + 256) * energy, 39)
        gradient = clamp(gradient, 2**25)
        g = (gradient + 2**9) >> 10
        for i, h in enumerate(self.values):
            slope = ((self.v[i] >> 8) * ((2**30 - h * h) >> 15)) >> 15
            c = (fits(g * slope, 30) + 2**6) >> 7
            self.v[i] = clamp(self.v[i] + ((fits(g * h, 30) + 2**8) >> 9), 2**23)
            self.u[i] = self._turned(self.u[i], clamp(c, 2**19))
        self.linear = self._turned(self.linear, (gradient + 2**10) >> 11)
        self.seen += 1
        size = fits(abs(error) << 4, 44)
        self.mean += (size - self.mean) >> min(7, self.seen.bit_length())
