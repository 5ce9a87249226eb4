"""Encoding and decoding beside those of the build before, and of flac, in one run.

    python benchmarks/speed.py CORPUS --base FOLDER [--mine FOLDER] [--preset NAME ...]
                               [--split test] [--category music] [--seconds 10] [--rounds 3]

FOLDER holds the package `nlac` of a build, as a source tree and an environment's `site-packages`
do. Each build has a process of its own, with one thread, which takes turns with the other file by
file; of the CPU times of each file the least of all rounds counts, so that kernels need only be
compiled once. nlac verifies while encoding or not, as `--verify` says; flac -8 never does, and the
start of its process is taken off. Streams of both builds are compared, and each decodes its own.
Prints Markdown: the ratio of times, base over mine, and speeds as shares of flac's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from nlac.bench.corpus import Item, find_items, make_wav
from nlac.bench.process import run_measured
from nlac.bench.report import format_table

_WORKER = """
import io, json, sys, time
import nlac
for line in sys.stdin:
    job, path, other, options = json.loads(line)
    data = open(path, "rb").read()
    out = io.BytesIO()
    begin = time.process_time()
    if job == "encode":
        nlac.encode(data, out, threads=1, **options)
    else:
        nlac.decode(data, out, threads=1)
    seconds = time.process_time() - begin
    open(other, "wb").write(out.getvalue())
    print(json.dumps(seconds), flush=True)
"""


class Build:
    """A process in which one build codes on one thread."""

    def __init__(self, folder: Path | None) -> None:
        environment = dict(os.environ)
        if folder is not None:
            environment["PYTHONPATH"] = str(folder.resolve())
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _WORKER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True,
        )  # fmt: skip

    def seconds(self, job: str, source: Path, target: Path, **options: Any) -> float:
        """CPU seconds of a job."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([job, str(source), str(target), options]), file=self._process.stdin)
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{job} of {source} failed")
        return float(json.loads(answer))


def flac_seconds(wav: Path, folder: Path, start: float) -> tuple[float, float]:
    """CPU seconds that flac -8 takes to encode and to decode."""
    coded = str(folder / "peer.flac")
    encode = run_measured(["flac", "-8sf", str(wav), "-o", coded])
    decode = run_measured(["flac", "-dsf", coded, "-o", str(folder / "peer.wav")])
    return encode.cpu_s - start, decode.cpu_s - start


def first_seconds(item: Item, folder: Path, seconds: float) -> Path:
    """The beginning of a file, as WAV."""
    import soundfile

    wav = make_wav(item, folder)
    info = soundfile.info(wav)
    if info.duration > seconds:
        samples, rate = soundfile.read(wav, round(seconds * info.samplerate), dtype="int32")
        soundfile.write(wav, samples, rate, info.subtype, format="WAV")
    return wav


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--mine", type=Path, help="what is installed, without")
    parser.add_argument("--preset", nargs="+", default=["fast", "standard", "high"])
    parser.add_argument("--split")
    parser.add_argument("--category")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="only every so many files")
    arguments = parser.parse_args()
    items = [
        item
        for item in find_items(arguments.corpus)
        if arguments.split in (None, item.split) and arguments.category in (None, item.category)
    ][:: arguments.every]
    has_flac = shutil.which("flac") is not None
    least: dict[tuple[str, str, str, str], float] = defaultdict(lambda: float("inf"))
    same = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        builds = {"base": Build(arguments.base), "mine": Build(arguments.mine)}
        # no start of a process is part of what is compared
        start = min(run_measured(["flac", "--version"]).cpu_s for _ in range(9)) if has_flac else 0
        for item in items:
            wav = first_seconds(item, folder, arguments.seconds)
            for _ in range(arguments.rounds):
                for preset in arguments.preset:
                    streams = []
                    for build, process in builds.items():
                        coded, back = folder / f"{build}.nlac", folder / f"{build}.wav"
                        options = {"preset": preset, "verify": arguments.verify}
                        for job, seconds in (
                            ("encode", process.seconds("encode", wav, coded, **options)),
                            ("decode", process.seconds("decode", coded, back)),
                        ):
                            key = item.name, preset, build, job
                            least[key] = min(least[key], seconds)
                        if back.read_bytes() != wav.read_bytes():
                            raise SystemExit(f"{item.name}: not what {build} gives back")
                        streams.append(coded.read_bytes())
                    same += streams[0] == streams[1]
                if has_flac:
                    pair = zip(("encode", "decode"), flac_seconds(wav, folder, start), strict=True)
                    for job, seconds in pair:
                        key = item.name, "", "flac", job
                        least[key] = min(least[key], seconds)
            print(f"{item.name} done", file=sys.stderr)
    totals: dict[tuple[str, str, str], float] = defaultdict(float)
    for (_, preset, build, job), seconds in least.items():
        totals[preset, build, job] += seconds
    rows = []
    for preset in arguments.preset:
        row = [preset]
        for job in ("encode", "decode"):
            mine = totals[preset, "mine", job]
            row.append(f"{totals[preset, 'base', job] / mine:.2f}")
            row.append(f"{totals['', 'flac', job] / mine:.3f}" if has_flac else "")
        rows.append(row)
    ratios = ("base / mine", "of flac -8")
    header = ["preset", *(f"{job}, {each}" for job in ("encoding", "decoding") for each in ratios)]
    print(format_table(header, rows, markdown=True))
    compared = len(items) * len(arguments.preset) * arguments.rounds
    print(f"\n{len(items)} files; {same} of {compared} streams are the same byte for byte")


if __name__ == "__main__":
    main()
