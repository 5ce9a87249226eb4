#!/usr/bin/env bash
# Wave64 files: what follows the data chunk is taken for samples.
#
# The sizes of W64 chunks are exact, and chunks are aligned to 8 bytes. So 5,001 frames of 24-bit
# mono (15,003 bytes) may be followed by 5 bytes of padding, and then by a further chunk.
#
# Packages:  soundfile 0.14.0 (libsndfile 1.2.2), av 18.1.0 (FFmpeg's libraries), numpy 2.4.6
# Expected:  5,001 frames, whatever follows.
# Seen:      libsndfile reports and reads 5,002 frames of the padded file, and 5,013 where a chunk of
#            8 bytes follows: padding and chunk as audio. FFmpeg decodes 5,001, but reports a duration
#            of 5,003 and 5,013. Without padding and chunk both give 5,001.
# Ends with 1 if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    soundfile==0.14.0 av==18.1.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import io
import struct

import av
import soundfile

TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
FRAMES = 5001


def chunk(name, content, pad=True):
    """A W64 chunk; its size counts the 24 bytes of its head, not the padding."""
    head = name + TAIL + struct.pack("<Q", 24 + len(content))
    return head + content + (bytes(-len(content) % 8) if pad else b"")


def w64(pad, *more):
    form = struct.pack("<HHIIHH", 1, 1, 44100, 44100 * 3, 3, 24)
    data = b"".join((i % 1000).to_bytes(3, "little") for i in range(FRAMES))
    body = b"wave" + TAIL + chunk(b"fmt ", form) + chunk(b"data", data, pad) + b"".join(more)
    riff = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
    return riff + struct.pack("<Q", 24 + len(body)) + body


def read_by_libsndfile(data):
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        return file.frames, len(file.read())


def read_by_ffmpeg(data):
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        return stream.duration, sum(frame.samples for frame in container.decode(stream))


files = {
    "no padding": w64(False),
    "padding": w64(True),
    "padding and a chunk": w64(True, chunk(b"junk", b"abcdefgh")),
}
seen = {name: read_by_libsndfile(data) + read_by_ffmpeg(data) for name, data in files.items()}
print("libsndfile", soundfile.__libsndfile_version__, "av", av.__version__)
print("frames: libsndfile reported, read; FFmpeg reported, decoded; expected", FRAMES)
for name, counts in seen.items():
    print(f"{name:20}", *counts)
assert seen == {
    "no padding": (5001, 5001, 5001, 5001),
    "padding": (5002, 5002, 5003, 5001),
    "padding and a chunk": (5013, 5013, 5013, 5001),
}, "this has changed"
PY
