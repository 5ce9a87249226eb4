"""Facts about an nlac file, from its header, metadata and trailer; no block is decoded."""

from __future__ import annotations

from nlac.api.results import MetadataInfo, StreamInfo
from nlac.audio.flac.blocks import pictures_of, tags_of
from nlac.audio.flac.kept import kept_blocks
from nlac.audio.original.restoration import stored_suffix
from nlac.bitstream import constants as c
from nlac.bitstream.items import Picture, Recipe, Tags, first_of
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader
from nlac.predictors.methods import names


def stream_info(reader: IndexedReader) -> StreamInfo:
    """Facts about a stream.

    Raises
    ------
    CorruptStream
        Metadata are damaged.
    """
    header, trailer = reader.header, reader.trailer
    pcm_bytes = trailer.num_frames * header.frame_bytes
    metadata = [MetadataInfo(item.name, len(item.data)) for item in reader.leading]
    metadata += [MetadataInfo(item.name, len(item.data)) for item in reader.trailing()]
    recipe = first_of(reader.leading, c.ITEM_RECIPE)
    restorable = recipe is not None and trailer.original_md5 is not None
    whole = trailer.original_length if restorable else pcm_bytes
    container = Recipe.from_item(recipe).container if recipe and restorable else None
    return StreamInfo(
        sample_rate=header.sample_rate,
        channels=header.channels,
        bits_per_sample=header.bits_per_sample,
        is_float=header.is_float,
        channel_mask=header.channel_mask,
        num_frames=trailer.num_frames,
        seconds=trailer.num_frames / header.sample_rate,
        num_blocks=reader.num_blocks,
        block_length=header.block_length,
        format_version=c.FORMAT_VERSION,
        predictor=names().get(header.predictor_id, f"number {header.predictor_id}"),
        predictor_id=header.predictor_id,
        coder=c.CODER_NAMES[header.coder_id],
        model_hash=header.model_hash.hex() or None,
        num_bytes=reader.num_bytes,
        pcm_bytes=pcm_bytes,
        ratio=reader.num_bytes / whole if whole else 0.0,
        md5=trailer.pcm_md5.hex(),
        container=container,
        original_md5=trailer.original_md5.hex() if trailer.original_md5 else None,
        original_bytes=trailer.original_length,
        original_suffix=stored_suffix(reader.leading, container) if container else None,
        tags=stream_tags(reader.leading),
        metadata=tuple(metadata),
    )


def stream_tags(items: tuple[MetadataItem, ...]) -> dict[str, list[str]]:
    """Vorbis comments, names in capitals: those of `items`, or of the original FLAC file."""
    item = first_of(items, c.ITEM_TAGS)
    tags = Tags.from_item(item) if item is not None else tags_of(kept_blocks(items))
    return tags.to_mapping() if tags is not None else {}


def stream_pictures(items: tuple[MetadataItem, ...]) -> list[Picture]:
    """Pictures among `items`; without tags there, those of the original FLAC file as well."""
    found = [Picture.from_item(item) for item in items if item.item_type == c.ITEM_PICTURE]
    if found and first_of(items, c.ITEM_TAGS) is not None:
        return found
    return [*pictures_of(kept_blocks(items)), *found]
