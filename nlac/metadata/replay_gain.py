"""Gains in tags: ReplayGain 2.0 and R128, written, read and applied."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Literal, TypeAlias, cast

import numpy as np

from nlac._errors import UsageError
from nlac._typing import Samples
from nlac.audio.flac.kept import tags_before_blocks
from nlac.audio.format import AudioFormat
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import Tags
from nlac.bitstream.metadata import MetadataItem

GainKind: TypeAlias = Literal["track", "album"]
# loudness that ReplayGain 2.0 and R128 bring recordings to, in LUFS
REFERENCE_LUFS = -18.0
R128_LUFS = -23.0
_REPLAYGAIN = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d{0,9})?)\s*(?:dB)?\s*", re.IGNORECASE | re.ASCII)
_R128 = re.compile(r"\s*([+-]?\d{1,5})\s*", re.ASCII)
_PEAK = re.compile(r"\s*(\d{1,9}(?:\.\d{0,12})?)\s*", re.ASCII)
_NAMES = re.compile(r"REPLAYGAIN_.*|R128_(?:TRACK|ALBUM)_GAIN", re.IGNORECASE)


def gain_tags(
    kind: GainKind, loudness: float, peak: float, *, r128: bool = False
) -> dict[str, str]:
    """Tags of the gain that a loudness needs.

    Parameters
    ----------
    kind : {"track", "album"}
        What was measured.
    loudness : float
        Integrated loudness in LUFS.
    peak : float
        Highest absolute value, 1.0 being full scale.
    r128 : bool
        Add the gain as Opus has it (RFC 7845, section 5.2.1): relative to -23 LUFS, in 256ths of
        a decibel.
    """
    name = kind.upper()
    tags = {
        f"REPLAYGAIN_{name}_GAIN": f"{REFERENCE_LUFS - loudness:.2f} dB",
        f"REPLAYGAIN_{name}_PEAK": f"{peak:.6f}",
        "REPLAYGAIN_REFERENCE_LOUDNESS": f"{REFERENCE_LUFS:.2f} LUFS",
    }
    if r128:
        units = round(256 * (R128_LUFS - loudness))
        tags[f"R128_{name}_GAIN"] = str(max(-32768, min(32767, units)))
    return tags


class GainFilter:
    """Applies the gain that the tags of a stream tell, and no more than its peak allows.

    Integers are rounded to the nearest (ties to even) without dither; what exceeds full scale
    all the same is limited, and counted.

    Parameters
    ----------
    items : iterable of MetadataItem
        Metadata of the stream.
    header : StreamHeader or AudioFormat
        What the samples are.
    kind : {"track", "album"}
        Which gain.

    Attributes
    ----------
    wanted, decibels : float
        Gain that the tags tell, and the one that is applied.

    Raises
    ------
    UsageError
        The stream has no such gain, or there is no such kind.
    """

    def __init__(
        self, items: Iterable[MetadataItem], header: StreamHeader | AudioFormat, kind: str
    ) -> None:
        if kind not in ("track", "album"):
            raise UsageError(f"gain {kind!r}: 'track' or 'album'")
        told = tags_before_blocks(items)
        mapping = told.to_mapping() if told is not None else {}
        tags = {name: values[0] for name, values in mapping.items()}
        self.wanted = _told_gain(tags, kind)
        match = _PEAK.fullmatch(tags.get(f"REPLAYGAIN_{kind.upper()}_PEAK", ""))
        self._peak = float(match[1]) if match else None
        highest = -20 * math.log10(self._peak) if self._peak else math.inf
        self.decibels = min(self.wanted, highest)
        self._factor = 10.0 ** (self.decibels / 20)
        self._limit = None if header.is_float else 1 << (header.bits_per_sample - 1)
        self._clipped = 0

    def apply(self, samples: Samples) -> Samples:
        """Samples with the gain, in the same format."""
        scaled = samples.astype(np.float64) * self._factor
        if self._limit is None:
            return cast(Samples, scaled.astype(np.float32))
        rounded = np.rint(scaled)
        limited = np.clip(rounded, -self._limit, self._limit - 1)
        self._clipped += int(np.count_nonzero(limited != rounded))
        return cast(Samples, limited.astype(np.int32))

    def warnings(self) -> list[str]:
        """What was done otherwise than the tags tell."""
        told = []
        if self.decibels < self.wanted:
            told.append(
                f"a gain of {self.decibels:+.2f} dB instead of {self.wanted:+.2f} dB, for the "
                f"peak is {self._peak:.6f}"
            )
        if self._clipped:
            told.append(f"{self._clipped} samples exceeded full scale and were limited to it")
        return told


def without_gain(items: Iterable[MetadataItem]) -> list[MetadataItem]:
    """The items without tags that tell a gain, for samples that have it already."""
    items = tuple(items)
    tags = tags_before_blocks(items)
    if tags is None:
        return list(items)
    kept = tuple((n, v) for n, v in tags.comments if not _NAMES.fullmatch(n))
    new = Tags(tags.vendor, kept).to_item()
    # an item replaces the tags of the original FLAC file
    return [*(item for item in items if item.item_type != c.ITEM_TAGS), new]


def _told_gain(tags: dict[str, str], kind: str) -> float:
    """The gain in decibels, relative to `REFERENCE_LUFS`."""
    name = f"REPLAYGAIN_{kind.upper()}_GAIN"
    if name in tags:
        match = _REPLAYGAIN.fullmatch(tags[name])
        if match is None:
            raise UsageError(f"the tag {name} is no gain: {tags[name][:40]!r}")
        return float(match[1])
    units = _R128.fullmatch(tags.get(f"R128_{kind.upper()}_GAIN", ""))
    if units is None:
        raise UsageError(f"the stream has no tag {name}; nlac gain measures and writes it")
    return int(units[1]) / 256 + REFERENCE_LUFS - R128_LUFS
