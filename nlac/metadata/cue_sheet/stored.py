"""The cue sheet of a stream: its text in an item, or in a tag."""

from __future__ import annotations

from collections.abc import Iterable

from nlac._errors import CorruptStream, CueSheetError
from nlac.audio.flac.blocks import cue_sheet_of, tags_of
from nlac.audio.flac.kept import kept_blocks, tags_before_blocks
from nlac.audio.format import AudioFormat
from nlac.bitstream import constants as c
from nlac.bitstream.items import Tags, first_of
from nlac.bitstream.metadata import MetadataItem
from nlac.metadata.cue_sheet.flac import block_of_cue_sheet, cue_sheet_of_block
from nlac.metadata.cue_sheet.model import CueSheet
from nlac.metadata.cue_sheet.parser import parse_cue_sheet
from nlac.metadata.cue_sheet.writer import write_cue_sheet

# programs that have no block for it put the text there
CUE_SHEET_TAG = "CUESHEET"


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    """Text of a cue sheet that was read from a file.

    Parameters
    ----------
    data : bytes
        The file.
    encoding : str
        Name of its encoding, as Python knows it.

    Raises
    ------
    CueSheetError
        It is in another encoding.
    """
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CueSheetError(
            f"not {encoding.upper()} at byte {error.start}; name its encoding, such as cp1252, "
            "by --cuesheet-encoding",
            line,
        ) from error
    except LookupError as error:
        raise CueSheetError(f"there is no encoding {encoding!r}") from error


def cue_sheet_item(text: str) -> MetadataItem:
    """The item that holds the text of a cue sheet."""
    return MetadataItem(c.ITEM_CUE_SHEET, text.encode())


def cue_sheet_text(items: Iterable[MetadataItem]) -> str | None:
    """Text of the cue sheet among the items of a stream; None if there is none.

    The tag CUESHEET serves where there is no item.

    Raises
    ------
    CueSheetError
        The item is not UTF-8.
    """
    items = tuple(items)
    item = first_of(items, c.ITEM_CUE_SHEET)
    if item is not None:
        try:
            return item.data.decode()
        except UnicodeDecodeError as error:
            raise CueSheetError(f"not UTF-8 at byte {error.start}") from error
    tags = first_of(items, c.ITEM_TAGS)
    if tags is None:
        return None
    try:
        values = Tags.from_item(tags).to_mapping().get(CUE_SHEET_TAG)
    except CorruptStream:
        return None
    return values[0] if values else None


def shown_cue_sheet_text(items: Iterable[MetadataItem], sample_rate: int) -> str | None:
    """Text of the cue sheet of a stream, or of the FLAC file that it was made from.

    Parameters
    ----------
    items : iterable of MetadataItem
        Items before the blocks.
    sample_rate : int
        Frames a second.

    Raises
    ------
    CueSheetError
        The item is not UTF-8, or the block of the FLAC file breaks a rule.
    """
    items = tuple(items)
    if (text := cue_sheet_text(items)) is not None:
        return text
    try:
        blocks = kept_blocks(items)
        tags = tags_of(blocks)
    except CorruptStream:
        return None
    if first_of(items, c.ITEM_TAGS) is None and tags is not None:
        for value in tags.to_mapping().get(CUE_SHEET_TAG, ()):
            return value
    block = cue_sheet_of(blocks)
    if block is None:
        return None
    sheet = cue_sheet_of_block(block)
    return write_cue_sheet(sheet, sample_rate, in_frames=not sheet.is_cd)


def stored_cue_sheet(
    items: Iterable[MetadataItem], fmt: AudioFormat, num_frames: int
) -> CueSheet | None:
    """The cue sheet among the items of a stream; None if there is none.

    Parameters
    ----------
    items : iterable of MetadataItem
        Items before the blocks.
    fmt : AudioFormat
        What the samples are.
    num_frames : int
        Length of the stream.

    Raises
    ------
    CueSheetError
        There is one that breaks a rule.
    """
    text = shown_cue_sheet_text(items, fmt.sample_rate)
    return None if text is None else parse_cue_sheet(text, fmt, num_frames)


def cue_sheet_for_flac(
    items: Iterable[MetadataItem], fmt: AudioFormat, num_frames: int
) -> tuple[list[MetadataItem], bytes | None]:
    """Turn the cue sheet of a stream into what a FLAC file has.

    Its text becomes the tag CUESHEET, for the block has no place for titles.

    Returns
    -------
    items : list of MetadataItem
        The items, with the tag instead of the sheet; as they were if there is no good sheet.
    block : bytes or None
        Content of FLAC's cue sheet block.
    """
    items = list(items)
    try:
        text = cue_sheet_text(items)
        if text is None:
            return items, None
        block = block_of_cue_sheet(parse_cue_sheet(text, fmt, num_frames), num_frames)
        # a tags item replaces the comments of the original FLAC file, so it begins with them
        old = tags_before_blocks(items) or Tags()
    except (CueSheetError, CorruptStream):
        # what is damaged is told by `carried`
        return items, None
    others = tuple(each for each in old.comments if each[0].upper() != CUE_SHEET_TAG)
    new = Tags(old.vendor, (*others, (CUE_SHEET_TAG, text))).to_item()
    dropped = (c.ITEM_TAGS, c.ITEM_CUE_SHEET)
    return [new, *(item for item in items if item.item_type not in dropped)], block
