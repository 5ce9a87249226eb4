"""Signals of the self-test, the same on every machine: (frames, channels) arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 8000


def tones(frames: int, channels: int, bits: int, seed: int = 1) -> NDArray[Any]:
    """Sines with noise, and the extremes of the depth: int16 up to 16 bits, else int32."""
    generator = np.random.Generator(np.random.PCG64(seed))
    time = np.arange(frames)[:, None]
    wave = np.sin(time / (11 + 3 * np.arange(channels))) * 0.5
    wave += generator.normal(0, 0.01, (frames, channels))
    top = (1 << (bits - 1)) - 1
    whole = np.clip(np.rint(wave * top), -top - 1, top)
    whole[:2] = top
    whole[1:2] = -top - 1
    return whole.astype(np.int16 if bits <= 16 else np.int32)


def integers() -> dict[str, NDArray[np.int16]]:
    """Signals that each ask for another mode, by name; 16 bits."""
    generator = np.random.Generator(np.random.PCG64(2))
    tone = tones(3000, 2, 14)
    noise = generator.integers(-(2**15), 2**15, (2000, 2)).astype(np.int16)
    piece = generator.integers(-2000, 2000, (1500, 1)).astype(np.int16)
    held = np.repeat(generator.normal(0, 900, (900, 1)).cumsum(axis=0), 4, axis=0)
    impulses = np.zeros((2500, 1), np.int16)
    impulses[::311] = 32767
    return {
        "no frames": tone[:0],
        "one frame": tone[:1],
        "two frames": tone[:2],
        "silence": np.zeros((5000, 2), np.int16),
        "a constant": np.full((3000, 1), -1234, np.int16),
        "tones": tone,
        "equal channels": np.repeat(tone[:, :1], 2, axis=1),
        "opposite channels": np.hstack([tone[:, :1], -tone[:, :1]]),
        "low bits empty": tone << 1 & ~np.int16(15),
        "few values": (tone >> 9) * np.int16(37),
        "white noise": noise,
        "extremes": np.where(noise > 0, 32767, -32768).astype(np.int16),
        "impulses": impulses,
        "repetition": np.tile(piece, (4, 1)),
        "held samples": (held.astype(np.int64) % 9000).astype(np.int16),
        "small residuals": (tone >> 12) + (noise[:, :1][:2000].repeat(2, 0)[:3000] > 0),
    }


def floats() -> dict[str, NDArray[np.float32]]:
    """Signals of float32 by name."""
    generator = np.random.Generator(np.random.PCG64(3))
    wave = generator.normal(0, 0.1, (2000, 2)).cumsum(axis=0).astype(np.float32)
    special = wave.copy()
    payload = np.array([0x7FC12345, 0xFF800001], np.uint32).view(np.float32)
    special[:4, 0] = [np.nan, -0.0, np.inf, 1e-45]
    special[4:6, 1] = payload
    return {
        "any values": wave,
        "special values": special,
        "scaled from 16 bits": tones(2000, 2, 16).astype(np.float32) / np.float32(32768),
        "scaled by a gain": tones(2000, 1, 16).astype(np.float32) * np.float32(0.7 / 32768),
        "any bit patterns": generator.integers(0, 2**32, (500, 2), np.uint32).view(np.float32),
    }
