#!/usr/bin/env bash
# MD5 of the same samples of 8 bits, and of 20 bits in 24, by programs that compute one.
#
# Programs:  flac 1.4.2, wavpack 5.6.0, ffmpeg 5.1.9, as Debian 12 has them
# Expected:  One MD5 for one recording, so that copies can be compared without decoding.
# Seen:      8 bits: flac hashes signed bytes, WavPack unsigned ones as in the WAV file, and FFmpeg's
#            FLAC has 16 bits. 20 bits in 24: flac hashes values of 20 bits, WavPack and FFmpeg's FLAC
#            those of 24. 24 bits: all the same.
# Ends with 1 if any of this changes.
set -euo pipefail
for program in flac metaflac wavpack wvunpack ffmpeg; do
    command -v "$program" >/dev/null || { echo "$program is not installed"; exit 2; }
done
flac --version && wavpack --version | head -1 && ffmpeg -version | head -1
python3 - <<'PY'
import hashlib
import struct
import subprocess
import tempfile
from pathlib import Path

PCM = bytes.fromhex("0100000000001000800000aa00389b71")
VALUES = [(i * 37 + i * i) % 101 - 50 for i in range(1000)]


def packed(width, shift=0, offset=0):
    signed = offset == 0
    return b"".join(((v << shift) + offset).to_bytes(width, "little", signed=signed) for v in VALUES)


def wav(width, data, valid):
    """A mono file, EXTENSIBLE where not all bits are valid."""
    plain = valid == 8 * width
    fmt = struct.pack(
        "<HHIIHH", 1 if plain else 0xFFFE, 1, 44100, 44100 * width, width, 8 * width
    ) + (b"" if plain else struct.pack("<HHI", 22, valid, 4) + PCM)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data


def told(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def sums(data, folder):
    """MD5 by flac, by WavPack, and of FFmpeg's FLAC."""
    source = f"{folder}/in.wav"
    Path(source).write_bytes(data)
    told("flac", "-s", "-o", f"{folder}/a.flac", source)
    told("wavpack", "-q", "-m", source, "-o", f"{folder}/a.wv")
    told("ffmpeg", "-v", "error", "-nostdin", "-i", source, f"{folder}/b.flac")
    (line,) = [x for x in told("wvunpack", "-s", f"{folder}/a.wv").splitlines() if "md5" in x]
    flac, ffmpeg = (told("metaflac", "--show-md5sum", f"{folder}/{x}.flac").strip() for x in "ab")
    return flac, line.split()[-1], ffmpeg


hashed = {
    "signed 8": packed(1), "unsigned 8": packed(1, offset=128), "16": packed(2, 8),
    "20": packed(3), "20 in 24": packed(3, 4),
}  # fmt: skip
names = {hashlib.md5(data).hexdigest(): name for name, data in hashed.items()}
files = {
    "8 bits": wav(1, hashed["unsigned 8"], 8),
    "20 bits in 24": wav(3, hashed["20 in 24"], 20),
    "24 bits": wav(3, hashed["20 in 24"], 24),
}
seen = {}
for file, data in files.items():
    with tempfile.TemporaryDirectory() as folder:
        seen[file] = tuple(names[each] for each in sums(data, folder))
print("what flac, WavPack and FFmpeg's FLAC hash")
for file, found in seen.items():
    print(f"{file:14}", *found, sep="  ")
assert seen == {
    "8 bits": ("signed 8", "unsigned 8", "16"),
    "20 bits in 24": ("20", "20 in 24", "20 in 24"),
    "24 bits": ("20 in 24", "20 in 24", "20 in 24"),
}, "this has changed"
PY
