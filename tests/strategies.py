"""Signals that are hard on a codec, each from a seed, and Hypothesis strategies over them.

Every generator takes a random generator, frames, channels and bits per sample, and returns
int32 of shape (frames, channels) with values that fit. `SIGNALS` names them all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Signal = Callable[[np.random.Generator, int, int, int], Ints]

SIGNALS: dict[str, Signal] = {}

# lengths around the edges of what the codec cuts audio into, primes, and the shortest
LENGTHS = (1, 2, 3, 5, 7, 17, 31, 127, 255, 256, 257, 509, 511, 512, 513, 1021, 1024, 1031, 2053)
RATE = 8000


class Recording(NamedTuple):
    """Samples, how many bits they have, and what they are."""

    samples: Ints
    bits: int
    name: str


def limits(bits: int) -> tuple[int, int]:
    """Smallest and largest sample."""
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def fit(values: NDArray[Any], bits: int) -> Ints:
    """Round and clip to the range of the bits."""
    low, high = limits(bits)
    return np.rint(values).clip(low, high).astype(np.int64).astype(np.int32)


def _signal(function: Signal) -> Signal:
    SIGNALS[function.__name__] = function
    return function


@_signal
def silence(rng, frames, channels, bits):
    return np.zeros((frames, channels), np.int32)


@_signal
def direct_current(rng, frames, channels, bits):
    low, high = limits(bits)
    return np.tile(rng.integers(low, high + 1, channels), (frames, 1)).astype(np.int32)


@_signal
def extremes(rng, frames, channels, bits):
    return rng.choice(limits(bits), (frames, channels)).astype(np.int32)


@_signal
def nyquist_square(rng, frames, channels, bits):
    low, high = limits(bits)
    odd = (np.arange(frames)[:, None] + np.arange(channels)) % 2
    return np.where(odd == 0, low, high).astype(np.int32)


@_signal
def slow_square(rng, frames, channels, bits):
    low, high = limits(bits)
    half = int(rng.integers(2, 200))
    return np.where(np.arange(frames) // half % 2, low, high)[:, None].repeat(channels, 1).astype(
        np.int32
    )


@_signal
def noise(rng, frames, channels, bits):
    low, high = limits(bits)
    return rng.integers(low, high + 1, (frames, channels)).astype(np.int32)


@_signal
def quiet_noise(rng, frames, channels, bits):
    return fit(rng.normal(0, 1.5, (frames, channels)), bits)


@_signal
def sine(rng, frames, channels, bits):
    t = np.arange(frames)[:, None]
    phase = rng.uniform(0, 6, channels)
    return fit(0.9 * limits(bits)[1] * np.sin(rng.uniform(0.001, 3) * t + phase), bits)


@_signal
def music(rng, frames, channels, bits):
    """Partials that fade, and noise: what a codec is made for."""
    t = np.arange(frames)[:, None]
    wave = np.zeros((frames, channels))
    for frequency in (0.02, 0.031, 0.057, 0.13, 0.4):
        wave += np.sin(frequency * t + rng.uniform(0, 6, channels)) * np.exp(-t * frequency / 100)
    return fit(limits(bits)[1] * (wave / 6 + rng.normal(0, 0.003, wave.shape)), bits)


@_signal
def sparse_histogram(rng, frames, channels, bits):
    """Few values, at uneven distances."""
    x = music(rng, frames, channels, 6).astype(np.float64)
    return fit(np.sign(x) * np.abs(x) ** 1.7 * limits(bits)[1] / 400, bits)


@_signal
def empty_low_bits(rng, frames, channels, bits):
    drop = int(rng.integers(0, bits))
    return (music(rng, frames, channels, bits - drop).astype(np.int64) << drop).astype(np.int32)


@_signal
def fractional_grid(rng, frames, channels, bits):
    """``floor(a k + b)``: quantised first, then scaled."""
    step = float(rng.uniform(1.3, 700))
    x = music(rng, frames, channels, 16) / 2**15 * limits(bits)[1] / step
    return fit(np.floor(np.rint(x) * step + rng.uniform(0, step)), bits)


@_signal
def identical_channels(rng, frames, channels, bits):
    return music(rng, frames, 1, bits).repeat(channels, 1)


@_signal
def flipped_channels(rng, frames, channels, bits):
    """Each channel the negative of its neighbour, and off by a little."""
    x = music(rng, frames, 1, bits).astype(np.int64)
    signs, offsets = (-1) ** np.arange(channels), rng.integers(-1, 2, channels)
    return fit(x * signs + offsets, bits)


@_signal
def related_channels(rng, frames, channels, bits):
    """The same sound everywhere, late and at other levels."""
    x = music(rng, frames + 64, 1, bits)[:, 0] * 0.7
    gains = rng.uniform(-1, 1, channels)
    late = np.stack([x[64 - c % 64 : 64 - c % 64 + frames] for c in range(channels)], axis=1)
    return fit(late * gains + rng.normal(0, 2, (frames, channels)), bits)


@_signal
def clipped(rng, frames, channels, bits):
    low, high = limits(bits)
    x = music(rng, frames, channels, bits) * 4.0
    return fit(x.clip(0.8 * low, 0.8 * high), bits)


@_signal
def repeated_loop(rng, frames, channels, bits):
    length = max(1, min(frames, int(rng.integers(400, 900))))
    loop = fit(np.cumsum(rng.normal(0, limits(bits)[1] / 99, (length, channels)), axis=0), bits)
    return np.tile(loop, (-(-frames // length), 1))[:frames]


@_signal
def bursts(rng, frames, channels, bits):
    """Digital silence, and full-scale noise now and then."""
    on = rng.random(-(-frames // 64)) < 0.3
    return noise(rng, frames, channels, bits) * on.repeat(64)[:frames, None].astype(np.int32)


@_signal
def impulses(rng, frames, channels, bits):
    x = np.zeros((frames, channels), np.int32)
    x[rng.random((frames, channels)) < 0.01] = limits(bits)[0]
    return x


@_signal
def heavy_tails(rng, frames, channels, bits):
    return fit(rng.standard_cauchy((frames, channels)) * limits(bits)[1] / 1e4, bits)


@_signal
def ramp(rng, frames, channels, bits):
    """Every value in turn, wrapping around."""
    start = np.arange(frames)[:, None] * int(rng.integers(1, 9)) + rng.integers(0, 99, channels)
    return (start % (1 << bits) - (1 << (bits - 1))).astype(np.int32)


def make(name: str, frames: int, channels: int = 2, bits: int = 16, seed: int = 0) -> Ints:
    """One signal, from its name and a seed."""
    samples = SIGNALS[name](np.random.default_rng(seed), frames, channels, bits)
    assert samples.dtype == np.int32
    assert samples.shape == (frames, channels)
    return np.ascontiguousarray(samples)


def joined(names: tuple[str, ...], frames: int, channels: int, bits: int, seed: int = 0) -> Ints:
    """Signals one after another."""
    return np.concatenate([make(name, frames, channels, bits, seed) for name in names])


@st.composite
def recordings(
    draw: st.DrawFn,
    lengths: st.SearchStrategy[int] | None = None,
    channels: st.SearchStrategy[int] | None = None,
    bits: st.SearchStrategy[int] | None = None,
) -> Recording:
    """Any signal of any depth, most of them short; or two signals, one after the other."""
    names = draw(st.lists(st.sampled_from(sorted(SIGNALS)), min_size=1, max_size=2))
    frames = draw(lengths if lengths is not None else st.sampled_from(LENGTHS))
    width = draw(channels if channels is not None else st.sampled_from([1, 1, 2, 2, 2, 3, 6, 8]))
    depth = draw(bits if bits is not None else st.integers(1, 32))
    seed = draw(st.integers(0, 2**16))
    samples = joined(tuple(names), frames, width, depth, seed)
    return Recording(samples, depth, "+".join(names))


@st.composite
def short_recordings(draw: st.DrawFn) -> Recording:
    """A few samples of which each is Hypothesis's own choice."""
    bits = draw(st.integers(1, 32))
    channels = draw(st.integers(1, 3))
    low, high = limits(bits)
    sample = st.integers(low, high) | st.sampled_from([low, high, 0, max(low, -1)])
    frames = draw(st.lists(st.tuples(*[sample] * channels), min_size=1, max_size=24))
    return Recording(np.array(frames, np.int64).astype(np.int32), bits, "drawn")


def float_patterns() -> st.SearchStrategy[NDArray[np.float32]]:
    """float32 of any bits: NaNs with payloads, infinities, denormals, signed zeros."""
    special = st.sampled_from(
        [0, 0x80000000, 1, 0x7F800000, 0xFF800000, 0x7FC00001, 0xFFFFFFFF, 0x3F800000, 0x7F7FFFFF]
    )
    return st.lists(special | st.integers(0, 2**32 - 1), min_size=1, max_size=40).map(
        lambda patterns: np.array(patterns, np.uint32).view(np.float32).reshape(-1, 1)
    )
