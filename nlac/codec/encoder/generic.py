"""Encode a block with a predictor of a third party (spec 11.14)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.bitstream.header import StreamHeader
from nlac.codec.encoder.options import EncodeOptions
from nlac.predictors.generic import encode_generic, stream_predictor
from nlac.predictors.registry import get_predictor


def choose(options: EncodeOptions) -> tuple[bytes, bytes]:
    """Return parameters and model hash of the predictor that the options name.

    Raises
    ------
    UsageError
        The predictor rejects the options, or violates its interface.
    """
    predictor = get_predictor(options.predictor_name).from_options(options.predictor_options)
    return predictor.parameters(), predictor.model_hash


def encode(
    channels: NDArray[np.int32], stream: StreamHeader, options: EncodeOptions, before: bytes
) -> bytes:
    """Code the channels of a block, (channels, frames) int32."""
    predictor = stream_predictor(stream)
    return encode_generic(channels, stream.bits_per_sample, stream.sample_rate, predictor)
