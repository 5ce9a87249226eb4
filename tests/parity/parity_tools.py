"""Streams of noise, their parity, and damage to them."""

from __future__ import annotations

import io
import wave

import numpy as np

import nlac

RATE = 8000
BLOCK = 2000


def noise(frames: int) -> np.ndarray:
    return np.random.default_rng(frames).integers(-3000, 3001, (frames, 2)).astype(np.int16)


def make_stream(frames: int) -> bytes:
    """A stream of noise in blocks of a quarter of a second."""
    out = io.BytesIO()
    nlac.write(out, noise(frames), RATE, preset="fast", block_seconds=BLOCK / RATE, verify=False)
    return out.getvalue()


def make_wav(frames: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((2, 2, RATE, frames, "NONE", ""))
        file.writeframes(noise(frames).tobytes())
    return out.getvalue()


def protect(stream: bytes, amount: float = 0.02) -> bytes:
    """The stream with parity."""
    out = io.BytesIO()
    nlac.protect(stream, out, amount=amount)
    return out.getvalue()


def burst(data: bytes, begin: int, length: int, seed: int = 1) -> bytes:
    """Other bytes in one place."""
    return data[:begin] + np.random.default_rng(seed).bytes(length) + data[begin + length :]


def flipped(data: bytes, number: int, seed: int) -> bytes:
    """Single bytes changed to others."""
    rng = np.random.default_rng(seed)
    array = np.frombuffer(data, np.uint8).copy()
    places = rng.choice(len(data), number, replace=False)
    array[places] ^= rng.integers(1, 256, number).astype(np.uint8)
    return array.tobytes()
