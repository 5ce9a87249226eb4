"""Tags, pictures and cue sheet of a stream that is joined of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from nlac._arguments import text_fields
from nlac._errors import CorruptStream, UsageError
from nlac.api.given import TagMapping
from nlac.audio.flac.kept import kept_blocks
from nlac.audio.flac.metadata import APPLICATION, CUE_SHEET
from nlac.audio.original.restoration import stored_original
from nlac.bitstream import constants as c
from nlac.bitstream.items import Tags, first_of
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader
from nlac.metadata.cue_sheet.model import (
    MAX_CD_TRACKS,
    MAX_TRACKS,
    CueIndex,
    CueSheet,
    CueTrack,
    plain_isrc,
)
from nlac.metadata.cue_sheet.stored import cue_sheet_item
from nlac.metadata.cue_sheet.tags import OF_ONE_RECORDING
from nlac.metadata.cue_sheet.writer import write_cue_sheet
from nlac.metadata.originals.reading import ShownTags

TagsFrom: TypeAlias = Literal["first", "common", "none"]
TAGS_FROM: tuple[TagsFrom, ...] = ("first", "common", "none")
# of no use in another stream, or told in another way; pictures are looked at as they are shown
_SILENTLY_DROPPED = (
    *(c.ITEM_PADDING, c.ITEM_TAGS, c.ITEM_PICTURE, c.ITEM_MODEL, c.ITEM_RECIPE),
    *(c.ITEM_FOREIGN_HEAD, c.ITEM_FOREIGN_TAIL, c.ITEM_EXTENSION),
    *(c.ITEM_FLAC_METADATA, c.ITEM_FLAC_FRAMES),
)
# blocks of original FLAC files that are told like items
_TOLD_BLOCKS = {APPLICATION: "application", CUE_SHEET: "cue sheet"}


def joint_items(
    readers: Sequence[IndexedReader],
    shown: Sequence[ShownTags],
    tags: TagMapping | None,
    tags_from: TagsFrom,
    warnings: list[str],
) -> list[MetadataItem]:
    """Items of the joint stream, the cue sheet apart.

    Parameters
    ----------
    readers : sequence of IndexedReader
        The inputs.
    shown : sequence of ShownTags
        Their tags and pictures.
    tags : mapping or pairs, optional
        Tags that were given.
    tags_from : {"first", "common", "none"}
        Where the other tags come from.
    warnings : list of str
        Gets what is lost.
    """
    if tags_from not in TAGS_FROM:
        raise UsageError(f"tags_from {tags_from!r}: one of {', '.join(TAGS_FROM)}")
    given = text_fields(tags) if tags else []
    replaced = {name.upper() for name, _value in given}
    comments = [
        (name, value)
        for name, value in _chosen(shown, tags_from)
        if name.upper() not in replaced | OF_ONE_RECORDING
    ]
    items = []
    if comments + given:
        items.append(Tags(comments=(*comments, *given)).to_item())
    items += [item for item in readers[0].leading if item.item_type == c.ITEM_MODEL]
    if tags_from != "none":
        items += [picture.to_item() for picture in shown[0].pictures]
        items += [item for item in readers[0].leading if item.item_type == c.ITEM_APPLICATION]
    _tell_lost(readers, shown, items, warnings)
    return items


def joint_sheet(
    readers: Sequence[IndexedReader],
    shown: Sequence[ShownTags],
    names: Sequence[str],
    items: Iterable[MetadataItem],
    warnings: list[str],
) -> list[MetadataItem]:
    """The item of a cue sheet with a track for each input that has frames.

    Parameters
    ----------
    readers : sequence of IndexedReader
        The inputs.
    shown : sequence of ShownTags
        Their tags.
    names : sequence of str
        Titles of inputs without the tag TITLE.
    items : iterable of MetadataItem
        Items of the joint stream.
    warnings : list of str
        Gets the reason if there can be no sheet.
    """
    tracks: list[CueTrack] = []
    frame = 0
    for reader, told, name in zip(readers, shown, names, strict=True):
        if not reader.num_frames:
            continue
        tags = _first_values(told.comments)
        tracks.append(
            CueTrack(
                len(tracks) + 1,
                (CueIndex(1, frame),),
                isrc=plain_isrc(tags.get("ISRC", "")),
                title=tags.get("TITLE", name),
                performer=tags.get("ARTIST"),
            )
        )
        frame += reader.num_frames
    if not 1 <= len(tracks) <= MAX_TRACKS:
        warnings.append(f"no cue sheet: {len(tracks)} tracks, of 1 to {MAX_TRACKS}")
        return []
    item = first_of(items, c.ITEM_TAGS)
    album = _first_values(Tags.from_item(item).comments if item is not None else ())
    sheet = CueSheet(
        tuple(tracks),
        title=album.get("ALBUM"),
        performer=album.get("ALBUMARTIST", album.get("ARTIST")),
        remarks=tuple((name, album[name]) for name in ("GENRE", "DATE") if name in album),
    )
    # a disc has fewer tracks
    in_frames = len(tracks) > MAX_CD_TRACKS
    text = write_cue_sheet(sheet, readers[0].header.sample_rate, in_frames=in_frames)
    return [cue_sheet_item(text)]


def _chosen(shown: Sequence[ShownTags], tags_from: TagsFrom) -> list[tuple[str, str]]:
    if tags_from == "none":
        return []
    first = list(shown[0].comments)
    if tags_from == "first":
        return first
    others = [{(n.upper(), v) for n, v in other.comments} for other in shown[1:]]
    return [(n, v) for n, v in first if all((n.upper(), v) in other for other in others)]


def _first_values(comments: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in comments:
        values.setdefault(name.upper(), value)
    return values


def _tell_lost(
    readers: Sequence[IndexedReader],
    shown: Sequence[ShownTags],
    items: Sequence[MetadataItem],
    warnings: list[str],
) -> None:
    originals = sum(stored_original(r.leading, r.header) is not None for r in readers)
    if originals:
        warnings.append(
            f"the original file of {originals} of {len(readers)} inputs can't come back from "
            "the result, only the samples"
        )
    lost: Counter[str] = Counter()
    for reader, told in zip(readers, shown, strict=True):
        found = [picture.to_item() for picture in told.pictures]
        for item in (*reader.leading, *reader.trailing()):
            found += [item] * (item.item_type not in _SILENTLY_DROPPED)
        # the same picture in all inputs is in the result
        lost.update(item.name for item in found if item not in items)
        lost.update(_blocks_to_tell(reader.leading))
    if lost:
        counts = ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in lost.items())
        warnings.append(f"not in the result: {counts}")


def _blocks_to_tell(leading: Sequence[MetadataItem]) -> list[str]:
    try:
        kinds = [block.kind for block in kept_blocks(leading)]
    except CorruptStream:
        return ["damaged item of type flac metadata"]
    return [_TOLD_BLOCKS[kind] for kind in kinds if kind in _TOLD_BLOCKS]
