"""FLAC files of random samples and random parameters, such as no encoder would choose.

The frames come from the second decoder's builder, so that nothing of the product is in them.
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections import defaultdict
from typing import Any, NamedTuple

from oracle.container import SpecError
from oracle.flac import FIXED, LENGTHS, NAMES, Columns, build_frame, crc

# what a decoder can be asked to count in one unary code, here
_MAX_QUOTIENT = 60


class Dice:
    """Random numbers that are the same with every Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, count: int) -> int:
        return int(self._random.random() * count)

    def one_of(self, choices: Any) -> Any:
        return choices[self.below(len(choices))]


class Parameters:
    """Columns of parameters (spec 6.10.1) that fit given samples."""

    def __init__(self, dice: Dice, depth: int) -> None:
        self.dice, self.depth = dice, depth
        self.columns: dict[str, bytearray] = defaultdict(bytearray)

    def content(self) -> bytes:
        columns = [bytes(self.columns[name]) for name in NAMES]
        return struct.pack("<19I", *map(len, columns)) + b"".join(columns)

    def put(self, name: str, *values: int) -> None:
        self.columns[name] += bytes(value & 255 for value in values)

    def frame(self, samples: list[list[int]], variable: bool, number: int | None) -> None:
        length, dice = len(samples[0]), self.dice
        codes = [code for code, size in LENGTHS.items() if size == length] + [7]
        code = dice.one_of(codes + [6] * (length <= 256))
        depth_code = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}.get(self.depth, 0)
        self.put("shape", variable << 7 | code << 3 | dice.one_of([0, depth_code]))
        stereo = [8, 9, 10] if len(samples) == 2 else []
        assignment = dice.one_of([len(samples) - 1, *stereo])
        rate_code = dice.one_of([0, 10, 12, 13, 14])
        self.put("layout", rate_code << 4 | assignment)
        self.put("flags", number is not None)
        if number is not None:
            self.put("number", *number.to_bytes(5, "little"))
        if code in (6, 7):
            self.put("length", *(length - 1).to_bytes(code - 5, "big"))
        rates = {12: b"\x30", 13: b"\xbb\x80", 14: b"\x12\xc0"}
        self.put("rate", *rates.get(rate_code, b""))
        left, right = samples[0], samples[-1]
        side = [a - b for a, b in zip(left, right, strict=True)]
        mid = [(a + b) >> 1 for a, b in zip(left, right, strict=True)]
        signals: list[tuple[list[int], int]] = [(channel, 0) for channel in samples]
        if assignment >= 8:
            signals = [
                [(left, 0), (side, 1)], [(side, 1), (right, 0)], [(mid, 0), (side, 1)]
            ][assignment - 8]  # fmt: skip
        for signal, more in signals:
            self.subframe(signal, self.depth + more)

    def subframe(self, signal: list[int], depth: int) -> None:
        dice = self.dice
        union = 0
        for value in signal:
            union |= value
        zeros = (union & -union).bit_length() - 1 if union else depth - 1
        wasted = dice.below(min(zeros, depth - 1) + 1)
        signal = [value >> wasted for value in signal]
        kinds = [1, 8 + dice.below(5), 32 + dice.below(32), 32 + dice.below(12)]
        kind = dice.one_of(kinds + [0, 0, 0] * (len(set(signal)) == 1))
        order = 0 if kind < 2 else kind - 8 if kind < 32 else kind - 31
        weights, shift, precision = [0], 0, 1
        if kind >= 32:
            precision, shift = 1 + dice.below(15), dice.below(16)
            half = 1 << precision - 1
            weights = [dice.below(2 * half) - half for _ in range(order)]
        elif kind >= 8:
            weights = list(FIXED[order])
        residual = [
            signal[i] - (sum(w * signal[i - 1 - j] for j, w in enumerate(weights)) >> shift)
            for i in range(order, len(signal))
        ]
        if order >= len(signal) or (kind > 1 and any(abs(x) >> 31 for x in residual)):
            kind = 1
        self.put("subframe", kind << 1 | (wasted > 0))
        if wasted:
            self.put("wasted", wasted)
        if kind >= 32:
            self.put("precision", precision - 1)
            self.put("shift", shift)
            for weight in weights:
                self.put("coefficient high", weight >> 8)
                self.put("coefficient low", weight)
        if kind > 1:
            self.residual(residual, order, len(signal))

    def residual(self, residual: list[int], order: int, length: int) -> None:
        dice = self.dice
        # the other one has no parameter for large residuals
        method = 1 if any(abs(x) >> 17 for x in residual) else dice.below(2)
        orders = [p for p in range(9) if length % (1 << p) == 0 and length >> p > order]
        partition_order = dice.one_of(orders)
        self.put("partitions", method << 4 | partition_order)
        size, largest = length >> partition_order, 30 if method else 14
        begin = 0
        for number in range(1 << partition_order):
            end = (number + 1) * size - order
            part, begin = residual[begin:end], end
            total = sum(map(abs, part))
            expected = min(largest, ((total - 1) // len(part)).bit_length()) if total > 1 else 0
            fits = [
                k
                for k in range(largest + 1)
                if all(2 * abs(x) >> k <= _MAX_QUOTIENT for x in part)
            ]
            width = max((x ^ x >> 31).bit_length() + 1 for x in part) if any(part) else 0
            if width < 32 and (not fits or dice.below(4) == 0):
                self.put("rice", 255)
                self.put("raw bits", width + dice.below(min(32 - width, 3)))
            else:
                near = [k for k in fits if abs(k - expected) <= 1]
                step = dice.one_of(near or fits or [largest]) - expected
                self.put("rice", 2 * step if step >= 0 else -2 * step - 1)


def random_samples(dice: Dice, depth: int, channels: int, length: int) -> list[list[int]]:
    """Samples of a frame: quiet, loud, constant, with wasted bits, or much alike."""
    top = 1 << depth - 1
    first: list[int] = []
    out = []
    for _ in range(channels):
        scale = dice.one_of([1, 2, max(1, top >> 4), top])
        step = 1 << dice.below(min(depth, 6)) if dice.below(3) == 0 else 1
        walk = dice.below(2 * top) - top
        values = []
        for _ in range(length):
            walk = min(max(walk + dice.below(2 * scale + 1) - scale, -top), top - 1)
            values.append(walk // step * step)
        if dice.below(5) == 0:
            values = [values[0]] * length
        if first and dice.below(2):
            values = [min(max(x + dice.below(3) - 1, -top), top - 1) for x in first]
        first = first or values
        out.append(values)
    return out


class RandomFile(NamedTuple):
    """A FLAC file, its samples by channel, the parameters of its frames, and the frames."""

    data: bytes
    samples: list[list[int]]
    content: bytes
    frames: list[bytes]
    lengths: list[int]


def random_file(
    seed: int, depth: int, channels: int, frames: int = 5, longest: int = 80
) -> RandomFile:
    """Make a FLAC file of `frames` frames, of up to `longest` samples but for the first."""
    dice = Dice(seed)
    variable = dice.below(2) == 1
    usual = 16 + dice.below(longest - 15)
    lengths = [16 + dice.below(longest - 15) if variable else usual for _ in range(frames)]
    lengths[0] = usual if not variable else dice.one_of([192, 256, lengths[0]])
    if not variable:
        lengths[-1] = 1 + dice.below(usual)
    # a stream may begin late, such as a recording of a broadcast
    number = dice.one_of([0, 0, 1000, 1 << 30])
    columns: dict[str, bytearray] = defaultdict(bytearray)
    samples: list[list[int]] = [[] for _ in range(channels)]
    state: list[int] = [0, 0]
    body: list[bytes] = []
    for i, length in enumerate(lengths):
        frame = None
        while frame is None:
            parameters = Parameters(dice, depth)
            part = random_samples(dice, depth, channels, length)
            parameters.frame(part, variable, number if i == 0 and number else None)
            try:
                frame, _ = build_frame(Columns(parameters.content()), state, part, depth)
            except SpecError:
                # longer than frames may be
                continue
        body.append(frame)
        for name, column in parameters.columns.items():
            columns[name] += column
        for channel, values in zip(samples, part, strict=True):
            channel += values
    parameters.columns = columns
    content = parameters.content()
    width = (depth + 7) // 8
    md5 = hashlib.md5(
        b"".join(
            x.to_bytes(width, "little", signed=True)
            for row in zip(*samples, strict=True)
            for x in row
        )
    ).digest()
    sizes = [usual, usual] if not variable else [min(lengths), max(lengths)]
    packed = 48000 << 44 | (channels - 1) << 41 | (depth - 1) << 36 | len(samples[0])
    info = struct.pack(">HH", *sizes) + bytes(6) + packed.to_bytes(8, "big") + md5
    data = b"fLaC\x80\0\0\x22" + info + b"".join(body)
    return RandomFile(data, samples, content, body, lengths)


def with_blocks(data: bytes, blocks: list[tuple[int, bytes]]) -> bytes:
    """A FLAC file with metadata blocks behind STREAMINFO."""
    head = data[:4] + bytes([0x80 * (not blocks)]) + data[5:42]
    for number, (kind, content) in enumerate(blocks):
        last = 0x80 * (number == len(blocks) - 1)
        head += bytes([kind | last]) + len(content).to_bytes(3, "big") + content
    return head + data[42:]


def in_ogg(data: bytes, frames: list[bytes], lengths: list[int], segments_a_page: int) -> bytes:
    """A FLAC file of `random_file` in Ogg: frames of so many samples, pages of so many segments."""
    serial = 0x12345678
    comment = b"\x84" + (8).to_bytes(3, "big") + bytes(8)
    out, number = b"", 0
    mapping = b"\x7fFLAC\1\0\0\1fLaC\0" + data[5:42]
    for flags, packet in ((2, mapping), (0, comment)):
        out += _page(flags, 0, serial, number, bytes([len(packet)]), packet)
        number += 1
    sizes: list[tuple[int, int]] = []
    total = 0
    for frame, length in zip(frames, lengths, strict=True):
        total += length
        full, last = divmod(len(frame), 255)
        sizes += [(255, -1)] * full + [(last, total)]
    body, place, goes_on = b"".join(frames), 0, 0
    while sizes:
        own, sizes = sizes[:segments_a_page], sizes[segments_a_page:]
        contents = body[place : place + sum(size for size, _ in own)]
        place += len(contents)
        position = max(end for _, end in own)
        flags = goes_on | 4 * (not sizes)
        out += _page(flags, position, serial, number, bytes(size for size, _ in own), contents)
        number += 1
        goes_on = int(own[-1][1] < 0)
    return out


def _page(
    flags: int, position: int, serial: int, number: int, segments: bytes, body: bytes
) -> bytes:
    fields = (b"OggS", 0, flags, position, serial, number)
    rest = bytes([len(segments)]) + segments + body
    head = struct.pack("<4sBBqII", *fields)
    check = crc(head + bytes(4) + rest, 0x04C11DB7, 32)
    return head + struct.pack("<I", check) + rest
