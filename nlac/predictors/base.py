"""What a predictor is: the contract that makes a class a predictor of the codec.

A predictor says, before each sample, how likely every value is; the codec turns
that into bits. Encoder and decoder run the same loop and the same predictor::

    predictor.start(channels, bits_per_sample, sample_rate)
    for t in range(frames):
        for c in range(channels):
            parts = predictor.predict(c)
            sample = ...                    # encoding: known; decoding: from the bits and parts
            predictor.update(c, sample)

So a predictor must say the same in the decoder as it said in the encoder, on any
machine, for as long as streams are to be decoded. Hence the rules:

- Integers only. Python's and numpy's integer arithmetic, comparisons, tables of
  integers. No float anywhere on the way from samples to parts: their last bits
  differ between processors, library versions and thread counts.
- Nothing but the arguments of `start` and `update`, and the parameters of the
  stream. No clock, no random numbers without a fixed seed of its own generator, no
  order of sets, no files (except a model whose hash is in `model_hash`).
- Once streams exist, the arithmetic of a predictor id stays as it is. A better
  predictor takes a new id.

Each block of a stream is coded by an object of its own, from `from_parameters`; blocks run
in threads at the same time, so class attributes must not change.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple, Self

from nlac._errors import CorruptStream, UsageError

MAX_SCALE = 607
FULL_WEIGHT = 65536
GAUSSIAN, LOGISTIC, LAPLACE = 0, 2, 4
MAX_SHAPE = 6  # 1 and 3 lie between those; 5 and 6 have longer tails than Laplace's


class Part(NamedTuple):
    """One of the 1 to 16 distributions whose mixture a predictor puts out.

    Attributes
    ----------
    location : int
        Centre, in 1/256 of a sample unit (Q8): ``256 * sample`` is that sample itself.
        From -2**40 to 2**40; it may lie outside the samples' range.
    scale : int
        Index of the width, 0 to 607: a mean absolute deviation of ``2**(scale / 16 - 4)``
        sample units. `scale_index` gives it.
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
    """Base of all predictors; the module says what one may do.

    A subclass sets `predictor_id` and `name` and defines `start`, `predict` and `update`. One
    that has parameters also defines `parameters`, `from_parameters` and `from_options`.

    Attributes
    ----------
    predictor_id : int
        Number of the predictor in streams, never used for anything else. Third parties choose
        from 0x8000 to 0xFFFF.
    name : str
        What users call it: a lower-case letter, then letters, digits, ``-`` or ``_``.
    model_hash : bytes
        SHA-256 of the model's integer weights, or empty. It goes into the stream; a stream that
        asks for another one is refused.
    """

    predictor_id: ClassVar[int]
    name: ClassVar[str]
    model_hash: bytes = b""

    def parameters(self) -> bytes:
        """Return all that a decoder must know to do the same, at most 4,096 bytes.

        ``from_parameters(p.parameters())`` predicts as `p` does. The form is the predictor's
        own. Without parameters: no bytes, which is what this method of the base gives.
        """
        return b""

    @classmethod
    def from_parameters(cls, parameters: bytes) -> Self:
        """Make the predictor that a stream asks for.

        Parameters
        ----------
        parameters : bytes
            From a stream, so not to be trusted: sizes must be checked before memory is taken.

        Raises
        ------
        CorruptStream
            The bytes are none that `parameters` returns.
        MissingDependency, ModelMismatch
            Something that it needs is not at hand.
        """
        if parameters:
            raise CorruptStream(f"predictor {cls.name} has no parameters")
        return cls()

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> Self:
        """Make the predictor that a user asks for.

        Parameters
        ----------
        options : mapping of str to object
            As the user gave them; values from a command line are strings.

        Raises
        ------
        UsageError
            An option is not known, or has no good value.
        """
        if options:
            raise UsageError(f"predictor {cls.name} has no option {next(iter(options))!r}")
        return cls()

    @abstractmethod
    def start(self, channels: int, bits_per_sample: int, sample_rate: int) -> None:
        """Forget everything and begin a block.

        Parameters
        ----------
        channels : int
            Channels that the block codes, 1 to 255. Constant channels and copies of others are
            left out, so it may differ between blocks.
        bits_per_sample : int
            Bits of the stream's samples, 1 to 32. Empty low bits and a mean are taken off
            beforehand, so that the samples of `update` lie in ``-2**bits_per_sample ..
            2**bits_per_sample - 1``, and in 32 bits.
        sample_rate : int
            Frames a second.
        """

    @abstractmethod
    def predict(self, channel: int) -> Sequence[Part]:
        """Return the mixture for the next sample of a channel, 1 to 16 parts.

        All channels of the frames before are known, and of this frame the channels below
        `channel`. Called once before each `update`.
        """

    @abstractmethod
    def update(self, channel: int, sample: int) -> None:
        """Learn the sample (an `int`) that `predict` was asked for."""


def scale_index(deviation: int) -> int:
    """Scale whose mean absolute deviation is about `deviation` (Q8 sample units).

    The deviation's logarithm to base 2 in sixteenths, linear between powers of two (up to 1.4
    sixteenths below the true one), within 0 .. 607. Streams depend on it: it will not change.

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
