#!/usr/bin/env bash
# FLAC in Ogg, which libsndfile recognises and then cannot read.
#
# libsndfile's Ogg reader tells FLAC from Vorbis and Opus and hands it to the FLAC decoder. So a file
# made by FFmpeg (16 bits, mono, 44,100 Hz) should open, as it does in FFmpeg itself.
#
# Packages:  soundfile 0.14.0 (libsndfile 1.2.2), imageio-ffmpeg 0.6.0 (FFmpeg 7.0.2),
#            numpy 2.4.6
# Expected:  44,100 samples from both.
# Seen:      FFmpeg reads 44,100; libsndfile ends with "unknown error in flac decoder".
# Ends with 1 if this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    soundfile==0.14.0 imageio-ffmpeg==0.6.0 numpy==2.4.6
"$work/venv/bin/python" - "$work/tone.oga" <<'PY'
import subprocess
import sys

import imageio_ffmpeg
import numpy as np
import soundfile

samples = np.rint(8000 * np.sin(np.arange(44100) * 0.05)).astype(np.int16)
ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
raw = ["-f", "s16le", "-ar", "44100", "-ac", "1"]
command = [ffmpeg, "-v", "error", *raw, "-i", "-", "-c:a", "flac", "-y", sys.argv[1]]
subprocess.run(command, input=samples.tobytes(), check=True)
command = [ffmpeg, "-v", "error", "-i", sys.argv[1], *raw, "-"]
decoded = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
back = np.frombuffer(decoded, np.int16)
try:
    seen = str(len(soundfile.read(sys.argv[1])[0]))
except soundfile.LibsndfileError as error:
    seen = error.error_string
print("libsndfile", soundfile.__libsndfile_version__)
print("FFmpeg:    ", len(back), "samples,", "equal" if np.array_equal(back, samples) else "others")
print("libsndfile:", seen)
assert np.array_equal(back, samples), "this has changed"
assert "unknown error in flac decoder" in seen, "this has changed"
PY
