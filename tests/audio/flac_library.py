"""FLAC files as the programs flac and metaflac write them, and what these say of them."""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from wavmaker import noise

from nlac.audio.flac.metadata import SEEK_TABLE, ogg_blocks, read_blocks
from nlac.audio.flac.ogg import ogg_packets
from nlac.audio.format import AudioFormat
from nlac.audio.sinks.choice import open_sink

needs_flac = pytest.mark.skipif(
    shutil.which("flac") is None or shutil.which("metaflac") is None,
    reason="the programs flac and metaflac are not here",
)
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not here")
FRAMES = 6000
CUE = """CATALOG 1234567890123
FILE "x" WAVE
  TRACK 01 AUDIO
    ISRC USABC0012345
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    INDEX 00 00:00:04
    INDEX 01 00:00:06
"""


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png() -> bytes:
    head = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" + bytes(6))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def music(channels: int, bits: int) -> np.ndarray:
    """A few tones and some noise, with a quiet and a silent part."""
    t = np.arange(FRAMES)[:, None] * (1 + np.arange(channels))
    wave = np.sin(t / 23) + 0.4 * np.sin(t / 7.1) + 0.05 * np.sin(t * 0.9)
    wave[2000:3000] *= 0.01
    samples = np.rint(wave / 1.5 * ((1 << bits - 1) - 1)).astype(np.int64)
    samples += noise(FRAMES, channels, max(2, bits - 6))
    samples[3000:3500] = 0
    top = 1 << bits - 1
    return samples.clip(-top, top - 1).astype(np.int32)


def wav(path: Path, channels: int, bits: int, rate: int = 44100) -> Path:
    if not path.exists():
        fmt = AudioFormat(rate, channels, bits)
        with path.open("wb") as file, open_sink(file, fmt, "wav") as sink:
            sink.write(music(channels, bits))
            sink.finish()
    return path


def run(*command: object, **options: object) -> bytes:
    done = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, **options
    )  # type: ignore[call-overload]
    return done.stdout


# name: channels, bits, rate, options of flac, options of metaflac
FILES: dict[str, tuple[int, int, int, str, str]] = {
    **{f"bits-{b}": (2, b, 44100, "--lax", "") for b in (4, 7, 8, 12, 16, 20, 23, 24, 27, 32)},
    **{f"channels-{c}": (c, 16, 48000, "--channel-map=none", "") for c in (1, 3, 5, 6, 8)},
    "odd-rate": (1, 16, 12345, "--lax", ""),
    "high-rate": (2, 24, 655350, "--lax", ""),
    "fast": (2, 16, 44100, "-0", ""),
    "best": (2, 16, 44100, "-8 -e -p", ""),
    "loose": (2, 16, 44100, "-5 -b 1000 --lax -l 32 -r 12", ""),
    "ogg": (2, 16, 44100, "--ogg -8", ""),
    "ogg-20": (2, 20, 44100, "--ogg --lax -T TITLE=x", ""),
    "seek-table": (2, 16, 44100, "-b 1152 -S 10x -S 1000 -S 5000 -S 99999", ""),
    "no-padding": (2, 16, 44100, "--no-padding --no-seektable", ""),
    "tags": (2, 16, 44100, "-T TITLE=Ä -T Artist=one -T ARTIST=two", ""),
    "pictures": (2, 16, 44100, "--picture 3||front||PNG --picture 4||back||PNG", ""),
    "cue-sheet": (2, 16, 44100, "--cuesheet CUE", ""),
    "application": (2, 16, 44100, "--keep-foreign-metadata", ""),
    "paddings": (2, 16, 44100, "-P 10", "--add-padding=100 --add-padding=3"),
    "bare": (2, 16, 44100, "", "--remove-all --dont-use-padding"),
    "mask": (2, 16, 44100, "-T WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x0600", ""),
}


def make_library(folder: Path) -> dict[str, Path]:
    """Write all `FILES` into a folder; their paths, by name."""
    (folder / "x.png").write_bytes(png())
    (folder / "x.cue").write_text(CUE)
    paths = {}
    for name, (channels, bits, rate, options, more) in FILES.items():
        source = wav(folder / f"{channels}-{bits}-{rate}.wav", channels, bits, rate)
        text = options.replace("PNG", str(folder / "x.png")).replace("CUE", str(folder / "x.cue"))
        path = folder / (name + (".oga" if "--ogg" in text else ".flac"))
        run("flac", "--silent", "--force", *text.split(), source, "-o", path)
        if more:
            run("metaflac", *more.split(), path)
        paths[name] = path
    return paths


def listed(path: Path) -> list[str]:
    """What metaflac says of each block but STREAMINFO and seek points; the bytes they hold too."""
    text = run("metaflac", "--list", path).decode("latin-1")
    blocks = re.split(r"(?m)^METADATA block #\d+\n", text)[1:]
    return [
        re.sub(r"    point \d+:.*\n", "", block) for block in blocks if "STREAMINFO" not in block
    ]


def facts(path: Path) -> str:
    shown = ("md5sum", "min-blocksize", "max-blocksize", "total-samples", "bps", "sample-rate")
    return run("metaflac", *(f"--show-{name}" for name in shown), path).decode()


def points(path: Path) -> list[int]:
    """Samples of the seek points that are none of placeholders."""
    text = run("metaflac", "--list", "--block-type=SEEKTABLE", path).decode()
    return [int(number) for number in re.findall(r"sample_number=(\d+)", text)]


def blocks_of(path: Path) -> list[bytes]:
    """Metadata blocks, with what a seek table says of other frames taken out."""
    file = io.BytesIO(path.read_bytes())
    blocks = (
        ogg_blocks(ogg_packets(file.read))
        if path.suffix == ".oga"
        else read_blocks(lambda count, _what: file.read(count))
    )
    return [b[:4] + bytes(len(b) - 4) if b[0] & 127 == SEEK_TABLE else b for b in blocks]
