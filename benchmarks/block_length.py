"""What the length of blocks costs: size of the file, and time for a random second of it.

    python benchmarks/block_length.py RECORDING ... [--preset fast ...] [--seconds 1 2 5 30]

Encodes every recording with every preset and length of blocks, and prints Markdown. Sizes are per
cent of the samples in whole bytes, over all recordings. A random second is read on one thread from
an open file that keeps nothing: the mean over places that are the same for all lengths.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

import nlac
from nlac.bench.report import format_table
from nlac.codec.encoder.options import PresetName


class Cost(NamedTuple):
    """What one length of blocks costs a recording."""

    num_bytes: int
    pcm_bytes: int
    seconds: float


def cost(
    path: Path, preset: PresetName, block_seconds: float, limit: float, reads: int
) -> Cost:
    """Encode the beginning of a recording, and read seconds out of it."""
    facts = soundfile.info(path)
    frames = min(facts.frames, round(limit * facts.samplerate))
    bits = 24 if facts.subtype == "PCM_24" else 16
    samples = soundfile.read(path, frames=frames, dtype="int32" if bits > 16 else "int16")[0]
    if bits > 16:
        samples >>= 32 - bits
    stream = io.BytesIO()
    nlac.write(
        stream, samples, facts.samplerate, bits_per_sample=bits, preset=preset,
        block_seconds=block_seconds, verify=False,
    )  # fmt: skip
    places = np.random.default_rng(7).integers(0, frames - facts.samplerate, reads)
    with nlac.open(stream, threads=1, cache_bytes=0) as file:
        _ = file[: facts.samplerate]  # compiled loops are loaded
        begin = time.perf_counter()
        for place in places:
            part = file[place : place + facts.samplerate]
            assert np.array_equal(part, samples[place : place + facts.samplerate])
        seconds = (time.perf_counter() - begin) / reads
    return Cost(len(stream.getvalue()), facts.channels * frames * bits // 8, seconds)


def table(arguments: argparse.Namespace) -> str:
    """One row a length of blocks; size and time for each preset."""
    header = ["block"]
    for preset in arguments.preset:
        header += [f"{preset}: size", "to 30 s", "a random second"]
    columns: dict[str, dict[float, list[Cost]]] = {}
    for preset in arguments.preset:
        for length in arguments.seconds:
            print(f"{preset}, {length:g} s", file=sys.stderr)
            columns.setdefault(preset, {})[length] = [
                cost(path, preset, length, arguments.limit, arguments.reads)
                for path in arguments.recordings
            ]
    rows = []
    for length in arguments.seconds:
        row = [f"{length:g} s"]
        for by_length in columns.values():
            here, usual = by_length[length], by_length.get(30.0)
            size = sum(each.num_bytes for each in here)
            row.append(f"{100 * size / sum(each.pcm_bytes for each in here):.2f} %")
            change = "-" if usual is None else f"{_relative(size, usual):+.2f} %"
            mean = sum(each.seconds for each in here) / len(here)
            row += [change, f"{1000 * mean:.0f} ms"]
        rows.append(row)
    return format_table(header, rows, markdown=True)


def _relative(size: int, usual: list[Cost]) -> float:
    return 100 * (size / sum(each.num_bytes for each in usual) - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--preset", nargs="+", default=["fast", "standard", "high"])
    parser.add_argument(
        "--seconds", nargs="+", type=float, default=[1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0],
        help="lengths of blocks",
    )  # fmt: skip
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of each recording")
    parser.add_argument("--reads", type=int, default=8, help="random seconds of each recording")
    print(table(parser.parse_args()))


if __name__ == "__main__":
    main()
