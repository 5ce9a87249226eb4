"""What a command costs besides its work: a second of audio in a process of its own.

    python benchmarks/start.py [FILE] [--base FOLDER] [--rounds 20] [--preset fast ...]

Encodes and decodes the first second of FILE (a made chord without one; stereo, 16 bits, 44.1 kHz)
by `nlac`, by `flac -8` where it is installed, and with --base by the nlac of another source tree.
All run in turn, and of each the least counts: CPU time of the whole process, user and system, and
its peak memory. Prints Markdown. Ratios are those to --base, or else to flac. Modules are compiled
to bytecode before, as an installer does it; kernels are those of a wheel after
`python tools/ahead/build.py nlac/kernels/ahead/built`.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import sys
import tempfile
import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
from timing import chord

from nlac.bench.process import run_measured
from nlac.bench.report import format_table

RATE = 44_100
HERE = Path(__file__).resolve().parents[1]


class Cost(NamedTuple):
    """CPU time and peak memory of a process."""

    milliseconds: float
    mebibytes: float


class Command(NamedTuple):
    """One way to do a job: the source tree is empty for programs that are not nlac."""

    job: str
    name: str
    tree: str
    words: list[str]


def write_second(path: Path, source: Path | None) -> None:
    """Write the first second of a WAV file of 16 bits, or of a chord."""
    if source is not None:
        with wave.open(str(source), "rb") as file:
            if (file.getnchannels(), file.getsampwidth()) != (2, 2):
                raise SystemExit(f"{source}: not stereo of 16 bits")
            rate = file.getframerate()
            data = file.readframes(rate)
    else:
        rate, data = RATE, chord(RATE).T.astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(data)


def commands(folder: Path, trees: dict[str, Path], presets: list[str]) -> list[Command]:
    """Return the jobs, those to compare side by side."""
    wav, out = str(folder / "in.wav"), str(folder / "out")
    flac = shutil.which("flac")
    found = []
    for preset in presets:
        packed = {name: str(folder / f"{name} {preset}.nlac") for name in trees}
        words = [sys.executable, "-P", "-m", "nlac"]
        job = f"encode, {preset}"
        for name, tree in trees.items():
            encode = [*words, "encode", "--preset", preset, "-qf", wav, "-o", packed[name]]
            found.append(Command(job, name, str(tree), encode))
        if flac is not None:
            found.append(Command(job, "flac -8", "", [flac, "-8sfV", wav, "-o", out + ".flac"]))
        job = f"decode, {preset}"
        for name, tree in trees.items():
            decode = [*words, "decode", "-qf", packed[name], "-o", out + ".wav"]
            found.append(Command(job, name, str(tree), decode))
        if flac is not None:
            found.append(Command(job, "flac -8", "", [flac, "-dsf", out + ".flac", "-o", out]))
    return found


def cost(command: Command) -> Cost:
    """Run a command, and see what it took."""
    if command.tree:
        os.environ["PYTHONPATH"] = command.tree
    used = run_measured(command.words)
    if used.exit_code:
        raise SystemExit(f"{' '.join(command.words)}: {used.error}")
    return Cost(1e3 * used.cpu_s, used.maxrss / 2**20)


def table(costs: dict[tuple[str, str], Cost], against: str) -> str:
    """Return the table of all jobs."""
    rows = []
    for (job, name), each in costs.items():
        base = costs.get((job, against))
        ratios = ["", ""]
        if base is not None and name != against:
            pairs = zip(each, base, strict=True)
            ratios = [f"{mine / other:.3f}" for mine, other in pairs]
        figures = [f"{each.milliseconds:.0f}", ratios[0], f"{each.mebibytes:.0f}", ratios[1]]
        rows.append([job, name, *figures])
    return format_table(["job", "by", "CPU ms", "ratio", "peak MiB", "ratio"], rows, markdown=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, help="WAV file, stereo, 16 bits")
    parser.add_argument("--base", type=Path, help="root of another source tree")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--preset", nargs="+", default=["standard", "fast"])
    arguments = parser.parse_args()
    trees = {"nlac": HERE}
    if arguments.base is not None:
        trees = {"base": arguments.base.resolve()} | trees
    for tree in trees.values():
        compileall.compile_dir(tree / "nlac", quiet=2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_second(folder / "in.wav", arguments.file)
        jobs = commands(folder, trees, arguments.preset)
        costs: dict[tuple[str, str], Cost] = {}
        for _ in range(arguments.rounds):
            for each in jobs:
                new = cost(each)
                old = costs.get((each.job, each.name), new)
                costs[each.job, each.name] = Cost(*np.minimum(new, old).tolist())
    print(table(costs, "base" if arguments.base else "flac -8"))


if __name__ == "__main__":
    main()
