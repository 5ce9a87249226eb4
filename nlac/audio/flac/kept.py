"""Metadata blocks of a FLAC file that a stream was made from, and those of one made from a stream.

The blocks lie in the head of the original file, or in items of their own where only they are kept
(spec 6.9).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from nlac._errors import CorruptStream, UnsupportedAudio
from nlac.audio.chunk_style import id3_length
from nlac.audio.flac import metadata, ogg
from nlac.audio.flac.blocks import DEFAULT_MASKS, MASK_TAG, Block, parse_all, tags_of
from nlac.audio.flac.metadata import (
    APPLICATION,
    COMMENTS,
    CUE_SHEET,
    PICTURE,
    SEEK_TABLE,
    STREAMINFO,
)
from nlac.audio.format import AudioFormat
from nlac.audio.packing import CODED
from nlac.audio.reader import HEAD_LIMIT_BYTES, ByteReader
from nlac.bitstream import constants as c
from nlac.bitstream.items import Recipe, Tags, first_of, joined
from nlac.bitstream.metadata import MetadataItem

# its length is a number of 24 bits
MAX_BLOCK_BYTES = (1 << 24) - 1


def kept_blocks(items: Iterable[MetadataItem]) -> list[Block]:
    """Metadata blocks of the FLAC file that a stream was made from; none if it was another file.

    Parameters
    ----------
    items : iterable of MetadataItem
        Those before the blocks.

    Raises
    ------
    CorruptStream
        The metadata are damaged.
    """
    items = tuple(items)
    if data := joined(items, c.ITEM_FLAC_METADATA):
        return parse_all(data)
    recipe = first_of(items, c.ITEM_RECIPE)
    if recipe is None or Recipe.from_item(recipe).packing[:1] != bytes((CODED,)):
        return []
    reader = ByteReader(io.BytesIO(joined(items, c.ITEM_FOREIGN_HEAD)))
    try:
        reader.need(id3_length(reader.peek, HEAD_LIMIT_BYTES), "the ID3v2 tag")
        if reader.peek(4) == ogg.MAGIC:
            blocks = list(metadata.ogg_blocks(ogg.ogg_packets(reader.take)))
        else:
            blocks = list(metadata.read_blocks(reader.need))
    except UnsupportedAudio as error:
        raise CorruptStream(str(error), path="metadata.foreign head") from error
    return [Block.parse(block) for block in blocks]


def tags_before_blocks(items: Iterable[MetadataItem]) -> Tags | None:
    """The tags item of a stream, or else the comments of its original FLAC file; None without.

    Parameters
    ----------
    items : iterable of MetadataItem
        Those before the blocks.

    Raises
    ------
    CorruptStream
        The metadata are damaged.
    """
    items = tuple(items)
    item = first_of(items, c.ITEM_TAGS)
    return Tags.from_item(item) if item is not None else tags_of(kept_blocks(items))


def output_blocks(
    kept: Sequence[Block],
    items: Sequence[MetadataItem],
    fmt: AudioFormat,
    *,
    whole: bool,
) -> tuple[list[Block], list[str]]:
    """Metadata blocks of a FLAC file made from a stream, besides STREAMINFO.

    A tags item replaces the comments that were kept, and with them pictures, if there are picture
    items.

    Parameters
    ----------
    kept : sequence of Block
        Those of the original FLAC file, if there is one.
    items : sequence of MetadataItem
        Items of the stream, all of valid content.
    fmt : AudioFormat
        What the samples are.
    whole : bool
        The file has all of the audio; otherwise cue sheets and seek tables do not fit it.

    Returns
    -------
    blocks : list of Block
        In the order of the original's.
    lost : list of str
        What there is no room for, for messages.
    """
    kept = [block for block in kept if block.kind != STREAMINFO]
    lost = []
    if not whole:
        for kind, name in ((CUE_SHEET, "the cue sheet"), (SEEK_TABLE, "the seek table")):
            lost += [name] * any(block.kind == kind for block in kept)
            kept = [block for block in kept if block.kind != kind]
    comments = first_of(items, c.ITEM_TAGS)
    pictures = [item.data for item in items if item.item_type == c.ITEM_PICTURE]
    others = [item.data for item in items if item.item_type == c.ITEM_APPLICATION]
    lost += ["a picture"] * sum(len(data) > MAX_BLOCK_BYTES for data in pictures)
    lost += ["an application item"] * sum(len(data) > MAX_BLOCK_BYTES for data in others)
    if comments is not None and len(comments.data) > MAX_BLOCK_BYTES:
        comments = None
        lost.append("tags")
    if comments is not None:
        kept = _with_comments(without_replaced_pictures(kept, items), comments.data)
    kept += [Block(PICTURE, data) for data in pictures if len(data) <= MAX_BLOCK_BYTES]
    kept += [Block(APPLICATION, data) for data in others if len(data) <= MAX_BLOCK_BYTES]
    mask = fmt.channel_mask
    if mask and mask != DEFAULT_MASKS.get(fmt.channels):
        tags = tags_of(kept) or Tags()
        if MASK_TAG not in tags.to_mapping():
            told = (MASK_TAG, f"0x{mask:04X}")
            item = Tags(tags.vendor, (*tags.comments, told)).to_item()
            kept = _with_comments(kept, item.data)
    return kept, lost


def without_replaced_pictures(
    kept: Sequence[Block], items: Sequence[MetadataItem]
) -> list[Block]:
    """Blocks of the original FLAC file without its pictures, where items stand for them.

    Those of a stream with a tags item do, if it has picture items.
    """
    types = {item.item_type for item in items}
    replaced = {c.ITEM_TAGS, c.ITEM_PICTURE} <= types
    return [block for block in kept if not (replaced and block.kind == PICTURE)]


def _with_comments(blocks: list[Block], data: bytes) -> list[Block]:
    """Blocks with other comments, at the same place; in front if there were none."""
    new = Block(COMMENTS, data)
    if not any(block.kind == COMMENTS for block in blocks):
        return [new, *blocks]
    return [new if block.kind == COMMENTS else block for block in blocks]
