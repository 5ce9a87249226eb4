"""The loop for predictors without a compiled one: any `Predictor`, in plain Python.

It is slow, but needs only the three methods of a predictor, and is short enough to check against
the spec (section "Generic predicted block").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, NlacError, TruncatedStream, UsageError
from nlac._typing import U32
from nlac.bitstream.header import StreamHeader
from nlac.entropy.mixtures import ESCAPE, ESCAPE_COUNT, Mixture
from nlac.entropy.range_coder import RangeDecoder, RangeEncoder
from nlac.predictors.base import Predictor
from nlac.predictors.registry import predictor_by_id

_RANGE = struct.Struct("<ii")
_PIECE = 4096  # frames that are converted to Python integers at a time


def encode_generic(
    channels: Sequence[NDArray[np.int32]] | NDArray[np.int32],
    bits_per_sample: int,
    sample_rate: int,
    predictor: Predictor,
) -> bytes:
    """Code a block with any predictor.

    Parameters
    ----------
    channels : sequence of int32 arrays, or int32 array of shape (channels, frames)
        Samples, at least one frame; the predictor gets the channels in this order.
    bits_per_sample, sample_rate : int
        Passed to the predictor.
    predictor : Predictor
        This function starts it.

    Returns
    -------
    bytes
        The payload, at most ``8 * (1 + channels) + 7 * channels * frames`` bytes.

    Raises
    ------
    UsageError
        The predictor breaks its contract.
    """
    samples = np.asarray(channels)
    if samples.dtype != np.int32 or samples.ndim != 2 or not samples.size:
        raise ValueError("samples must be int32 of shape (channels, frames)")
    lows, highs = samples.min(axis=1).tolist(), samples.max(axis=1).tolist()
    encoder = RangeEncoder()
    predictor.start(len(samples), bits_per_sample, sample_rate)
    try:
        for frame in _frames(samples):
            for channel, value in enumerate(frame):
                low, high = lows[channel], highs[channel]
                mixture = Mixture(predictor.predict(channel))
                if low < high:
                    _encode_value(encoder, mixture, value, low, high)
                predictor.update(channel, value)
    except (TypeError, ValueError) as error:
        if isinstance(error, NlacError):
            raise
        raise UsageError(f"predictor {predictor.name}: {error}") from error
    ranges = b"".join(_RANGE.pack(*ends) for ends in zip(lows, highs, strict=True))
    return ranges + encoder.finish().astype("<u4").tobytes()


def decode(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader
) -> Iterator[NDArray[np.int32]]:
    """Decode the channels of a block with the predictor of the stream; see `Method.decode`."""
    yield decode_generic(
        data[at:], channels, frames, stream.bits_per_sample, stream.sample_rate,
        stream_predictor(stream),
    )  # fmt: skip


def stream_predictor(stream: StreamHeader) -> Predictor:
    """Make the predictor that a stream names, for one block."""
    return predictor_by_id(stream.predictor_id).from_parameters(
        stream.predictor_parameters, stream.model_hash
    )


def decode_generic(
    payload: bytes,
    channels: int,
    frames: int,
    bits_per_sample: int,
    sample_rate: int,
    predictor: Predictor,
) -> NDArray[np.int32]:
    """Decode a block that `encode_generic` coded with the same predictor.

    Returns
    -------
    int32 array of shape (channels, frames)
        The samples. No more memory is taken than for them and the payload.

    Raises
    ------
    CorruptStream
        The payload is damaged; an error of the predictor counts as that, too.
    """
    ranges, words = split_payload(payload, channels)
    samples = np.empty((channels, frames), np.int32)
    decoder = RangeDecoder(words)
    predictor.start(channels, bits_per_sample, sample_rate)
    try:
        for begin, end in pairwise([*range(0, frames, _PIECE), frames]):
            piece = []
            for _ in range(begin, end):
                for channel, (low, high) in enumerate(ranges):
                    mixture = Mixture(predictor.predict(channel))
                    value = _decode_value(decoder, mixture, low, high) if low < high else low
                    predictor.update(channel, value)
                    piece.append(value)
            samples[:, begin:end] = np.array(piece, np.int32).reshape(end - begin, channels).T
        decoder.finish()
    except CorruptStream:
        raise
    except Exception as error:
        # the predictor accepted the samples when they were encoded, so these must be wrong
        raise CorruptStream(
            f"predictor {predictor.name} fails: {error!r}", path="samples"
        ) from error
    return samples


def _frames(samples: NDArray[np.int32]) -> Iterator[list[int]]:
    """Frames as lists of Python integers, a piece at a time to bound the memory."""
    for begin in range(0, samples.shape[1], _PIECE):
        yield from samples[:, begin : begin + _PIECE].T.tolist()


def split_payload(payload: bytes, channels: int) -> tuple[list[tuple[int, int]], U32]:
    """Parse the range of each channel, and the words."""
    size = channels * _RANGE.size
    if len(payload) < size:
        raise TruncatedStream("payload ends inside the ranges", path="ranges")
    if (len(payload) - size) % 4:
        raise CorruptStream("not a whole number of words", path="words")
    ranges = []
    for channel, (low, high) in enumerate(_RANGE.iter_unpack(payload[:size])):
        if low > high:
            path = f"ranges[{channel}]"
            raise CorruptStream(f"least value {low} is above the greatest, {high}", path=path)
        ranges.append((low, high))
    return ranges, np.frombuffer(payload, "<u4", offset=size).astype(np.uint32)


def _encode_value(encoder: RangeEncoder, mixture: Mixture, value: int, low: int, high: int) -> None:
    shift = mixture.low_bits
    number = value >> shift
    c, f = mixture.interval(number, low >> shift, high >> shift)
    if f > 0:
        encoder.encode(c, f)
        encoder.encode_raw(value - (number << shift), shift)
    else:
        encoder.encode(ESCAPE, ESCAPE_COUNT)
        encoder.encode_raw(value - low, (high - low).bit_length())


def _decode_value(decoder: RangeDecoder, mixture: Mixture, low: int, high: int) -> int:
    shift = mixture.low_bits
    quantile = decoder.decode()
    if quantile < ESCAPE:
        first, last = low >> shift, high >> shift
        number = mixture.find(quantile, first, last)
        decoder.advance(*mixture.interval(number, first, last))
        value = (number << shift) + decoder.decode_raw(shift)
    else:
        decoder.advance(ESCAPE, ESCAPE_COUNT)
        value = low + decoder.decode_raw((high - low).bit_length())
    if not low <= value <= high:
        raise CorruptStream(f"sample {value} is not in {low} .. {high}", path="samples")
    return value
