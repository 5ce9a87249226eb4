"""Peak memory of whole processes, beside flac and the build before.

    python benchmarks/memory.py RECORDING [--before CHECKOUT] [--preset NAME ...]

Takes the first three minutes of a recording, or as much as there is. Prints for each preset, for
one and two threads, the greatest resident size of `nlac encode` and `nlac decode` in MiB: all of
it, and how much is due to the samples, which is what exceeds the size on half a second. With
`--before`, a folder that contains the package `nlac` of another build, that build runs in turn
with this one, and the ratio of this build to it follows. Kernels are compiled on half a second
before, or are those of a wheel after `python tools/ahead/build.py nlac/kernels/ahead/built`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 180
HERE = Path(__file__).parents[1]
# in a process of its own: what is told of a process is at least the size of the one that began it,
# so this one stays small
_CUT = """
import sys, soundfile
source, target, seconds = sys.argv[1:]
rate = soundfile.info(source).samplerate
samples, _ = soundfile.read(source, round(float(seconds) * rate), dtype="int16")
soundfile.write(target, samples, rate, "PCM_16")
"""


def peak(command: list[str], build: Path | None = None) -> float:
    """Greatest resident size of a process in MiB."""
    environment = dict(os.environ)
    if build is not None:
        environment["PYTHONPATH"] = str(build)
    # of just this process, not of all children so far
    pid = os.spawnvpe(os.P_NOWAIT, command[0], command, environment)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: failed")
    kilobytes = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return kilobytes / 1024


def both(build: Path, source: Path, folder: Path, preset: str, threads: str) -> list[float]:
    """Peaks of encoding and decoding a file."""
    coded, again = folder / "coded.nlac", folder / "again.wav"
    # of that build, and not of the folder that this runs in
    nlac = [sys.executable, "-P", "-m", "nlac"]
    common = ["-q", "-f", "-j", threads]
    sizes = [
        peak([*nlac, "encode", *common, "--preset", preset, str(source), str(coded)], build),
        peak([*nlac, "decode", *common, str(coded), str(again)], build),
    ]
    if again.read_bytes() != source.read_bytes():
        raise SystemExit(f"{preset}: the file does not come back")
    return sizes


def flac(source: Path, folder: Path) -> list[float]:
    """Peaks of encoding and decoding a file with flac."""
    coded, again = str(folder / "coded.flac"), str(folder / "again.wav")
    return [
        peak(["flac", "-s", "-f", "-8", "-o", coded, str(source)]),
        peak(["flac", "-s", "-f", "-d", "-o", again, coded]),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("--before", type=Path, help="folder with the package of another build")
    parser.add_argument("--preset", action="append", help="may be repeated; fast, standard, high")
    options = parser.parse_args()
    builds = [HERE] if options.before is None else [options.before, HERE]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, short = folder / "whole.wav", folder / "short.wav"
        for target, seconds in ((whole, SECONDS), (short, 0.5)):
            command = [sys.executable, "-c", _CUT, options.recording, target, str(seconds)]
            subprocess.run(command, check=True)
        if shutil.which("flac"):
            print("flac -8: encode {:.1f}, decode {:.1f} MiB".format(*flac(whole, folder)))
        print("preset   -j  build    encode  of samples  decode  of samples")
        for preset in options.preset or ("fast", "standard", "high"):
            starts = {}
            for build in builds:
                both(build, short, folder, preset, "1")
                starts[build] = both(build, short, folder, preset, "1")
            for threads in ("1", "2"):
                sizes = {}
                for build in builds:
                    sizes[build] = both(build, whole, folder, preset, threads)
                    parts = [a - b for a, b in zip(sizes[build], starts[build], strict=True)]
                    label = "this" if build == HERE else "before"
                    print(
                        f"{preset:<8} {threads:>2}  {label:<6} {sizes[build][0]:>8.1f} "
                        f"{parts[0]:>11.1f} {sizes[build][1]:>7.1f} {parts[1]:>11.1f}",
                        flush=True,
                    )
                if len(builds) > 1:
                    before, this = (sizes[build] for build in builds)
                    ratios = [a / b for a, b in zip(this, before, strict=True)]
                    print(f"{'':<12} ratio  {ratios[0]:>8.2f} {'':>11} {ratios[1]:>7.2f}")


if __name__ == "__main__":
    main()
