"""Entropy model of the cascade against a second one, written from the specification's text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mixture_tools import encode

from nlac.entropy.adaptive_mixture.state import mixture_shared, mixture_state
from nlac.entropy.distributions import tables
from nlac.entropy.value_kernels import set_table
from nlac.entropy.value_sets import plain

pytestmark = pytest.mark.jit

END = 2**24 - 128
G = tables().cumulative[:1025].tolist()
R = [2**25 // (513 + 2 * i) for i in range(256)]
X = [math.floor(4096 * math.exp((i - 256) / 64) + 0.5) for i in range(513)]
FEW = [(0, 4, 16, 1), (0, 2, 16, 0), (0, 9, 16, 0), (0, 4, 10, 1), (0, 4, 27, 1), (0, 6, 16, 0)]
FEW += [(1, 4, 16, 1), (2, 4, 16, 1)]
MANY = [*FEW, *((i, 4, 16, 1) for i in (3, 4, 5)), *((i, 7, 16, 0) for i in range(1, 6))]


def clip(value, low, high):
    return min(max(value, low), high)


def log16(n):
    e = n.bit_length() - 1
    return 16 * e + (((n << 4) >> e) - 16)


class Context:
    """What 11.11.6 learns of small residuals; edges are (mixture, distribution, table)."""

    def __init__(self):
        self.share, self.count = 19661, 0
        self.table = [64 + i * END // 41 for i in range(42)]

    def edge(self, below, residual):
        table = self.table[clip(residual + 20, 0, 41)]
        return (below * (65536 - self.share) + table * self.share) >> 16, below, table

    def learn(self, below, above, residual):
        ours = self.share * (above[2] - below[2])
        theirs = (65536 - self.share) * (above[1] - below[1])
        share = self.share + (((ours << 16) // (ours + theirs + 1) - self.share) >> 5)
        self.share = clip(share, 128, 64512)
        rate = clip(1 + ((3 * self.count.bit_length()) >> 2), 4, 11)
        self.count += 1
        for i in range(1, 41):
            target = 64 + END if i > residual + 20 else 64
            self.table[i] += (target - self.table[i]) >> rate


class Channel:
    """The state of a channel whose reference is itself."""

    def __init__(self, initial, count):
        parts = FEW if count <= 3 else MANY
        self.parts = [part for part in parts if part[0] < count]
        n = len(self.parts)
        self.mean = [initial << 8] * n
        self.share = [2**28 // n] * n
        self.gate = [[0] * n for _ in range(6)]
        self.gain = [65536] * 36
        self.sum, self.last, self.seen = 2**28, initial << 8, 0
        self.contexts = [Context() for _ in range(8)]

    def analyse_block(self, at):
        self.at = at
        middle = log16(self.mean[0] + 65536)
        f = log16(self.mean[1] + 65536) - middle
        s = middle - log16(self.mean[2] + 65536)
        self.x = 6 * clip((f >> 3) + 3, 0, 5) + clip((s >> 3) + 3, 0, 5)
        apart = [abs(at[0] - at[-1]), abs(at[0] - at[min(1, len(at) - 1)])]
        apart = [log16((d << 12) + 65536) - middle + 16 for d in apart]
        error = log16(self.last + 65536) - middle
        self.feature = [clip(v, -32, 32) for v in (f, s, *apart, error, error)]
        self.width, turned = [], []
        for i, (_, _, w, gained) in enumerate(self.parts):
            v = self.mean[i] + 65536
            e = v.bit_length() - 1
            inverse = 2**20 // w
            factor = (self.gain[self.x] * inverse) >> 16 if gained else inverse
            self.width.append(((R[((v << 8) >> e) - 256] * factor) >> 16, e - 9))
            turn = sum(gate[i] * v for gate, v in zip(self.gate, self.feature, strict=True)) >> 18
            turned.append(self.share[i] * X[clip(turn, -256, 256) + 256])
        total = sum(turned)
        n = total.bit_length() - 28
        r = 2**56 // ((total >> n) + 1)
        self.weight = [((t >> n) * r) >> 28 for t in turned]

    def below(self, b):
        found = []
        for (location, *_), (mantissa, shift) in zip(self.parts, self.width, strict=True):
            p = clip((((b - self.at[location]) * mantissa) >> shift) + 131072, 0, 262144)
            c = min(p >> 8, 1023)
            found.append(G[c] + (((G[c + 1] - G[c]) * (p - (c << 8))) >> 8) - 64)
        return found

    def code(self, rank, first, last):
        """Interval and raw bits of a rank of a plain value set."""
        mantissa, shift = self.width[0]
        k = max(0, shift + 16 - mantissa.bit_length() - 19)
        begin, end = rank >> k << k, (rank >> k) + 1 << k
        n = len(self.parts)
        self.left = self.below((begin << 8) - 128) if begin > first else [0] * n
        self.right = self.below((end << 8) - 128) if end <= last else [END] * n

        def whole(below):
            return sum((w >> 12) * b for w, b in zip(self.weight, below, strict=True)) >> 16

        left = whole(self.left) if begin > first else 0
        right = whole(self.right) if end <= last else END
        self.small = None
        if k == 0 and self.mean[2] < 16384 << 8:
            residual = rank - ((self.at[0] + 128) >> 8)
            context = self.contexts[((self.at[0] + 128) & 255) >> 5]
            below = context.edge(left + 64, residual) if rank > first else (64,) * 3
            above = context.edge(right + 64, residual + 1) if rank < last else (64 + END,) * 3
            self.small = context, below, above, residual
            left, right = below[0] - 64, above[0] - 64
        return (left, right - left) if left < right else (END, 128)

    def learn(self, sample):
        y = sample << 8
        if self.small:
            context, *edges = self.small
            context.learn(*edges)
        mantissa, shift = self.width[0]
        error = abs(y - self.at[0])
        gain, ratio = self.gain[self.x], min((error * mantissa) >> shift, 65536)
        self.gain[self.x] = clip(gain - ((gain * (ratio - 8192)) >> 20), 23170, 185364)
        self.last = error << 12
        likelihood = [b - a + 1 for a, b in zip(self.left, self.right, strict=True)]
        joint = [w * p for w, p in zip(self.weight, likelihood, strict=True)]
        n = sum(joint).bit_length() - 28
        r = 2**56 // (sum(joint) >> n)
        leak = 1 if self.sum > 2**28 else -1
        self.seen += 1
        for i, (location, rate, _, _) in enumerate(self.parts):
            surprise = (((joint[i] >> n) * r) >> 28) - self.weight[i]
            share = self.share[i]
            self.share[i] = max(share + (surprise >> 5) - (share >> 10) * leak, 81920)
            for gate, value in zip(self.gate, self.feature, strict=True):
                gate[i] = clip(gate[i] + ((surprise * value + 32768) >> 16), -(2**23), 2**23)
            rate = min(rate, self.seen.bit_length())
            self.mean[i] += ((abs(y - self.at[location]) << 12) - self.mean[i]) >> rate
        self.sum = sum(self.share)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("bits", [6, 16, 32])
def test_kernels_do_what_the_specification_says(count, bits):
    rng = np.random.default_rng(10 * bits + count)
    entry = plain(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    frames = 900
    spread = 2.0 ** (bits * rng.random(9)).repeat(100) / 4
    ranks = np.clip(np.rint(rng.laplace(0, spread)), entry.first, entry.last).astype(np.int64)
    hints = rng.normal(0, 0.3, (frames, count)) * spread[:, None] * 256 + ranks[:, None] * 100
    locations = np.clip(hints, entry.first * 256, entry.last * 256).astype(np.int64)
    state = mixture_state(np.array([5000]), count, [0])
    coded = np.zeros((frames, 2), np.int64)
    words, raw = np.zeros(2 * frames, np.uint32), np.zeros(2 * frames, np.uint32)
    sets = set_table([entry])
    encode(mixture_shared(count), state, sets, locations, ranks, words, raw, coded)
    channel = Channel(5000, count)
    for t in range(frames):
        channel.analyse_block(locations[t].tolist())
        rank = int(ranks[t])
        assert channel.code(rank, entry.first, entry.last) == tuple(coded[t]), t
        channel.learn(rank)
