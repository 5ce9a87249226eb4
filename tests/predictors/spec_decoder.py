"""The generic block decoded a second time, word for word after the spec, with no code of nlac."""

from __future__ import annotations

import struct
from pathlib import Path

import nlac

NUMBERS = Path(nlac.__file__).parent.joinpath("bitstream", "distribution.bin").read_bytes()
TABLE = struct.unpack_from("<7175i", NUMBERS)
DOWN = struct.unpack_from("<16i", NUMBERS, 4 * (7 * 1025 + 6))


def cumulative(part, b):
    location, scale, shape, _ = part
    position = ((b - location) * DOWN[scale & 15]) >> (7 + (scale >> 4))
    if position <= -131072:
        return 64
    if position >= 131072:
        return 2**24 - 64
    p = position + 131072
    at = shape * 1025 + (p >> 8)
    return TABLE[at] + (((TABLE[at + 1] - TABLE[at]) * (p & 255)) >> 8)


class Words:
    def __init__(self, data):
        self.words = struct.unpack(f"<{len(data) // 4}I", data)
        self.read = 0
        self.lower, self.range = 0, 2**64 - 1
        self.point = self.word() << 32
        self.point |= self.word()

    def word(self):
        self.read += 1
        return self.words[self.read - 1] if self.read <= len(self.words) else 0

    def quantile(self):
        q = (self.point - self.lower) % 2**64 // (self.range >> 24)
        assert q < 2**24
        return q

    def take(self, c, f):
        scale = self.range >> 24
        self.range = scale * f
        self.lower = (self.lower + scale * c) % 2**64
        if self.range < 2**32:
            self.range <<= 32
            self.lower = (self.lower << 32) % 2**64
            self.point = (self.point << 32) % 2**64 + self.word()
            assert self.read <= len(self.words) + 1

    def raw(self, bits):
        value = 0
        for at in range(0, bits, 16):
            m = min(16, bits - at)
            g = self.quantile() >> (24 - m)
            self.take(g << (24 - m), 1 << (24 - m))
            value += g << at
        return value


def decode_value(words, mixture, low, high):
    k = max(0, (min(part[1] for part in mixture) >> 4) - 10)

    def edge(number):
        if number <= low >> k:
            return 0
        if number > high >> k:
            return 2**24 - 128
        b = (number << (8 + k)) - 128
        return (sum(part[3] * cumulative(part, b) for part in mixture) >> 16) - 64

    q = words.quantile()
    if q >= 2**24 - 128:
        words.take(2**24 - 128, 128)
        return low + words.raw((high - low).bit_length())
    below, above = low >> k, (high >> k) + 1
    while above - below > 1:
        middle = (below + above) // 2
        if edge(middle) <= q:
            below = middle
        else:
            above = middle
    words.take(edge(below), edge(below + 1) - edge(below))
    return (below << k) + words.raw(k)


def decode(payload, channels, frames, predictor):
    """Samples of each channel, as lists."""
    ends = list(struct.iter_unpack("<ii", payload[: 8 * channels]))
    words = Words(payload[8 * channels :])
    samples = [[] for _ in range(channels)]
    predictor.start(channels, 16, 8000)
    for _ in range(frames):
        for c, (low, high) in enumerate(ends):
            mixture = predictor.predict(c)
            v = decode_value(words, mixture, low, high) if low < high else low
            assert low <= v <= high
            predictor.update(c, v)
            samples[c].append(v)
    assert len(words.words) <= words.read <= len(words.words) + 2
    return samples
