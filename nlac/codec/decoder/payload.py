"""Decode block payloads; dispatch on mode and predictor (spec 11.1).

The first byte of a payload is its mode: verbatim samples, predicted integers, or floats as
predicted integers and side data; the integers may be in phases.
"""

from __future__ import annotations

import numpy as np

from nlac._errors import CorruptStream
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
    (num_frames, channels) int32 or float32

    Raises
    ------
    CorruptStream
        The payload is invalid.
    UnknownPredictor, ModelMismatch
        The predictor or its model is not available.
    """
    if not payload:
        raise CorruptStream("empty payload", path="payload")
    mode = payload[0]
    if mode == VERBATIM:
        return _verbatim(payload, num_frames, stream)
    if mode not in ((FLOATS, FLOAT_PHASES) if stream.is_float else (INTEGERS, INTEGER_PHASES)):
        raise CorruptStream(f"unknown mode {mode}", path="payload.mode")
    at, side = 1, b""
    if stream.is_float:
        length, at = read_varint(payload, at)
        side = payload[at : at + length]
        at += length
    if mode in (INTEGER_PHASES, FLOAT_PHASES):
        phases, offset, at = read_phases(payload, at, stream.channels)
        frames = phased_frames(num_frames, phases, offset)
        integers = _decode_integers(payload, at, frames, phases * stream.channels, stream)
        integers = join_phases(integers, num_frames, phases, offset)
    else:
        integers = _decode_integers(payload, at, num_frames, stream.channels, stream)
    if stream.is_float:
        from nlac.codec.transforms.floats import join

        return join(integers, side)
    check_depth(integers, stream.bits_per_sample)
    return integers


def _decode_integers(
    payload: bytes, at: int, frames: int, channels: int, stream: StreamHeader
) -> IntSamples:
    """Integers of the channels, (frames, channels) int32."""
    mapped = ChannelMap(payload, at, channels)
    coded = np.zeros((0, frames), np.int32)
    if mapped.num_coded:
        method = predictor_by_id(stream.predictor_id).method
        coded = method.decode(payload, mapped.end, frames, mapped.num_coded, stream)
    elif mapped.end != len(payload):
        raise CorruptStream("bytes follow the channel map", path="payload")
    return mapped.join(coded, frames)


def check_depth(samples: IntSamples, bits_per_sample: int) -> None:
    """Raise `CorruptStream` if a sample exceeds the bits of the stream."""
    limit = 1 << (bits_per_sample - 1)
    if samples.size and (int(samples.min()) < -limit or int(samples.max()) >= limit):
        raise CorruptStream(f"a sample exceeds {bits_per_sample} bits", path="samples")


def _verbatim(payload: bytes, num_frames: int, stream: StreamHeader) -> Samples:
    width = (stream.bits_per_sample + 7) // 8
    if len(payload) != 1 + width * num_frames * stream.channels:
        raise CorruptStream("the length is not that of verbatim samples", path="payload")
    shape = (num_frames, stream.channels)
    if stream.is_float:
        return np.frombuffer(payload, "<f4", offset=1).reshape(shape).astype(np.float32)
    data = np.frombuffer(payload, np.uint8, offset=1).reshape(-1, width)
    words = np.zeros((len(data), 4), np.uint8)
    words[:, 4 - width :] = data
    samples = (words.view("<i4") >> np.int32(32 - 8 * width)).astype(np.int32).reshape(shape)
    check_depth(samples, stream.bits_per_sample)
    return samples
