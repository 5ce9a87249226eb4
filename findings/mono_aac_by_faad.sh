#!/usr/bin/env bash
# A mono AAC-LC file has two channels once faad has decoded it; ffmpeg gives one.
#
# Who decodes an archive of speech by faad gets stereo files of twice the size, and who compares
# decoders, or looks for what a WAV was coded from, finds a pair of channels that were never coded as
# one. Only the header of the stream, which says 1, tells which it was.
#
# Programs:  faad 2.10.1, ffmpeg 5.1.9, as Debian 12 has them
# Expected:  AAC-LC of one channel, without parametric stereo, gives WAV files of one channel.
# Seen:      faad writes two, which are equal in every sample, in MP4 as in ADTS, at every rate tried, and
#            says "Total channels: 2"; there is no option to get one. ffmpeg writes one. The channels of
#            a stereo file come out as they should.
# Ends with 1 if any of this changes.
set -euo pipefail
for program in faad ffmpeg; do
    command -v "$program" >/dev/null || { echo "$program is not installed"; exit 2; }
done
ffmpeg -version | head -1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
as_before=0

# channels of a WAV file, and whether all of them are equal
look() {
    python3 - "$1" <<'PY'
import struct
import sys
import wave

with wave.open(sys.argv[1], "rb") as file:
    channels, frames = file.getnchannels(), file.getnframes()
    data = struct.unpack(f"<{channels * frames}h", file.readframes(frames))
equal = all(data[c::channels] == data[::channels] for c in range(channels))
print(channels, "equal" if equal else "different")
PY
}

for rate in 44100 48000 22050; do
    for channels in 1 2; do
        sound="sine=f=440:r=$rate:d=2"
        [ "$channels" = 1 ] || sound="aevalsrc=sin(2764*t)/8|sin(4000*t)/8:s=$rate:d=2"
        ffmpeg -nostdin -v error -f lavfi -i "$sound" -ac "$channels" -c:a aac -b:a 96k a.m4a
        ffmpeg -nostdin -v error -i a.m4a -c copy -f adts a.aac
        for file in a.m4a a.aac; do
            faad -q -o faad.wav "$file" 2>/dev/null
            ffmpeg -nostdin -v error -i "$file" ffmpeg.wav
            faad_gives=$(look faad.wav) ffmpeg_gives=$(look ffmpeg.wav)
            echo "$rate Hz, $channels channel(s), ${file#a.}: faad $faad_gives, ffmpeg $ffmpeg_gives"
            case "$channels $faad_gives, $ffmpeg_gives" in
                "1 2 equal, 1 equal" | "2 2 different, 2 different") ;;
                *) as_before=1 ;;
            esac
            rm -f faad.wav ffmpeg.wav
        done
        rm -f a.m4a a.aac
    done
done
exit "$as_before"
