"""What long-term prediction and the length of blocks bring on repetitive music, as Markdown.

    python benchmarks/repetition.py [FOLDER] [--seconds 30] [--preset standard ...]
    python benchmarks/repetition.py [FOLDER] --blocks 10 20 60

Measures the audio files in FOLDER; without one, the clips of `sequencer.py`.  The first table
compares with `--no-long-term` (and with flac, where that is on PATH), the second lengths of
blocks, and tells what seeking costs.  Sizes are per cent of the PCM data.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

import soundfile
from sequencer import KINDS, RATE, add_options, make

from nlac.bench.peers import DEFAULT_PEERS
from nlac.bench.report import format_table
from nlac.bench.results import Row
from nlac.bench.run import run_bench

FLAC = [peer for peer in DEFAULT_PEERS if peer.label == "flac -8"]
WHOLE = 86400  # seconds, longer than any file here

Table = dict[tuple[str, str], Row]


def measure(
    folder: Path, codecs: list[str], split: str | None, categories: Collection[str], flac: bool
) -> tuple[list[str], Table]:
    """Names of the files, and the rows by file and codec; all codecs gave the audio back."""
    results = run_bench(
        folder, presets=codecs, peers=FLAC if flac else [], split=split, categories=categories,
        progress=lambda done, total, name: print(f"{done}/{total} {name}", file=sys.stderr),
    )  # fmt: skip
    rows = {(row.file, row.codec.removeprefix("nlac ")): row for row in results.rows}
    wrong = [f"{row.codec} on {row.file}: {row.note}" for row in rows.values() if not row.ok]
    if wrong:
        sys.exit("\n".join(wrong))
    return list(dict.fromkeys(file for file, _ in rows)), rows


def size_of(row: Row) -> float:
    """Per cent of the PCM data."""
    return 100 * (row.bytes or 0) / row.pcm_bytes


def long_term_table(files: list[str], rows: Table, presets: list[str]) -> str:
    """Sizes with and without long-term prediction, and what it takes off."""
    with_flac = (files[0], FLAC[0].label) in rows
    header = ["clip", *[FLAC[0].label] * with_flac]
    for preset in presets:
        header += [f"{preset}, without", "with", "saved"]
    body = []
    for file in files:
        line = [Path(file).stem]
        if with_flac:
            line.append(f"{size_of(rows[file, FLAC[0].label]):.2f}")
        for preset in presets:
            without = size_of(rows[file, f"{preset} long_term=no"])
            size = size_of(rows[file, preset])
            line += [f"{without:.2f}", f"{size:.2f}", f"{100 * (1 - size / without):.1f} %"]
        body.append(line)
    return format_table(header, body, markdown=True)


def block_table(files: list[str], rows: Table, presets: list[str], lengths: list[int]) -> str:
    """Sizes by the length of blocks, and the time to decode one."""
    header = ["clip", "preset", *(f"{length} s" for length in lengths), "whole"]
    body = []
    for preset in presets:
        waits = [0.0] * (len(lengths) + 1)
        for file in files:
            line = [Path(file).stem, preset]
            for place, length in enumerate((*lengths, WHOLE)):
                row = rows[file, f"{preset} block_seconds={length}"]
                line.append(f"{size_of(row):.2f}")
                block = min(length, row.audio_s)
                waits[place] = max(waits[place], block * (row.dec_s or 0) / row.audio_s)
            body.append(line)
        body.append(["to decode a block", preset, *(f"{wait:.1f} s" for wait in waits)])
    return format_table(header, body, markdown=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="audio; by default clips are made")
    parser.add_argument("--split", help="only files of this split of the manifest")
    parser.add_argument("--category", action="append", default=[], help="only this category")
    parser.add_argument("--blocks", type=int, nargs="+", metavar="S", help="lengths in seconds")
    parser.add_argument("--preset", action="append", help="by default standard and max")
    parser.add_argument("--kind", action="append", choices=KINDS, help="make only these clips")
    add_options(parser)
    a = parser.parse_args()
    presets = a.preset or ["standard", "max"]
    if a.blocks:
        codecs = [f"{p}:block_seconds={n}" for p in presets for n in (*a.blocks, WHOLE)]
    else:
        codecs = [f"{p}{option}" for p in presets for option in ("", ":long_term=no")]
    with tempfile.TemporaryDirectory() as made:
        if a.folder is None:
            for kind in a.kind or KINDS:
                clip = make(KINDS[kind], a.seconds, a.seed, a.samples, a.voice)
                soundfile.write(Path(made, f"{kind}.wav"), clip, RATE, "PCM_16")
        files, rows = measure(a.folder or Path(made), codecs, a.split, a.category, not a.blocks)
    if a.blocks:
        print(block_table(files, rows, presets, a.blocks))
    else:
        print(long_term_table(files, rows, presets))


if __name__ == "__main__":
    main()
