"""Do FLAC files come back byte for byte, and what does it cost, encoder by encoder?

    python benchmarks/flac_files.py RECORDING... [--seconds 20] [--speed standard]

Each recording (anything that libsndfile reads) is encoded as FLAC by every program that is here,
then by nlac with and without the parameters of the frames. The table tells how many files came
back whole, and how many bytes the parameters took, relative to the FLAC file. `--speed` also
times one preset on the recordings as WAV and as FLAC.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import soundfile

import nlac

ENCODERS = {
    "flac -0": "flac -s -f -0 IN -o OUT",
    "flac -5": "flac -s -f -5 IN -o OUT",
    "flac -8": "flac -s -f -8 IN -o OUT",
    "flac -8 -e -p": "flac -s -f -8 -e -p IN -o OUT",
    "flac -8 -b 1152 -r 8": "flac -s -f -8 -b 1152 -r 8 --lax IN -o OUT",
    "flac --ogg -8": "flac -s -f --ogg -8 IN -o OUT",
    "ffmpeg 0": "ffmpeg -y -v error -i IN -c:a flac -compression_level 0 OUT",
    "ffmpeg 5": "ffmpeg -y -v error -i IN -c:a flac -compression_level 5 OUT",
    "ffmpeg 12": "ffmpeg -y -v error -i IN -c:a flac -compression_level 12 OUT",
    "libsndfile": "",
}


def make_flac(command: str, source: Path, folder: Path) -> Path | None:
    """Encode a WAV file by one of the programs; None if it is not here."""
    out = folder / ("x.oga" if "--ogg" in command else "x.flac")
    if not command:
        samples, rate = soundfile.read(source, dtype="int32", always_2d=True)
        soundfile.write(out, samples, rate, soundfile.info(source).subtype)
        return out
    words = [{"IN": str(source), "OUT": str(out)}.get(word, word) for word in command.split()]
    if shutil.which(words[0]) is None:
        return None
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
    return out


def sizes(path: Path) -> tuple[int, int, int, bool]:
    """Bytes of the FLAC file, of the stream with it and without, and whether it came back."""
    whole, part, back = io.BytesIO(), io.BytesIO(), io.BytesIO()
    result = nlac.encode(path, whole, preset="fast", verify=False)
    nlac.encode(path, part, preset="fast", verify=False, exact=False)
    data = path.read_bytes()
    if result.restorable:
        nlac.decode(whole.getvalue(), back)
    came_back = back.getvalue() == data
    return len(data), len(whole.getvalue()), len(part.getvalue()), came_back


def seconds_of(path: Path, preset: str) -> float:
    """CPU time of an encoding, the best of two."""
    times = []
    for _ in range(2):
        begin = time.process_time()
        nlac.encode(path, io.BytesIO(), preset=preset)
        times.append(time.process_time() - begin)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=20, help="of each recording at most")
    parser.add_argument("--speed", metavar="PRESET", help="time a preset on WAV and FLAC as well")
    options = parser.parse_args()
    rows: dict[str, list[tuple[int, int, int, bool]]] = {name: [] for name in ENCODERS}
    spent = {"wav": 0.0, "flac": 0.0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for recording in options.recordings:
            info = soundfile.info(recording)
            count = int(options.seconds * info.samplerate)
            samples, rate = soundfile.read(recording, count, dtype="int32", always_2d=True)
            source = folder / "x.wav"
            soundfile.write(source, samples, rate, info.subtype)
            for encoder, command in ENCODERS.items():
                path = make_flac(command, source, folder)
                if path is not None:
                    rows[encoder].append(sizes(path))
                    if encoder == "flac -8" and options.speed:
                        spent["wav"] += seconds_of(source, options.speed)
                        spent["flac"] += seconds_of(path, options.speed)
    print("| encoder | files | byte for byte | parameters, of the FLAC file | at most |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for encoder, found in rows.items():
        if found:
            costs = [(whole - part) / size for size, whole, part, _ in found]
            total = sum(w - p for _, w, p, _ in found) / sum(size for size, *_ in found)
            print(
                f"| {encoder} | {len(found)} | {sum(back for *_, back in found)} "
                f"| {100 * total:.2f} % | {100 * max(costs):.2f} % |"
            )
    if options.speed:
        print(
            f"\n{options.speed}, CPU time: {spent['wav']:.1f} s from WAV, {spent['flac']:.1f} s "
            f"from FLAC"
        )


if __name__ == "__main__":
    main()
