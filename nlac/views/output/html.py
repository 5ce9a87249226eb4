"""A page of its own with all pictures of a file: no server, no requests, the data in it."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any

from nlac.views.analysis import OWN, Analysis
from nlac.views.output.wav import LIMIT_BYTES, wav_url

STATIC = Path(__file__).parents[1] / "static"
TEMPLATE = Path(__file__).parent / "analysis.html"
# in the order in which each needs the ones before; see embedded.js
SCRIPTS = (
    *("format.js", "colours.js", "axis.js", "painters.js", "inside.js", "gestures.js"),
    *("lanes.js", "plot.js", "histogram.js", "embedded.js"),
)
_COLUMNS = 4000
_SPECTROGRAM = (1600, 256)
_IMPORTS = re.compile(r"^import\s[^;]*;\s*$", re.MULTILINE)
_EXPORTS = re.compile(r"^export (?=(?:const|let|function|class|async)\b)", re.MULTILINE)


def page(analysis: Analysis) -> str:
    """Return the page.

    Parameters
    ----------
    analysis : Analysis
        A file that has been looked at.

    Returns
    -------
    str
        HTML, which asks for nothing from elsewhere.
    """
    template = TEMPLATE.read_text(encoding="utf-8")
    facts = analysis.facts()
    data = {"facts": facts, "streams": list(analysis.streams), "feeds": _feeds(analysis)}
    parts = {
        "name": html.escape(facts["name"]),
        "facts": html.escape(format_line(facts)),
        "streams": _table(analysis) + _origin(analysis),
        "player": _player(analysis),
        "damage": "".join(f'<p class="bad">{html.escape(text)}</p>' for text in analysis.damage),
        "style": (STATIC / "style.css").read_text(encoding="utf-8"),
        # no text of a file may end the element
        "data": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        "script": script(),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def script() -> str:
    """Return the modules of the pictures one after the other, without their imports."""
    texts = []
    for name in SCRIPTS:
        text = (STATIC / name).read_text(encoding="utf-8")
        texts.append(_EXPORTS.sub("", _IMPORTS.sub("", text)))
    return "".join(texts) + "showEmbedded();\n"


def format_line(facts: dict[str, Any]) -> str:
    """Return a line about a file: rate, channels, depth, length, bytes."""
    depth = "32-bit float" if facts["is_float"] else f"{facts['bits_per_sample']} bits"
    channels = {1: "mono", 2: "stereo"}.get(facts["channels"], f"{facts['channels']} channels")
    minutes, seconds = divmod(facts["seconds"], 60)
    parts = [
        facts["format"],
        f"{facts['sample_rate'] / 1000:g} kHz",
        channels,
        depth,
        f"{int(minutes)}:{seconds:06.3f}",
    ]
    if facts["bytes"] is not None:
        parts.append(f"{facts['bytes']:,} bytes")
    return ", ".join(parts)


def _feeds(analysis: Analysis) -> dict[str, Any]:
    """Data of the lanes, over the whole recording."""
    recording, overview = analysis.recording, analysis.overview
    frames = recording.frames
    width, height = min(_SPECTROGRAM[0], frames), _SPECTROGRAM[1]
    feeds: dict[str, Any] = {"peaks:original": _whole(overview.as_dict(0, frames, _COLUMNS))}
    feeds["peaks:original"]["damage"] = analysis.damage
    for channel in range(recording.channels):
        picture = overview.spectrogram(0, frames, width, height, channel)
        text = base64.b64encode(picture.tobytes()).decode("ascii")
        feeds[f"spectrogram:{channel}"] = {"bytes": text, "width": width, "height": height}
    for name, stream in analysis.streams.items():
        feeds[f"trace:{name}"] = stream.trace
        if "trace" not in feeds:
            # of the file itself, if it is a stream
            feeds["trace"] = stream.trace
            feeds["peaks:residual"] = _whole(stream.residual_peaks(frames, _COLUMNS))
    return feeds


def _whole(peaks: dict[str, Any]) -> dict[str, Any]:
    """Peaks of which nothing more will come, and so without what tells how many are read."""
    return {key: each for key, each in peaks.items() if key not in ("exact", "progress")}


def _table(analysis: Analysis) -> str:
    """Streams beside the file."""
    if not analysis.streams:
        return ""
    rows = []
    for name, stream in analysis.streams.items():
        share = ""
        if name != OWN and analysis.recording.num_bytes:
            share = f"{100 * stream.bytes / analysis.recording.num_bytes:.2f} % of the file"
        blocks = len(stream.trace["blocks"])
        rows.append(
            f"<tr><td>{html.escape(name)}</td><td>{stream.bytes:,} bytes</td>"
            f"<td>{stream.bits_per_sample:.3f} bits a sample</td><td>{share}</td>"
            f"<td>{blocks} block{'s' * (blocks != 1)}</td></tr>"
        )
    # narrow screens scroll it, and not the page
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'


def _origin(analysis: Analysis) -> str:
    """What the samples were before, as their streams tell; the same of each, so once."""
    lines = [line for each in analysis.streams.values() for line in each.origin_lines()]
    return "".join(f"<p>{html.escape(line)}</p>" for line in dict.fromkeys(lines))


def _player(analysis: Analysis) -> str:
    url = wav_url(analysis.recording) if not analysis.damage else None
    if url is None:
        return f'<p class="soft small">No player: {_why(analysis)}.</p>'
    return f'<audio controls src="{url}"></audio>'


def _why(analysis: Analysis) -> str:
    if analysis.damage:
        return "the file is damaged"
    return f"as a WAV file it would have more than {LIMIT_BYTES >> 20} MiB"
