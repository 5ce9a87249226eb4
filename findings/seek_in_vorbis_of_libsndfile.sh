#!/usr/bin/env bash
# Seeking in Ogg Vorbis, after which libsndfile delivers other samples.
#
# A seek to frame n should be followed by the samples that a reader from the start finds at n. In
# files that libsndfile wrote itself, a quarter to a third of seeks to random frames are followed by
# others: the first ones are wrong, as of a block without the one that overlaps it, or all come from
# some hundred frames later where onsets made Vorbis change its block size. Nothing tells of it. Many
# small steps forward hide the former, since libsndfile decodes on there.
#
# Packages:  soundfile 0.14.0 (libsndfile 1.2.2), numpy 2.4.6
# Expected:  the same 300 samples by both ways after each of 60 seeks.
# Seen:      noise: after 45; sweeps that begin anew every second: after 40.
# Ends with 1 if this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.6
"$work/venv/bin/python" - "$work/sound.ogg" <<'PY'
import sys

import numpy as np
import soundfile

RATE, LENGTH, SEEKS = 44100, 300, 60
time = np.arange(6 * RATE) / RATE
random = np.random.default_rng(1)
noise = np.convolve(0.2 * random.standard_normal(len(time)), np.ones(8) / 8, "same")
sweeps = 0.4 * np.sin(2 * np.pi * (200 * time + 150 * time**2)) * (time % 1 > 0.5)


def same_after_seeks(samples):
    """Number of seeks after which the samples are those of the whole file."""
    soundfile.write(sys.argv[1], samples, RATE, format="OGG", subtype="VORBIS")
    whole, _ = soundfile.read(sys.argv[1])
    count = 0
    with soundfile.SoundFile(sys.argv[1]) as file:
        for frame in np.random.default_rng(0).integers(0, 250000, SEEKS).tolist():
            assert file.seek(frame) == frame
            part = file.read(LENGTH)
            count += bool(np.abs(part - whole[frame : frame + LENGTH]).max() < 1e-4)
    return count


print("libsndfile", soundfile.__libsndfile_version__)
seen = {name: same_after_seeks(x) for name, x in (("noise", noise), ("sweeps", sweeps))}
for name, count in seen.items():
    print(f"{name}: the same after {count} of {SEEKS} seeks")
assert seen == {"noise": 45, "sweeps": 40}, "this has changed"
PY
