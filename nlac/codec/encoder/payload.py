"""Encode the payload of a block (spec 11.1)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nlac._typing import IntSamples, Samples
from nlac.bitstream.header import StreamHeader
from nlac.codec.decoder.payload import (
    FLOAT_PHASES,
    FLOATS,
    INTEGER_PHASES,
    INTEGERS,
    VERBATIM,
)
from nlac.codec.encoder.channels import split_channels
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.phases import find_phases
from nlac.codec.transforms.pcm import pcm_bytes
from nlac.codec.transforms.phases import MAX_CHANNELS, split_phases, write_phases
from nlac.entropy.varint import write_varint
from nlac.predictors.registry import predictor_by_id


def encode_block(
    samples: Samples,
    stream: StreamHeader,
    options: EncodeOptions,
    around: tuple[Samples, Samples] | None = None,
) -> bytes:
    """Encode one block.

    Parameters
    ----------
    samples : (frames, channels) int16, int32 or float32
        At least one frame.
    stream : StreamHeader
        Header of the stream.
    options : EncodeOptions
        Options of the predictor.
    around : tuple of Samples, optional
        Frames before the block and after it, which tell what a lossy stream held at its ends.

    Returns
    -------
    bytes
        The payload; the samples verbatim where coding does not make them smaller.
    """
    side = b""
    if stream.is_float:
        from nlac.codec.encoder.floats.choice import split
        from nlac.codec.transforms.floats import is_gain

        integers, side_data = split(samples.astype(np.float32, copy=False))
        side = write_varint(len(side_data)) + side_data
        if not is_gain(side_data, stream.channels):
            # frames of the integer plane alone would be of no use
            options = replace(options, entry_seconds=0)
    else:
        integers = samples  # type: ignore[assignment]
    mode = FLOATS if stream.is_float else INTEGERS
    head = bytes([mode]) + side
    payload, is_small = _find_origin(integers, stream, options, around)
    if is_small:
        return payload
    coded = head + _encode_integers(integers, stream, options, head)
    payload = min(payload or coded, coded, key=len)
    found = find_phases(integers)
    if found is not None and found.phases * stream.channels <= MAX_CHANNELS:
        mode = FLOAT_PHASES if stream.is_float else INTEGER_PHASES
        head = bytes([mode]) + side + write_phases(found.phases, found.offset)
        parts = split_phases(integers, *found)
        # of channels that tell each other, estimates tell little: the simplest search may be best
        for preset in {options.preset: 0, "fast": 0}:
            tried = replace(options, preset=preset, entry_seconds=0, origin="off")
            coded = _encode_integers(parts, stream, tried, head)
            payload = min(payload, head + coded, key=len)
    if len(payload) <= 1 + len(samples) * stream.frame_bytes:
        return payload
    return bytes([VERBATIM]) + pcm_bytes(samples, stream.bits_per_sample)


def _encode_integers(
    integers: IntSamples, stream: StreamHeader, options: EncodeOptions, before: bytes
) -> bytes:
    channel_map, coded = split_channels(integers)
    if len(coded) == 0:
        return channel_map
    method = predictor_by_id(stream.predictor_id).method
    return channel_map + method.encode(coded, stream, options, before + channel_map)


def _find_origin(
    integers: IntSamples,
    stream: StreamHeader,
    options: EncodeOptions,
    around: tuple[Samples, Samples] | None,
) -> tuple[bytes, bool]:
    """Payload by what a lossy stream held, if any; and whether nothing else can be smaller."""
    method = predictor_by_id(stream.predictor_id).method
    if stream.is_float or not method.name or not options.looks_for_origin:
        return b"", False
    from nlac.codec.encoder.origin.block import encode_origin

    plain = replace(options, entry_seconds=0)

    def encode(channels: NDArray[np.int32]) -> bytes:
        return method.encode(channels, stream, plain)

    coded, is_small = encode_origin(integers, stream, encode, around)
    return b"" if coded is None else bytes([INTEGERS]) + coded, is_small
