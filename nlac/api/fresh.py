"""A fresh file: its metadata, what it can't have of them, and what writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from nlac._errors import CorruptStream
from nlac.audio.flac.blocks import Block, cue_sheet_of, tags_of
from nlac.audio.flac.kept import kept_blocks, output_blocks, without_replaced_pictures
from nlac.audio.flac.metadata import (
    APPLICATION,
    CUE_SHEET,
    PICTURE,
    STREAMINFO,
    STREAMINFO_BYTES,
    FlacInfo,
    describe,
)
from nlac.audio.format import AudioFormat
from nlac.audio.sinks.choice import Sink, open_sink
from nlac.bitstream import constants as c
from nlac.bitstream.items import Picture, Tags, first_of
from nlac.bitstream.metadata import MetadataItem
from nlac.metadata.cue_sheet.stored import cue_sheet_for_flac


def open_fresh(
    file: BinaryIO,
    fmt: AudioFormat,
    container: str,
    num_frames: int | None,
    items: Sequence[MetadataItem],
    *,
    whole: bool,
) -> tuple[Sink, list[str]]:
    """Begin to write a fresh file.

    Parameters
    ----------
    file : BinaryIO
        Where to.
    fmt : AudioFormat
        What the samples are.
    container : str
        Its container.
    num_frames : int or None
        Frames to come, if known.
    items : sequence of MetadataItem
        Metadata of the stream.
    whole : bool
        All of the audio is written, so that cue sheets and seek tables hold for it.

    Returns
    -------
    sink : Sink
        What writes the samples.
    warnings : list of str
        What the file lacks or has otherwise than the stream.
    """
    length = _flac_block_length(items)
    sheet: bytes | None = None
    if whole and container == "flac" and num_frames is not None:
        items, sheet = cue_sheet_for_flac(items, fmt, num_frames)
    blocks, lost = carried(items, container, fmt, whole=whole)
    if sheet is not None:
        blocks = [block for block in blocks if block.kind != CUE_SHEET]
        blocks.append(Block(CUE_SHEET, sheet))
    sink = open_sink(file, fmt, container, num_frames, blocks, length)
    warnings = []
    if lost:
        warnings.append(f"not in the {container} file: {', '.join(lost)}")
    if sink.bits_per_sample != fmt.bits_per_sample:
        factor = 1 << (sink.bits_per_sample - fmt.bits_per_sample)
        warnings.append(
            f"the {container} file has samples of {sink.bits_per_sample} bits, "
            f"{factor} times those of {fmt.bits_per_sample} bits in the stream"
        )
    return sink, warnings


def carried(
    items: Iterable[MetadataItem], container: str, fmt: AudioFormat, *, whole: bool = True
) -> tuple[list[Block], list[str]]:
    """Divide the metadata of a stream into what a fresh file takes, and what it cannot.

    Parameters
    ----------
    items : iterable of MetadataItem
        Metadata of the stream before the blocks.
    container : str
        Container of the file; only FLAC takes any.
    fmt : AudioFormat
        What its samples are.
    whole : bool
        All of the audio is written.

    Returns
    -------
    blocks : list of Block
        FLAC's metadata blocks, those of the original FLAC file among them.
    lost : list of str
        The rest, for messages.
    """
    good: list[MetadataItem] = []
    counts: Counter[str] = Counter()
    for item in items:
        if _is_good(item):
            good.append(item)
        else:
            counts[f"damaged item of type {item.name}"] += 1
    tags = first_of(good, c.ITEM_TAGS)
    counts["cue sheet"] = sum(item.item_type == c.ITEM_CUE_SHEET for item in good)
    kept: list[Block] = []
    try:
        kept = kept_blocks(good)
    except CorruptStream:
        counts["damaged item of type flac metadata"] += 1
    if container == "flac":
        blocks, lost = output_blocks(kept, good, fmt, whole=whole)
        return blocks, describe((), counts) + lost
    names = list(Tags.from_item(tags).to_mapping()) if tags is not None else []
    if tags is None and (kept_tags := tags_of(kept)) is not None:
        names = list(kept_tags.to_mapping())
    kept = without_replaced_pictures(kept, good)
    for kind, name in ((PICTURE, "picture"), (APPLICATION, "application")):
        item_type = c.ITEM_PICTURE if kind == PICTURE else c.ITEM_APPLICATION
        counts[name] += sum(item.item_type == item_type for item in good)
        counts[name] += sum(block.kind == kind for block in kept)
    counts["cue sheet"] += cue_sheet_of(kept) is not None
    return [], describe(names, counts)


def _is_good(item: MetadataItem) -> bool:
    try:
        if item.item_type == c.ITEM_TAGS:
            Tags.from_item(item)
        elif item.item_type == c.ITEM_PICTURE:
            Picture.from_item(item)
    except CorruptStream:
        return False
    return item.item_type != c.ITEM_APPLICATION or len(item.data) >= 4


def _flac_block_length(items: Iterable[MetadataItem]) -> int | None:
    """Samples of a FLAC frame of the original FLAC file; None if it was none."""
    try:
        kept = kept_blocks(items)
    except CorruptStream:
        return None
    for block in kept:
        if block.kind == STREAMINFO and len(block.data) == STREAMINFO_BYTES:
            return FlacInfo.parse(block.data).block_length
    return None
