"""A predictor from outside: a plain-Python package that knows nlac only by its public base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nlac._errors import CorruptStream, UsageError
from nlac.predictors.base import LAPLACE, LOGISTIC, Part, Predictor, scale_index


class SignPredictor(Predictor):
    """Sign-LMS over the last samples of a channel and the newest of the channel before it.

    Parameters
    ----------
    taps : int
        Number of own past samples, 1 to 64.
    """

    predictor_id = 0x8A3C
    name = "example-sign"

    def __init__(self, taps: int = 8) -> None:
        self.taps = taps

    def parameters(self) -> bytes:
        return bytes([self.taps])

    @classmethod
    def from_parameters(cls, parameters: bytes) -> SignPredictor:
        if len(parameters) != 1 or not 1 <= parameters[0] <= 64:
            raise CorruptStream("example-sign: bad parameters", path="header.predictor_parameters")
        return cls(parameters[0])

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> SignPredictor:
        unknown = set(options) - {"taps"}
        if unknown:
            raise UsageError(f"example-sign: no option {min(unknown)!r} (known: taps)")
        taps = int(str(options.get("taps", 8)))
        if not 1 <= taps <= 64:
            raise UsageError(f"example-sign: taps {taps} is not in 1 .. 64")
        return cls(taps)

    def start(self, channels: int, bits_per_sample: int, sample_rate: int) -> None:
        self.weights = [[0] * (self.taps + 1) for _ in range(channels)]  # Q16
        for row in self.weights:
            row[0] = 1 << 16
        self.past = [[0] * self.taps for _ in range(channels)]
        self.newest = 0  # sample of the channel before, of the same frame
        self.guess = 0
        self.error = [1 << 16] * channels  # running mean, Q12

    def predict(self, channel: int) -> Sequence[Part]:
        inputs = [*self.past[channel], self.newest if channel else 0]
        total = sum(w * x for w, x in zip(self.weights[channel], inputs, strict=True))
        self.guess = total >> 8  # Q8
        scale = scale_index(self.error[channel] >> 4)
        return [
            Part(self.guess, scale, LOGISTIC, 40000),
            Part(self.guess, min(scale + 24, 607), LAPLACE, 17536),
            Part(256 * self.past[channel][0], scale, LAPLACE, 8000),
        ]

    def update(self, channel: int, sample: int) -> None:
        miss = (sample << 8) - self.guess
        inputs = [*self.past[channel], self.newest if channel else 0]
        row = self.weights[channel]
        for i, x in enumerate(inputs):
            if (x > 0) == (miss > 0):
                row[i] += 24
            else:
                row[i] -= 24
        self.past[channel] = [sample, *self.past[channel][:-1]]
        self.newest = sample
        self.error[channel] += ((abs(miss) << 4) - self.error[channel]) >> 5
