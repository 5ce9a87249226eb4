"""How opened streams show themselves in notebooks: a player, the waveform, facts."""

from __future__ import annotations

import html

from nlac.api.file import NlacFile
from nlac.views.columns import Peaks
from nlac.views.output.html import format_line
from nlac.views.output.wav import LIMIT_BYTES, wav_url
from nlac.views.peaks import Overview
from nlac.views.recording import StreamRecording

_WIDTH, _HEIGHT = 800, 56
# beyond, the waveform is drawn from slices spread over the stream
_WHOLE_FRAMES = 1 << 23
_MOST_CHANNELS = 8
_LOOKS = 12


def html_of(file: NlacFile) -> str:
    """Return what a notebook shows of an opened stream.

    The player is there if the recording as a WAV file has 10 MiB at most, about a minute of a CD;
    above three minutes of a CD the waveform comes from a few slices, and says so.
    """
    recording = StreamRecording(file)
    info = file.info
    facts = {
        "format": "nlac",
        "sample_rate": info.sample_rate,
        "channels": info.channels,
        "bits_per_sample": info.bits_per_sample,
        "is_float": info.is_float,
        "seconds": info.seconds,
        "bytes": info.num_bytes,
    }
    samples = max(1, info.num_frames * info.channels)
    lines = [
        html.escape(format_line(facts)),
        f"{8 * info.num_bytes / samples:.3f} bits a sample, predictor "
        f"{html.escape(info.predictor)}, blocks: {info.num_blocks}",
    ]
    for name in ("TITLE", "ARTIST", "ALBUM"):
        if values := info.tags.get(name):
            lines.append(f"{name.capitalize()}: {html.escape(', '.join(values))}")
    parts = [f"<div>{'<br>'.join(lines)}</div>"]
    if recording.frames:
        overview = Overview(recording)
        if recording.frames <= _WHOLE_FRAMES:
            overview.fill()
        else:
            overview.glance(_LOOKS)
        peaks = overview.peaks(0, recording.frames, _WIDTH)
        parts.append(waveform_svg(peaks, recording.full_scale))
        if not peaks.complete:
            parts.append("<div>waveform: from slices spread over the file</div>")
        url = wav_url(recording) if not overview.damage else None
        if url is not None:
            parts.append(f'<audio controls src="{url}"></audio>')
        elif not overview.damage:
            parts.append(f"<div>no player: a WAV file of over {LIMIT_BYTES >> 20} MiB</div>")
        parts += [f"<div>{html.escape(text)}</div>" for text in overview.damage]
    return f"<div>{''.join(parts)}</div>"


def waveform_svg(peaks: Peaks, full_scale: float) -> str:
    """Return a waveform as SVG, a channel above the other; its ends are those of full scale."""
    channels, columns = peaks.low.shape
    shown = min(channels, _MOST_CHANNELS)
    rows = []
    for channel in range(shown):
        middle = _HEIGHT * (channel + 0.5)
        places = []
        for values in (peaks.high[channel], peaks.low[channel][::-1]):
            shares = [min(1.0, max(-1.0, float(x) / full_scale)) for x in values]
            places.append([middle - _HEIGHT / 2 * (x if x == x else 0) for x in shares])
        upper = [f"{i},{y:.1f}" for i, y in enumerate(places[0])]
        lower = [f"{columns - 1 - i},{y + 0.5:.1f}" for i, y in enumerate(places[1])]
        rows.append(f'<polygon points="{" ".join(upper + lower)}"/>')
    height = _HEIGHT * shown
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns} {height}" '
        f'width="{_WIDTH}" height="{height}" preserveAspectRatio="none" role="img" '
        f'aria-label="waveform, {shown} of {channels} channels" fill="#3f8f8a" '
        f'style="max-width:100%">{"".join(rows)}</svg>'
    )
