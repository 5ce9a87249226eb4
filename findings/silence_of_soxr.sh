#!/usr/bin/env bash
# Digital silence that is noise after soxr has resampled it.
#
# Resampled zeros should be zeros, and a conversion to the rate that the samples have should change
# nothing. For arrays of int16 neither holds: the library adds dither to what it rounds to 16 bits,
# and the Python package has no option against it. Float arrays, and int32, come through as they are.
# Whoever resamples 16-bit recordings to train or to compress gets noise in every pause: a lossless
# codec pays a bit a sample for it.
#
# Packages:  soxr 1.1.0, numpy 2.4.6
# Expected:  zeros from zeros, in all types; 16-bit samples unchanged at an unchanged rate.
# Seen:      of 16,000 zeros of int16 3,726 become 1 or -1, at the same rate too; none of float32
#            or int32 do.
# Ends with 1 if this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check soxr==1.1.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import numpy as np
import soxr

print("soxr", soxr.__version__)
counts = {}
for source, target in ((44100, 48000), (48000, 48000)):
    for kind in (np.int16, np.int32, np.float32):
        out = soxr.resample(np.zeros(20000, kind), source, target)[2000:18000]
        counts[source, kind] = int(np.count_nonzero(out))
        name = np.dtype(kind).name
        print(f"{source} to {target} Hz, {name}: {counts[source, kind]} of {len(out)} are not 0")
for (_, kind), count in counts.items():
    assert (3500 < count < 5000) if kind is np.int16 else count == 0, "this has changed"
PY
