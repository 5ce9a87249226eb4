#!/usr/bin/env bash
# A range of a cue sheet that ends where the file begins, cut by the program flac.
#
# Programs:  flac and metaflac 1.4.2, as Debian 12 has them
# Expected:  `--cue=-1.0`, up to index 0 of track 1 at frame 0, decodes nothing, or is refused as
#            `--until=0` is.
# Seen:      It decodes the whole file and ends with 0; other ranges of the same sheet are right.
# Ends with 1 if any of this changes.
set -euo pipefail
for program in flac metaflac; do
    command -v "$program" >/dev/null || { echo "$program is not installed"; exit 2; }
done
flac --version
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
# four seconds of silence, 16 bits, stereo
head -c $((4 * 44100 * 4)) /dev/zero >a.raw
raw='--force-raw-format --endian=little --sign=signed --channels=2 --bps=16 --sample-rate=44100'
cat >a.cue <<'CUE'
FILE "a.wav" WAVE
  TRACK 01 AUDIO
    INDEX 00 00:00:00
    INDEX 01 00:01:00
  TRACK 02 AUDIO
    INDEX 01 00:02:00
CUE
flac -s $raw --cuesheet=a.cue a.raw -o a.flac
frames() {
    flac -s -d -f --force-raw-format --endian=little --sign=signed "$@" a.flac -o out.raw 2>messages \
        || return
    echo $(($(wc -c <out.raw) / 4))
}
found=""
for range in -1.0 -1.1 1.1-2.1 2.1-; do
    found+="$range: $(frames "--cue=$range") frames; "
done
until=0
frames --until=0 >/dev/null || until=$?
found+="--until=0: code $until"
echo "$found"
[ "$found" = "-1.0: 176400 frames; -1.1: 44100 frames; 1.1-2.1: 44100 frames; 2.1-: 88200 frames; --until=0: code 1" ]
