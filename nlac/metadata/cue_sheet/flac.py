"""FLAC's cue sheet block (RFC 9639, section 8.7), from and to cue sheets."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from nlac._errors import CueSheetError
from nlac.metadata.cue_sheet.model import (
    CATALOG_BYTES,
    CD_LEAD_OUT_TRACK,
    CD_SAMPLE_RATE,
    CD_SECTOR_FRAMES,
    LEAD_OUT_TRACK,
    MAX_CD_INDEX,
    MAX_CD_TRACKS,
    CueIndex,
    CueSheet,
    CueTrack,
)

_HEAD = struct.Struct(f">{CATALOG_BYTES}sQB258sB")
_TRACK = struct.Struct(">QB12sB13sB")
_INDEX = struct.Struct(">QB3s")
_IS_CD, _IS_DATA, _PRE_EMPHASIS = 0x80, 0x80, 0x40
# the two seconds before the first track of a compact disc
_CD_LEAD_IN = 2 * CD_SAMPLE_RATE


def cue_sheet_of_block(data: bytes) -> CueSheet:
    """Read the content of a cue sheet block.

    Parameters
    ----------
    data : bytes
        The block without its header of four bytes.

    Raises
    ------
    CueSheetError
        The block breaks a rule of RFC 9639.
    """
    reader = _BlockReader(data)
    catalog, lead_in, flags, reserved, count = reader.take(_HEAD, "head")
    if flags & ~_IS_CD or any(reserved):
        raise CueSheetError("FLAC block: reserved bits are set")
    is_cd = bool(flags)
    if not 1 <= count <= (MAX_CD_TRACKS + 1 if is_cd else 255):
        raise CueSheetError(f"FLAC block: {count} tracks")
    tracks: list[CueTrack] = []
    for _ in range(count - 1):
        track = reader.track(is_cd)
        if tracks and track.first_frame <= tracks[-1].indices[-1].frame:
            raise CueSheetError(f"FLAC block, track {track.number}: begins before the one before")
        if any(track.number == other.number for other in tracks):
            raise CueSheetError(f"FLAC block, track {track.number}: is there twice")
        tracks.append(track)
    lead_out = reader.lead_out(is_cd)
    reader.end()
    if not tracks:
        raise CueSheetError("FLAC block: no tracks but the lead-out")
    if lead_out <= tracks[-1].indices[-1].frame:
        raise CueSheetError("FLAC block: the lead-out is not behind the last index point")
    return CueSheet(
        tuple(tracks), is_cd, _ascii(catalog, "catalog number") or None,
        lead_in=lead_in, lead_out=lead_out,
    )  # fmt: skip


def block_of_cue_sheet(sheet: CueSheet, num_frames: int) -> bytes:
    """The content of the block of a sheet; texts and remarks have no place in it.

    Parameters
    ----------
    sheet : CueSheet
        The sheet.
    num_frames : int
        Frames of the recording, where the lead-out is.

    Raises
    ------
    CueSheetError
        The sheet and the length break a rule of RFC 9639.
    """
    # the end of a recording need not be that of a sector
    is_cd = sheet.is_cd and num_frames % CD_SECTOR_FRAMES == 0
    if num_frames <= sheet.tracks[-1].indices[-1].frame:
        raise CueSheetError("the recording ends before the last index point")
    lead_in = sheet.lead_in
    if lead_in is None:
        lead_in = _CD_LEAD_IN if is_cd else 0
    catalog = (sheet.catalog or "").encode("ascii")
    flags = _IS_CD if is_cd else 0
    parts = [_HEAD.pack(catalog, lead_in, flags, b"", len(sheet.tracks) + 1)]
    for track in sheet.tracks:
        flags = (0 if track.kind == "AUDIO" else _IS_DATA) | (
            _PRE_EMPHASIS if "PRE" in track.flags else 0
        )
        begin = track.first_frame
        isrc = (track.isrc or "").encode("ascii")
        parts.append(_TRACK.pack(begin, track.number, isrc, flags, b"", len(track.indices)))
        parts += [_INDEX.pack(index.frame - begin, index.number, b"") for index in track.indices]
    number = CD_LEAD_OUT_TRACK if is_cd else LEAD_OUT_TRACK
    parts.append(_TRACK.pack(num_frames, number, b"", 0, b"", 0))
    return b"".join(parts)


class _BlockReader:
    """Takes the structures of a block in order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, layout: struct.Struct, what: str) -> tuple[Any, ...]:
        if self._place + layout.size > len(self._data):
            raise CueSheetError(f"FLAC block: ends in its {what}")
        values = layout.unpack_from(self._data, self._place)
        self._place += layout.size
        return values

    def track(self, is_cd: bool) -> CueTrack:
        begin, number, isrc, flags, reserved, count = self.take(_TRACK, "tracks")
        where = f"FLAC block, track {number}"
        highest = MAX_CD_TRACKS if is_cd else LEAD_OUT_TRACK - 1
        if not 1 <= number <= highest:
            raise CueSheetError(f"{where}: numbers are 1 to {highest}")
        if flags & ~(_IS_DATA | _PRE_EMPHASIS) or any(reserved):
            raise CueSheetError(f"{where}: reserved bits are set")
        indices = tuple(self._indices(begin, count, is_cd, where))
        if all(index.number != 1 for index in indices):
            raise CueSheetError(f"{where}: no index point 1")
        return CueTrack(
            number, indices, "MODE1/2352" if flags & _IS_DATA else "AUDIO",
            _ascii(isrc, f"ISRC of track {number}") or None,
            ("PRE",) if flags & _PRE_EMPHASIS else (),
        )  # fmt: skip

    def _indices(self, begin: int, count: int, is_cd: bool, where: str) -> Iterator[CueIndex]:
        before: CueIndex | None = None
        for _ in range(count):
            offset, number, reserved = self.take(_INDEX, "index points")
            index = CueIndex(number, begin + offset)
            if any(reserved):
                raise CueSheetError(f"{where}: reserved bits are set")
            if before is None and (number > 1 or offset):
                raise CueSheetError(f"{where}: begins with index point {number} at {offset}")
            if before is not None and number != before.number + 1:
                raise CueSheetError(f"{where}: index point {number} follows {before.number}")
            if before is not None and index.frame <= before.frame:
                raise CueSheetError(f"{where}: index point {number} is not behind the one before")
            if is_cd and (number > MAX_CD_INDEX or index.frame % CD_SECTOR_FRAMES):
                raise CueSheetError(f"{where}: index point {number} is none of a compact disc")
            yield index
            before = index

    def lead_out(self, is_cd: bool) -> int:
        frame, number, _isrc, _flags, _reserved, count = self.take(_TRACK, "lead-out")
        wanted = CD_LEAD_OUT_TRACK if is_cd else LEAD_OUT_TRACK
        if number != wanted or count:
            raise CueSheetError(f"FLAC block: the last track is no lead-out ({number}, {count})")
        return int(frame)

    def end(self) -> None:
        if self._place != len(self._data):
            raise CueSheetError("FLAC block: bytes follow the lead-out")


def _ascii(data: bytes, what: str) -> str:
    text = data.rstrip(b"\0")
    if any(not 0x20 <= byte <= 0x7E for byte in text):
        raise CueSheetError(f"FLAC block: the {what} is not printable ASCII")
    return text.decode("ascii")
