"""Facts about an nlac file: its header, metadata, trailer and heads of blocks; none is decoded."""

from __future__ import annotations

from nlac._errors import CueSheetError
from nlac.api.origin.heads import origin_of_heads
from nlac.api.render import audio_format
from nlac.api.results.parity import ParityInfo
from nlac.api.results.stream import CueTrackInfo, MetadataInfo, StreamInfo
from nlac.audio.original.restoration import stored_suffix
from nlac.bitstream import constants as c
from nlac.bitstream.items import Recipe, first_of
from nlac.bitstream.reader import IndexedReader
from nlac.metadata.cue_sheet.model import CueSheet
from nlac.metadata.cue_sheet.stored import stored_cue_sheet
from nlac.metadata.originals.reading import shown_tags
from nlac.parity.layout import ParityLayout, parse_descriptor
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
    tracks, problem = _tracks(reader)
    shown = shown_tags(reader)
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
        tags=shown.to_mapping(),
        tags_origin=shown.origin,
        notes=shown.notes,
        metadata=tuple(metadata),
        tracks=tracks,
        cue_sheet_problem=problem,
        parity=_parity(reader),
        origin=origin_of_heads(reader),
    )


def _tracks(reader: IndexedReader) -> tuple[tuple[CueTrackInfo, ...], str | None]:
    """Tracks of a stream's cue sheet, and what is wrong with it."""
    try:
        sheet = stored_cue_sheet(reader.leading, audio_format(reader.header), reader.num_frames)
    except CueSheetError as error:
        return (), str(error)
    if sheet is None:
        return (), None
    return track_infos(sheet, reader.header.sample_rate, reader.num_frames), None


def track_infos(sheet: CueSheet, sample_rate: int, num_frames: int) -> tuple[CueTrackInfo, ...]:
    """Facts about the tracks of a cue sheet."""
    stops = [*(track.first_frame for track in sheet.tracks[1:]), num_frames]
    return tuple(
        CueTrackInfo(
            number=track.number,
            title=track.title,
            performer=track.performer or sheet.performer,
            isrc=track.isrc,
            gap=track.first_frame,
            start=track.start,
            stop=stop,
            start_seconds=track.start / sample_rate,
            seconds=(stop - track.start) / sample_rate,
        )
        for track, stop in zip(sheet.tracks, stops, strict=True)
    )


def parity_info(layout: ParityLayout) -> ParityInfo:
    """Facts about parity."""
    return ParityInfo(
        layout.num_bytes, layout.burst_bytes, layout.data_shards, layout.parity_shards
    )


def _parity(reader: IndexedReader) -> ParityInfo | None:
    found = reader.parity()
    parsed = parse_descriptor(found[0].data) if found is not None else None
    return parity_info(parsed[0]) if parsed is not None else None
