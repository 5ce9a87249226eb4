#!/usr/bin/env bash
# Lengths and depths of unusual WAV files by mutagen.
#
# Packages:  mutagen 1.48.1
# Expected:  1,001 or 1,002 frames of 16 or 20 bits, or an error that says that the length is not known.
# Seen:      Sizes of 0xFFFFFFFF, as FFmpeg and SoX write them to pipes, are 2,147,483,647.5 frames, and
#            sizes of 0 are "Container chunk data size < 4". RF64 is refused, W64 is no file at all
#            (None). Of 20 bits in 24 it tells 24.
# Ends with 1 if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mutagen==1.48.1
"$work/venv/bin/python" - "$work" <<'PY'
import struct
import sys
from pathlib import Path

import mutagen

DATA = bytes(2002)
PLAIN = struct.pack("<HHIIHH", 1, 1, 44100, 88200, 2, 16)
EXTENSIBLE = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 44100, 132300, 3, 24, 22, 20, 4)
EXTENSIBLE += bytes.fromhex("0100000000001000800000aa00389b71")


def wav(fmt, data, size=None, magic=b"RIFF", before=b""):
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"data"
    whole = len(body) + 4 + len(data) if size is None else size
    size = len(data) if size is None else size
    return magic + struct.pack("<I", whole) + body + struct.pack("<I", size) + data


w64 = bytes.fromhex("726966662e91cf11a5d628db04c10000") + bytes(100)
ds64 = b"ds64" + struct.pack("<IQQQI", 28, 2074, 2002, 1001, 0)
files = {
    "plain": wav(PLAIN, DATA),
    "sizes of 0xFFFFFFFF": wav(PLAIN, DATA, 0xFFFFFFFF),
    "sizes of 0": wav(PLAIN, DATA, 0),
    "RF64": wav(PLAIN, DATA, 0xFFFFFFFF, b"RF64", ds64),
    "W64": w64,
    "20 bits in 24": wav(EXTENSIBLE, bytes(3006)),
}


def told(data):
    path = Path(sys.argv[1], "in.w64" if data.startswith(b"riff") else "in.wav")
    path.write_bytes(data)
    try:
        found = mutagen.File(path)
    except mutagen.MutagenError as error:
        return type(error).__name__
    if found is None:
        return None
    return found.info.bits_per_sample, round(found.info.length * 44100, 2)


seen = {name: told(data) for name, data in files.items()}
for name, what in seen.items():
    print(f"{name:20}", what)
assert seen == {
    "plain": (16, 1001.0),
    "sizes of 0xFFFFFFFF": (16, 2147483647.5),
    "sizes of 0": "InvalidChunk",
    "RF64": "InvalidChunk",
    "W64": None,
    "20 bits in 24": (24, 1002.0),
}, "this has changed"
PY
