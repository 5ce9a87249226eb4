"""Measure recordings that were MP3s or AAC: size beside those and flac, speed, what was recovered.

    python benchmarks/origin.py CORPUS [--preset standard] [--category music ...] [--all-decoders]

Recordings of the corpus's test split, 16 bits and 5 seconds or longer, are encoded by lame (128,
192, V2 and 320 kbit/s), shine (128) and ffmpeg's AAC encoder (128, 192), decoded by ffmpeg, mpg123,
lame, sox and faad, and trimmed by a number of frames that differs for each. By default each stream
is decoded by one of the decoders, in turn; a decoder that adds dither comes once for each
recording. Every result is decoded and compared. Needs flac and some of the other programs.

With --never, the recordings are encoded as they are, with and without looking for an origin.
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

import nlac
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.payload import open_payload
from nlac.predictors.origin.block import DecodedSection, decode_sections, read_head
from nlac.predictors.origin.kinds import ORIGIN

CATEGORIES = ("music", "music-48k", "music-mono", "speech")
SECONDS = 5.0


def lame(*options: str) -> Encoder:
    """An encoder of lame's."""
    return Encoder("mp3", lambda source, out: ["lame", "--quiet", *options, source, out])


def ffmpeg_aac(*options: str) -> Encoder:
    """An encoder of ffmpeg's."""
    begin = ["ffmpeg", "-v", "error", "-y", "-i"]
    return Encoder("m4a", lambda source, out: [*begin, source, "-c:a", "aac", *options, out])


class Encoder(NamedTuple):
    """Suffix of what an encoder makes, and its command for two paths."""

    suffix: str
    command: Callable[[Path, Path], list[str | Path]]


PLAIN = ("-aac_tns", "0", "-aac_pns", "0")
ENCODERS = {
    "lame 128": lame("-b", "128"),
    "lame 192": lame("-b", "192"),
    "lame V2": lame("-V", "2"),
    "lame 320": lame("-b", "320"),
    "shine 128": Encoder("mp3", lambda source, out: ["shineenc", "-q", "-b", "128", source, out]),
    "aac 128 without TNS, PNS": ffmpeg_aac(*PLAIN, "-b:a", "128k"),
    "aac 192 without TNS, PNS": ffmpeg_aac(*PLAIN, "-b:a", "192k"),
    "aac 128 without PNS": ffmpeg_aac("-aac_pns", "0", "-b:a", "128k"),
    "aac 128": ffmpeg_aac("-b:a", "128k"),
}
FFMPEG = ["ffmpeg", "-v", "error", "-i"]
DECODERS = {
    "mp3": {
        "ffmpeg": lambda stream, wav: [*FFMPEG, stream, wav],
        "mpg123": lambda stream, wav: ["mpg123", "-q", "-w", wav, stream],
        "lame": lambda stream, wav: ["lame", "--quiet", "--decode", stream, wav],
        "sox": lambda stream, wav: ["sox", "-D", stream, wav],
    },
    "m4a": {
        "ffmpeg": lambda stream, wav: [*FFMPEG, stream, wav],
        "faad": lambda stream, wav: ["faad", "-q", "-o", wav, stream],
    },
}
DITHERED = {
    # its decoder in integers shapes and adds noise when it rounds
    "ffmpeg, dithered": lambda stream, wav: [*FFMPEG[:-1], "-c:a", "mp3", "-i", stream, wav]
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


def origin_sections(data: bytes) -> Iterator[tuple[int, int, DecodedSection]]:
    """First frame of a block, table of bands, and section, of all that hold granules or frames."""
    reader = IndexedReader(io.BytesIO(data))
    stream = reader.header
    begin = 0
    for index in range(reader.num_blocks):
        block = reader.block(index)
        opened = open_payload(block.payload, block.header.num_frames, stream)
        mapped = opened.channels
        if mapped and block.payload[mapped.end : mapped.end + 1] == bytes([ORIGIN]):
            bits = stream.bits_per_sample
            head = read_head(block.payload, mapped.end, opened.frames, mapped.num_coded, bits)
            for coded in decode_sections(head, mapped.num_coded, bits):
                yield begin, head.table, coded
        begin += block.header.num_frames


def exact_frames(data: bytes) -> int:
    """Frames of a stream in pieces of 576 whose samples the synthesis gives, but for a few."""
    exact = 0
    for _, _, coded in origin_sections(data):
        missed = abs(coded.residuals[:, : coded.section.frames // 576 * 576])
        missed = missed.reshape(len(missed), -1, 576)
        good = (missed.max(axis=(0, 2)) <= 1) & ((missed > 0).mean(axis=(0, 2)) < 0.06)
        exact += 576 * int(np.count_nonzero(good))
    return exact


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
    return {
        "ours": len(data), "plain": len(plain), "flac": flac.stat().st_size,
        "seconds": len(samples) / rate, "encoding": encoding, "decoding": decoding,
        "frames": len(samples), "exact": exact_frames(data),
    }  # fmt: skip


def never_coded(chosen: list[Path], preset: str) -> None:
    """Print what looking for an origin costs where there is none, in bytes and in time."""
    sums: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "a.wav"
        for number, recording in enumerate(chosen):
            subprocess.run(["flac", "-s", "-d", "-f", "-o", wav, recording], check=True)
            seconds = {"auto": 0.0, "off": 0.0}
            sizes = {}
            # the first loads kernels
            for turn in range(2 + (number == 0)):
                for origin in seconds:
                    begin = time.process_time()
                    sizes[origin] = len(encoded(wav, preset, origin))
                    if turn or number:
                        seconds[origin] += time.process_time() - begin
            print(recording.stem, sizes, f"{seconds['auto'] / seconds['off']:.3f}", flush=True)
            for origin in seconds:
                sums[origin] += seconds[origin]
                sums[f"bytes {origin}"] += sizes[origin]
            sums["larger"] += sizes["auto"] > sizes["off"]
    time_ratio, size_ratio = sums["auto"] / sums["off"], sums["bytes auto"] / sums["bytes off"]
    print(f"time {time_ratio:.4f}, size {size_ratio:.5f}, {sums['larger']:.0f} larger")


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--category", action="append", choices=CATEGORIES)
    parser.add_argument("--all-decoders", action="store_true")
    parser.add_argument("--never", action="store_true", help="the recordings as they are")
    parser.add_argument("--only", default="", help="only encoders whose name has this in it")
    parser.add_argument("--every", type=int, default=1, help="only every nth recording")
    parser.add_argument("--skip", type=int, default=0, help="the first of these, counted from 0")
    options = parser.parse_args()
    decoders = {
        suffix: {name: run for name, run in of_suffix.items() if shutil.which(name)}
        for suffix, of_suffix in DECODERS.items()
    }
    encoders = {
        name: each for name, each in ENCODERS.items()
        if options.only in name and shutil.which(str(each.command(Path(), Path())[0]))
    }  # fmt: skip
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    chosen = recordings(options.corpus, tuple(options.category or CATEGORIES))
    chosen = chosen[options.skip :: options.every]
    if options.never:
        never_coded(chosen, options.preset)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for number, recording in enumerate(chosen):
            source, full, wav = (place / name for name in ("source.wav", "full.wav", "cut.wav"))
            subprocess.run(["flac", "-s", "-d", "-f", "-o", source, recording], check=True)
            for turn, (encoder, each) in enumerate(encoders.items()):
                stream = place / f"a.{each.suffix}"
                command = each.command(source, stream)
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                used = dict(decoders[each.suffix])
                if not options.all_decoders:
                    name = list(used)[(number + turn) % len(used)]
                    used = {name: used[name]}
                if encoder == "lame 192" and shutil.which("ffmpeg"):
                    used.update(DITHERED)
                for name, decode in used.items():
                    full.unlink(missing_ok=True)
                    subprocess.run(decode(stream, full), check=True)
                    samples, rate = soundfile.read(full, dtype="int16", always_2d=True)
                    trimmed = 100 + (number * 7919 + turn * 104729) % 3001
                    soundfile.write(wav, samples[trimmed:], rate, "PCM_16")
                    found = measure(wav, options.preset, place / "a.flac")
                    found["lossy"] = stream.stat().st_size * (1 - trimmed / len(samples))
                    kind = name if name in DITHERED else encoder
                    row = f"{recording.stem} {encoder} {name}"
                    print(row, *(f"{k} {v:.6g}" for k, v in found.items()), flush=True)
                    for key, value in found.items():
                        sums[kind][key] += value
    print("| stream | of the MP3 or AAC | flac by | off by | exact | encode | decode |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind, row in sums.items():
        print(
            f"| {kind} | {row['ours'] / row['lossy']:.3f} | {row['flac'] / row['ours']:.2f} | "
            f"{row['plain'] / row['ours']:.2f} | {row['exact'] / row['frames']:.3f} | "
            f"{row['seconds'] / row['encoding']:.2f}x | {row['seconds'] / row['decoding']:.1f}x |"
        )


if __name__ == "__main__":
    main()
