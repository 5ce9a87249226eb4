"""Recordings as WAV files in memory, for players in pages."""

from __future__ import annotations

import base64
import io

from nlac.audio.format import AudioFormat
from nlac.audio.sinks.wav import WavSink
from nlac.views.base import PIECE_FRAMES, Recording

# WAV files up to this length, about a minute of a CD, become part of a page
LIMIT_BYTES = 10 << 20


def wav_url(recording: Recording, limit_bytes: int = LIMIT_BYTES) -> str | None:
    """Return a data URL with the recording as a WAV file; None where that would be too long."""
    width = -(-recording.bits_per_sample // 8)
    if recording.frames * recording.channels * width > limit_bytes:
        return None
    fmt = AudioFormat(
        recording.sample_rate,
        recording.channels,
        recording.bits_per_sample,
        is_float=recording.is_float,
    )
    file = io.BytesIO()
    with WavSink(file, fmt, "wav", recording.frames) as sink:
        for start in range(0, recording.frames, PIECE_FRAMES):
            sink.write(recording.read(start, start + PIECE_FRAMES))
        sink.finish()
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode("ascii")
