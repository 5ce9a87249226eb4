"""Frames of AAC: sections 11.25.2 to 11.25.4 and 11.25.7 of format_spec.md. See decoder.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from oracle import exponents, lines
from oracle.aac_sizes import size
from oracle.aac_states import State
from oracle.aac_tables import LINES, WINDOWS, band_in_window, edges
from oracle.container import require
from oracle.decisions import Decisions, Numbers
from oracle.granules import SHORT, decode_type, layer3_tables

INTENSITY = 2  # the least stereo that is
MOST_ORDER, LONG_FILTERS = 12, 3
LOWEST, HIGHEST = -122, 139

LINE_RULES = lines.Rules(
    Numbers(0, (0, 11520, 34560, 57600, 88320, 119040)),
    Numbers(864, (192768, 192784, 193168, 193200, 193232, 193616)),
    count=LINES,
    windows=WINDOWS,
    per_zone=43,
    bands=64,
    size=lambda n, e: size(n, e, layer3_tables().f),
)
EXPONENTS = exponents.Rules(
    Numbers(890, (195280, 195904, 195916, 196384, 196696, 196744)),
    Numbers(914, (196822, 197622, 198870, 200550, 201902, 202158)),
    Numbers(946, (206058, 206158, 206200, 206278, 206447, 206449)),
    Numbers(948, (208399, 211499, 216459, 219063, 229541, 229665)),
    even=False,
    lowest=LOWEST,
    highest=HIGHEST,
    last_band=38,
)
SEQUENCE = Numbers(880, (193632, 193692, 193704, 193719, 193722, 193770))
SHAPE = Numbers(883, (193776, 193778, 193782, 193785, 193786, 193792))
GROUP = Numbers(884, (193800, 193808, 193824, 193827, 193851, 193853))
STEREO = Numbers(885, (193856, 193931, 193946, 194711, 194726, 194879))
POSITION = Numbers(888, (194882, 194913, 194944, 194995, 195199, 195200))
FILTER = Numbers(889, (195236, 195238, 195254, 195257, 195263, 195279))
NOISE = Numbers(1010, (230657, 230661, 230865, 230873, 230875, 230926))
FOLLOWS = Numbers(1011, (230932, 230934, 230938, 230939, 230940, 230941))
LEVEL = Numbers(1012, (230943, 230974, 231005, 231056, 231260, 231261))


class Filter(NamedTuple):
    """A filter over the lines of bands; number is that of its window if it is short."""

    number: int
    first: int
    end: int
    descending: bool
    resolution: int
    indices: list[int]


@dataclass(frozen=True)
class Windows:
    """The sequence, shape and groups of a frame and channel."""

    table: int
    sequence: int
    shape: int
    groups: tuple[int, ...]  # for each window whether it shares the exponents of the one before

    @property
    def short(self) -> bool:
        return self.sequence == SHORT

    @cached_property
    def edges(self) -> list[int]:
        return edges(self.table, self.short)

    @property
    def per_window(self) -> int:
        """nb."""
        return len(self.edges) - 1

    @cached_property
    def members(self) -> list[list[int]]:
        """The windows of each group."""
        found: list[list[int]] = []
        for window in range(WINDOWS if self.short else 1):
            if window and self.groups[window]:
                found[-1].append(window)
            else:
                found.append([window])
        return found

    @property
    def bands(self) -> int:
        return self.per_window * len(self.members)

    def lines(self, band: int, window: int) -> list[int]:
        """The lines of a band in a window, ascending."""
        b = band % self.per_window
        step = WINDOWS if self.short else 1
        return [step * i + window for i in range(self.edges[b], self.edges[b + 1])]

    def band_of_line(self) -> list[int]:
        found = [-1] * LINES
        for band in range(self.bands):
            for window in self.members[band // self.per_window]:
                for i in self.lines(band, window):
                    found[i] = band
        return found


@dataclass
class ChannelFrame:
    """A frame of a channel; keys are bands. Exponents are None where there are none."""

    windows: Windows
    positions: dict[int, int]
    levels: dict[int, int]
    states: dict[int, State]
    filters: list[Filter]
    exponents: list[int | None]
    lines: list[int]

    def told_exponents(self) -> list[int | None]:
        """Those that contexts of the second channel know: levels take the place of exponents."""
        return [self.levels.get(band, e) for band, e in enumerate(self.exponents)]


@dataclass
class Frame:
    """A frame; stereo of each band is 0 where channels are not alike."""

    stereo: list[int]
    channels: list[ChannelFrame]


class Channel:
    """The decoder of one channel's frames in one section."""

    def __init__(self, decisions: Decisions, table: int, c: int) -> None:
        self.decisions, self.table, self.c = decisions, table, c
        self.sequences: list[int] = []
        self.shape = decisions.raw(1)
        counts = [len(edges(table, short)) - 1 for short in (False, True)]
        self.memories = [exponents.Memory(count) for count in counts]
        self.noisy = [[0] * count for count in counts]  # N
        self.filters: set[int] = set()
        self.lines = lines.ChannelLines(decisions, LINE_RULES, c)

    def decode_windows(self, first: Windows | None) -> Windows:
        decide, c = self.decisions.decide, self.c
        beside = None if first is None else first.sequence
        sequence = decode_type(self.decisions, SEQUENCE, c, self.sequences, beside)
        self.sequences.append(sequence)
        l, o = self.shape, 0 if first is None else 1 + first.shape  # noqa: E741
        index = (l, 2 * c + l, o, 0, 3 * l + o, 2 * sequence + l)
        self.shape = decide(6, SHAPE, 0, index)
        groups = [0]
        if sequence == SHORT:
            for w in range(1, WINDOWS):
                l = groups[-1]  # noqa: E741
                o = first.groups[w] if first is not None and first.short else 2
                groups.append(decide(6, GROUP, 0, (w, 2 * w + l, o, 3 * w + o, l, 0)))
        return Windows(self.table, sequence, self.shape, tuple(groups))

    def decode_sizes(self, kind: Numbers, windows: Windows, bands: Sequence[int]) -> dict[int, int]:
        """Positions or levels of bands."""
        found: dict[int, int] = {}
        last = 0
        for j in bands:
            y = min(j % windows.per_window, 50)
            n = 0
            while n < 512:
                a = min(n, 30)
                index = (a, a, y, 4 * y + min(n, 3), 0, a)
                if not self.decisions.decide(6, kind, 0, index):
                    break
                n += 1
            last += -n if n and self.decisions.raw(1) else n
            require(LOWEST <= last <= HIGHEST, f"position or level {last}")
            found[j] = last
        return found

    def decode_noise(
        self, windows: Windows, absent: Sequence[bool], beside: ChannelFrame | None
    ) -> list[int]:
        """The bands of noise; beside is the first channel if alike."""
        memory = self.noisy[windows.short]
        found: list[int] = []
        for j in range(windows.bands):
            if absent[j]:
                continue
            b = j % windows.per_window
            y, o, l = min(b, 50), memory[b], int(j - 1 in found)  # noqa: E741
            r = 2 if beside is None else int(j in beside.levels)
            x = 2 * l + o
            index = (x, 4 * y + x, 4 * self.c + x, o, y, 2 * r + o)
            memory[b] = self.decisions.decide(6, NOISE, 0, index)
            if memory[b]:
                found.append(j)
        return found

    def decode_filters(self, windows: Windows, first: "Channel | None") -> list[Filter]:
        raw, h = self.decisions.raw, int(windows.short)
        found: list[Filter] = []
        before, self.filters = self.filters, set()
        for f in range(WINDOWS):
            if not h and (f >= LONG_FILTERS or (f > 0 and f - 1 not in self.filters)):
                continue
            p = int(f in before)
            o = 2 if first is None else int(f in first.filters)
            index = (p, 2 * f + p, o, 3 * p + o, 8 * h + f, 0)
            if not self.decisions.decide(6, FILTER, 0, index):
                continue
            self.filters.add(f)
            start, end, order = raw(6), raw(6), raw(4) + 1
            descending, resolution = bool(raw(1)), raw(1) + 3
            require(start < end <= windows.per_window, f"bands of a filter {start}, {end}")
            require(order <= MOST_ORDER, f"order of a filter {order}")
            indices = [raw(4) - 8 for _ in range(order)]
            fine = resolution == 4 or all(-4 <= index <= 3 for index in indices)
            require(fine, f"indices of a filter {indices}")
            found.append(Filter(f, start, end, descending, resolution, indices))
        return found

    def decode_exponents(
        self, g: int, windows: Windows, absent: Sequence[bool], beside: ChannelFrame | None
    ) -> list[int | None]:
        memory, count = self.memories[windows.short], windows.per_window
        found: list[int | None] = []
        theirs = None if beside is None else beside.told_exponents()
        for start in range(0, windows.bands, count):
            own = slice(start, start + count)
            other = None if theirs is None else theirs[own]
            place = exponents.Place(g % 2, int(windows.short), 1, other)
            group = exponents.decode_exponents(
                self.decisions, EXPONENTS, memory, place, absent[own]
            )
            memory.keep(group, absent[own])
            found += group
        return found

    def decode_lines(
        self, windows: Windows, known: Sequence[int | None], first: "Channel | None"
    ) -> list[int]:
        bands = windows.band_of_line()
        inside = band_in_window(self.table, windows.short)
        if windows.short:
            contexts = [48 + inside[i // WINDOWS] for i in range(LINES)]
        else:
            contexts = [min(b, 47) for b in inside]
        of_lines = lines.Bands([known[b] for b in bands], contexts)
        beside = None if first is None else first.lines.sizes[-1]
        return self.lines.decode(int(windows.short), of_lines, beside)


def decode_states(
    decisions: Decisions, channels: Sequence[ChannelFrame], alike: bool, expected: State
) -> State:
    """The states of a frame's bands of noise; returns the expected state after them."""
    order = [(c, j) for c, channel in enumerate(channels) for j in sorted(channel.levels)]
    if alike and expected.high > 0:
        order.sort(key=lambda each: (each[1], each[0]))
    p = 1
    for k, (c, j) in enumerate(order):
        p = decisions.decide(6, FOLLOWS, 0, (p, 2 * min(k, 1) + p, 0, 0, 0, p))
        if not p:
            low = decisions.raw(32)
            expected = State(low, decisions.raw(32) if decisions.raw(1) else 0)
        channels[c].states[j] = expected
        windows = channels[c].windows
        for window in windows.members[j // windows.per_window]:
            for _line in windows.lines(j, window):
                expected = expected.following()
    return expected


class StereoMemory:
    """The decoder of the stereo of bands."""

    def __init__(self, decisions: Decisions, table: int) -> None:
        self.decisions = decisions
        self.last = [[0] * (len(edges(table, short)) - 1) for short in (False, True)]  # P

    def decode(self, windows: Windows) -> list[int]:
        memory, found = self.last[windows.short], []
        l = 4  # noqa: E741
        for j in range(windows.bands):
            b = j % windows.per_window
            y, o = min(b, 50), memory[b]
            value = 0
            for turn in range(2):
                k = 1 + value if turn else 0
                index = (
                    (5 * l + o) * 3 + k, 3 * o + k, (5 * y + o) * 3 + k, 3 * l + k, 3 * y + k, k,
                )  # fmt: skip
                value = 2 * value + self.decisions.decide(6, STEREO, k, index)
            memory[b] = l = value  # noqa: E741
            found.append(value)
        return found


def decode_frames(decisions: Decisions, table: int, channels: int, count: int) -> list[Frame]:
    """The frames of a section, and before the first one that of the shapes before it."""
    expected = State(0, decisions.raw(1))
    decoders = [Channel(decisions, table, c) for c in range(channels)]
    start = [
        ChannelFrame(Windows(table, 0, each.shape, (0,)), {}, {}, {}, [], [], [0] * LINES)
        for each in decoders
    ]
    out = [Frame([], start)]
    memory = StereoMemory(decisions, table)
    for g in range(count):
        windows: list[Windows] = []
        for decoder in decoders:
            windows.append(decoder.decode_windows(windows[-1] if windows else None))
        alike = channels == 2 and windows[0] == windows[1]
        stereo = memory.decode(windows[0]) if alike else [0] * max(w.bands for w in windows)
        own: list[ChannelFrame] = []
        for decoder, each in zip(decoders, windows, strict=True):
            beside = own[0] if own and alike else None
            first = decoders[0] if own else None
            placed = [bool(own) and value >= INTENSITY for value in stereo]
            after = [j for j, on in enumerate(placed) if on]
            positions = decoder.decode_sizes(POSITION, each, after)
            noisy = decoder.decode_noise(each, placed, beside)
            levels = decoder.decode_sizes(LEVEL, each, noisy)
            filters = decoder.decode_filters(each, first)
            absent = [placed[j] or j in levels for j in range(each.bands)]
            found = decoder.decode_exponents(g, each, absent, beside)
            values = decoder.decode_lines(each, found, first)
            own.append(ChannelFrame(each, positions, levels, {}, filters, found, values))
        expected = decode_states(decisions, own, alike, expected)
        out.append(Frame(stereo, own))
    return out
