"""Tell in words what samples were before; the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from nlac.api.results.origin import OriginStretch

# ends this near are those of the recording: their granules are not whole
_NEAR_SECONDS = 0.25
_LEAST_DB = 0.005  # gains that decoders themselves have, such as 32767/32768
_MOST = 4


def origin_lines(stretches: Iterable[OriginStretch], seconds: float) -> list[str]:
    """Tell what a recording was before.

    Parameters
    ----------
    stretches : iterable of OriginStretch
        In order.
    seconds : float
        Length of the recording.

    Returns
    -------
    list of str
        A line for each stretch, but a few at most; none if there are no stretches.
    """
    found = list(stretches)
    shown = found if len(found) <= _MOST + 1 else found[:_MOST]
    lines = [f"was {_name(each)}{_details(each)}{_place(each, seconds)}" for each in shown]
    if len(shown) < len(found):
        lines.append(f"and {len(found) - len(shown):,} more stretches")
    return lines


def _name(one: OriginStretch) -> str:
    return "an MP3" if one.kind.endswith("Layer III") else "AAC"


def _details(one: OriginStretch) -> str:
    """What is known of a stretch, after a colon."""
    parts = []
    if one.kbit_s is not None:
        parts.append(f"about {one.standard_kbit_s or round(one.kbit_s)} kbit/s")
    if one.kind.startswith("MPEG-2"):
        parts.append(one.kind.split()[0])
    if one.stereo is not None:
        parts.append(one.stereo)
    elif one.channels == 1:
        parts.append("mono")
    if one.cutoff_hz is not None:
        parts.append(f"cut at {round(one.cutoff_hz / 1000, 1):g} kHz")
    if abs(one.gain_db) >= _LEAST_DB:
        parts.append(f"gain {one.gain_db:+.2f} dB")
    if one.exact is not None and one.exact < 1:
        # not rounded up to all of them
        parts.append(f"{min(100 * one.exact, 99.99):.2f} % of its samples without residual")
    return f": {', '.join(parts)}" if parts else ""


def _place(one: OriginStretch, seconds: float) -> str:
    """From when to when, unless it is all."""
    end = one.start_seconds + one.seconds
    at_start, at_end = one.start_seconds <= _NEAR_SECONDS, end >= seconds - _NEAR_SECONDS
    if at_start and at_end:
        return ""
    begin = "the start" if at_start else _time(one.start_seconds)
    return f", from {begin} to {'the end' if at_end else _time(end)}"


def _time(seconds: float) -> str:
    minutes, tenths = divmod(round(10 * seconds), 600)
    return f"{minutes}:{tenths // 10:02}.{tenths % 10}"
