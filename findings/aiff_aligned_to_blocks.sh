#!/usr/bin/env bash
# AIFF whose sound data is aligned to blocks: padding read as samples, and samples lost.
#
# AIFF's SSND chunk has an offset to the first sample and a block size; sound data aligned to blocks
# is padded in front and behind, and COMM gives the number of sample frames (Audio Interchange File
# Format, Apple 1989, "Block-Aligning Sound Data"). Here 1,000 frames of 16-bit mono lie in blocks of
# 512 bytes: 48 bytes of padding behind them, and in the second file 512 bytes in front.
#
# Packages:  soundfile 0.14.0 (libsndfile 1.2.2), av 18.1.0 (FFmpeg's libraries), numpy 2.4.6;
#            flac of the system where there is one (1.4.2 of Debian 12 when this was written)
# Expected:  1,000 frames.
# Seen:      libsndfile and FFmpeg read 1,024 frames: the padding behind, too. flac 1.4.2 encodes 768,
#            with code 0: it loses 232 samples.
# Ends with 1 if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    soundfile==0.14.0 av==18.1.0 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import shutil
import struct
import subprocess

import av
import soundfile

FRAMES, BLOCK = 1000, 512


def aiff(offset):
    # the first sample is at the begin of a block, and the last is followed by the rest of one
    data = b"".join(struct.pack(">h", (i * 7919) % 60000 - 30000) for i in range(FRAMES))
    padding = bytes(-len(data) % BLOCK)
    rate = struct.pack(">HQ", 16383 + 15, 44100 << 48)
    comm = struct.pack(">hIh", 1, FRAMES, 16) + rate
    sound = struct.pack(">II", offset, BLOCK) + bytes(offset) + data + padding
    body = b"AIFFCOMM" + struct.pack(">I", len(comm)) + comm
    body += b"SSND" + struct.pack(">I", len(sound)) + sound
    return b"FORM" + struct.pack(">I", len(body)) + body


def frames_by_ffmpeg(path):
    with av.open(path) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def frames_by_flac(path):
    subprocess.run(["flac", "-s", "-f", "-o", "out.flac", path], check=True)
    return soundfile.info("out.flac").frames


seen = {}
for offset in (0, BLOCK):
    path = f"aligned-{offset}.aiff"
    with open(path, "wb") as file:
        file.write(aiff(offset))
    seen[offset] = [soundfile.info(path).frames, frames_by_ffmpeg(path)]
    if shutil.which("flac"):
        seen[offset].append(frames_by_flac(path))
print("libsndfile", soundfile.__libsndfile_version__, "av", av.__version__)
if shutil.which("flac"):
    version = subprocess.run(["flac", "--version"], capture_output=True, text=True).stdout.split()[1]
    print("flac", version)
print("frames: libsndfile, FFmpeg, flac; expected", FRAMES)
for offset, counts in seen.items():
    print(f"offset {offset:3}:", *counts)
assert [counts[:2] for counts in seen.values()] == [[1024, 1024]] * 2, "this has changed"
if shutil.which("flac") and version == "1.4.2":
    assert [counts[2] for counts in seen.values()] == [768, 768], "this has changed"
PY
