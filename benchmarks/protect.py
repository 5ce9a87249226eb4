"""What parity repairs, and how long it takes, beside par2.

    python benchmarks/protect.py [--trials 100] [--megabytes 10] [--speed-megabytes 400]

Makes a stream of noise, which does not compress, adds parity, damages the stream in ever new
ways, and compares what is repaired byte for byte:

- a burst of 1.5 % of the file's bytes anywhere, the parity and the index included;
- 1,000 bytes anywhere (100 a megabyte), each changed to another value;
- both at once, the burst half as long;
- 1 % cut off at the beginning or at the end.

Then a longer file is protected on one core by `nlac protect` and by `par2 create` with as much
parity and as many blocks, and both repair a burst. Times are of whole commands, with the start
of Python, which a row of its own tells: the time for a stream of a few bytes.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import nlac

AMOUNT = 0.02
BURST = 0.015
FLIPS_PER_MEGABYTE = 100
# as many as nlac has shards at this amount
PAR2_BLOCKS = 1100


def make_stream(num_bytes: int) -> bytes:
    """A stream of noise of about so many bytes."""
    noise = np.random.default_rng(1).integers(-(2**15), 2**15, (num_bytes // 4, 2))
    out = io.BytesIO()
    nlac.write(out, noise.astype(np.int16), 48_000, preset="fast", verify=False)
    return out.getvalue()


def burst(data: bytes, rng: np.random.Generator, share: float = BURST) -> bytes:
    """Other bytes in one place."""
    length = int(len(data) * share)
    begin = int(rng.integers(len(data) - length + 1))
    return data[:begin] + rng.bytes(length) + data[begin + length :]


def flips(data: bytes, rng: np.random.Generator) -> bytes:
    """Single bytes changed anywhere."""
    array = np.frombuffer(data, np.uint8).copy()
    number = FLIPS_PER_MEGABYTE * len(data) // 10**6
    places = rng.choice(len(data), number, replace=False)
    array[places] ^= rng.integers(1, 256, number).astype(np.uint8)
    return array.tobytes()


def both(data: bytes, rng: np.random.Generator) -> bytes:
    """Single bytes and a shorter burst."""
    return burst(flips(data, rng), rng, BURST / 2)


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """The beginning or the end is missing."""
    length = len(data) // 100
    return data[length:] if rng.integers(2) else data[:-length]


def repairs(data: bytes, damaged: bytes) -> bool:
    """Whether a damaged stream comes back."""
    out = io.BytesIO()
    try:
        nlac.repair(damaged, out)
    except nlac.NotRepairable:
        return False
    return out.getvalue() == data


def run_trials(data: bytes, trials: int) -> None:
    """Print how many trials of each kind were repaired."""
    print(f"| damage of a file of {len(data):,} bytes | repaired | seconds each |")
    print("| --- | ---: | ---: |")
    damages: list[Callable[[bytes, np.random.Generator], bytes]] = [burst, flips, both, cut]
    for damage in damages:
        begin, good = time.perf_counter(), 0
        for trial in range(trials):
            good += repairs(data, damage(data, np.random.default_rng([2, trial])))
        seconds = (time.perf_counter() - begin) / trials
        print(f"| {damage.__name__} | {good} of {trials} | {seconds:.2f} |", flush=True)


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds by the clock and of the processor that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_speed(num_bytes: int) -> None:
    """Print the speed of `nlac` and `par2` on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    data = make_stream(num_bytes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.nlac").write_bytes(data)
        shutil.copy(folder / "a.nlac", folder / "b.nlac")
        commands = {"nlac protect": [sys.executable, "-m", "nlac", "protect", "-q", "a.nlac"]}
        par2 = shutil.which("par2")
        if par2 is not None:
            count = round(PAR2_BLOCKS * AMOUNT)
            options = [f"-b{PAR2_BLOCKS}", f"-c{count}", "-n1", "-t1", "-q", "-q"]
            commands["par2 create"] = [par2, "create", *options, "b.nlac"]
            commands["par2 repair"] = [par2, "repair", "-t1", "-q", "-q", "b.nlac.par2"]
        commands["nlac repair"] = [sys.executable, "-m", "nlac", "repair", "-q", "a.nlac"]
        (folder / "tiny.nlac").write_bytes(make_stream(4))
        start, _processor = timed([*commands["nlac protect"][:-1], "tiny.nlac"], folder)
        print(f"\n| {num_bytes // 10**6} MB, one core | seconds | of the processor | MB/s |")
        print("| --- | ---: | ---: | ---: |")
        for command, arguments in commands.items():
            if command.endswith("repair"):
                path = folder / ("a.nlac" if command.startswith("nlac") else "b.nlac")
                path.write_bytes(burst(path.read_bytes(), np.random.default_rng(3)))
            seconds, processor = timed(arguments, folder)
            speed = len(data) / seconds / 1e6
            print(f"| {command} | {seconds:.2f} | {processor:.2f} | {speed:.0f} |", flush=True)
        print(f"| start of nlac | {start:.2f} | | |")
        extra = [path.stat().st_size for path in folder.glob("b.nlac*.par2")]
        grown = (folder / "a.nlac").stat().st_size - len(data)
        print(f"\nnlac adds {grown:,} bytes, par2 {sum(extra):,}.")


def main() -> None:
    """Run trials and timing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--megabytes", type=int, default=10)
    parser.add_argument("--speed-megabytes", type=int, default=400)
    arguments = parser.parse_args()
    if arguments.trials:
        out = io.BytesIO()
        nlac.protect(make_stream(arguments.megabytes * 10**6), out, amount=AMOUNT)
        run_trials(out.getvalue(), arguments.trials)
    if arguments.speed_megabytes:
        run_speed(arguments.speed_megabytes * 10**6)


if __name__ == "__main__":
    main()
