"""Show that memory does not grow with the length of a stream.

    python benchmarks/huge_stream.py --gib 4.1 --preset fast

Raw PCM longer than 4 GiB, made on the fly (silence with a tone now and then),
goes through ``nlac encode`` and ``nlac decode`` by pipes: no file is written.
Prints sizes, the MD5 of what went in and came out, times, and the peak memory
of both processes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

RATE, CHANNELS = 44100, 2
GIB = 1 << 30
PIPE_PIECE = 1 << 16


def pieces(size: int, tone_every: int) -> Iterator[bytes]:
    """Yield `size` bytes of 16-bit stereo, a second a piece."""
    rng = np.random.default_rng(4)
    silence = bytes(RATE * CHANNELS * 2)
    phase = np.arange(RATE)[:, None] * (2 * np.pi / RATE)
    number = 0
    while size > 0:
        piece = silence
        if number % tone_every == 0:
            pitch = rng.uniform(50, 5000, CHANNELS)
            noise = rng.normal(0, 30, (RATE, CHANNELS))
            piece = (np.sin(phase * pitch) * 9000 + noise).astype("<i2").tobytes()
        yield piece[:size]
        size -= len(piece)
        number += 1


class Meter:
    """Length and MD5 of all bytes that went by."""

    def __init__(self) -> None:
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.size = 0

    def add(self, piece: bytes) -> None:
        self.md5.update(piece)
        self.size += len(piece)


@dataclass
class Piped:
    """A process with both ends of its pipes."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]


def start(command: list[str]) -> Piped:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    return Piped(process, process.stdin, process.stdout)


def peak_mib(piped: Piped) -> float:
    """Wait for the process; return its peak memory in MiB."""
    process = piped.process
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed with exit code {process.returncode}: {process.args!r}")
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gib", type=float, default=4.1, help="length of the stream")
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--tone-every", type=int, default=60, help="seconds from tone to tone")
    parser.add_argument("-j", "--jobs", default="0", help="threads of each process; 0: all cores")
    arguments = parser.parse_args()
    size = round(arguments.gib * GIB) // (2 * CHANNELS) * (2 * CHANNELS)

    nlac = [sys.executable, "-m", "nlac"]
    jobs = ["-j", arguments.jobs] if arguments.jobs != "0" else []
    raw = ["--raw", f"{RATE},s16le,{CHANNELS}"]
    begin = time.perf_counter()
    encoder = start([*nlac, "encode", "-q", *jobs, "--preset", arguments.preset, *raw, "-", "-"])
    decoder = start([*nlac, "decode", "-q", *jobs, "-", "-"])
    fed, coded, back = Meter(), Meter(), Meter()

    def feed() -> None:
        with encoder.stdin as sink:
            for piece in pieces(size, arguments.tone_every):
                fed.add(piece)
                sink.write(piece)

    def pass_on() -> None:
        with decoder.stdin as sink:
            while piece := encoder.stdout.read(PIPE_PIECE):
                coded.add(piece)
                sink.write(piece)

    threads = [threading.Thread(target=work, daemon=True) for work in (feed, pass_on)]
    for thread in threads:
        thread.start()
    while piece := decoder.stdout.read(PIPE_PIECE):
        back.add(piece)
    for thread in threads:
        thread.join()
    peaks = peak_mib(encoder), peak_mib(decoder)
    wall = time.perf_counter() - begin

    audio = size / (RATE * CHANNELS * 2)
    print(f"raw PCM      {size:,} bytes ({size / GIB:.2f} GiB, {audio / 3600:.2f} hours)")
    print(f"coded        {coded.size:,} bytes ({100 * coded.size / size:.3f} %)")
    print(f"MD5 in       {fed.md5.hexdigest()}")
    print(f"MD5 out      {back.md5.hexdigest()} ({back.size:,} bytes)")
    print(f"time         {wall:.1f} s, both processes at once: {audio / wall:.0f} x real time")
    print(f"peak memory  encode {peaks[0]:.0f} MiB, decode {peaks[1]:.0f} MiB")
    if fed.md5.digest() != back.md5.digest():
        sys.exit("what came out is not what went in")


if __name__ == "__main__":
    main()
