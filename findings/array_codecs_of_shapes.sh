#!/usr/bin/env bash
# Arrays of samples through the audio codecs for numcodecs: types and shapes that they take and give back.
#
# Packages:  numcodecs 0.16.6, zarr 3.1.6, numpy 2.4.6, flac-numcodecs 0.1.2 (pyFLAC 3.0.0),
#            wavpack-numcodecs 0.3.0 (built against Debian's libwavpack 5.6.0)
# Expected:  What was encoded, in its shape, for each type that is accepted.
# Seen:      flac-numcodecs takes int16 only; more than two channels become one, and the shape is lost.
#            wavpack-numcodecs takes no unsigned integers. It fails with a RuntimeError on 1,000
#            channels ("configuration error"), and on white noise of full scale, of any integer type
#            and length ("flush failed"). It gives back bytes, without shape and type. Arrays of shape
#            (channels, frames) are taken for (frames, channels).
# Ends with 1 if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 numcodecs==0.16.6 \
    zarr==3.1.6 cffi soundfile
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps pyFLAC==3.0.0 \
    flac-numcodecs==0.1.2 wavpack-numcodecs==0.3.0
"$work/venv/bin/python" -W ignore - 2>/dev/null <<'PY'
import numpy as np
from flac_numcodecs import Flac
from wavpack_numcodecs.wavpack import WavPack

# full scale is white noise of shape (1000,)
SHAPES = [(1000,), (1000, 2), (1000, 5), (5, 1000), (10, 20, 5)]
TYPES = ["int8", "uint8", "int16", "uint16", "int32", "float32"]


def outcome(codec, array):
    """Shape that comes back, "bytes", or the name of the error."""
    try:
        back = codec.decode(codec.encode(array))
    except Exception as error:
        return type(error).__name__
    assert np.asarray(back).tobytes() == array.tobytes()
    return "bytes" if isinstance(back, bytes) else back.shape


generator = np.random.default_rng(0)
noise = generator.normal(0, 20, 5000)


def outcomes(codec, dtype):
    """Outcome for every shape, and for noise of full scale."""
    arrays = [noise[: np.prod(shape)].reshape(shape).astype(dtype) for shape in SHAPES]
    if dtype != "float32":
        limits = np.iinfo(dtype)
        arrays.append(generator.integers(limits.min, limits.max, 1000, dtype, endpoint=True))
    return [outcome(codec, array) for array in arrays]


seen = {
    (name, dtype): outcomes(codec, dtype)
    for name, codec in (("flac", Flac()), ("wavpack", WavPack()))
    for dtype in TYPES
}
print("codec    type     ", *SHAPES, "full scale")
for (name, dtype), found in seen.items():
    print(f"{name:8} {dtype:8} ", *found)
wavpack = ["bytes", "bytes", "bytes", "RuntimeError", "bytes"]
expected = {("flac", dtype): ["AssertionError"] * 6 for dtype in TYPES[:-1]}
expected["flac", "float32"] = ["AssertionError"] * 5
expected["flac", "int16"] = [(1000, 1), (1000, 2), (5000, 1), (5000, 1), (1000, 1), (1000, 1)]
expected |= {("wavpack", d): [*wavpack, "RuntimeError"] for d in ("int8", "int16", "int32")}
expected |= {("wavpack", dtype): ["AssertionError"] * 6 for dtype in ("uint8", "uint16")}
expected["wavpack", "float32"] = wavpack
assert seen == expected, "this has changed"
PY
