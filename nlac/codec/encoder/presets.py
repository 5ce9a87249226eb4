"""Presets in one table, with the cascade parameters and base predictors that they name.

This module imports nothing compiled. Streams carry all parameters of prediction, so the numbers
here may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from nlac.predictors.cascade.parameters import CascadeParameters, RlsParameters, StageParameters


class SegmentationSettings(NamedTuple):
    """Search for the segments and windows of `lpc`.

    Attributes
    ----------
    max_order : int
        Length of the longest window in samples, one of `ORDERS`.
    leaf_frames : int
        Length of the shortest segment in frames, `UNIT` times a power of two.
    levels : int
        Number of segment lengths tried, each twice the one before.
    ltp_frames : int
        Frames in the LTP window (even; 0: none).
    unit_frames : int
        Length in frames of the units that are weighted separately, at most `leaf_frames`.
    """

    max_order: int
    leaf_frames: int
    levels: int
    ltp_frames: int
    unit_frames: int = 256


def _three(taps: tuple[int, int, int], cross_taps: int, step: int) -> tuple[StageParameters, ...]:
    """A long, a medium and a short NLMS stage."""
    long, medium, short = taps
    return (
        StageParameters(long, cross_taps, 45 + step),
        StageParameters(medium, 0, 39 + step),
        StageParameters(short, 0, 32 + step),
    )


_MAX = CascadeParameters(
    4,
    (
        RlsParameters(16, 8, 8, 2, loading=36),
        RlsParameters(24, 16, 10, 4, 8, loading=33),
        RlsParameters(16, 8, 7, 1, 4, True, loading=36),
        RlsParameters(32, 32, 11, 4, 8, loading=39),
        RlsParameters(192, 8, 11, 32, loading=36),
    ),
    tuple(_three((1024, 256, 32), 256 if step == 0 else 0, step) for step in (-6, 0, 6)),
    (7, 10),
    2,
)

CASCADES = {
    "high": CascadeParameters(
        5,
        (
            RlsParameters(16, 8, 8, 2, loading=37),
            RlsParameters(24, 16, 10, 4, 8, loading=35),
            RlsParameters(16, 8, 7, 1, 4, True, loading=37),
            RlsParameters(80, 0, 11, 32, loading=36),
        ),
        (_three((512, 64, 32), 0, -3),),
        (9,),
        6,
    ),
    "max": _MAX,
    # a network stands behind it
    "neural": replace(
        _MAX,
        rls=(replace(_MAX.rls[0], period=1), *_MAX.rls[1:]),
        final_combiners=(8, 6, 11),
        online=(33,),
    ),
}

# base predictors that a network corrects, keyed by the name in the model card; None: windows of
# `lpc`. Networks tolerate small changes of these numbers
BASES: dict[str, CascadeParameters | None] = {
    "lpc": None,
    # RLS predictors only, and an online network. The one of order 192 takes most of the time;
    # without it, only LTP would see far back
    "rls": CascadeParameters(
        6,
        (
            RlsParameters(16, 8, 8, 1, loading=31),
            RlsParameters(24, 16, 9, 1, 8, loading=30),
            RlsParameters(32, 16, 11, 4, 8, loading=30),
            RlsParameters(16, 8, 7, 1, 4, True, loading=34),
            RlsParameters(192, 8, 11, 8, loading=36),
        ),
        (),
        (9,),
        4,
        (33,),
    ),
    **CASCADES,
}


@dataclass(frozen=True, slots=True)
class Preset:
    """Defaults of the options that a preset sets.

    Attributes
    ----------
    predictor : str
        Name of the predictor.
    block_seconds : float
        Length of a block. Long blocks let long-term prediction look far back; short blocks make
        seeking fast.
    segmentations : tuple of SegmentationSettings
        Searches for segments and coefficients of `lpc`.
    guess : bool
        Choose among them by an estimate, instead of trying them all.
    thorough : bool
        Search thoroughly for LTP lags.
    cascade : str
        Key in `CASCADES`, for presets of `cascade`.
    model : str
        Name of the model, for presets of `cnn` and `gru`.
    origin : bool, optional
        Look for lossy streams that the samples were decoded from; None never does.
    """

    predictor: str
    block_seconds: float
    segmentations: tuple[SegmentationSettings, ...]
    guess: bool = True
    thorough: bool = True
    cascade: str = "high"
    model: str = ""
    origin: bool | None = True


_SHORT, _LONG = SegmentationSettings(66, 1024, 5, 16), SegmentationSettings(258, 4096, 3, 16, 1024)
_ALL = (
    _SHORT,
    SegmentationSettings(66, 512, 6, 32),
    _LONG,
    SegmentationSettings(258, 2048, 4, 32, 512),
)

PRESETS: Mapping[str, Preset] = {
    "fast": Preset("lpc", 30.0, (SegmentationSettings(34, 4096, 1, 8, 1024),), thorough=False,
                   origin=None),
    "standard": Preset("lpc", 30.0, (_SHORT, _LONG), origin=False),
    "high": Preset("cascade", 30.0, (_SHORT, _LONG), guess=False),
    "max": Preset("cascade", 60.0, _ALL, guess=False, cascade="max"),
    "neural": Preset("gru", 60.0, _ALL, guess=False, cascade="neural", model="neural"),
}  # fmt: skip

# seconds of a block, by what a file is for; docs/notes/block-length.md has what they cost
PROFILES: Mapping[str, float] = {"archive": 60.0, "dataset": 3.0, "edit": 1.0}
