"""Synthesis of AAC: sections 11.25.6 and 11.25.7 of format_spec.md. See decoder.py."""

from collections.abc import Iterable, Sequence
from math import isqrt

from oracle.aac_frames import ChannelFrame, Filter, Frame
from oracle.aac_sizes import size
from oracle.aac_tables import LINES, WINDOWS, aac_tables
from oracle.coding import clip, fits
from oracle.granules import layer3_tables, round_shift
from oracle.synthesis import Sound, bounded, gains, rounded

START, STOP = 1, 3
SLOPE, HALF = LINES // WINDOWS, LINES // 2
FLAT = (LINES - SLOPE) // 2  # before the slope of a short window
COMPLEX, OUTPUT, LONGEST = 38.6, 36, 62  # bounds of 11.25.6
PRODUCT = 62.7


def lim(x: int, n: int) -> int:
    """The value between -2^n and 2^n."""
    return clip(x, -(1 << n), 1 << n)


def fill_noise(frame: ChannelFrame, f: Sequence[int], x: list[int]) -> None:
    """Section 11.25.7: X of the bands of noise."""
    for band, level in frame.levels.items():
        state, unit = frame.states[band], size(1, level, f)
        for window in frame.windows.members[band // frame.windows.per_window]:
            u = []
            places = frame.windows.lines(band, window)
            for _place in places:
                state = state.following()
                u.append(state.number() >> 6)
            r = isqrt(fits(sum(each * each for each in u), 57))
            for i, each in zip(places, u, strict=True):
                x[i] = (fits(each * unit, 57) + (r >> 1)) // r if r else 0


def dequantise(frame: ChannelFrame, f: Sequence[int]) -> list[int]:
    """Step 1."""
    x = [0] * LINES
    bands = frame.windows.band_of_line()
    for i, v in enumerate(frame.lines):
        if v:
            e = frame.exponents[bands[i]]
            assert e is not None
            x[i] = size(abs(v), e, f) if v > 0 else -size(abs(v), e, f)
    fill_noise(frame, f, x)
    return x


def join_channels(frame: Frame, rows: list[list[int]]) -> None:
    """Step 2."""
    bands = frame.channels[0].windows.band_of_line()
    f, (left, right) = layer3_tables().f, rows
    for i, band in enumerate(bands):
        stereo = frame.stereo[band]
        if stereo == 1:
            left[i], right[i] = left[i] + right[i], left[i] - right[i]
        elif stereo:
            p = -frame.channels[1].positions[band]
            factor = round_shift(f[p & 3], 6)
            value = lim(round_shift(left[i] * factor, clip(24 - (p >> 2), 1, 62)), 33)
            right[i] = -value if stereo == 3 else value


def run_filter(x: list[int], places: Iterable[int], each: Filter) -> None:
    """Step 3: one filter over the lines of some places."""
    k = [0, *(aac_tables().sin[each.resolution][index] for index in each.indices)]
    b = [0] * len(k)
    for i in places:
        value = x[i]
        for m in range(len(k) - 1, 0, -1):
            value = lim(value - round_shift(k[m] * b[m - 1], 28), 33)
            b[m] = lim(b[m - 1] + round_shift(k[m] * value, 28), 33)
        b[0] = x[i] = value


def run_filters(frame: ChannelFrame, x: list[int]) -> None:
    """Step 3."""
    windows = frame.windows
    for each in frame.filters:
        window = each.number if windows.short else 0
        places = [i for band in range(each.first, each.end) for i in windows.lines(band, window)]
        run_filter(x, places[::-1] if each.descending else places, each)


def product(p: int, q: int, c: int, s: int) -> tuple[int, int]:
    """The number p + iq, turned back by the angle of c and s."""
    return (
        round_shift(bounded(p * c + q * s, PRODUCT), 24),
        round_shift(bounded(q * c - p * s, PRODUCT), 24),
    )


def transform(x: Sequence[int]) -> list[int]:
    """Step 4: the 2 M numbers O of a window."""
    tables, count = aac_tables(), len(x)
    h = count // 2
    before, after = (tables.tl, tables.tm) if count == LINES else (tables.ts, tables.ts)
    digits = h.bit_length() - 1
    numbers = [(0, 0)] * h
    for k in range(h):
        place = int(f"{k:0{digits}b}"[::-1], 2)
        numbers[place] = product(x[2 * k], x[count - 1 - 2 * k], before[0][k], before[1][k])
    cosines, sines = tables.turn
    s, halved = 1, False
    while s < h:
        for j in range(s):
            c, sn = cosines[256 * j // s], sines[256 * j // s]
            for a in range(j, h, 2 * s):
                p, q = numbers[a]
                u, w = product(*numbers[a + s], c, sn)
                sums = [p + u, q + w, p - u, q - w]
                if halved:
                    sums = [round_shift(each, 1) for each in sums]
                for each in sums:
                    bounded(each, COMPLEX)
                numbers[a], numbers[a + s] = (sums[0], sums[1]), (sums[2], sums[3])
        s, halved = 2 * s, not halved
    u = [0] * count
    for n, (p, q) in enumerate(numbers):
        c, sn = after[0][n], after[1][n]
        u[2 * n] = round_shift(bounded(p * c + q * sn, PRODUCT), 24)
        u[count - 1 - 2 * n] = round_shift(bounded(p * sn - q * c, PRODUCT), 24)
    out = [0] * (2 * count)
    for n in range(h):
        out[n] = u[h + n]
        out[h + n] = -u[count - 1 - n]
        out[count + n] = -u[h - 1 - n]
        out[count + h + n] = -u[n]
    return [lim(each, OUTPUT) for each in out]


def windowed(frame: ChannelFrame, p: int, x: Sequence[int]) -> list[int]:
    """Steps 4 and 5: the sums Y; p is the shape of the frame before."""
    tables, windows = aac_tables(), frame.windows
    q = windows.shape
    if not windows.short:
        o = transform(x)
        rising = tables.sl[p + 2 * (windows.sequence == STOP)]
        falling = tables.sl[q + 2 * (windows.sequence == START)]
        return [
            *(a * b for a, b in zip(o[:LINES], rising, strict=True)),
            *(a * b for a, b in zip(o[LINES:], reversed(falling), strict=True)),
        ]
    y = [0] * (2 * LINES)
    for w in range(WINDOWS):
        o = transform(x[w::WINDOWS])
        rising, falling = tables.ss[q if w else p], tables.ss[q]
        for n in range(SLOPE):
            y[FLAT + SLOPE * w + n] += o[n] * rising[n]
            y[FLAT + SLOPE * (w + 1) + n] += o[SLOPE + n] * falling[SLOPE - 1 - n]
    return y


def synthesise_frames(
    frames: Sequence[Frame], table: int, gain: int, bits: int, shift: int, rounding: int,
    count: int,
) -> list[Sound]:  # fmt: skip
    """The samples of a section for each channel; the first frame is that before it."""
    del table
    f = gains(gain)
    shapes = [each.windows.shape for each in frames[0].channels]
    later = [[0] * LINES for _ in shapes]
    sums: list[list[int]] = [[] for _ in shapes]
    for frame in frames[1:]:
        rows = [dequantise(each, f) for each in frame.channels]
        if len(rows) == 2:
            join_channels(frame, rows)
        for c, (each, x) in enumerate(zip(frame.channels, rows, strict=True)):
            run_filters(each, x)
            y = windowed(each, shapes[c], [bounded(value, 33) for value in x])
            both = zip(later[c], y[:LINES], strict=True)
            sums[c] += [fits(a + b, LONGEST) for a, b in both]
            later[c], shapes[c] = y[LINES:], each.windows.shape
    return [rounded(each[shift : shift + count], 52 - bits, bits, rounding) for each in sums]
