#!/usr/bin/env bash
# Odd but valid audio files through flac, WavPack, FFmpeg and SoX: does the same file come back, and how
# many frames are there?
#
# Programs:  flac 1.4.2, wavpack 5.6.0, ffmpeg 5.1.9, sox 14.4.2, as Debian 12 has them
# Expected:  The file, or at least its 1,001 frames, and a message and an exit code where that cannot be.
# Seen:      The table below. flac restores pad bytes, a fmt chunk of 18 bytes and plain 24-bit headers
#            otherwise than they were, without a word and with code 0 even under
#            --keep-foreign-metadata. Of sizes of 0xFFFFFFFF it warns that it got 0 samples, and has
#            all of them. Sizes of 0 are no samples to SoX, with code 0 and without a warning. WavPack
#            gives back other pad bytes than there were, with a warning while encoding. SoX reads
#            1,002 frames of an odd W64 file (it uses libsndfile).
# Ends with 1 if any of this changes.
set -euo pipefail
for program in flac wavpack wvunpack ffmpeg sox; do
    command -v "$program" >/dev/null || { echo "$program is not installed"; exit 2; }
done
flac --version && wavpack --version | head -1 && ffmpeg -version | head -1 && sox --version
python3 - <<'PY'
import struct
import subprocess
import tempfile
from pathlib import Path

FRAMES = 1001
TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
EXTENSIBLE = bytes.fromhex("0100000000001000800000aa00389b71")


def pcm(width, channels=1, shift=0, frames=FRAMES, unsigned=False):
    """Samples of a sine-like sequence, little-endian."""
    values, state = [], 1
    for i in range(frames * channels):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        values.append((state >> 12 & 63) + (i % 50) - 50 << shift)
    if unsigned:
        return bytes(value + 128 for value in values)
    return b"".join(value.to_bytes(width, "little", signed=True) for value in values)


def fmt(width, channels=1, tag=1, extra=b""):
    frame = width * channels
    return struct.pack("<HHIIHH", tag, channels, 44100, 44100 * frame, frame, 8 * width) + extra


def chunk(name, data, pad=b"\0"):
    return name + struct.pack("<I", len(data)) + data + (pad if len(data) % 2 else b"")


def wav(form, data, before=b"", after=b"", pad=b"\0", size=None, riff=None):
    body = b"WAVE" + chunk(b"fmt ", form) + before
    body += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    body += (pad if len(data) % 2 else b"") + after
    return b"RIFF" + struct.pack("<I", len(body) if riff is None else riff) + body


def extensible(width, valid, channels=1, mask=4):
    extra = struct.pack("<HHI", 22, valid, mask) + EXTENSIBLE
    return fmt(width, channels, 0xFFFE, extra)


def rf64(width, data, channels=1):
    frames = len(data) // width // channels
    ds64 = struct.pack("<QQQI", 4 + 36 + 24 + 8 + len(data), len(data), frames, 0)
    body = b"WAVE" + chunk(b"ds64", ds64) + chunk(b"fmt ", fmt(width, channels))
    body += b"data" + b"\xff" * 4 + data
    return b"RF64" + b"\xff" * 4 + body


def w64(width, data):
    def part(name, content):
        size = struct.pack("<Q", 24 + len(content))
        return name + TAIL + size + content + bytes(-len(content) % 8)

    body = b"wave" + TAIL + part(b"fmt ", fmt(width)) + part(b"data", data)
    riff = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
    return riff + struct.pack("<Q", 24 + len(body)) + body


def aiff(width, data, pad=b"\0"):
    big = b"".join(data[i : i + width][::-1] for i in range(0, len(data), width))
    rate = bytes.fromhex("400eac44000000000000")
    comm = struct.pack(">hIh", 1, len(big) // width, 8 * width) + rate
    ssnd = bytes(8) + big
    body = b"AIFF" + b"COMM" + struct.pack(">I", 18) + comm
    body += b"SSND" + struct.pack(">I", len(ssnd)) + ssnd
    body += pad if len(ssnd) % 2 else b""
    return b"FORM" + struct.pack(">I", len(body)) + body


LIST = chunk(b"LIST", b"INFO" + chunk(b"IART", b"somebody\0\0"))
CUE = chunk(b"cue ", struct.pack("<IIIIIII", 1, 1, 0, 0x61746164, 0, 0, 10))
files = {
    "8 bits, odd, pad byte.wav": wav(fmt(1), pcm(1, unsigned=True)),
    "8 bits, odd, no pad byte.wav": wav(fmt(1), pcm(1, unsigned=True), pad=b""),
    "8 bits, odd, pad byte of 7.wav": wav(fmt(1), pcm(1, unsigned=True), pad=b"\7"),
    "24 bits, plain fmt.wav": wav(fmt(3, 2), pcm(3, 2)),
    "24 bits, odd, chunk behind.wav": wav(fmt(3), pcm(3), after=LIST),
    "16 bits, fmt of 18 bytes.wav": wav(fmt(2, 2, extra=b"\0\0"), pcm(2, 2)),
    "LIST and cue around the data.wav": wav(fmt(2, 2), pcm(2, 2), LIST, CUE),
    "20 bits in 24.wav": wav(extensible(3, 20, 1), pcm(3, shift=4)),
    "sizes of 0xFFFFFFFF.wav": wav(fmt(2, 2), pcm(2, 2), size=0xFFFFFFFF, riff=0xFFFFFFFF),
    "sizes of 0.wav": wav(fmt(2, 2), pcm(2, 2), size=0, riff=0),
    "RF64.rf64": rf64(2, pcm(2, 2), 2),
    "24 bits, odd.w64": w64(3, pcm(3)),
    "24 bits, odd.aiff": aiff(3, pcm(3)),
    "24 bits, odd, no pad byte.aiff": aiff(3, pcm(3), b""),
}

# file or other: what came back; -: nothing. Then frames
EXPECTED = """
8 bits, odd, pad byte.wav         file  file  file    1001  1001  1001
8 bits, odd, no pad byte.wav      other other other   1001  1001  1001
8 bits, odd, pad byte of 7.wav    other other other   1001  1001  1001
24 bits, plain fmt.wav            other other file    1001  1001  1001
24 bits, odd, chunk behind.wav    other other file    1001  1001  1001
16 bits, fmt of 18 bytes.wav      other other file    1001  1001  1001
LIST and cue around the data.wav  other file  file    1001  1001  1001
20 bits in 24.wav                 file  file  file    1001  1001     -
sizes of 0xFFFFFFFF.wav           other -     -       1001  1001  1001
sizes of 0.wav                    -     -     -          -  1001     0
RF64.rf64                         file  file  file    1001  1001  1001
24 bits, odd.w64                  other other file    1001  1001  1002
24 bits, odd.aiff                 file  file  file    1001  1001  1001
24 bits, odd, no pad byte.aiff    other -     other   1001  1001  1001
"""


def run(*words):
    return subprocess.run(list(map(str, words)), capture_output=True).returncode


def back(path, data):
    if not path.exists():
        return "-"
    return "file" if path.read_bytes() == data else "other"


def frames(path, channels):
    return path.stat().st_size // 4 // channels if path.exists() else "-"


def seen(name, data, folder):
    """What comes back from flac, with its option, and wavpack; frames of flac, ffmpeg and sox."""
    suffix = Path(name).suffix
    source = folder / f"in{suffix}"
    source.write_bytes(data)
    found = []
    for number, options in enumerate(([], ["--keep-foreign-metadata"])):
        packed, out = folder / f"{number}.flac", folder / f"{number}{suffix}"
        if run("flac", "-s", *options, "-o", packed, source) == 0:
            run("flac", "-s", "-d", *options, "-o", out, packed)
        found.append(back(out, data))
    run("wavpack", "-q", source, "-o", folder / "a.wv")
    run("wvunpack", "-q", folder / "a.wv", "-o", folder / f"w{suffix}")
    found.append(back(folder / f"w{suffix}", data))
    channels = 2 if "odd" not in name and "20 bits" not in name else 1
    run("ffmpeg", "-v", "error", "-nostdin", "-i", source, "-f", "s32le", folder / "f.raw")
    run("sox", source, "-t", "s32", folder / "s.raw")
    if (folder / "0.flac").exists():
        run("ffmpeg", "-v", "error", "-i", folder / "0.flac", "-f", "s32le", folder / "flac.raw")
    found += [frames(folder / each, channels) for each in ("flac.raw", "f.raw", "s.raw")]
    return found


lines = []
for name, data in files.items():
    with tempfile.TemporaryDirectory() as folder:
        plain, kept, wavpack, *counts = seen(name, data, Path(folder))
    lines.append(f"{name:33} {plain:6}{kept:6}{wavpack:6}" + "".join(f"{n:>6}" for n in counts))
print(f"{'file':33} flac  keep  wavpack; frames: flac, ffmpeg, sox")
print(*lines, sep="\n")
assert lines == EXPECTED.strip("\n").split("\n"), "this has changed"
PY
