#!/usr/bin/env bash
# CAF whose data chunk has the size -1, which means "to the end of the file".
#
# The Core Audio Format allows a size of -1 for the data chunk if it is the last chunk: what a
# recorder writes before it knows the length. FFmpeg reads it, libsndfile calls it malformed.
#
# Packages:  soundfile 0.14.0 (libsndfile 1.2.2), av 18.1.0 (FFmpeg's libraries), numpy 2.4.6
# Expected:  1,000 frames, as with the size given.
# Seen:      FFmpeg 1,000 frames both ways; libsndfile reads the file with a size, and refuses the
#            other: "Supported file format but file is malformed."
# Ends with 1 if this changes.
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

FRAMES = 1000
DATA = b"".join(struct.pack(">h", (i * 7919) % 60000 - 30000) for i in range(FRAMES))


def caf(size):
    form = struct.pack(">d", 44100.0) + b"lpcm" + struct.pack(">IIIII", 0, 2, 1, 1, 16)
    head = b"caff" + struct.pack(">HH", 1, 0) + b"desc" + struct.pack(">q", len(form)) + form
    return head + b"data" + struct.pack(">q", size) + bytes(4) + DATA


def by_libsndfile(data):
    try:
        return str(soundfile.info(io.BytesIO(data)).frames)
    except soundfile.LibsndfileError as error:
        return error.error_string


def by_ffmpeg(data):
    with av.open(io.BytesIO(data)) as container:
        return str(sum(frame.samples for frame in container.decode(audio=0)))


seen = {name: (by_ffmpeg(caf(size)), by_libsndfile(caf(size)))
        for name, size in (("size", 4 + len(DATA)), ("size -1", -1))}
print("libsndfile", soundfile.__libsndfile_version__, "av", av.__version__)
for name, (ffmpeg, sndfile) in seen.items():
    print(f"{name:8} FFmpeg: {ffmpeg}; libsndfile: {sndfile}")
assert seen["size"] == ("1000", "1000"), "this has changed"
assert seen["size -1"][0] == "1000", "this has changed"
assert "malformed" in seen["size -1"][1], "this has changed"
PY
