"""Are presets in order, and is no file larger than FLAC's? Every violation over many kinds.

    python benchmarks/order.py [FOLDER ...] [--split test] [--seconds 6] [--kind up24]
                               [--preset standard ...] [--recordings] [--json FILE]

Clips of all kinds in `kinds.py` are made from the recordings in the folders (by default the clips
of `tests/data`), coded by all presets and by ``flac -8 -e -p``, and compared: a preset may be at
most 0.02 % larger than the one before it, and 0.1 % larger than FLAC. Some bytes more are no
violation (`GRACE`): nlac keeps the header of the WAV file and two checksums, which FLAC does not.
Exit status 1 tells of violations. With ``--recordings`` the recordings themselves are coded, whole,
not what can be made of them. What an encoder is tuned on must not judge it: tune on
``--split train``, judge on ``--split test``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections import defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import soundfile
from kinds import BITS, Clip, derived, read, synthetic

from nlac.bench.corpus import Item, find_items, make_wav

ROOT = Path(__file__).resolve().parents[1]
PRESETS = ("fast", "standard", "high", "max", "neural")
ORDER, OVER_FLAC = 1.0002, 1.001
GRACE = {"preset": 64, "flac": 256}  # bytes


def size_of(path: Path, codec: str) -> int:
    """Bytes of a WAV file in a preset, or in FLAC; nlac's audio is coded alone, as FLAC's is."""
    out = path.with_suffix(".out")
    if codec == "flac":
        flags = ["-8", "-e", "-p", "-s", "-f", "--no-padding", "--no-seektable", "--lax"]
        flags.append("--channel-map=none")  # the WAV files name no speakers
        command = ["flac", *flags, "-o", str(out), str(path)]
        subprocess.run(command, check=True, capture_output=True)
    else:
        import nlac

        nlac.encode(path, out, preset=codec, verify=True, threads=1, padding=0)
    size = out.stat().st_size
    out.unlink()
    return size


def sizes_of(clip: Clip, codecs: tuple[str, ...]) -> tuple[str, str, dict[str, int]]:
    """Name, kind, and bytes in every codec."""
    with tempfile.TemporaryDirectory() as folder:
        path = clip.write(Path(folder))
        return clip.name, clip.kind, {codec: size_of(path, codec) for codec in codecs}


def in_turn(
    pool: ProcessPoolExecutor, clips: Iterator[Clip], codecs: tuple[str, ...], ahead: int
) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Yield `sizes_of` all clips; no more than `ahead` of them are made before they are coded."""
    waiting = deque(pool.submit(sizes_of, clip, codecs) for clip in islice(clips, ahead))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(sizes_of, clip, codecs) for clip in islice(clips, 1))


def violations(sizes: dict[str, int]) -> list[str]:
    """What is out of order in the sizes of one clip."""
    found = []
    presets = [codec for codec in PRESETS if codec in sizes]
    for before, after in pairwise(presets):
        if sizes[after] > sizes[before] * ORDER + GRACE["preset"]:
            found.append(f"{after} {100 * (sizes[after] / sizes[before] - 1):+.3f} % on {before}")
    for preset in presets:
        if "flac" in sizes and sizes[preset] > sizes["flac"] * OVER_FLAC + GRACE["flac"]:
            found.append(f"{preset} {100 * (sizes[preset] / sizes['flac'] - 1):+.3f} % on flac")
    return found


def clips_of(a: argparse.Namespace) -> Iterator[Clip]:
    """The clips that the command line asks for."""
    items = [
        item
        for folder in a.folder
        for item in find_items(folder, split=a.split, categories=a.category)
    ] or [Item(path, path.name, "") for path in sorted(ROOT.glob("tests/data/*.flac"))]
    for item in items:
        if zlib.crc32(item.path.name.encode()) % a.every:
            continue
        with tempfile.TemporaryDirectory() as folder:
            wav = make_wav(item, folder)
            if soundfile.info(wav).subtype not in BITS:
                print(f"{item.name}: not of integers, left out", flush=True)
                continue
            clip = replace(read(wav, None if a.recordings else a.seconds), source=item.path.stem)
        if a.recordings:
            yield replace(clip, kind=item.category or clip.kind)
        else:
            yield from derived(clip)
    if not a.recordings:
        yield from synthetic(a.seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="*", type=Path)
    parser.add_argument("--split")
    parser.add_argument("--category", action="append", default=[])
    parser.add_argument("--every", type=int, default=1, help="one recording in so many")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of the clips")
    parser.add_argument("--kind", action="append", default=[], help="begin of a kind's name")
    parser.add_argument("--preset", action="append", choices=PRESETS)
    parser.add_argument("--recordings", action="store_true", help="code recordings as they are")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="write all sizes to this file")
    a = parser.parse_args()
    codecs = tuple(a.preset or PRESETS)
    if shutil.which("flac"):
        codecs = (*codecs, "flac")
    clips = (c for c in clips_of(a) if not a.kind or c.kind.startswith(tuple(a.kind)))
    totals: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows, bad = {}, 0
    with ProcessPoolExecutor(a.jobs) as pool:
        for name, kind, sizes in in_turn(pool, clips, codecs, 2 * a.jobs):
            rows[name] = sizes
            for codec, size in sizes.items():
                totals[kind][codec] += size
            for violation in violations(sizes):
                bad += 1
                print(f"{name}: {violation}", flush=True)
    print(f"\n{'kind':24}" + "".join(f"{codec:>12}" for codec in codecs))
    for kind, total in totals.items():
        base = total.get("flac") or total[codecs[0]]
        cells = [f"{100 * (total[codec] / base - 1):+11.2f}%" for codec in codecs[:-1]]
        print(f"{kind:24}" + "".join(cells) + f"{total[codecs[-1]]:12}")
    if a.json:
        a.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"{bad} violations in {len(rows)} clips")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
