"""What entry points cost, and what they bring to seeking, as Markdown.

    python benchmarks/entry_points.py [FILES ...] [--preset standard] [--seconds 30]

Each recording is coded in one block, with entry points and without (`--entry-seconds 0`). The table
has both sizes, the longest slice, the times to read a random second (opening the stream included),
and the times to decode and to encode everything, divided by those without entry points. Times are
those of the processor, on one thread; both are measured in turn, and the best of several runs
counts. Without FILES, a made signal is taken.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from timing import chord

import nlac
from nlac.bench.report import format_table
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.parts import open_slices

MADE_SECONDS = 60


def recording(path: str, seconds: float) -> tuple[NDArray[np.int32], int, int]:
    """Samples, rate and bits of the beginning of a file."""
    info = soundfile.info(path)
    bits = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}[info.subtype]
    frames = round(seconds * info.samplerate)
    samples, rate = soundfile.read(path, frames, dtype="int32", always_2d=True)
    return samples >> (32 - bits), rate, bits


def coded(
    samples: NDArray[np.int32], rate: int, bits: int, preset: str, entry_seconds: float
) -> tuple[bytes, float]:
    """The stream, and the seconds that it took."""
    out = io.BytesIO()
    begin = time.process_time()
    nlac.write(
        out, samples, rate, bits_per_sample=bits, preset=preset, entry_seconds=entry_seconds,
        block_seconds=len(samples) / rate, threads=1, verify=False,
    )  # fmt: skip
    return out.getvalue(), time.process_time() - begin


def longest_slice(stream: bytes) -> int:
    """Frames of the longest slice, or of the block without any."""
    reader = IndexedReader(io.BytesIO(stream))
    block = reader.block(0)
    opened = open_slices(block.payload, block.header.num_frames, reader.header)
    if opened is None:
        return block.header.num_frames
    return max(each.stop - each.start for each in opened.block.table.slices)


def seek_seconds(streams: list[bytes], frames: int, rate: int, places: int) -> list[float]:
    """Mean time to read a second at the same random places of each stream."""
    length = min(rate, frames)
    starts = np.random.default_rng(1).integers(0, frames - length + 1, places).tolist()
    totals = [0.0] * len(streams)
    for start in starts:
        for number, stream in enumerate(streams):
            runs = []
            for _ in range(3):
                begin = time.process_time()
                nlac.read(stream, start, start + length, threads=1)
                runs.append(time.process_time() - begin)
            totals[number] += min(runs)
    return [total / places for total in totals]


def whole_seconds(streams: list[bytes], runs: int) -> list[float]:
    """Best time to read all of each stream."""
    found = [float("inf")] * len(streams)
    for _ in range(runs):
        for number, stream in enumerate(streams):
            begin = time.process_time()
            nlac.read(stream, threads=1)
            found[number] = min(found[number], time.process_time() - begin)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", help="recordings that libsndfile reads")
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of a block")
    parser.add_argument("--entry-seconds", type=float, default=0.75)
    parser.add_argument("--places", type=int, default=12, help="random seconds to read")
    parser.add_argument("--size-only", action="store_true", help="no times")
    arguments = parser.parse_args()
    rows, totals = [], np.zeros(2)
    for path in arguments.files or [""]:
        if path:
            samples, rate, bits = recording(path, arguments.seconds)
        else:
            samples, rate, bits = chord(44_100 * MADE_SECONDS).T, 44_100, 16
            samples = np.ascontiguousarray(samples[: round(arguments.seconds * rate)])
        without, first = coded(samples, rate, bits, arguments.preset, 0)
        entered, second = coded(samples, rate, bits, arguments.preset, arguments.entry_seconds)
        back, _ = nlac.read(entered, always_2d=True)
        assert np.array_equal(back, samples)
        totals += len(without), len(entered)
        row = [
            Path(path).stem or "made", f"{len(samples) / rate:.1f}", f"{len(without)}",
            f"{100 * (len(entered) / len(without) - 1):+.3f}",
            f"{longest_slice(entered) / rate:.2f}",
        ]  # fmt: skip
        if not arguments.size_only:
            streams = [without, entered]
            old, new = seek_seconds(streams, len(samples), rate, arguments.places)
            whole, cut = whole_seconds(streams, 5)
            row += [
                f"{1000 * old:.1f}", f"{1000 * new:.1f}", f"{old / new:.1f}", f"{cut / whole:.3f}",
                f"{second / first:.2f}",
            ]  # fmt: skip
        rows.append(row)
        print(*row, file=sys.stderr)
    header = ["recording", "seconds", "bytes", "entry points, %", "longest slice, s"]
    if not arguments.size_only:
        header += ["a second without, ms", "with, ms", "times as fast", "whole", "encoding"]
    print(format_table(header, rows, markdown=True))
    print(f"\nAll: {100 * (totals[1] / totals[0] - 1):+.3f} %")


if __name__ == "__main__":
    main()
