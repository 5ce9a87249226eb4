"""Origin blocks: sections 11.24 and 11.25 of format_spec.md. See decoder.py."""

from collections.abc import Callable
from typing import Any, NamedTuple

from oracle.aac_frames import decode_frames
from oracle.aac_synthesis import synthesise_frames
from oracle.coding import RangeDecoder, fits
from oracle.container import CASCADE, CNN, GRU, LPC, Header, Reader, require
from oracle.decisions import Decisions, Numbers
from oracle.granules import decode_granules
from oracle.synthesis import Sound, synthesise

ORIGIN = 7
LAST_TABLE, LAST_ROUNDING = 6, 2


class Residuals(NamedTuple):
    """The kinds of decisions of residuals."""

    some: Numbers
    sign: Numbers
    more: Numbers
    escape: Numbers


RESIDUALS = Residuals(
    Numbers(1004, (185569, 186049, 187649, 188129, 189153, 189313)),
    Numbers(1484, (189697, 189721, 190681, 190721, 190729, 190777)),
    Numbers(1496, (191257, 191977, 192697, 207097, 207169, 207457)),
    Numbers(1514, (207889, 207921, 209201, 209233, 209265, 209297)),
)


class Lossy(NamedTuple):
    """A kind of lossy stream; units are its granules or frames."""

    unit: int
    least_frames: int
    last_shift: int
    contexts: int
    sets: int
    residuals: Residuals
    decode: Callable[[Decisions, int, int, int], Any]
    synthesise: Callable[[Any, int, int, int, int, int, int], list[Sound]]


LOSSY = [
    Lossy(576, 1152, 1727, 209329, 1545, RESIDUALS, decode_granules, synthesise),
    Lossy(
        1024,
        2048,
        2047,
        255057,
        1554,
        Residuals(*(each.later(9, 45728) for each in RESIDUALS)),
        decode_frames,
        synthesise_frames,
    ),
]


class Section(NamedTuple):
    """Shift is None for a section without granules."""

    frames: int
    shift: int | None
    gain: int
    rounding: int


def read_sections(reader: Reader, frames: int, lossy: Lossy) -> list[Section]:
    """The sections of a block of so many frames."""
    count = reader.varint(1, name="number of sections")
    sections: list[Section] = []
    left = frames
    while len(sections) < count:
        n = reader.varint(1, left, "frames of a section")
        left -= n
        shift = reader.varint(0, lossy.last_shift + 1, "shift")
        if shift == 0:
            fine = not sections or sections[-1].shift is not None
            require(fine, "a section without granules follows another")
            sections.append(Section(n, None, 0, 0))
            continue
        require(n >= lossy.least_frames, "frames of a section with granules")
        gain = reader.svarint(-(2**29), 2**30, "gain") + 2**30
        rounding = reader.varint(0, LAST_ROUNDING, "rounding")
        sections.append(Section(n, shift - 1, gain, rounding))
    require(left == 0, "frames of the sections")
    return sections


def mean_level(a: int) -> int:
    """Lev."""
    x = (a << 6) + 4096
    digits = x.bit_length()
    return min(2 * (digits - 1) + ((x >> (digits - 2)) & 1) - 24, 39)


class ChannelResiduals:
    """The decoder of one channel's residuals in one section."""

    def __init__(self, decisions: Decisions, kinds: Residuals) -> None:
        self.decisions, self.kinds = decisions, kinds
        self.fast = self.slow = self.n1 = self.n2 = 0

    def decode(self, place: int, beside: int | None) -> int:
        """A residual; beside is that of the channel before."""
        decide = self.decisions.decide
        nn, u = place >> 1, place & 1
        f, w = mean_level(self.fast), mean_level(self.slow)
        o = 0 if beside is None else 1 + min(abs(beside), 2)
        a, b = min(self.n1, 3), min(self.n2, 3)
        index = (
            40 * nn + f, 40 * w + f, 40 * nn + w, ((4 * nn + a) * 4 + b) * 4 + o, 4 * f + o,
            (4 * place + a) * 4 + o,
        )  # fmt: skip
        n = up = 0
        if decide(4, self.kinds.some, 40 * nn + f, index):
            index = (
                place, 40 * place + f, w, 4 * u + o, 24 * u + 2 * nn + (self.n1 > 0),
                20 * place + (w >> 1),
            )  # fmt: skip
            up = decide(4, self.kinds.sign, nn, index)
            n = 1 + self._magnitude(nn, f, w, o)
        self.fast += ((min(n, 1 << 20) << 12) - self.fast) >> 3
        self.slow += ((min(n, 1 << 20) << 12) - self.slow) >> 7
        self.n1, self.n2 = n, self.n1
        return n if up else -n

    def _magnitude(self, nn: int, f: int, w: int, o: int) -> int:
        """One less than the magnitude of a residual that is not 0."""
        decide = self.decisions.decide
        n = 0
        while n < 18:
            index = (
                40 * n + f, 40 * n + w, (40 * n + f) * 20 + (w >> 1), 4 * n + o, 16 * n + nn,
                24 * n + 2 * nn + (o > 0),
            )  # fmt: skip
            if not decide(4, self.kinds.more, n, index):
                return n
            n += 1
        k = 0
        while k < 24:
            if not decide(4, self.kinds.escape, k, (k, 32 * f + k, k, k, k, k)):
                break
            k += 1
        return 17 + (1 << k) + self.decisions.raw(k)


def add_residuals(
    decisions: Decisions, kinds: Residuals, sounds: list[Sound]
) -> list[list[int]]:
    """Section 11.24.7: the samples of a section."""
    states = [ChannelResiduals(decisions, kinds) for _ in sounds]
    samples: list[list[int]] = [[] for _ in sounds]
    for t in range(len(sounds[0].samples)):
        beside: int | None = None
        for state, sound, row in zip(states, sounds, samples, strict=True):
            beside = state.decode(sound.places[t], beside)
            row.append(fits(sound.samples[t] + beside, 26))
    return samples


def decode_sections(
    coder: RangeDecoder, lossy: Lossy, sections: list[Section], table: int, count: int, bits: int
) -> list[list[list[int]]]:
    """The samples of each section; none of one without granules."""
    decisions = Decisions(coder, lossy.contexts, lossy.sets)
    coded: list[list[list[int]]] = []
    for each in sections:
        if each.shift is None:
            coded.append([])
            continue
        length = -(-(each.shift + each.frames) // lossy.unit)
        units = lossy.decode(decisions, table, count, length)
        sounds = lossy.synthesise(
            units, table, each.gain, bits, each.shift, each.rounding, each.frames
        )
        coded.append(add_residuals(decisions, lossy.residuals, sounds))
    return coded


def decode_origin(
    reader: Reader, frames: int, count: int, header: Header,
    decode: Callable[[Reader, int], list[list[int]]],
) -> list[list[int]]:  # fmt: skip
    """The samples of a block; `decode` takes one of another kind, of a number of frames."""
    start = Reader(reader.data, reader.position)
    if reader.varint(name="kind of block") != ORIGIN:
        return decode(start, frames)
    require(header.predictor in (LPC, CASCADE, CNN, GRU), "predictor of an origin block")
    fine = not header.is_float and 16 <= header.bits_per_sample <= 24
    require(fine, "sample format of an origin block")
    require(header.coder in (0, 1), "coder of an origin block")
    require(count <= 2, "channels of an origin block")
    lossy = LOSSY[reader.varint(0, len(LOSSY) - 1, "lossy stream")]
    table = reader.varint(0, LAST_TABLE, "table of bands")
    sections = read_sections(reader, frames, lossy)
    coder = RangeDecoder(reader.words(reader.varint(name="number of words")))
    coded = decode_sections(coder, lossy, sections, table, count, header.bits_per_sample)
    words = len(coder.words)
    require(words <= coder.taken <= words + 2, "number of words")
    plain = sum(each.frames for each in sections if each.shift is None)
    rows: list[list[int]] = [[]] * count
    if plain:
        ahead = Reader(reader.data, reader.position)
        require(ahead.varint(name="kind of block") != ORIGIN, "an origin block in another")
        rows = decode(reader, plain)
    else:
        require(reader.left() == 0, "bytes behind the words")
    out: list[list[int]] = [[] for _ in range(count)]
    used = 0
    for each, own in zip(sections, coded, strict=True):
        if each.shift is None:
            own = [row[used : used + each.frames] for row in rows]
            used += each.frames
        for channel, samples in zip(out, own, strict=True):
            channel.extend(samples)
    return out
