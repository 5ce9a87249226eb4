#!/usr/bin/env bash
# ffmpeg's MP3 decoder in integers: it does not round its output, though its samples are integers.
#
# ffmpeg has two decoders of MP3. `mp3float`, the default, gives floats; `mp3` works in integers and
# gives 16 bits, without any conversion behind it that might add dither. Who takes the second one to
# get the nearest 16-bit samples, bit-exact on every machine, gets samples that are farther away.
#
# Packages:  imageio-ffmpeg 0.6.0 (ffmpeg 7.0.2, static), numpy 2.2.6
# Expected:  both decoders give, in 16 bits, the nearest sample to what the stream holds, or nearly: an
#            error of at most 0.5, with a variance of 1/12.
# Seen:      `mp3float` does so. The error of `mp3` reaches more than 1 and has twice that variance:
#            what one sample loses by cutting off is added to the next one.
# Ends with 1 if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0 numpy==2.2.6
cd "$work"
venv/bin/python - <<'PY'
import subprocess
import sys
import wave

import imageio_ffmpeg
import numpy as np

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
version = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout
print(" ".join(version.split()[:3]))

# ten seconds of five partials, whose loudness comes and goes
rate = 44100
time = np.arange(10 * rate) / rate
partials = ((220, 1.0), (331, 0.7), (550, 1.3), (1870, 2.0), (4400, 0.4))
tone = sum(
    2000 * np.sin(2 * np.pi * f * time + f) * (0.6 + 0.4 * np.sin(2 * np.pi * slow * time))
    for f, slow in partials
)
with wave.open("tone.wav", "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(rate)
    file.writeframes(np.rint(tone).astype("<i2").tobytes())
encode = [ffmpeg, "-v", "error", "-i", "tone.wav", "-c:a", "libmp3lame", "-b:a", "128k", "tone.mp3"]
subprocess.run(encode, check=True)


def decoded(decoder, form, kind):
    command = [ffmpeg, "-v", "error", "-c:a", decoder, "-i", "tone.mp3", "-f", form, "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, kind).astype(np.float64)


exact = 32768 * decoded("mp3float", "f32le", "<f4")
found = {}
for decoder in ("mp3float", "mp3"):
    error = decoded(decoder, "s16le", "<i2") - exact
    found[decoder] = float(error.var() * 12), float(np.abs(error).max())
    print(f"{decoder:8} error: variance {found[decoder][0]:.2f}/12, largest {found[decoder][1]:.2f}")
as_before = (
    abs(found["mp3float"][0] - 1) < 0.05 and found["mp3float"][1] < 0.51
    and 1.7 < found["mp3"][0] < 2.4 and found["mp3"][1] > 0.9
)  # fmt: skip
sys.exit(not as_before)
PY
