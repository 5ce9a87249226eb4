"""Results of the functions of the package, as frozen records that turn into JSON."""

from __future__ import annotations

from nlac.api.results.coding import DecodeResult, EncodeResult
from nlac.api.results.parity import DamagedRange, ParityInfo, ProtectResult, RepairResult
from nlac.api.results.stream import CueTrackInfo, MetadataInfo, StreamInfo
from nlac.codec.decoder.recovery import LostRange

__all__ = [
    "CueTrackInfo",
    "DamagedRange",
    "DecodeResult",
    "EncodeResult",
    "LostRange",
    "MetadataInfo",
    "ParityInfo",
    "ProtectResult",
    "RepairResult",
    "StreamInfo",
]
