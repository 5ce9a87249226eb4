"""What a model sees of a recording: samples, mu-law levels, or bytes.

A representation turns integer samples into a model's input and back. Arrays of NumPy and tensors
of PyTorch both will do, on any device.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64, AnyArray
from nlac.training.signal.companding import (
    Signal,
    as_float,
    as_integer,
    decode_mu_law,
    encode_mu_law,
    library_of,
)
from nlac.training.signal.emphasis import deemphasise, emphasise


class Representation(ABC):
    """Base of the three.

    Attributes
    ----------
    bits : int
        Bits of an integer sample.
    codes_per_sample : int
        Elements of the input for each sample.
    levels : int
        Number of codes; 0 if the input is samples.
    """

    bits: int = 16
    codes_per_sample: int = 1
    levels: int = 0

    @abstractmethod
    def encode(self, samples: Signal) -> Signal:
        """Convert (..., times) integer samples to (..., times * codes_per_sample) inputs."""

    @abstractmethod
    def decode(self, inputs: AnyArray, before: float | F64 = 0.0) -> F64:
        """Convert inputs to samples.

        Parameters
        ----------
        inputs : (..., times * codes_per_sample) array
            Inputs.
        before : float or (...) float64 array
            The sample before the first, where the inputs continue a recording.

        Returns
        -------
        (..., times) float64 array
            Samples in -1 to 1; with pre-emphasis they may be larger.
        """

    def predicted(self, inputs: AnyArray, samples: AnyArray) -> F64:
        """Samples that predicted inputs stand for, given the true samples before each.

        Parameters
        ----------
        inputs : (..., times * codes_per_sample) array
            Inputs that a model predicted, each from the true ones before it.
        samples : (..., times) integer array
            The true samples.
        """
        return self.decode(inputs)


def _scaled(samples: Any, bits: int) -> Any:
    return as_float(samples) * (2.0 ** (1 - bits))


@dataclass(frozen=True, slots=True)
class Waveform(Representation):
    """Samples as floats from -1 to 1, exact up to 24 bits."""

    bits: int = 16

    def encode(self, samples: Signal) -> Signal:
        """Convert integer samples to float32."""
        return _scaled(samples, self.bits)  # type: ignore[no-any-return]

    def decode(self, inputs: AnyArray, before: float | F64 = 0.0) -> F64:
        """Give samples as float64."""
        return inputs.astype(np.float64)


@dataclass(frozen=True, slots=True)
class MuLaw(Representation):
    """Pre-emphasis and mu-law levels.

    Attributes
    ----------
    levels : int
        Number of levels.
    silence : {"paired", "centred"}
        Which level silence has, see `nlac.training.signal.companding`.
    emphasis : float
        Coefficient of the pre-emphasis; 0 for none.
    bits : int
        Bits of an integer sample.
    """

    levels: int = 256
    silence: str = "paired"
    emphasis: float = 0.0
    bits: int = 16

    def encode(self, samples: Signal) -> Signal:
        """Convert integer samples to levels, int64."""
        x = emphasise(_scaled(samples, self.bits), self.emphasis)
        return encode_mu_law(x, self.levels, self.silence)  # type: ignore[no-any-return]

    def decode(self, inputs: AnyArray, before: float | F64 = 0.0) -> F64:
        """Convert levels to samples."""
        x = decode_mu_law(inputs, self.levels, self.silence)
        return deemphasise(x, self.emphasis, before)

    def predicted(self, inputs: AnyArray, samples: AnyArray) -> F64:
        """Samples of predicted levels; the emphasis is undone with the true sample before each."""
        before = np.zeros(samples.shape)
        before[..., 1:] = samples[..., :-1]
        levels = decode_mu_law(inputs, self.levels, self.silence)
        return levels + self.emphasis * before * 2.0 ** (1 - self.bits)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Bytes(Representation):
    """The bytes of a sample, the high one first, with the sign bit turned so that order is kept.

    Attributes
    ----------
    bits : int
        8, 16 or 24.
    """

    bits: int = 16

    def __post_init__(self) -> None:
        if self.bits not in (8, 16, 24):
            raise UsageError(f"bits: {self.bits}; 8, 16 or 24")

    @property
    def codes_per_sample(self) -> int:  # type: ignore[override]
        """Bytes of a sample."""
        return self.bits // 8

    @property
    def levels(self) -> int:  # type: ignore[override]
        """256."""
        return 256

    def encode(self, samples: Signal) -> Signal:
        """Convert integer samples to bytes, int64."""
        lib: Any = library_of(samples)
        wide = as_integer(samples) + (1 << (self.bits - 1))
        parts = [(wide >> shift) & 255 for shift in range(self.bits - 8, -1, -8)]
        return lib.stack(parts, -1).reshape(*samples.shape[:-1], -1)  # type: ignore[no-any-return]

    def decode(self, inputs: AnyArray, before: float | F64 = 0.0) -> F64:
        """Convert bytes to samples; the bytes of an incomplete sample at the end are dropped."""
        count, size = inputs.shape[-1] // self.codes_per_sample, self.codes_per_sample
        parts = inputs[..., : count * size].reshape(*inputs.shape[:-1], count, size)
        value = np.zeros(parts.shape[:-1], np.int64)
        for i in range(size):
            value = (value << 8) | parts[..., i]
        return (value - (1 << (self.bits - 1))).astype(np.float64) * 2.0 ** (1 - self.bits)
