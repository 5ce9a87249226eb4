"""Seeded damage to bytes, and a decoder of blocks that may only succeed or complain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from codec_tools import header_of
from oracle.container import read_stream

from nlac._errors import NlacError
from nlac.bitstream.header import StreamHeader, parse_header
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.payload import encode_block

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "v1"


def mutate(data: bytes, rng: np.random.Generator, head: int = 200) -> bytes:
    """Bits flipped, bytes set, taken out, put in or copied; mostly where the structure is."""
    out = bytearray(data)
    for _ in range(int(rng.choice([1, 1, 1, 2, 4]))):
        kind = int(rng.integers(0, 8))
        end = len(out) if rng.random() < 0.3 else min(len(out), head)
        at = int(rng.integers(0, max(1, end)))
        if not out:
            break
        if kind < 3:
            out[at % len(out)] ^= 1 << int(rng.integers(8))
        elif kind == 3:
            out[at % len(out)] = int(rng.choice([0, 1, 127, 128, 255]))
        elif kind == 4:
            del out[at : at + int(rng.integers(1, 9))]
        elif kind == 5:
            out[at:at] = rng.bytes(int(rng.integers(1, 9)))
        elif kind == 6:
            del out[at:]
        else:
            source = int(rng.integers(0, len(out)))
            out[at : at + 4] = out[source : source + 4]
    return bytes(out)


def block(
    samples: np.ndarray, bits: int, predictor: str = "lpc", **options
) -> tuple[bytes, StreamHeader]:
    """Payload and header of a block."""
    chosen = EncodeOptions(predictor=predictor, **options)
    header = header_of(samples, bits, chosen)
    return encode_block(samples, header, chosen), header


def origin_block(name: str = "origin") -> tuple[bytes, StreamHeader, int]:
    """Payload with granules or frames of AAC, header, and frames, of a frozen stream."""
    data = (GOLDEN / f"{name}.nlac").read_bytes()
    (coded,) = read_stream(data)[2]
    return coded.payload, parse_header(data), coded.frames


def outcome(payload: bytes, frames: int, header: StreamHeader) -> bytes | str:
    """Samples as bytes, or the text of the error."""
    try:
        samples = decode_block(payload, frames, header)
    except NlacError as error:
        return f"{type(error).__name__}: {error}"
    assert samples.shape == (frames, header.channels)
    if header.is_float:
        assert samples.dtype == np.float32
    else:
        assert samples.dtype == (np.int16 if header.bits_per_sample <= 16 else np.int32)
        limit = 1 << (header.bits_per_sample - 1)
        assert samples.min() >= -limit
        assert samples.max() < limit
        samples = samples.astype(np.int32)
    return samples.tobytes()
