"""A small encoder and decoder of Layer III granules, in float64 and by the formulas alone.

It makes no streams: granules whose truth is known, and what a decoder would give of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nlac.codec.encoder.origin.layer3.tables import bank
from nlac.predictors.origin.granules import (
    LONG,
    SHORT,
    START,
    STOP,
    Granules,
    bands_of,
    empty_granules,
    table_of,
)

_NEXT = {LONG: (LONG, START), START: (SHORT,), SHORT: (STOP, SHORT), STOP: (LONG, START)}
_ALIAS = np.array([-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037])


def _polyphase():
    """Samples that slots give, (512, 32)."""
    index = np.arange(512)
    phase = index % 32 + 32 * (index // 32 % 2)
    angles = (16 + phase[:, None]) * (2 * np.arange(32) + 1) * np.pi / 64
    return bank().window[:, None] * np.cos(angles)


def _blocks():
    """Lines by windowed samples of each block type, (4, 18, 36), with rows of norm 1."""
    n = np.arange(36)
    sine, short = np.sin(np.pi / 36 * (n + 0.5)), np.sin(np.pi / 12 * (np.arange(12) + 0.5))
    start = np.concatenate([sine[:18], np.ones(6), short[6:], np.zeros(6)])
    long = np.cos(np.pi / 72 * (2 * n + 19) * (2 * np.arange(18)[:, None] + 1))
    blocks = np.zeros((4, 18, 36))
    for kind, window in ((LONG, sine), (START, start), (STOP, start[::-1])):
        blocks[kind] = long * window / 3
    base = np.cos(np.pi / 24 * (2 * np.arange(12) + 7) * (2 * np.arange(6)[:, None] + 1)) * short
    for window in range(3):
        blocks[SHORT, window::3, 6 + 6 * window : 18 + 6 * window] = base / np.sqrt(3)
    return blocks


_POLYPHASE, _BLOCKS = _polyphase(), _blocks()


def _butterflies(lines, sign):
    lines = lines.reshape(32, 18).copy()
    cosine, sine = 1 / np.sqrt(1 + _ALIAS**2), sign * _ALIAS / np.sqrt(1 + _ALIAS**2)
    low, high = lines[:-1, 17:9:-1].copy(), lines[1:, :8].copy()
    lines[:-1, 17:9:-1] = low * cosine - high * sine
    lines[1:, :8] = high * cosine + low * sine
    return lines


def synthesise(lines, types):
    """Samples of a channel from lines (G, 576) in orthonormal units and block types (G,)."""
    count = len(lines)
    slots = np.zeros((18 * (count + 1), 32))
    signs = np.where(np.outer(np.arange(36) % 2, np.arange(32) % 2) == 1, -1, 1)
    for g, kind in enumerate(types):
        mixed = lines[g].reshape(32, 18) if kind == SHORT else _butterflies(lines[g], 1)
        slots[18 * g : 18 * g + 36] += (mixed @ _BLOCKS[kind]).T * signs
    samples = np.zeros(32 * (len(slots) + 15))
    for t, slot in enumerate(slots @ _POLYPHASE.T):
        samples[32 * t : 32 * t + 512] += slot
    return samples


def analyse(samples, types):
    """Lines of each granule; granule g begins at sample 576 g."""
    slots = np.array(
        [samples[32 * t : 32 * t + 512] @ _POLYPHASE for t in range(18 * (len(types) + 1))]
    )
    signs = np.where(np.outer(np.arange(36) % 2, np.arange(32) % 2) == 1, -1, 1)
    result = np.empty((len(types), 576))
    for g, kind in enumerate(types):
        lines = _BLOCKS[kind] @ (slots[18 * g : 18 * g + 36] * signs)
        lines = lines.T.reshape(-1)
        result[g] = (lines if kind == SHORT else _butterflies(lines, -1)).reshape(-1)
    return result


def music(channels, length, seed, loudness=3000.0):
    """Notes with attacks and some noise, (channels, length) float64."""
    random = np.random.default_rng(seed)
    time = np.arange(length)
    result = random.normal(size=(channels, length)) * 0.01 * loudness
    for begin in range(0, length, 5000):
        pitch = 0.01 * 2 ** (random.integers(24) / 12)
        decay = np.exp(-np.maximum(time - begin, 0) / 6000.0) * (time >= begin)
        tone = sum(np.sin(pitch * harmonic * time) / harmonic for harmonic in range(1, 30))
        hit = random.normal(size=length) * np.exp(-np.maximum(time - begin, 0) / 500.0) * 0.2
        pan = random.uniform(0.3, 0.7)
        both = (tone * 0.25 + hit) * decay * loudness
        result += np.array([[pan], [1 - pan]])[:channels] * both
    return result


class Decoded(NamedTuple):
    """What a decoder gave, before rounding, and the truth: sample 576 g begins granule g."""

    samples: np.ndarray
    granules: Granules


def coded(samples, sample_rate, seed, coarseness=0.25):
    """Encode (channels, n) samples and decode them; steps are about so much of a band's level."""
    random = np.random.default_rng(seed)
    channels = len(samples)
    count = samples.shape[1] // 576 - 3
    bands = bands_of(table_of(sample_rate))
    granules = empty_granules(count, channels)
    types = [LONG]
    while len(types) < count:
        following = _NEXT[types[-1]]
        types.append(following[int(len(following) == 2 and random.random() < 0.1)])
    granules.types[:] = np.array(types)[:, None]
    granules.mid_side[:] = random.integers(2, size=count) if channels == 2 else 0
    lines = np.array([analyse(channel, types) for channel in samples])
    for g in range(count):
        own = lines[:, g]
        if granules.mid_side[g]:
            own = np.array([own[0] + own[1], own[0] - own[1]]) / np.sqrt(2)
        given = np.zeros_like(own)
        for channel in range(channels):
            _quantise(own[channel], given[channel], granules, g, channel, bands, coarseness)
        if granules.mid_side[g]:
            given = np.array([given[0] + given[1], given[0] - given[1]]) / np.sqrt(2)
        lines[:, g] = given
    decoded = np.array([synthesise(channel, types) for channel in lines])
    return Decoded(decoded, granules)


def _quantise(lines, given, granules, g, channel, bands, coarseness):
    kind = granules.types[g, channel]
    unit = 32768 * np.sqrt(32.0000148306135 * (3 if kind == SHORT else 9))
    of_line = bands.short if kind == SHORT else bands.long
    used = np.arange(576) < 418  # nothing above 16 kHz
    parity = g % 2
    for band in range(of_line.max() + 1):
        here = (of_line == band) & used
        level = np.sqrt(np.mean(lines[here] ** 2)) if here.any() else 0.0
        if level < 1.0:
            continue
        exponent = int(np.floor(4 * np.log2(max(level * coarseness, 2.0) / unit)))
        exponent -= (exponent + parity) % 2
        step = unit * 2.0 ** (exponent / 4)
        values = np.floor((np.abs(lines[here]) / step) ** 0.75 + 0.4054).astype(np.int64)
        if not values.any():
            continue
        granules.steps[g, channel, band] = exponent
        granules.values[g, channel, here] = np.sign(lines[here]) * values
        given[here] = np.sign(lines[here]) * values ** (4 / 3) * step
