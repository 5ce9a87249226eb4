#!/usr/bin/env bash
# FLAC files of 4, 12, 20 and 32 bits, and of unknown length, that libsndfile does not read.
#
# RFC 9639 allows 4 to 32 bits a sample, and a total of 0 where the length was not known (streams
# from a pipe). The files here hold one verbatim frame each; the reference decoder takes all of them.
#
# Packages:  soundfile 0.14.0 (libsndfile 1.2.2), numpy 2.4.6
# Expected:  the 64 samples of each file.
# Seen:      8, 16 and 24 bits are read; 4, 12, 20 and 32 bits are "data in an unimplemented format".
#            With a total of 0 the file opens, and reading it fails: "Internal psf_fseek() failed".
# Ends with 1 if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import hashlib
import io
import struct

import numpy as np
import soundfile

COUNT = 64


def crc(data, bits, polynomial):
    value, top = 0, 1 << (bits - 1)
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value & top else 0)
        value &= (1 << bits) - 1
    return value


def flac(samples, bits, total):
    """One verbatim frame of mono at 44,100 Hz behind a STREAMINFO block (RFC 9639, 8.2 and 9)."""
    width = (bits + 7) // 8
    md5 = hashlib.md5(b"".join(s.to_bytes(width, "little", signed=True) for s in samples)).digest()
    info = struct.pack(">HH", COUNT, COUNT) + bytes(6)
    info += ((44100 << 44) | ((bits - 1) << 36) | total).to_bytes(8, "big") + md5
    code = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}.get(bits, 0)
    head = bytes([0xFF, 0xF8, 0x79, code << 1, 0]) + struct.pack(">H", COUNT - 1)
    head += bytes([crc(head, 8, 0x07)])
    body = "00000010" + "".join(format(s & ((1 << bits) - 1), f"0{bits}b") for s in samples)
    body += "0" * (-len(body) % 8)
    frame = head + int(body, 2).to_bytes(len(body) // 8, "big")
    frame += struct.pack(">H", crc(frame, 16, 0x8005))
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + frame


def outcome(bits, total):
    samples = [(i * 37) % (1 << bits) - (1 << (bits - 1)) for i in range(COUNT)]
    try:
        with soundfile.SoundFile(io.BytesIO(flac(samples, bits, total))) as file:
            back = file.read(COUNT, dtype="int32")
    except soundfile.LibsndfileError as error:
        return error.error_string
    return "read" if np.array_equal(back >> (32 - bits), samples) else "other samples"


depths = (4, 8, 12, 16, 20, 24, 32)
seen = {(bits, total): outcome(bits, total) for total in (COUNT, 0) for bits in depths}
print("soundfile", soundfile.__version__, "libsndfile", soundfile.__libsndfile_version__)
for (bits, total), text in seen.items():
    print(f"{bits:2} bits, total {total:2}: {text}")
for (bits, total), text in seen.items():
    if bits not in (8, 16, 24):
        assert "unimplemented format" in text, "this has changed"
    elif total:
        assert text == "read", "this has changed"
    else:
        assert "psf_fseek" in text, "this has changed"
PY
