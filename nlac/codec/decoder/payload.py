"""Decode block payloads; dispatch on mode and predictor (spec 11.1).

The first byte of a payload is its mode: verbatim samples, predicted integers, or floats as
predicted integers and side data; the integers may be in phases.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac._samples import sample_type
from nlac._typing import IntSamples, Samples
from nlac.bitstream.header import StreamHeader
from nlac.codec.transforms.channels import ChannelMap
from nlac.codec.transforms.phases import join_phases, phased_frames, read_phases
from nlac.entropy.varint import read_varint
from nlac.predictors.registry import predictor_by_id

VERBATIM, INTEGERS, FLOATS, INTEGER_PHASES, FLOAT_PHASES = range(5)


def decode_block(payload: bytes, num_frames: int, stream: StreamHeader) -> Samples:
    """Decode one payload.

    Parameters
    ----------
    payload : bytes
        Payload of a block.
    num_frames : int
        Frames of the block.
    stream : StreamHeader
        Header of the stream.

    Returns
    -------
    (num_frames, channels) int16, int32 or float32
        Of the type that `sample_type` has for the stream.

    Raises
    ------
    CorruptStream
        The payload is invalid.
    UnknownPredictor, ModelMismatch
        The predictor or its model is not available.
    """
    opened = open_payload(payload, num_frames, stream)
    mapped = opened.channels
    if mapped is None:
        return verbatim_samples(payload, num_frames, stream)
    pieces: Iterable[NDArray[np.int32]] = [np.zeros((0, opened.frames), np.int32)]
    if mapped.num_coded:
        method = predictor_by_id(stream.predictor_id).method
        pieces = method.decode(payload, mapped.end, opened.frames, mapped.num_coded, stream)
    # what fills up phases may have any depth
    bits = 32 if stream.is_float or opened.phases > 1 else stream.bits_per_sample
    shape = opened.frames, opened.phases * stream.channels
    integers = join_pieces(mapped, pieces, shape, bits)
    if opened.phases > 1:
        integers = join_phases(integers, num_frames, opened.phases, opened.offset)
    if stream.is_float:
        from nlac.codec.transforms.floats import join

        return join(integers, opened.side)
    if opened.phases > 1:
        check_depth(integers, stream.bits_per_sample)
        kind = sample_type(stream.bits_per_sample)
        integers = integers.astype(kind, copy=False)
    return integers


class OpenedPayload(NamedTuple):
    """What a payload begins with; from `open_payload`.

    Attributes
    ----------
    mode : int
        `VERBATIM` to `FLOAT_PHASES`.
    side : bytes
        Float side information.
    phases, offset : int
        Phases of a channel, 1 for none, and frames before the first one.
    frames : int
        Frames of the coded channels.
    channels : ChannelMap or None
        The channels, those of all phases; None for verbatim samples.
    """

    mode: int
    side: bytes
    phases: int
    offset: int
    frames: int
    channels: ChannelMap | None


def open_payload(payload: bytes, num_frames: int, stream: StreamHeader) -> OpenedPayload:
    """Parse a payload up to its coded channels, which begin at ``channels.end``.

    Raises
    ------
    CorruptStream
        The payload is invalid.
    """
    if not payload:
        raise CorruptStream("empty payload", path="payload")
    mode = payload[0]
    if mode == VERBATIM:
        return OpenedPayload(mode, b"", 1, 0, num_frames, None)
    if mode not in ((FLOATS, FLOAT_PHASES) if stream.is_float else (INTEGERS, INTEGER_PHASES)):
        raise CorruptStream(f"unknown mode {mode}", path="payload.mode")
    at, side = 1, b""
    if stream.is_float:
        length, at = read_varint(payload, at)
        side = payload[at : at + length]
        at += length
    phases, offset, frames = 1, 0, num_frames
    if mode in (INTEGER_PHASES, FLOAT_PHASES):
        phases, offset, at = read_phases(payload, at, stream.channels)
        frames = phased_frames(num_frames, phases, offset)
    mapped = ChannelMap(payload, at, phases * stream.channels)
    if not mapped.num_coded and mapped.end != len(payload):
        raise CorruptStream("bytes follow the channel map", path="payload")
    return OpenedPayload(mode, side, phases, offset, frames, mapped)


def join_pieces(
    mapped: ChannelMap, pieces: Iterable[NDArray[np.int32]], shape: tuple[int, int], bits: int
) -> IntSamples:
    """Put the samples of a block together from its coded channels.

    Parameters
    ----------
    mapped : ChannelMap
    pieces : iterable of (coded channels, any frames) int32
        One after the other in time; each is used before the next one is asked for.
    shape : (int, int)
        Frames of all pieces, and channels.
    bits : int
        Bits that a sample may have.

    Returns
    -------
    (frames, channels) int16 or int32

    Raises
    ------
    CorruptStream
        A sample exceeds the bits, or coded channels are invalid.
    """
    out: IntSamples = np.empty(shape, sample_type(bits))
    at = 0
    for coded in pieces:
        mapped.join(coded, out[at : at + coded.shape[1]], bits)
        at += coded.shape[1]
    return out


def check_depth(samples: IntSamples, bits_per_sample: int) -> None:
    """Raise `CorruptStream` if a sample exceeds the bits of the stream."""
    limit = 1 << (bits_per_sample - 1)
    if samples.size and (int(samples.min()) < -limit or int(samples.max()) >= limit):
        raise CorruptStream(f"a sample exceeds {bits_per_sample} bits", path="samples")


def verbatim_samples(payload: bytes, num_frames: int, stream: StreamHeader) -> Samples:
    """Return the samples of a payload of mode `VERBATIM`; see `decode_block`."""
    width = (stream.bits_per_sample + 7) // 8
    if len(payload) != 1 + width * num_frames * stream.channels:
        raise CorruptStream("the length is not that of verbatim samples", path="payload")
    shape = (num_frames, stream.channels)
    if stream.is_float:
        return np.frombuffer(payload, "<f4", offset=1).reshape(shape).astype(np.float32)
    data = np.frombuffer(payload, np.uint8, offset=1).reshape(-1, width)
    words = np.zeros((len(data), 4), np.uint8)
    words[:, 4 - width :] = data
    samples = (words.view("<i4") >> np.int32(32 - 8 * width)).reshape(shape)
    check_depth(samples, stream.bits_per_sample)
    return samples.astype(sample_type(stream.bits_per_sample), copy=False)
