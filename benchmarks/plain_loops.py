"""What each vector loop gains over the plain loop beside it, in CPU time of whole runs.

    python benchmarks/plain_loops.py [NAME[,NAME...] ...] [--preset high ...] [--rounds 12]

Each row is one setting of NLAC_PLAIN_KERNELS: the names of loops that run as plain ones. A process
with that setting and one without take turns at encoding (without verification) and decoding the
clips of `tests/data`. The figure is the ratio of the least times of each, less 1, in percent: what
a run would take longer without the vector loop. The work is the same every time, so whatever
disturbs it adds to its time, and the least is the truest. The two figures behind are the same ratio
over the even and over the odd rounds alone: how far they lie apart is the uncertainty. Kernels are
compiled first, which takes minutes. Rows of loops that a preset does not use say how far two equal
processes differ.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
CLIPS = ("music.flac", "speech.flac")
FRAMES = {"fast": 160_000, "standard": 80_000, "high": 30_000}


def timed(work: Any) -> tuple[float, Any]:
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def work(preset: str) -> None:
    """Answer each line with the seconds of encoding and of decoding both clips."""
    import nlac

    clips = []
    for name in CLIPS:
        path = ROOT / "tests/data" / name
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
        clips.append((np.resize(samples, (FRAMES.get(preset, 8_000), samples.shape[1])), rate))

    def encode() -> list[bytes]:
        streams = []
        for samples, rate in clips:
            out = io.BytesIO()
            nlac.write(out, samples, rate, preset=preset, verify=False, threads=1)
            streams.append(out.getvalue())
        return streams

    for _line in sys.stdin:
        encoding, streams = timed(encode)
        decoding, _ = timed(lambda: [nlac.read(data, threads=1) for data in streams])  # noqa: B023
        print(encoding, decoding, flush=True)


class Worker:
    def __init__(self, preset: str, plain: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--work", preset],
            env=os.environ | {"NLAC_PLAIN_KERNELS": plain, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.turn()  # compiles

    def turn(self) -> tuple[float, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        encoding, decoding = map(float, self._process.stdout.readline().split())
        return encoding, decoding

    def close(self) -> None:
        self._process.communicate()


def compare(preset: str, plain: str, rounds: int) -> None:
    vectors, loops = Worker(preset, ""), Worker(preset, plain)
    times: dict[Worker, list[tuple[float, float]]] = {vectors: [], loops: []}
    for k in range(rounds):
        for worker in (vectors, loops) if k % 2 == 0 else (loops, vectors):
            times[worker].append(worker.turn())
    for worker in times:
        worker.close()
    columns = []
    for direction in range(2):
        gains = []
        for part in (slice(None), slice(0, None, 2), slice(1, None, 2)):
            least = [min(pair[direction] for pair in times[w][part]) for w in (loops, vectors)]
            gains.append(100 * (least[0] / least[1] - 1))
        columns.append("{:+6.1f} ({:+.1f}, {:+.1f})".format(*gains))
    print(f"{preset:9} {plain:40} encode {columns[0]:24} decode {columns[1]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", default=["1"])
    parser.add_argument("--preset", action="append")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work)
        return
    for preset in given.preset or ["fast", "standard", "high"]:
        for names in given.names:
            compare(preset, names, given.rounds)


if __name__ == "__main__":
    main()
