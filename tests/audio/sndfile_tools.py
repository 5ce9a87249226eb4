"""Files of libsndfile, an independent reader and writer."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile
from wavmaker import float_bits, noise

from nlac.audio.format import AudioFormat

BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32}


def made_by_libsndfile(
    samples: np.ndarray[Any, Any], container: str, subtype: str, endian: str = "FILE"
) -> bytes:
    file = io.BytesIO()
    if samples.dtype == np.int32:
        samples = samples << (32 - BITS[subtype])
    soundfile.write(file, samples, 44100, subtype, endian, container)
    return file.getvalue()


def read_by_libsndfile(data: bytes, fmt: AudioFormat) -> np.ndarray[Any, Any]:
    kind = "float32" if fmt.is_float else "int32"
    samples, rate = soundfile.read(io.BytesIO(data), dtype=kind, always_2d=True)
    assert rate == fmt.sample_rate
    return samples if fmt.is_float else samples >> (32 - fmt.bits_per_sample)  # type: ignore[no-any-return]


def values(fmt: AudioFormat, frames: int) -> np.ndarray[Any, Any]:
    if fmt.is_float:
        return np.resize(float_bits(), (frames, fmt.channels))
    return noise(frames, fmt.channels, fmt.bits_per_sample)
