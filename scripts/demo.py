"""Encode a recording, decode it, show that the file is the same, and compare with FLAC.

Run by ``scripts/demo``, with the nlac of the environment that it runs in.
"""

from __future__ import annotations

import filecmp
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nlac


def run(*arguments: str) -> None:
    print("$", shlex.join(["nlac", *arguments]), flush=True)
    # the installed command, not ``python -m``, which would take the sources of this folder
    subprocess.run([Path(sys.executable).with_name("nlac"), *arguments], check=True)


def seconds(work: Callable[[], object]) -> float:
    """Time of the second of two runs: the first may compile kernels or load them."""
    work()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def of_nlac(wav: str, folder: Path, preset: str) -> tuple[str, int, float, float]:
    packed, back = folder / f"{preset}.nlac", folder / f"{preset}.wav"
    encode = seconds(lambda: nlac.encode(wav, packed, preset=preset, threads=1, force=True))
    decode = seconds(lambda: nlac.decode(packed, back, threads=1, force=True))
    return f"nlac {preset}", packed.stat().st_size, encode, decode


def of_flac(wav: str, folder: Path, *level: str) -> tuple[str, int, float, float]:
    packed, back = str(folder / "out.flac"), str(folder / "flac.wav")
    flac = ["flac", "--silent", "--force"]
    encoder = [*flac, *level, "--verify", "--no-padding", "--no-seektable", "-o", packed, wav]
    encode = seconds(lambda: subprocess.run(encoder, check=True))
    decode = seconds(lambda: subprocess.run([*flac, "-d", "-o", back, packed], check=True))
    return shlex.join(["flac", *level]), Path(packed).stat().st_size, encode, decode


def main(wav: str) -> None:
    length = Path(wav).stat().st_size
    print("The first run compiles nlac's kernels, which takes two minutes or so ...", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        of_nlac(wav, folder, "standard")
        packed, back = str(folder / "packed.nlac"), str(folder / "back.wav")
        run("encode", wav, packed)
        run("decode", packed, back)
        same = filecmp.cmp(wav, back, shallow=False)
        print("The same file, byte for byte." if same else "THE FILES DIFFER.")
        duration = nlac.info(packed).seconds
        rows = [of_nlac(wav, folder, preset) for preset in ("fast", "standard")]
        if shutil.which("flac"):
            rows.append(of_flac(wav, folder, "-8"))
            rows.append(of_flac(wav, folder, "-8", "-e", "-p"))
        else:
            print("(flac is not on PATH, so there is nothing to compare with)")
    print(f"\n{wav}: {length:,} bytes, {duration:.1f} s; all encoders verify, one thread")
    print(f"{'':16}{'bytes':>12}{'of WAV':>10}{'encoding':>16}{'decoding':>16}")
    for label, size, encode, decode in rows:
        speeds = "".join(f"{f'{duration / time:,.0f}x real time':>16}" for time in (encode, decode))
        print(f"{label:16}{size:12,}{100 * size / length:8.2f} %{speeds}")
    sys.exit(not same)


if __name__ == "__main__":
    main(sys.argv[1])
