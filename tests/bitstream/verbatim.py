"""A block codec that stores samples as they are, so that these tests are about streams.

`install` puts it in the place of the real one.
"""

from __future__ import annotations

import numpy as np

from nlac._errors import CorruptStream
from nlac.codec.decoder import payload as decoder_payload
from nlac.codec.encoder import payload as encoder_payload
from nlac.codec.encoder import stream
from nlac.codec.encoder.choice import PredictorChoice
from nlac.codec.transforms.pcm import pcm_bytes


def choose_predictor(options):
    return PredictorChoice(1, b"\x05\x00", 1)


def encode_block(samples, stream, options, around=None):
    if not stream.is_float and not np.any(samples):
        return b"\1"
    return b"\0" + pcm_bytes(samples, stream.bits_per_sample)


def decode_block(payload, num_frames, stream):
    shape = (num_frames, stream.channels)
    if payload == b"\1":
        return np.zeros(shape, np.int32)
    width = (stream.bits_per_sample + 7) // 8
    if len(payload) != 1 + width * num_frames * stream.channels or payload[0]:
        raise CorruptStream("bad payload", path="mode")
    if stream.is_float:
        return np.frombuffer(payload, "<f4", offset=1).reshape(shape).copy()
    words = np.zeros((num_frames * stream.channels, 4), np.uint8)
    words[:, 4 - width :] = np.frombuffer(payload, np.uint8, offset=1).reshape(-1, width)
    return (words.view("<i4") >> np.int32(32 - 8 * width)).reshape(shape)


def install(monkeypatch) -> None:
    monkeypatch.setattr(stream, "choose_predictor", choose_predictor)
    monkeypatch.setattr(encoder_payload, "encode_block", encode_block)
    monkeypatch.setattr(decoder_payload, "decode_block", decode_block)
