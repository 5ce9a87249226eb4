"""Floats to test with: of music, of any patterns, and split into integers and side data."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nlac.codec.encoder.floats.choice import split

F32 = np.float32
RATE = 44100


def music(frames, bits, channels=2, seed=1):
    """Integers of a few decaying partials and some noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames)[:, None] / RATE
    wave = sum(
        np.sin(2 * np.pi * f * t + rng.uniform(0, 6, channels)) * np.exp(-t * f / 900) / (i + 2)
        for i, f in enumerate((196.0, 392.5, 589.1, 1180.3))
    )
    wave = wave * 0.6 + rng.normal(0, 1e-3, (frames, channels))
    limit = 2 ** (bits - 1)
    return np.rint(wave * limit).clip(-limit, limit - 1) + 0.0  # no -0.0


MUSIC16 = music(20000, 16)
MUSIC24 = music(20000, 24)

# values of all kinds next to each other, so that contexts change all the time
patterns = st.one_of(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 0x80000000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF]),
    st.sampled_from([0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFFFFFFF]),
    st.integers(0x3E000000, 0x3F000000),
    st.integers(-300, 300).map(lambda k: int(F32(k / 256).view(np.uint32))),
)
blocks = st.tuples(st.integers(0, 40), st.integers(1, 3)).flatmap(
    lambda shape: arrays(np.uint32, shape, elements=patterns)
)

DAMAGED = {
    "grid": (MUSIC16[:3000] * np.pi / 2**17).astype(F32),
    "gain": (MUSIC16[:3000].astype(F32) * F32(0.7)) * F32(1.234),
    "wild": np.where(MUSIC16[:3000] % 7 == 0, np.nan, MUSIC16[:3000] / 3e5).astype(F32),
    "tiny": (MUSIC16[:3000] * 1e-44).astype(F32),
}
STORED = {name: split(samples) for name, samples in DAMAGED.items()}
