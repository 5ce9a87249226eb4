"""Signals of the frozen streams: made from integers alone, so that any machine makes the same."""

from __future__ import annotations

import numpy as np


def hashed(count: int, seed: int) -> np.ndarray:
    """Uniform 32-bit numbers, by SplitMix64."""
    x = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed << 20)) * np.uint64(
        0x9E3779B97F4A7C15
    )
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(32)).astype(np.int64)


def noise(frames: int, channels: int, amplitude: int, seed: int = 1) -> np.ndarray:
    """About normal: sums of four uniform numbers, within +-amplitude."""
    x = hashed(4 * frames * channels, seed).reshape(4, frames, channels) % (2 * amplitude + 1)
    return (x.sum(axis=0) - 4 * amplitude) // 4


def tones(frames: int, channels: int, bits: int, seed: int = 1) -> np.ndarray:
    """Three resonators in integers, one of them fading, and a little noise."""
    out = np.zeros((frames, channels), np.int64)
    top = 1 << (bits - 1)
    for c in range(channels):
        for k, turn in enumerate((64000 - 900 * c, 55000, 31000 - 3000 * c)):  # Q15, 2 cos w
            now, before = 0, (top << 12) // (9 + 5 * k + c)
            for t in range(frames):
                now, before = ((turn * now) >> 15) - before, now
                if k == 1:
                    now -= now >> 11
                out[t, c] += now >> 12
    out += noise(frames, channels, max(1, top >> 9), seed)
    return out.clip(-top, top - 1)


def ints(values: np.ndarray) -> np.ndarray:
    return values.astype(np.int32)


def grid() -> np.ndarray:
    return ints(2153 * noise(5000, 1, 260) // 1000)


def sparse() -> np.ndarray:
    """Companded: values farther apart the larger they are."""
    k = noise(4000, 1, 60)
    return ints(np.sign(k) * (np.abs(k) + k * k // 9))


def in_part() -> np.ndarray:
    """Whole steps of 6 in the middle of a block."""
    k = noise(12288, 1, 40)
    k[4096:8192] *= 6
    return ints(k)


def loop(channels: int = 2) -> np.ndarray:
    return ints(np.tile(tones(900, channels, 14) + noise(900, channels, 900, 3), (6, 1)))


def kinds() -> np.ndarray:
    """Constant, copied, negated and coarse channels."""
    x = tones(600, 1, 12)
    other = tones(600, 1, 12, 5)[::-1]
    return ints(np.concatenate([x, x * 0 + 7, x + 5, -x - 1, 16 * other + 3, other], axis=1))


def escapes() -> np.ndarray:
    """Quiet, with a few samples far out."""
    far = np.where(hashed(900, 6) % 50, 0, 1)[:, None] * noise(900, 1, 30000)
    return ints(far + noise(900, 1, 2))


def raised(samples: np.ndarray, factor: int, how: str) -> np.ndarray:
    """Samples at a higher rate; the first frames cut off, so that phases begin amid."""
    held = np.repeat(samples, factor, axis=0)
    if how == "linear":
        steps = (np.arange(len(held)) % factor)[:, None]
        after = np.roll(held, -factor, axis=0)
        held = (held * (factor - steps) + after * steps) // factor
    elif how == "zeros":
        held = held * (np.arange(len(held)) % factor == 0)[:, None]
    return held[1:]


def widths() -> np.ndarray:
    """Channels of one source and of widths around that of the cascade's products."""
    return ints(tones(400, 1, 22) >> np.array([0, 2, 9])) + ints(noise(400, 3, 1))


def steps_of_a_gain() -> np.ndarray:
    # one product, rounded to float32 once: the same everywhere
    return (tones(800, 2, 16) / 32767).astype(np.float32)


def mixed_floats() -> np.ndarray:
    x = tones(700, 2, 24).astype(np.float32) * np.float32(2.0**-23)
    x[200:400] *= np.float32(2.0**-13)
    return x + noise(700, 2, 9).astype(np.float32) * np.float32(2.0**-34)


def patterns() -> np.ndarray:
    x = (tones(900, 1, 16) / 32768).astype(np.float32)
    x.view(np.uint32)[::225, 0] = [0x7FC12345, 0x80000001, 0x3DFCD6E9, 0x00012345]
    x[50:60] = -0.0
    x[60:63, 0] = [np.inf, -np.inf, np.nan]
    return x


def dithered(frames: int) -> np.ndarray:
    """A second channel that is the first but for dither; rare clicks in both escape."""
    first = tones(frames, 1, 9)[:, 0] // 40
    dither = hashed(2 * frames, 31).reshape(frames, 2) % 3 - 1
    both = np.stack([first, first], axis=1) + dither
    both[frames // 2] += 5000
    both[frames // 3 : frames // 3 + 2] -= 300
    return both


def clustered(frames: int) -> np.ndarray:
    """A quiet tone, amplified by 4.683 and dithered."""
    tone = tones(frames, 1, 8)[:, 0]
    return ((4683 * tone + hashed(frames, 33) % 1201 - 100) // 1000)[:, None]
