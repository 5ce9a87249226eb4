"""Time reads from a mounted archive: one after the other, and at random places.

    python benchmarks/mount.py RECORDING [--preset standard] [--seconds 60] [--places 20]

The archive is mounted anew for each measurement, so that nothing is cached. The speed of sequential
reads is told as a multiple of real time; a read of 4 kB at a random place is set against the time
in which its slice or block is decoded in memory, both with kernels that are loaded.
Exits with 1 where a figure misses: 20 times real time, 1.2 times the time of a block.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

import nlac
from nlac.playback.original import OriginalFile

READ_BYTES = 4096
SPEED = 20
SHARE = 1.2


@contextmanager
def mounted(archive: Path, folder: Path) -> Iterator[None]:
    """The archive, with a cache of nothing decoded yet but a first short file."""
    command = [sys.executable, "-m", "nlac", "mount", "--json", archive, folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    # what loads kernels, which a running file system has loaded long ago
    (folder / "first.wav").read_bytes()
    try:
        yield
    finally:
        subprocess.run(["fusermount3", "-u", folder], check=True)
        process.wait()


def sequential(archive: Path, folder: Path) -> float:
    """Seconds to read all of the file."""
    with mounted(archive, folder):
        begin = time.perf_counter()
        with open(folder / "recording.wav", "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass
        return time.perf_counter() - begin


def random_read(archive: Path, folder: Path, place: int) -> float:
    """Seconds of a read from a cold cache."""
    with mounted(archive, folder):
        descriptor = os.open(folder / "recording.wav", os.O_RDONLY)
        # the system reads ahead otherwise, and what is asked for is 4 kB
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
        begin = time.perf_counter()
        os.pread(descriptor, READ_BYTES, place)
        seconds = time.perf_counter() - begin
        os.close(descriptor)
    return seconds


def decoding(data: bytes, place: int) -> float:
    """Seconds in which what holds a place is decoded in memory, by the library."""
    with nlac.open(data, threads=1) as file:
        frame_bytes = 2 * file.channels
        begin = time.perf_counter()
        file.seek(min(place // frame_bytes, file.frames - 1))
        file.read(READ_BYTES // frame_bytes)
        return time.perf_counter() - begin


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--places", type=int, default=8)
    arguments = parser.parse_args()
    samples, rate = soundfile.read(arguments.recording, dtype="int16", always_2d=True)
    frames = int(arguments.seconds * rate)
    samples = np.resize(samples[:frames], (frames, samples.shape[1]))
    with tempfile.TemporaryDirectory() as name:
        archive, folder = Path(name, "archive"), Path(name, "mounted")
        archive.mkdir()
        folder.mkdir()
        for title, part in (("recording", samples), ("first", samples[:rate])):
            wav = io.BytesIO()
            soundfile.write(wav, part, rate, "PCM_16", format="WAV")
            nlac.encode(wav.getvalue(), archive / f"{title}.nlac", preset=arguments.preset)
        stream = archive / "recording.nlac"
        with OriginalFile(stream) as file:
            size = file.size
        choose = np.random.default_rng(1)
        places = [int(place) for place in choose.integers(44, size - READ_BYTES, arguments.places)]
        speed = arguments.seconds / sequential(archive, folder)
        data = stream.read_bytes()
        nlac.read(data, stop=1)
        reads, decoded = [], []
        # in turn, for a machine may have other things to do
        for place in places:
            reads.append(random_read(archive, folder, place))
            decoded.append(decoding(data, place))
    share = statistics.median(reads) / statistics.median(decoded)
    print(f"sequential read: {speed:.1f} times real time (at least {SPEED})")
    print(
        f"random read of {READ_BYTES} bytes: {1000 * statistics.median(reads):.1f} ms, "
        f"decoding {1000 * statistics.median(decoded):.1f} ms: {share:.2f} (at most {SHARE})"
    )
    return 0 if speed >= SPEED and share <= SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
