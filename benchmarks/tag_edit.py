"""Time edits of tags: in place, and anew, beside `cp` and metaflac.

    python benchmarks/tag_edit.py --mib 100

Makes an nlac and a FLAC file of noise of that length in a temporary folder, and times, in turn and
several times over:

- an edit in place: called from Python, and by ``nlac tag set`` beside ``nlac tag list``, which only
  reads; the same by ``metaflac`` within its padding;
- an edit that makes the file longer, so that it is rewritten, beside ``cp`` (which leaves the bytes
  to the system's cache), beside ``cp``, ``sync`` and ``mv`` over the file (which is what a rewrite
  does: it waits for the disk and frees the old file), and beside metaflac without padding.

Before and after, the MD5 of the blocks is compared.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import nlac
from nlac.bitstream.reader import IndexedReader
from nlac.editing.editor import MetadataEditor

RATE = 48000


def medians(actions: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Median time of each action in seconds; they are run in turn, as the disk has its moods."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeat):
        for name, action in actions.items():
            begin = time.perf_counter()
            action()
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(each) for name, each in times.items()}


def run(*command: object) -> Callable[[], object]:
    words = [str(word) for word in command]
    return lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def blocks_md5(path: Path) -> str:
    with open(path, "rb") as file:
        trailer = IndexedReader(file).trailer
        file.seek(trailer.first_block_offset)
        size = trailer.end_of_blocks - trailer.first_block_offset
        return hashlib.md5(file.read(size), usedforsecurity=False).hexdigest()


def edit(path: Path, name: str, value: str, padding: int | None = None) -> None:
    with MetadataEditor(path) as editor:
        editor.tags[name] = value
        edited = editor.save(padding=padding)
    assert edited.changed
    assert edited.in_place == (padding is None)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mib", type=int, default=100, help="length of the files")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", help="where the files are made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        path, wav, flac, copy = (folder / n for n in ("a.nlac", "a.wav", "a.flac", "copy"))
        frames = given.mib * 2**20 // 4
        samples = np.random.default_rng(1).integers(-(2**15), 2**15, (frames, 2)).astype(np.int16)
        nlac.write(path, samples, RATE, preset="fast", verify=False)
        nlac.decode(path, wav)
        nlac.encode(wav, path, preset="fast", verify=False, force=True)
        audio = blocks_md5(path)
        counter = iter(range(10**6))
        program = (sys.executable, "-m", "nlac", "tag")

        def title() -> str:
            return f"TITLE={next(counter):06}"

        def rewrite() -> None:
            edit(path, "TITLE", "x", 1000 + next(counter))

        script = f"cp '{path}' '{copy}' && sync '{copy}' && mv '{copy}' '{path}'"
        actions: dict[str, Callable[[], object]] = {
            "in place, Python": lambda: edit(path, "TITLE", f"{next(counter):06}"),
            "nlac tag list": run(*program, "list", path),
            "nlac tag set, in place": lambda: run(*program, "set", path, "-T", title())(),
            "rewritten, Python": rewrite,
            "cp": run("cp", path, copy),
            "cp, sync, mv": run("sh", "-c", script),
        }
        if shutil.which("flac") and shutil.which("metaflac"):
            run("flac", "-s", "-0", "--padding=4096", wav, "-o", flac)()
            metaflac = ("metaflac", "--remove-tag=TITLE")
            actions["metaflac, in place"] = lambda: run(*metaflac, f"--set-tag={title()}", flac)()
            actions["metaflac, rewritten"] = lambda: run(
                *metaflac, "--dont-use-padding", f"--set-tag={title()}{'x' * next(counter)}", flac
            )()
        times = medians(actions, given.repeat)
        assert blocks_md5(path) == audio, "the audio changed"
        size = path.stat().st_size
        print(f"{size:,} bytes, {os.cpu_count()} cores, medians of {given.repeat}\n")
        for what, seconds in times.items():
            print(f"{what:42} {1000 * seconds:9.1f} ms")
        beyond = times["nlac tag set, in place"] - times["nlac tag list"]
        print(f"{'nlac tag set beyond nlac tag list':42} {1000 * beyond:9.1f} ms\n")
        for other in ("cp", "cp, sync, mv", "metaflac, rewritten"):
            if other in times:
                ratio = times["rewritten, Python"] / times[other]
                print(f"rewritten / {other:30} {ratio:9.2f}")


if __name__ == "__main__":
    main()
