"""Payloads of predictor 1 and side data of floats decoded a second time, following the spec.

Nothing of nlac runs here but for the table file, which is an attachment of the spec.
Plain Python integers, so bounds are asserted where the spec gives widths.
"""

from __future__ import annotations

import struct
from itertools import accumulate, pairwise
from pathlib import Path

import nlac

NUMBERS = struct.unpack(
    "<7213i", Path(nlac.__file__).parent.joinpath("bitstream", "distribution.bin").read_bytes()
)
ROWS = [NUMBERS[1025 * shape : 1025 * (shape + 1)] for shape in range(7)]
LIMITS, DOWN = NUMBERS[7175:7181], NUMBERS[7181:7197]
ORDERS = (0, 2, 4, 10, 18, 34, 66, 130, 258)
LONG_FRAMES = (0, 4, 8, 16, 32)
GROUP_STARTS = (0, 1, 2, 3, 4, 6, 10, 18, 34, 66, 130)
FULL = 1 << 24


def clip(x, low, high):
    return min(max(x, low), high)


def wide(x):
    assert -(2**63) <= x < 2**63
    return x


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        assert self.at + count <= len(self.data)
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self):
        return self.take(1)[0]

    def varint(self, low=0, high=2**64 - 1):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                assert low <= value <= high
                return value

    def svarint(self):
        value = self.varint()
        return -((value + 1) >> 1) if value & 1 else value >> 1

    def words(self, count):
        return struct.unpack(f"<{count}I", self.take(4 * count))


class RangeDecoder:
    def __init__(self, words):
        self.words, self.read = words, 0
        self.lower, self.range = 0, 2**64 - 1
        self.point = self.word() << 32
        self.point |= self.word()

    def word(self):
        self.read += 1
        return self.words[self.read - 1] if self.read <= len(self.words) else 0

    def quantile(self):
        q = (self.point - self.lower) % 2**64 // (self.range >> 24)
        assert q < FULL
        return q

    def take(self, c, f):
        assert f > 0
        scale = self.range >> 24
        self.range = scale * f
        self.lower = (self.lower + scale * c) % 2**64
        if self.range < 2**32:
            self.range <<= 32
            self.lower = (self.lower << 32) % 2**64
            self.point = (self.point << 32) % 2**64 + self.word()

    def symbol(self, frequencies):
        q, c = self.quantile(), 0
        for number, f in enumerate(frequencies):
            if q < c + f:
                self.take(c, f)
                return number
            c += f
        raise AssertionError


class RawBits:
    def __init__(self, words):
        self.bits, self.size, self.at = sum(w << 32 * i for i, w in enumerate(words)), len(words), 0

    def take(self, count):
        self.at += count
        return (self.bits >> (self.at - count)) & ((1 << count) - 1)


def cumulative(shape, scale, distance):
    position = wide(distance * DOWN[scale & 15]) >> (7 + (scale >> 4))
    if position <= -131072:
        return 64
    if position >= 131072:
        return FULL - 64
    p = position + 131072
    left, right = ROWS[shape][p >> 8], ROWS[shape][(p >> 8) + 1]
    return left + (((right - left) * (p & 255)) >> 8)


def log16(n):
    octave = n.bit_length() - 1
    return 16 * octave + ((n << 4) >> octave) - 16


# value sets


class Set:
    def __init__(self, source):
        self.kind = source.varint(0, 2)
        if self.kind == 2:
            low, span = source.svarint(), source.varint(1, 2**18)
            assert low >= -(2**31)
            assert low + span <= 2**31
            length = source.varint()
            assert length % 4 == 0
            bits = bitmap(RangeDecoder(source.words(length // 4)), span)
            assert bits[0]
            assert bits[-1]
            self.values = [low + i for i, bit in enumerate(bits) if bit]
            self.first, self.last = 0, len(self.values) - 1
            return
        self.first = source.svarint()
        self.last = self.first + source.varint()
        assert self.first >= -(2**31)
        assert self.last < 2**31
        if self.kind == 1:
            self.step, self.offset = source.varint(2**24, 2**56 - 1), source.svarint()
            assert abs(self.offset) < 2**55
        assert self.value(self.first) >= -(2**31)
        assert self.value(self.last) < 2**31

    def value(self, rank):
        assert self.first <= rank <= self.last
        if self.kind == 0:
            return rank
        if self.kind == 1:
            return wide(self.step * rank + self.offset) >> 24
        return self.values[rank]

    @property
    def spread(self):
        if self.kind == 1:
            return (self.step >> 24).bit_length() - 1
        if self.kind == 2 and self.first < self.last:
            pairs = zip(self.values, self.values[1:], strict=False)
            return min(b - a for a, b in pairs).bit_length() - 1
        return 0

    def boundary(self, rank):
        return (self.value(rank - 1) + self.value(rank)) << 7 if self.kind else 256 * rank - 128

    def nearest(self, y):
        low, high = self.first, self.last
        while low < high:
            middle = (low + high + 1) >> 1
            if self.boundary(middle) <= y:
                low = middle
            else:
                high = middle - 1
        return low


def bitmap(coder, count):
    ones, bits = [2**15] * 34, []
    for i in range(count):
        context = 2 * sum(bits[max(i - 16, 0) :]) + (bits[-1] if bits else 0)
        split = ones[context] << 8
        bit = int(coder.quantile() < split)
        coder.take(*((0, split) if bit else (split, FULL - split)))
        ones[context] += (65536 - ones[context]) >> 5 if bit else -(ones[context] >> 5)
        bits.append(bit)
    return bits


# side information


def histogram_frequencies(weights):
    total, count = sum(weights), len(weights)
    edges = [w * (FULL - count) // total + i for i, w in enumerate(accumulate(weights, initial=0))]
    return [b - a for a, b in pairwise(edges)]


def laplace_frequencies(scale):
    low = max(0, (scale >> 4) - 7)
    inner = [cumulative(4, scale, ((j << low) << 8) - 128) for j in range(-255, 256)]
    edges = [((e * (FULL - 512)) >> 24) + i for i, e in enumerate([0, *inner, FULL])]
    return [b - a for a, b in pairwise(edges)]


def symbols(coder, count, weights):
    used = [i for i, w in enumerate(weights) if w]
    if not weights:
        return [0] * count
    assert used
    if len(used) == 1:
        return used * count
    frequencies = histogram_frequencies(weights)
    return [coder.symbol(frequencies) for _ in range(count)]


def integers(coder, raw, count, scale):
    low, frequencies = max(0, (scale >> 4) - 7), laplace_frequencies(scale)
    out = []
    for s in [coder.symbol(frequencies) for _ in range(count)]:
        if s in (0, 511):
            out.append(raw.take(24) - 2**23)
        else:
            out.append(((s - 256) << low) + raw.take(low))
    return out


class Layout:
    def __init__(self, source, frames, channels, num_sets):
        self.reference, self.delay, self.initial = [], [], []
        for c in range(channels):
            self.reference.append(source.varint(0, channels) - 1)
            assert self.reference[c] != c
            self.delay.append(source.varint(0, 64))
            self.initial.append(1 << source.varint(0, 44))
        total = frames + max(self.delay)
        count = source.varint(1, total // 256 + 1)
        weights = []
        for limit in (9, 9, 5, 16, 3, num_sets):
            size = source.byte()
            assert size <= limit
            weights.append(source.take(size))
        bases = source.take(12)
        lag_bytes, num_words, num_raw = source.varint(), source.varint(), source.varint()
        lags = Bytes(source.take(lag_bytes))
        coder, raw = RangeDecoder(source.words(num_words)), RawBits(source.words(num_raw))
        logs = symbols(coder, count, weights[0])
        orders = [ORDERS[s] for s in symbols(coder, count * channels, weights[1])]
        longs = [LONG_FRAMES[s] for s in symbols(coder, count * channels, weights[2])]
        self.shift = [4 + s for s in symbols(coder, count * channels, weights[3])]
        kinds = symbols(coder, count, weights[4])
        self.sets = symbols(coder, count * channels, weights[5])
        ends = list(accumulate(256 << n for n in logs))
        assert ends[-1] >= total
        assert (count == 1 or ends[-2] < total)
        self.ends = [*ends[:-1], total]
        self.lag, last = [], 0
        for k, kind in enumerate(kinds):
            if kind == 2:
                last = lags.varint(32, total)
            self.lag.append(last if kind else 0)
            start = self.ends[k - 1] if k else 0
            assert not kind or 0 < last <= start + 992
            assert kind or not any(longs[k * channels : (k + 1) * channels])
        self.near, self.far, groups = [], [], [[] for _ in range(12)]
        for cell in range(count * channels):
            width = 2 if self.reference[cell % channels] >= 0 else 1
            near, far = [0] * orders[cell], [0] * (width * longs[cell])
            for i in range(len(near)):
                place = len(near) - 1 - i
                group = max(g for g, first in enumerate(GROUP_STARTS) if first <= place)
                groups[group].append((near, i, self.shift[cell]))
            groups[11] += [(far, i, self.shift[cell]) for i in range(len(far))]
            self.near.append(near)
            self.far.append(far)
        for group, base in zip(groups, bases, strict=True):
            for shift in sorted({entry[2] for entry in group}):
                mine = [entry for entry in group if entry[2] == shift]
                scale = clip(8 * base + 16 * (shift - 16), 0, 447)
                numbers = integers(coder, raw, len(mine), scale)
                limit = 1 << (15 + min(shift, 8))
                assert all(-limit <= number < limit for number in numbers)
                for (window, i, _), number in zip(mine, numbers, strict=True):
                    window[i] = number


# samples


class Channel:
    """Samples and adaptive state of a coded channel."""

    def __init__(self, initial):
        self.x = {}  # by delayed frame; all others are 0
        self.means = [initial] * 3
        self.correction, self.peak, self.shape = [0] * 144, [44448] * 144, [2] * 144

    def context(self):
        fast, middle, slow = (log16(mean + 256) for mean in self.means)
        a = clip(((fast - middle) >> 3) + 6, 0, 11)
        b = clip(((middle - slow) >> 3) + 6, 0, 11)
        x = 12 * a + b
        return x, clip(middle + (self.correction[x] >> 10) - 128, 0, 607)

    def learn(self, x, scale, error):
        for i, speed in enumerate((2, 4, 7)):
            self.means[i] += ((error << 4) - self.means[i]) >> speed
        ratio = min(wide(error * DOWN[scale & 15]) >> (7 + (scale >> 4)), 65536)
        self.correction[x] = clip(self.correction[x] + ((ratio - 8192) >> 5), -24576, 24576)
        self.peak[x] += (8 * min(ratio, 8192) - self.peak[x]) >> 8
        self.shape[x] = sum(self.peak[x] < limit for limit in LIMITS)


def predict(layout, channels, cell, c, t, lag, values):
    own, other = channels[c].x, None
    if layout.reference[c] >= 0:
        other = channels[layout.reference[c]].x
    near, far, total = layout.near[cell], layout.far[cell], 0
    if other is None:
        line = [own.get(t - len(near) + i, 0) for i in range(len(near))]
        line += [own.get(t - lag - len(far) // 2 + i, 0) for i in range(len(far))]
    else:

        def at(i):  # the interleaved sequence: 2 u is the reference at u, 2 u + 1 the channel
            return (own if i & 1 else other).get(i >> 1, 0)

        end = 2 * t + (layout.reference[c] < c)
        line = [at(end - len(near) + i) for i in range(len(near))]
        line += [at(2 * (t - lag) - len(far) // 2 + i) for i in range(len(far))]
    for weight, sample in zip(near + far, line, strict=True):
        total = wide(total + weight * sample)
    shift = layout.shift[cell]
    mu = wide(total << 8 - shift) if shift < 8 else wide(total + (1 << shift - 8 >> 1)) >> shift - 8
    return clip(mu, values.value(values.first) << 8, values.value(values.last) << 8)


def range_sample(coder, raw, state, values, mu):
    x, scale = state.context()
    shape, low_bits = state.shape[x], max(0, (scale >> 4) - 10 - values.spread)
    base = 0
    if values.kind == 0 and scale >= 112:
        base = (mu + 128) >> 8
        mu = base << 8
    first, last = (values.first - base) >> low_bits, (values.last - base) >> low_bits

    def edge(number):
        if number <= first:
            return 0
        if number > last:
            return FULL
        return cumulative(shape, scale, values.boundary(base + (number << low_bits)) - mu)

    q = coder.quantile()
    low, high = first, last
    while low < high:
        middle = (low + high + 1) >> 1
        if edge(middle) <= q:
            low = middle
        else:
            high = middle - 1
    left, right = edge(low), edge(low + 1)
    lower, upper = edge(first + 1) <= 64, edge(last) >= FULL - 64
    if (q < 64 and lower) or (q >= FULL - 64 and upper):
        coder.take(0 if q < 64 else FULL - 64, 64)
        rank = values.first + raw.take((values.last - values.first).bit_length())
    else:
        coder.take(left, right - left)
        rank = base + (low << low_bits) + raw.take(low_bits)
    assert values.first <= rank <= values.last
    sample = values.value(rank)
    state.learn(x, scale, abs(256 * sample - mu))
    return sample


def rice_sample(raw, state, values, mu):
    base = values.nearest(mu)
    bits = min((max((31 * state.means[1]) >> 16, 1)).bit_length() - 1, 30)
    quotient = 0
    while quotient < 24 and raw.take(1):
        quotient += 1
    if quotient < 24:
        folded = (quotient << bits) + raw.take(bits)
        rank = base + (-((folded + 1) >> 1) if folded & 1 else folded >> 1)
    else:
        rank = values.first + raw.take((values.last - values.first).bit_length())
    assert values.first <= rank <= values.last
    state.means[1] += ((abs(rank - base) << 12) - state.means[1]) >> 4
    return values.value(rank)


def decode_lpc(data, frames, count):
    """Samples of the coded channels, as lists."""
    source = Bytes(data)
    rice = source.varint(0, 1)
    places = [source.varint(0, count - 1) for _ in range(count)]
    assert sorted(places) == list(range(count))
    sets = [Set(source) for _ in range(source.varint(1, 255))]
    layout = Layout(source, frames, count, len(sets))
    coder = None if rice else RangeDecoder(source.words(source.varint()))
    raw = RawBits(source.words((len(data) - source.at) // 4))
    assert source.at == len(data)
    channels = [Channel(initial) for initial in layout.initial]
    t = 0
    for k, end in enumerate(layout.ends):
        while t < end:
            for c, state in enumerate(channels):
                if not 0 <= t - layout.delay[c] < frames:
                    continue
                cell = k * count + c
                values = sets[layout.sets[cell]]
                mu = predict(layout, channels, cell, c, t, layout.lag[k], values)
                if rice:
                    state.x[t] = rice_sample(raw, state, values, mu)
                else:
                    state.x[t] = range_sample(coder, raw, state, values, mu)
            t += 1
    assert (raw.at + 31) // 32 == raw.size
    assert coder is None or len(coder.words) <= coder.read <= len(coder.words) + 2
    out = [[]] * count
    for place, state, delay in zip(places, channels, layout.delay, strict=True):
        out[place] = [state.x[u + delay] for u in range(frames)]
    return out


def decode(payload, frames, num_channels, bits_per_sample):
    """Samples of the payload of an integer block, a list for each channel."""
    source = Bytes(payload)
    mode = source.byte()
    if mode == 0:
        width = (bits_per_sample + 7) // 8
        numbers = [
            int.from_bytes(payload[i : i + width], "little", signed=True)
            for i in range(1, len(payload), width)
        ]
        return [numbers[c::num_channels] for c in range(num_channels)]
    assert mode == 1
    entries = []
    for _ in range(num_channels):
        kind = source.varint(0, 3)
        number = (source.varint(1, 2**32 - 1) if kind == 3 else source.varint()) if kind else 0
        entries.append((kind, number, source.svarint()))
        assert abs(entries[-1][2]) <= 2**34
    count = sum(kind == 3 for kind, _, _ in entries)
    coded = iter(decode_lpc(source.take(len(payload) - source.at), frames, count) if count else [])
    out = []
    for kind, number, offset in entries:
        if kind == 0:
            out.append([offset] * frames)
        elif kind == 3:
            out.append([number * y + offset for y in next(coded)])
        else:
            assert number < len(out)
            assert entries[number][0] == 3
            out.append([(x if kind == 1 else -x) + offset for x in out[number]])
    return out


# floats


class Decisions:
    """Models and the range coder of side data."""

    def __init__(self, coder):
        self.coder, self.models, self.any = coder, {}, False

    def decide(self, *name):
        p, n = self.models.get(name, (2**23, 0))
        bit = int(self.coder.quantile() >= p)
        self.coder.take(*((p, FULL - p) if bit else (0, p)))
        p += -((p - 256) // (n + 2)) if bit else (FULL - 256 - p) // (n + 2)
        self.models[name], self.any = (p, min(n + 1, 126)), True
        return bit

    def uniform(self, bits):
        v = self.coder.quantile() >> (24 - bits)
        self.coder.take(v << (24 - bits), 1 << (24 - bits))
        return v

    def ones(self, name, most):
        count = 0
        while count < most and self.decide(name, count):
            count += 1
        return count


def nearest_float(m, exponent):
    assert m < 2**63
    if m == 0:
        return 0
    s = max(m.bit_length() - 24, -149 - exponent)
    if s > 63:
        return 0
    if s > 0:
        r, m = m % (1 << s), m >> s
        m += r > 1 << (s - 1) or (r == 1 << (s - 1) and m & 1)
    else:
        m <<= -s
    bits = ((exponent + s + 149) << 23) + m
    assert bits < 0x7F800000
    return bits


def float_channel(source, frames):
    """Flags, gain and grids of a channel description, and its runs as (end, grid or None)."""
    flags = source.byte()
    assert flags < 16
    if flags & 8:
        assert not flags & 3
        return flags, None, None, None
    assert flags & 3
    gain, grids, runs = None, None, [(frames, None)]
    if flags & 1:
        gain = source.varint(1, 2**40 - 1), *struct.unpack("<h", source.take(2))
        assert -256 <= gain[1] <= 128
    if flags & 2:
        grids = struct.unpack("<Bh", source.take(3))
        assert grids[0] <= 23
        assert -149 <= grids[1] <= 128
        more, runs, end = source.varint(), [], 0
        for number in range(more + 1):
            (grid,) = struct.unpack("<h", source.take(2))
            assert -149 <= grid <= 128 or (grid == 32767 and gain)
            end = end + 1 + source.varint() if number < more else frames
            assert end < frames or number == more
            runs.append((end, None if grid == 32767 else grid))
    return flags, gain, grids, runs


def grid_sample(decisions, k, before, grid, grids, history):
    zeros, floor = grids
    if k:
        exponent = max(grid + abs(k).bit_length() - 24, -149)
        sign = 0x80000000 if k < 0 else 0
        if exponent >= grid:
            return sign + nearest_float(abs(k), grid)
        b, v = max(grid - exponent - max(zeros, floor - exponent), 0), 0
        if b > 0:
            v = decisions.decide("EXACT", b, history["exact"])
            history["exact"] = 2 * (history["exact"] % 2) + v
            if v and b > 1:
                f = FULL // (2**b - 1)
                v = decisions.coder.quantile() // f + 1
                assert v < 2**b
                decisions.coder.take((v - 1) * f, f)
        m = (abs(k) << (grid - exponent)) + (v << (grid - exponent - b))
        return sign + nearest_float(m, exponent)
    other = decisions.decide("ZERO", history["zero"])
    history["zero"] = 2 * (history["zero"] % 2) + other
    if not other:
        return 0
    sign = decisions.decide("SIGN", 0 if before == 0 else 1 if before > 0 else 2)
    j = decisions.ones("OCTAVE", 24)
    if j == 24:
        j += decisions.uniform(9)
    p = grid - 1 - j
    assert p >= -149
    w = min(p + 149, 23)
    b = max(w - max(zeros, floor - p + w), 0)
    r = decisions.uniform(b)
    return (sign << 31) + nearest_float((1 << w) + (r << (w - b)), p - w)


def decode_floats(side, planes, frames):
    """Bits of the floats of each channel, as lists."""
    source, described = Bytes(side), []
    for _ in planes:
        flags, *rest = float_channel(source, frames)
        described.append((flags, *(described[-1][1:] if flags & 8 else rest)))
    words = source.words((len(side) - source.at) // 4)
    assert source.at == len(side)
    decisions = Decisions(RangeDecoder(words))
    out = []
    for plane, (flags, gain, grids, runs) in zip(planes, described, strict=True):
        decisions.models.clear()
        kind = stored = before = run = 0
        history, floats = {"exact": 0, "zero": 0}, []
        for t, k in enumerate(plane):
            run += t == runs[run][0]
            grid, last = runs[run][1], kind

            def scaled(k=k, gain=gain):
                return (0x80000000 if k < 0 else 0) + nearest_float(abs(k) * gain[0], gain[1])

            kind = 0
            if flags & 4 and decisions.decide("PLAIN", last, int(k == 0)):
                if k == 0 and not decisions.decide("NEGATIVE_ZERO", last):
                    kind, bits = 1, 0x80000000
                elif grid is None and not decisions.decide("NEAR", last):
                    kind, less = 2, decisions.decide("DELTA_SIGN")
                    m = decisions.ones("DELTA", 7)
                    delta = (1 << m) + decisions.uniform(m)
                    bits = scaled() - delta if less else scaled() + delta
                    assert 0 <= bits < 2**32
                else:
                    kind = 3
                    if decisions.decide("SAME"):
                        stored = decisions.uniform(16) << 16
                        stored += decisions.uniform(16)
                    bits = stored
            elif grid is None:
                bits = scaled()
            else:
                bits = grid_sample(decisions, k, before, grid, grids, history)
            before = k
            floats.append(bits)
        out.append(floats)
    if decisions.any:
        assert len(words) <= decisions.coder.read <= len(words) + 1
    else:
        assert not words
    return out
