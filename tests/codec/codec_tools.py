"""Blocks there and back, without the stream around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nlac._samples import sample_type
from nlac.bitstream.header import StreamHeader
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder.choice import choose_predictor
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.payload import encode_block
from nlac.entropy.value_sets import ValueSet, read_sets
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.side_info import read_parameters

VERBATIM, INTEGERS, FLOATS = 0, 1, 2


def header_of(
    samples: np.ndarray, bits: int = 16, options: EncodeOptions | None = None
) -> StreamHeader:
    """Header of a stream whose only block these samples are."""
    options = options or EncodeOptions(preset="fast")
    frames, channels = samples.shape
    is_float = samples.dtype == np.float32
    choice = choose_predictor(options)
    return StreamHeader(
        44100,
        channels,
        bits,
        is_float,
        0,
        frames,
        frames,
        choice.predictor_id,
        choice.predictor_parameters,
        choice.coder_id,
        choice.model_hash,
    )


def code(samples: np.ndarray, bits: int = 16, preset: Any = "fast", **options: Any) -> bytes:
    """Payload of the samples, after a look that they come back from it."""
    chosen = EncodeOptions(preset=preset, **options)
    header = header_of(samples, bits, chosen)
    payload = encode_block(samples, header, chosen)
    back = decode_block(payload, len(samples), header)
    assert back.dtype == sample_type(bits, samples.dtype == np.float32)
    if samples.dtype == np.float32:
        back, samples = back.view(np.int32), samples.view(np.int32)
    np.testing.assert_array_equal(back, samples)
    return payload


def size(samples: np.ndarray, bits: int = 16, preset: Any = "fast", **options: Any) -> int:
    """Length of the payload."""
    return len(code(samples, bits, preset, **options))


def bits_a_sample(samples: np.ndarray, **options: Any) -> float:
    return 8 * size(samples, **options) / samples.size


def parts_of(payload: bytes, channels: int, frames: int) -> tuple[list[ValueSet], LpcParameters]:
    """Value sets and layout of an lpc block of integers."""
    from nlac.codec.transforms.channels import ChannelMap
    from nlac.entropy.varint import read_varint

    assert payload[0] == INTEGERS
    mapped = ChannelMap(payload, 1, channels)
    _coder, at = read_varint(payload, mapped.end)
    for _ in range(mapped.num_coded):
        _place, at = read_varint(payload, at)
    sets, at = read_sets(payload, at)
    layout, _at = read_parameters(payload, at, frames, mapped.num_coded, len(sets))
    return sets, layout


def coder_of(payload: bytes, channels: int) -> int:
    """Number of the coder of an lpc block of integers."""
    from nlac.codec.transforms.channels import ChannelMap

    return payload[ChannelMap(payload, 1, channels).end]
