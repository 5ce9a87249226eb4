"""What is known of the lossy stream that samples came from."""

from __future__ import annotations

from dataclasses import dataclass

from nlac.api.results.record import Record


@dataclass(frozen=True, slots=True)
class OriginStretch(Record):
    """A stretch of samples that one lossy stream held.

    Attributes
    ----------
    kind : str
        Such as ``"MPEG-1 Layer III"``.
    start, stop : int
        First frame, and the frame after the last.
    start_seconds, seconds : float
        Where it begins, and how long it is, in seconds.
    channels : int
        Channels of the lossy stream, 1 or 2.
    kbit_s : float or None
        Estimate of its bit rate in kbit/s, where granules were coded.
    standard_kbit_s : int or None
        The nearest bit rate that the standard has, if that is within 8 %.
    gain_db : float
        What the samples were amplified by.
    rounding : str
        How the decoder rounded: ``"nearest"``, ``"down"`` or ``"towards zero"``.
    share : float
        Share of its frames for which granules were found.
    stereo : str or None
        ``"mono"``, ``"stereo"`` or ``"joint stereo"``; None where this takes decoding.
    cutoff_hz : float or None
        Highest frequency that it holds; None where this takes decoding, or of silence.
    exact : float or None
        Share of the samples with granules that the decoder of nlac makes in the same way, so
        that they have no residual; None where this takes decoding.
    """

    kind: str
    start: int
    stop: int
    start_seconds: float
    seconds: float
    channels: int
    kbit_s: float | None
    standard_kbit_s: int | None
    gain_db: float
    rounding: str
    share: float
    stereo: str | None = None
    cutoff_hz: float | None = None
    exact: float | None = None


@dataclass(frozen=True, slots=True)
class OriginInfo(Record):
    """What is known of the lossy streams that samples came from.

    Attributes
    ----------
    summary : tuple of str
        All of it in words, a line for each stretch, but a few at most.
    share : float
        Share of all frames for which granules were found.
    stretches : tuple of OriginStretch
        In order; each edit begins a new one.
    """

    summary: tuple[str, ...]
    share: float
    stretches: tuple[OriginStretch, ...]
