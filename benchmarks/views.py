"""How soon pictures of a long recording are there: overview, exact overview, zoom, memory.

    python benchmarks/views.py RECORDINGS [--minutes 60] [--preset fast ...] [--zooms 20]

Joins all 44.1 kHz stereo recordings of 16 bits in the folder, again and again, to a WAV file of
that length, and encodes it. Each file is looked at in a process of its own, cold but for the page
cache: seconds until waveform and spectrogram of the whole are there in part (what is known then is
told), and until they are exact; the slowest and the median zoom to a random place, at several
lengths, while nothing else runs; peak memory. Prints Markdown.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile

import nlac
from nlac.bench.report import format_table
from nlac.views.peaks import Overview
from nlac.views.recording import open_recording

RATE, CHANNELS = 44_100, 2
WIDTH, HEIGHT = 1000, 256
# seconds after which the overview is asked for
WITHIN = 5.0
SPANS = (1000, RATE, 10 * RATE, 60 * RATE, 600 * RATE)


def join(folder: Path, target: Path, frames: int) -> None:
    """Write a WAV file of what lies in a folder."""
    names = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".flac", ".wav") and _format(path) == (RATE, CHANNELS, "PCM_16")
    ]
    if not names:
        raise SystemExit(f"{folder}: no stereo recordings of 16 bits at {RATE} Hz")
    done = 0
    with soundfile.SoundFile(target, "w", RATE, CHANNELS, "PCM_16") as out:
        for path in itertools.cycle(names):
            samples = soundfile.read(path, dtype="int16")[0][: frames - done]
            out.write(samples)
            done += len(samples)
            if done >= frames:
                return


def _format(path: Path) -> tuple[int, int, str] | None:
    """Sample rate, channels and depth; None of what libsndfile does not read."""
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError:
        return None
    return info.samplerate, info.channels, info.subtype


def look(path: Path, zooms: int) -> dict[str, float]:
    """Measure one file, in this process."""
    begin = time.perf_counter()
    with open_recording(path) as recording:
        overview = Overview(recording)
        thread = threading.Thread(target=overview.fill)
        thread.start()
        frames = recording.frames

        def whole() -> float:
            overview.spectrogram(0, frames, WIDTH, HEIGHT)
            return float(overview.peaks(0, frames, WIDTH).known.mean())

        whole()
        first = time.perf_counter() - begin
        thread.join(max(0.0, WITHIN - first))
        known = whole()
        at = time.perf_counter() - begin
        thread.join()
        whole()
        found = {"first": first, "at": at, "known": known, "exact": time.perf_counter() - begin}
        rng = np.random.default_rng(1)
        for span in SPANS:
            seconds = []
            for _ in range(zooms):
                start = int(rng.integers(0, max(1, frames - span)))
                now = time.perf_counter()
                overview.as_dict(start, start + span, WIDTH)
                overview.spectrogram(start, start + span, WIDTH, HEIGHT)
                seconds.append(time.perf_counter() - now)
            found[f"median {span}"] = float(np.median(seconds))
            found[f"most {span}"] = max(seconds)
    found["mebibytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--preset", nargs="+", default=["fast", "standard"])
    parser.add_argument("--zooms", type=int, default=20)
    parser.add_argument("--look", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.look:
        print(json.dumps(look(given.folder, given.zooms)))
        return
    columns = {}
    with tempfile.TemporaryDirectory() as name:
        wav = Path(name, "joined.wav")
        join(given.folder, wav, int(given.minutes * 60 * RATE))
        files = [wav]
        for preset in given.preset:
            files.append(Path(name, f"{preset}.nlac"))
            nlac.encode(wav, files[-1], preset=preset)
        for path in files:
            words = [sys.executable, __file__, str(path), "--look", "--zooms", str(given.zooms)]
            told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            columns[path.stem if path is not wav else "WAV"] = json.loads(told)
    print(table(columns))


def table(columns: dict[str, dict[str, float]]) -> str:
    """Figures as Markdown."""
    rows = [["", *columns]]

    def row(label: str, *keys: str, form: str) -> None:
        rows.append(
            [label, *(form.format(*(each[key] for key in keys)) for each in columns.values())]
        )

    row("first overview, s", "first", form="{:.2f}")
    row("overview later, s: columns known", "at", "known", form="{:.2f}: {:.0%}")
    row("exact overview, s", "exact", form="{:.2f}")
    for span in SPANS:
        keys = f"median {span}", f"most {span}"
        row(f"zoom to {span / RATE:.3g} s, median and most, s", *keys, form="{:.3f}, {:.3f}")
    row("peak memory, MiB", "mebibytes", form="{:.0f}")
    return format_table(rows[0], rows[1:], markdown=True)


if __name__ == "__main__":
    main()
