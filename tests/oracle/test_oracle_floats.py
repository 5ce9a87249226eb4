"""Side data of floats made of random words, as `test_oracle_random` makes blocks."""

from __future__ import annotations

import struct
from collections import Counter

import numpy as np

from nlac._errors import CorruptStream
from nlac.codec.transforms.floats import join
from nlac.entropy.varint import write_varint
from oracle.container import Reader, SpecError
from oracle.floats import (
    EXCEPTIONS,
    GAIN,
    GAIN_RUN,
    GRIDS,
    SAME,
    Decisions,
    decode_channels,
    decode_floats,
    read_descriptions,
)

FRAMES = 300


def description(rng: np.random.Generator, first: bool) -> bytes:
    """A channel description: any flags, some runs."""
    extra = EXCEPTIONS * int(rng.integers(2))
    if not first and rng.random() < 0.3:
        return bytes([SAME | extra])
    flags = int(rng.choice([GAIN, GRIDS, GAIN | GRIDS]))
    out = bytes([flags | extra])
    if flags & GAIN:
        out += write_varint(int(2 ** rng.uniform(0, 38))) + struct.pack(
            "<h", int(rng.integers(-120, -30))
        )
    if flags & GRIDS:
        out += struct.pack("<Bh", int(rng.choice([0, 0, 3, 12, 23])), int(rng.choice([-149, -40])))
        runs = int(rng.integers(1, 5))
        out += write_varint(runs - 1)
        for number in range(runs):
            grid = int(rng.choice([int(rng.integers(-148, 80)), -20, -30]))
            gained = flags & GAIN and rng.random() < 0.4
            out += struct.pack("<h", GAIN_RUN if gained else grid)
            if number < runs - 1:
                out += write_varint(int(rng.integers(0, FRAMES // 5)))
    return out


class Watched(Decisions):
    """Notes which models are asked, and the answer."""

    def __init__(self, words: list[int], seen: Counter[str]) -> None:
        super().__init__(words)
        self.seen = seen

    def decide(self, *name: str | int) -> int:
        decision = super().decide(*name)
        self.seen[f"{name[0]} {decision}"] += 1
        if name[0] in ("OCTAVE", "DELTA", "EXACT"):
            self.seen[f"{name[0]} {name[1]}"] += 1
        return decision


def random_case(seed: int) -> tuple[list[list[int]], bytes, np.ndarray]:
    """Integers by channels, descriptions, and words to go on with."""
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(1, 4))
    # small integers, and now and then zeros: they have models of their own
    size = 2.0 ** rng.uniform(0, 20, (channels, 1))
    plane = np.rint(rng.laplace(0, 1, (channels, FRAMES)) * size).astype(np.int64)
    plane[rng.random(plane.shape) < 0.3] = 0
    head = b"".join(description(rng, c == 0) for c in range(channels))
    words = rng.integers(0, 2**32, 3 * plane.size, dtype=np.uint32)
    words[rng.random(len(words)) < rng.choice([0, 0.1])] = rng.choice([0, 2**32 - 1])
    return plane.tolist(), head, words


def told(side: bytes, plane: list[list[int]]) -> list[list[int]] | None:
    try:
        return decode_floats(side, plane)
    except SpecError:
        return None


def product(side: bytes, plane: list[list[int]]) -> list[list[int]] | None:
    try:
        return join(np.array(plane, np.int32).T, side).T.view(np.uint32).tolist()
    except CorruptStream:
        return None


def test_random_side_data():
    seen: Counter[str] = Counter()
    good = 0
    for seed in range(250):
        plane, head, words = random_case(seed)
        coder = Watched(words.tolist(), seen)
        count = len(words)
        try:
            floats = decode_channels(coder, read_descriptions(Reader(head), plane), plane)
            count = coder.coder.taken if coder.used else 0
        except SpecError:
            floats = None
        side = head + words[:count].astype("<u4").tobytes()
        assert product(side, plane) == floats
        if floats is None:
            continue
        good += 1
        assert told(side, plane) == floats
        # one word more than taken is too many; one less may be there, and reads as 0
        for changed in (side + bytes(4), side[:-4]):
            assert product(changed, plane) == told(changed, plane)
    assert good > 50
    for name in ("PLAIN", "NEGATIVE_ZERO", "NEAR", "SAME", "DELTA_SIGN", "ZERO", "SIGN"):
        assert seen[f"{name} 0"], name
        assert seen[f"{name} 1"], name
    for name in ("DELTA 6", "OCTAVE 12", "EXACT 1", "EXACT 23"):
        assert seen[name], (name, seen)


def test_changed_descriptions():
    """Both refuse side data, or both read the same in it."""
    rng = np.random.default_rng(5)
    for seed in range(60):
        plane, head, words = random_case(seed)
        side = head + words[: int(rng.integers(0, 400))].astype("<u4").tobytes()
        for _ in range(4):
            changed = bytearray(side)
            changed[int(rng.integers(len(head)))] ^= 1 << int(rng.integers(8))
            assert product(bytes(changed), plane) == told(bytes(changed), plane)
