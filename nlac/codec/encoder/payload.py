"""Encode the payload of a block (spec 11.1)."""

from __future__ import annotations

import numpy as np

from nlac._typing import Samples
from nlac.bitstream.header import StreamHeader
from nlac.codec.decoder.payload import FLOATS, INTEGERS, VERBATIM
from nlac.codec.encoder.channels import split_channels
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.transforms.pcm import pcm_bytes
from nlac.entropy.varint import write_varint
from nlac.predictors.registry import predictor_by_id


def encode_block(samples: Samples, stream: StreamHeader, options: EncodeOptions) -> bytes:
    """Encode one block.

    Parameters
    ----------
    samples : (frames, channels) int32 or float32
        At least one frame.
    stream : StreamHeader
        Header of the stream.
    options : EncodeOptions
        Options of the predictor.

    Returns
    -------
    bytes
        The payload; the samples verbatim where coding does not make them smaller.
    """
    verbatim = bytes([VERBATIM]) + pcm_bytes(samples, stream.bits_per_sample)
    if stream.is_float:
        from nlac.codec.encoder.floats.choice import split

        integers, side = split(samples.astype(np.float32, copy=False))
        prefix = bytes([FLOATS]) + write_varint(len(side)) + side
    else:
        integers = samples.astype(np.int32, copy=False)
        prefix = bytes([INTEGERS])
    channel_map, coded = split_channels(integers)
    payload = prefix + channel_map
    if len(coded):
        payload += predictor_by_id(stream.predictor_id).method.encode(coded, stream, options)
    return min(payload, verbatim, key=len)
