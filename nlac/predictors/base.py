"""The plug-in interface of predictors, and its contract.

Before each sample, a predictor gives the probability of every value; the codec turns that into
bits. Encoder and decoder run the same loop and the same predictor::

    predictor.start(channels, bits_per_sample, sample_rate)
    for t in range(frames):
        for c in range(channels):
            parts = predictor.predict(c)
            sample = ...                    # encoding: known; decoding: from bits and parts
            predictor.update(c, sample)

So a predictor must give the same parts in the decoder as in the encoder, on any machine, for as
long as streams exist. Hence the rules:

- Integers only: integer arithmetic of Python and NumPy, comparisons, tables of integers. No floats
  between samples and parts: their last bits differ between processors, library versions and
  numbers of threads.
- No input but the arguments of `start` and `update`, and the parameters of the stream: no clock, no
  random numbers unless its own generator has a fixed seed, no order of sets, no files (except a
  model whose hash is `model_hash`).
- Once streams exist, the arithmetic of a predictor id never changes. A better predictor takes a new
  id.

Each block of a stream gets an object of its own, from `from_parameters`. Blocks run in parallel
threads, so class attributes must not change.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple, Self

from nlac._errors import CorruptStream, UsageError

MAX_SCALE = 607
FULL_WEIGHT = 65536
GAUSSIAN, LOGISTIC, LAPLACE = 0, 2, 4
MAX_SHAPE = 6  # 1 and 3 lie between these; 5 and 6 have longer tails than Laplace


class Part(NamedTuple):
    """One of the 1 to 16 distributions of a mixture.

    Attributes
    ----------
    location : int
        Centre, in 1/256 of a sample unit (Q8): ``256 * sample`` is that sample itself.
        From -2**40 to 2**40; it may lie outside the range of the samples.
    scale : int
        Index of the width, 0 to 607: a mean absolute deviation of ``2**(scale / 16 - 4)``
        sample units. `scale_index` computes it.
    shape : int
        0 Gaussian, 2 logistic, 4 Laplace; 1 and 3 halfway between; 5 and 6 more peaked, with
        longer tails.
    weight : int
        Share, 1 to 65,536. The weights of all parts sum to 65,536.

    Examples
    --------
    >>> Part(location=256 * 100, scale=64)
    Part(location=25600, scale=64, shape=2, weight=65536)
    """

    location: int
    scale: int
    shape: int = LOGISTIC
    weight: int = FULL_WEIGHT


class Predictor(ABC):
    """Base class of all predictors; for their contract see the module.

    A subclass sets `predictor_id` and `name` and defines `start`, `predict` and `update`. One
    that has parameters also defines `parameters`, `from_parameters` and `from_options`.

    Attributes
    ----------
    predictor_id : int
        Number of the predictor in streams, never used for anything else. Third parties choose
        from 0x8000 to 0xFFFF.
    name : str
        Name for users: a lower-case letter, then letters, digits, ``-`` or ``_``.
    model_hash : bytes
        SHA-256 of the model's integer weights, or empty. It is stored in the stream; a stream with
        another hash is refused.
    """

    predictor_id: ClassVar[int]
    name: ClassVar[str]
    model_hash: bytes = b""

    def parameters(self) -> bytes:
        """Return the parameters that a decoder needs to predict the same, at most 4,096 bytes.

        ``from_parameters(p.parameters())`` predicts as `p` does. The predictor defines the format.
        The base class returns no bytes, for a predictor without parameters.
        """
        return b""

    @classmethod
    def from_parameters(cls, parameters: bytes) -> Self:
        """Make the predictor that a stream names.

        Parameters
        ----------
        parameters : bytes
            From a stream, so untrusted: check sizes before allocating memory.

        Raises
        ------
        CorruptStream
            The bytes are not what `parameters` returns.
        MissingDependency, ModelMismatch
            A package or a model that it needs is missing.
        """
        if parameters:
            raise CorruptStream(f"predictor {cls.name} has no parameters")
        return cls()

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> Self:
        """Make the predictor that a user selects.

        Parameters
        ----------
        options : mapping of str to object
            As the user entered them; values from a command line are strings.

        Raises
        ------
        UsageError
            An option is unknown, or its value is not allowed.
        """
        if options:
            raise UsageError(f"predictor {cls.name} has no option {next(iter(options))!r}")
        return cls()

    @abstractmethod
    def start(self, channels: int, bits_per_sample: int, sample_rate: int) -> None:
        """Reset all state and begin a block.

        Parameters
        ----------
        channels : int
            Coded channels of the block, 1 to 255. Constant channels and copies are not coded, so
            the number may differ between blocks.
        bits_per_sample : int
            Bits of the samples of the stream, 1 to 32. Empty low bits and a mean are removed
            before, so the samples of `update` lie in ``-2**bits_per_sample ..
            2**bits_per_sample - 1``, and in 32 bits.
        sample_rate : int
            Frames a second.
        """

    @abstractmethod
    def predict(self, channel: int) -> Sequence[Part]:
        """Return the mixture for the next sample of a channel, 1 to 16 parts.

        Known are all channels of earlier frames, and the channels below `channel` of this frame.
        Called once before each `update`.
        """

    @abstractmethod
    def update(self, channel: int, sample: int) -> None:
        """Learn the sample, an `int`, that `predict` predicted."""


def scale_index(deviation: int) -> int:
    """Return the scale whose mean absolute deviation is about `deviation` (Q8 sample units).

    The logarithm of the deviation to base 2 in sixteenths, linear between powers of two (up to 1.4
    sixteenths too low), within 0 .. 607. Streams depend on it, so it will not change.

    Examples
    --------
    >>> scale_index(256), scale_index(512), scale_index(0)
    (64, 80, 0)
    """
    if deviation < 16:
        return 0
    octave = deviation.bit_length() - 1
    fraction = ((deviation << 4) >> octave) & 15
    return min(16 * (octave - 4) + fraction, MAX_SCALE)
