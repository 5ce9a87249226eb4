"""Side data of floats, decoded in the words of the specification."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from floats_tools import DAMAGED, F32, STORED, blocks, music
from hypothesis import given, settings

from nlac.codec.encoder.floats.choice import split


class SlowDecoder:
    """Decodes side data in the words of the specification, with Python's integers."""

    def __init__(self, integers, side):
        self.planes = [[int(k) for k in row] for row in integers.T]
        self.side = side
        self.at = 0
        self.channels = [self.description(len(row)) for row in self.planes]
        self.words = list(np.frombuffer(side, "<u4", offset=self.at).tolist())
        self.taken = 0
        self.low, self.range = 0, 2**64 - 1
        self.point = self.word() << 32 | self.word()

    def word(self):
        self.taken += 1
        return self.words[self.taken - 1] if self.taken <= len(self.words) else 0

    def number(self, form):
        (value,) = struct.unpack_from(form, self.side, self.at)
        self.at += struct.calcsize(form)
        return value

    def varint(self):
        byte = self.number("B")
        return byte if byte < 128 else byte % 128 + 128 * self.varint()

    def description(self, frames):
        flags = self.number("B")
        if flags & 8:
            return (*self.before[:3], bool(flags & 4))
        gain, grids, runs = (1, 0), (0, 0), []
        if flags & 1:
            gain = self.varint(), self.number("<h")
        if flags & 2:
            grids = self.number("B"), self.number("<h")
            for left in range(self.varint(), -1, -1):
                grid = self.number("<h")
                length = self.varint() + 1 if left else frames - len(runs)
                runs += [None if grid == 32767 else grid] * length
        self.before = gain, grids, runs or [None] * frames, bool(flags & 4)
        return self.before

    def quantile(self):
        return (self.point - self.low) % 2**64 // (self.range >> 24)

    def advance(self, begin, size):
        scale = self.range >> 24
        self.low, self.range = (self.low + scale * begin) % 2**64, scale * size
        if self.range < 2**32:
            self.low, self.range = (self.low << 32) % 2**64, self.range << 32
            self.point = (self.point << 32) % 2**64 | self.word()

    def decision(self, *model):
        p, n = self.models.get(model, (2**23, 0))
        if self.quantile() < p:
            self.advance(0, p)
            self.models[model] = p + (2**24 - 256 - p) // (n + 2), min(n + 1, 126)
            return 0
        self.advance(p, 2**24 - p)
        self.models[model] = p - (p - 256) // (n + 2), min(n + 1, 126)
        return 1

    def uniform(self, bits):
        value = self.quantile() >> (24 - bits)
        self.advance(value << (24 - bits), 1 << (24 - bits))
        return value

    def ones(self, name, limit):
        for count in range(limit):
            if not self.decision(name, count):
                return count
        return limit

    @staticmethod
    def to_float(m, e):
        s = max(m.bit_length() - 24, -149 - e)
        if m == 0 or s > 63:
            return 0
        if s > 0:
            m, r = m >> s, m % (1 << s)
            m += r > 1 << (s - 1) or (r == 1 << (s - 1) and m % 2)
        else:
            m <<= -s
        return (e + s + 149) * 2**23 + m

    def plain(self, k, grid, gain, zeros, floor):
        sign = 2**31 if k < 0 else 0
        if grid is None:
            return sign | self.to_float(abs(k) * gain[0], gain[1])
        if k:
            e = max(grid + abs(k).bit_length() - 24, -149)
            if e >= grid:
                return sign | self.to_float(abs(k), grid)
            b = max(grid - e - max(zeros, floor - e), 0)
            v = 0
            if b:
                v = self.decision("exact", b, self.exact)
                self.exact = 2 * (self.exact % 2) + v
            if v and b > 1:
                f = 2**24 // (2**b - 1)
                v = self.quantile() // f + 1
                self.advance((v - 1) * f, f)
            return sign | self.to_float((abs(k) << (grid - e)) + (v << (grid - e - b)), e)
        inexact = self.decision("zero", self.zero)
        self.zero = 2 * (self.zero % 2) + inexact
        if not inexact:
            return 0
        sign = self.decision("sign", 0 if self.last == 0 else 1 if self.last > 0 else 2) << 31
        j = self.ones("octave", 24)
        if j == 24:
            j += self.uniform(9)
        p = grid - 1 - j
        w = min(p + 149, 23)
        b = max(w - max(zeros, floor - p + w), 0)
        return sign | self.to_float((1 << w) + (self.uniform(b) << (w - b)), p - w)

    def sample(self, k, grid, gain, grids, exceptions):
        before, self.kind = self.kind, 0
        if exceptions and self.decision("plain", before, k == 0):
            if k == 0 and not self.decision("negative zero", before):
                self.kind = 1
                return 2**31
            if grid is None and not self.decision("near", before):
                self.kind = 2
                less = self.decision("delta sign")
                m = self.ones("delta", 7)
                delta = 2**m + self.uniform(m)
                return self.plain(k, grid, gain, *grids) + (-delta if less else delta)
            self.kind = 3
            if self.decision("same"):
                self.stored = self.uniform(16) << 16
                self.stored |= self.uniform(16)
            return self.stored
        return self.plain(k, grid, gain, *grids)

    def decode(self):
        out = []
        for plane, (gain, grids, runs, exceptions) in zip(self.planes, self.channels, strict=True):
            self.models = {}
            self.kind = self.stored = self.last = self.exact = self.zero = 0
            for k, grid in zip(plane, runs, strict=True):
                out.append(self.sample(k, grid, gain, grids, exceptions))
                self.last = k
        assert self.taken - len(self.words) in (0, 1) or not self.words
        return np.array(out, np.uint32).reshape(len(self.planes), -1).T


@settings(max_examples=60, deadline=None)
@given(blocks)
def test_specification_any_patterns(bits):
    integers, side = split(bits.view(F32))
    np.testing.assert_array_equal(SlowDecoder(integers, side).decode().reshape(bits.shape), bits)


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_specification(name):
    np.testing.assert_array_equal(
        SlowDecoder(*STORED[name]).decode(), DAMAGED[name].view(np.uint32)
    )


def test_specification_runs():
    wave = music(36000, 16) / 32768 * np.exp2(-np.arange(36000) / 900)[:, None]
    samples = wave.astype(F32)
    integers, side = split(samples)
    decoder = SlowDecoder(integers, side)
    assert len({*decoder.channels[0][2]}) > 1
    np.testing.assert_array_equal(decoder.decode(), samples.view(np.uint32))
