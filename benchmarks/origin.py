"""Measure recordings that were MP3s: size beside the MP3 and flac, speed, what was recovered.

    python benchmarks/origin.py CORPUS [--preset standard] [--category music ...] [--all-decoders]

Recordings of the corpus's test split, 16 bits and 5 seconds or longer, are encoded by lame (128,
192, V2 and 320 kbit/s) and shine (128), decoded by ffmpeg, mpg123, lame and sox, and trimmed by a
number of frames that differs for each. By default each stream is decoded by one of the decoders,
in turn; a decoder that adds dither comes once for each recording. Every result is decoded and
compared. Needs flac and some of the programs lame, shineenc, ffmpeg, mpg123 and sox.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile

import nlac
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.payload import open_payload
from nlac.predictors.origin.block import decode_sections, read_head
from nlac.predictors.origin.kinds import ORIGIN

CATEGORIES = ("music", "music-48k", "music-mono", "speech")
SECONDS = 5.0
ENCODERS = {
    "lame 128": ["lame", "--quiet", "-b", "128"],
    "lame 192": ["lame", "--quiet", "-b", "192"],
    "lame V2": ["lame", "--quiet", "-V", "2"],
    "lame 320": ["lame", "--quiet", "-b", "320"],
    "shine 128": ["shineenc", "-q", "-b", "128"],
}
DECODERS = {
    "ffmpeg": lambda mp3, wav: ["ffmpeg", "-v", "error", "-i", mp3, wav],
    "mpg123": lambda mp3, wav: ["mpg123", "-q", "-w", wav, mp3],
    "lame": lambda mp3, wav: ["lame", "--quiet", "--decode", mp3, wav],
    "sox": lambda mp3, wav: ["sox", "-D", mp3, wav],
}
DITHERED = {
    # its decoder in integers shapes and adds noise when it rounds
    "ffmpeg, dithered": lambda mp3, wav: ["ffmpeg", "-v", "error", "-c:a", "mp3", "-i", mp3, wav]
}


def recordings(corpus: Path, categories: tuple[str, ...]) -> list[Path]:
    """The recordings to measure."""
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    return [
        corpus / row["file"]
        for row in rows
        if row["split"] == "test" and row["bits"] == "16" and row["category"] in categories
        and float(row["seconds"]) >= SECONDS
    ]  # fmt: skip


def granules(data: bytes) -> tuple[int, int]:
    """Granules that the samples have, and those whose samples come back without large residuals."""
    reader = IndexedReader(io.BytesIO(data))
    stream = reader.header
    total = exact = 0
    for index in range(reader.num_blocks):
        block = reader.block(index)
        opened = open_payload(block.payload, block.header.num_frames, stream)
        total += block.header.num_frames // 576
        mapped = opened.channels
        if mapped is None or block.payload[mapped.end : mapped.end + 1] != bytes([ORIGIN]):
            continue
        bits = stream.bits_per_sample
        head = read_head(block.payload, mapped.end, opened.frames, mapped.num_coded, bits)
        for coded in decode_sections(head, mapped.num_coded, bits):
            missed = abs(coded.residuals[:, : coded.section.frames // 576 * 576])
            missed = missed.reshape(len(missed), -1, 576)
            good = (missed.max(axis=(0, 2)) <= 1) & ((missed > 0).mean(axis=(0, 2)) < 0.06)
            exact += int(np.count_nonzero(good))
    return total, exact


def encoded(wav: Path, preset: str, origin: str) -> bytes:
    """A stream of a file."""
    out = io.BytesIO()
    nlac.encode(wav, out, preset=preset, origin=origin, threads=1, verify=False)
    return out.getvalue()


def measure(wav: Path, preset: str, flac: Path) -> dict[str, float]:
    """Sizes and times of a decoded recording."""
    begin = time.process_time()
    data = encoded(wav, preset, "auto")
    encoding = time.process_time() - begin
    begin = time.process_time()
    back, _ = nlac.read(data, dtype="int16", threads=1)
    decoding = time.process_time() - begin
    samples, rate = soundfile.read(wav, dtype="int16", always_2d=True)
    assert np.array_equal(np.asarray(back).reshape(samples.shape), samples), wav
    plain = encoded(wav, preset, "off")
    subprocess.run(["flac", "-s", "-f", "-8", "-e", "-p", "-o", flac, wav], check=True)
    total, exact = granules(data)
    return {
        "ours": len(data), "plain": len(plain), "flac": flac.stat().st_size,
        "seconds": len(samples) / rate, "encoding": encoding, "decoding": decoding,
        "granules": total, "exact": exact,
    }  # fmt: skip


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--category", action="append", choices=CATEGORIES)
    parser.add_argument("--all-decoders", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="only every nth recording")
    options = parser.parse_args()
    decoders = {name: run for name, run in DECODERS.items() if shutil.which(name)}
    encoders = {name: run for name, run in ENCODERS.items() if shutil.which(run[0])}
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    chosen = recordings(options.corpus, tuple(options.category or CATEGORIES))[:: options.every]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for number, recording in enumerate(chosen):
            source, mp3, full, wav = (
                place / name for name in ("source.wav", "a.mp3", "full.wav", "cut.wav")
            )
            subprocess.run(["flac", "-s", "-d", "-f", "-o", source, recording], check=True)
            for turn, (encoder, command) in enumerate(encoders.items()):
                subprocess.run([*command, source, mp3], check=True, stdout=subprocess.DEVNULL)
                used = dict(decoders)
                if not options.all_decoders:
                    names = list(decoders)
                    name = names[(number + turn) % len(names)]
                    used = {name: decoders[name]}
                if encoder == "lame 192" and shutil.which("ffmpeg"):
                    used.update(DITHERED)
                for name, decode in used.items():
                    full.unlink(missing_ok=True)
                    subprocess.run(decode(mp3, full), check=True)
                    samples, rate = soundfile.read(full, dtype="int16", always_2d=True)
                    trimmed = 100 + (number * 7919 + turn * 104729) % 3001
                    soundfile.write(wav, samples[trimmed:], rate, "PCM_16")
                    found = measure(wav, options.preset, place / "a.flac")
                    found["mp3"] = mp3.stat().st_size * (1 - trimmed / len(samples))
                    kind = name if name in DITHERED else encoder
                    row = f"{recording.stem} {encoder} {name}"
                    print(row, *(f"{k} {v:.6g}" for k, v in found.items()), flush=True)
                    for key, value in found.items():
                        sums[kind][key] += value
    print("| stream | of the MP3 | flac by | off by | exact granules | encode | decode |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind, row in sums.items():
        print(
            f"| {kind} | {row['ours'] / row['mp3']:.3f} | {row['flac'] / row['ours']:.2f} | "
            f"{row['plain'] / row['ours']:.2f} | {row['exact'] / row['granules']:.3f} | "
            f"{row['seconds'] / row['encoding']:.2f}x | {row['seconds'] / row['decoding']:.1f}x |"
        )


if __name__ == "__main__":
    main()
