"""What becomes of damaged files: the table of docs/damage.md.

    python benchmarks/damage.py [--trials 10]

Damages a stream in many ways, with parity of 2 % and without, and looks at each file in three
ways: is the damage detected (`nlac test`), is the file repaired byte for byte (`nlac repair`), and
what does `nlac decode --recover` save of the audio without parity? Whatever comes out is compared
with what went in: samples that are neither right nor reported as lost would be counted as silently
wrong, and so would a repair that is not the file.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

import nlac
from nlac.bitstream.reader import last_trailer

RATE = 44_100
SECONDS = 20
CHANNELS = 2
SECTOR = 512

Rng = np.random.Generator
Damage = Callable[[bytes, Rng], bytes]


def make_samples(seed: int = 0) -> np.ndarray:
    """Tones and noise, of which a block has about 100 kB."""
    rng = np.random.default_rng(seed)
    time = np.arange(RATE * SECONDS)[:, None]
    tones = 6000 * np.sin(time * (0.02 + 0.01 * np.arange(CHANNELS)) + seed)
    return (tones + rng.normal(0, 300, (len(time), CHANNELS))).astype(np.int16)


def make_stream(samples: np.ndarray) -> bytes:
    """A stream of blocks of a second."""
    out = io.BytesIO()
    nlac.write(out, samples, RATE, preset="fast", block_seconds=1.0, verify=False)
    return out.getvalue()


def trailer_bytes(data: bytes) -> int:
    """Bytes of the trailer at the end of a stream."""
    return last_trailer(io.BytesIO(data)).num_bytes


def at(data: bytes, begin: int, new: bytes) -> bytes:
    """Other bytes at a place."""
    return data[:begin] + new + data[begin + len(new) :]


def place(data: bytes, rng: Rng, length: int) -> int:
    """Where a range of so many bytes begins, anywhere."""
    return int(rng.integers(0, len(data) - length + 1))


def one_bit(data: bytes, rng: Rng) -> bytes:
    """One bit flipped."""
    begin = place(data, rng, 1)
    return at(data, begin, bytes([data[begin] ^ 1 << int(rng.integers(8))]))


def many_bytes(data: bytes, rng: Rng) -> bytes:
    """One byte in 10,000 changed."""
    for begin in rng.choice(len(data), len(data) // 10_000, replace=False).tolist():
        data = at(data, begin, bytes([data[begin] ^ int(rng.integers(1, 256))]))
    return data


def random_burst(share: float) -> Damage:
    """Random bytes over a part of the file."""

    def damage(data: bytes, rng: Rng) -> bytes:
        length = int(len(data) * share)
        return at(data, place(data, rng, length), rng.bytes(length))

    return damage


def zeroed(number: int) -> Damage:
    """Sectors in a row that are zeros."""

    def damage(data: bytes, rng: Rng) -> bytes:
        begin = place(data, rng, number * SECTOR) // SECTOR * SECTOR
        return at(data, begin, bytes(number * SECTOR))

    return damage


def swapped(data: bytes, rng: Rng) -> bytes:
    """Two pages of 4 KiB swapped."""
    size = 4096
    first, second = sorted(rng.choice(len(data) // size, 2, replace=False).tolist())
    one = data[first * size :][:size]
    two = data[second * size :][:size]
    return at(at(data, first * size, two), second * size, one)


def cut_end(share: float) -> Damage:
    """The end is missing."""
    return lambda data, rng: data[: len(data) - int(len(data) * share)]


def cut_begin(share: float) -> Damage:
    """The beginning is missing."""
    return lambda data, rng: data[int(len(data) * share) :]


def taken_out(data: bytes, rng: Rng) -> bytes:
    """1,000 bytes taken out."""
    begin = place(data, rng, 1000)
    return data[:begin] + data[begin + 1000 :]


def put_in(data: bytes, rng: Rng) -> bytes:
    """1,000 bytes put in."""
    begin = place(data, rng, 0)
    return data[:begin] + rng.bytes(1000) + data[begin:]


def header_gone(data: bytes, rng: Rng) -> bytes:
    """The header overwritten."""
    return at(data, 0, rng.bytes(64))


def index_gone(data: bytes, rng: Rng) -> bytes:
    """The trailer overwritten."""
    length = trailer_bytes(data)
    return data[:-length] + rng.bytes(length)


def both_gone(data: bytes, rng: Rng) -> bytes:
    """Header and trailer overwritten."""
    return header_gone(index_gone(data, rng), rng)


def garbage(data: bytes, rng: Rng) -> bytes:
    """Foreign bytes in front and behind."""
    return rng.bytes(3000) + data + rng.bytes(70_000)


def spliced(other: bytes) -> Damage:
    """The second half is that of another file."""
    return lambda data, rng: data[: len(data) // 2] + other[len(other) // 2 :]


@dataclass(slots=True)
class Outcome:
    """What became of a kind of damage."""

    name: str
    trials: int = 0
    detected: int = 0
    repaired: int = 0
    saved: list[float] = field(default_factory=list)
    wrong: int = 0


def is_detected(data: bytes) -> bool:
    """Whether a test complains."""
    try:
        nlac.test(data, threads=1)
    except nlac.FormatError:
        return True
    return False


def repair(damaged: bytes) -> bytes | None:
    """The repaired file, or None."""
    out = io.BytesIO()
    try:
        nlac.repair(damaged, out)
    except nlac.FormatError:
        return None
    return out.getvalue()


def recover(damaged: bytes, sources: list[np.ndarray]) -> tuple[float, bool]:
    """Part of the audio that is saved without parity, and whether something is silently wrong.

    What is not reported as lost must be that of one of the `sources`: where two files were joined,
    the index decides whose stream it is.
    """
    out = io.BytesIO()
    try:
        result = nlac.decode(damaged, out, recover=True, container="raw", threads=1)
    except nlac.FormatError:
        return 0.0, False
    found = np.frombuffer(out.getvalue(), "<i2").reshape(-1, CHANNELS)
    told = np.ones(len(found), bool)
    for lost in result.lost:
        told[lost.start : lost.stop] = False
    for samples in sources:
        right = (found == samples[: len(found)]).all(axis=1)
        complete = len(found) == len(samples) or bool(result.problems)
        if complete and right[told].all():
            return told.sum() / len(samples), False
    return 0.0, True


def kinds(other: bytes) -> dict[str, Damage]:
    """All kinds of damage by the names in the table."""
    return {
        "one bit flipped": one_bit,
        "one byte in 10,000 changed": many_bytes,
        "burst of 1.5 % of the file": random_burst(0.015),
        "burst of 10 % of the file": random_burst(0.1),
        "a sector of zeros": zeroed(1),
        "8 sectors of zeros": zeroed(8),
        "two pages of 4 KiB swapped": swapped,
        "1 % cut off at the end": cut_end(0.01),
        "half of the file missing": cut_end(0.5),
        "1 % cut off at the beginning": cut_begin(0.01),
        "1,000 bytes taken out": taken_out,
        "1,000 bytes put in": put_in,
        "header overwritten": header_gone,
        "index (trailer) overwritten": index_gone,
        "header and index overwritten": both_gone,
        "foreign bytes in front and behind": garbage,
        "second half of another file": spliced(other),
    }


def run(trials: int) -> None:
    """Try every kind of damage."""
    samples, others = make_samples(), make_samples(1)
    plain = make_stream(samples)
    protected, other = (io.BytesIO(), io.BytesIO())
    nlac.protect(plain, protected)
    nlac.protect(make_stream(others), other)
    whole = protected.getvalue()
    for name, damage in kinds(other.getvalue()).items():
        outcome = Outcome(name)
        for trial in range(trials):
            rng = np.random.default_rng([trial, *name.encode()])
            damaged = damage(whole, rng)
            if damaged == whole:
                continue
            outcome.trials += 1
            outcome.detected += is_detected(damaged)
            back = repair(damaged)
            outcome.repaired += back == whole
            outcome.wrong += back is not None and back != whole
            bare = damage(plain, np.random.default_rng([trial, *name.encode()]))
            saved, silent = recover(bare, [samples, others])
            outcome.saved.append(saved)
            outcome.wrong += silent
        print(_row(outcome), flush=True)


def _row(outcome: Outcome) -> str:
    def of(number: int) -> str:
        return "all" if number == outcome.trials else f"{number} of {outcome.trials}"

    cells = [
        outcome.name,
        of(outcome.detected),
        of(outcome.repaired) if outcome.repaired else "no",
        f"{100 * min(outcome.saved):.0f} %",
        str(outcome.wrong),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=10)
    print("| Damage | detected | repaired | audio saved without parity | silently wrong |")
    print("| --- | --- | --- | --- | --- |")
    run(parser.parse_args().trials)


if __name__ == "__main__":
    main()
