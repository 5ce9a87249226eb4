"""What the heads of origin blocks tell; no granule is decoded."""

from __future__ import annotations

from nlac._errors import CorruptStream, TruncatedStream
from nlac.api.origin.parts import BlockPlace, OriginPart, place_parts, summarise
from nlac.api.results.origin import OriginInfo
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.payload import open_payload
from nlac.predictors.methods import METHODS
from nlac.predictors.origin.head import MAX_BITS, MIN_BITS, read_sections
from nlac.predictors.origin.kinds import ORIGIN

_BEGINNING = 512  # bytes of a payload that mostly hold its head


def origin_of_heads(reader: IndexedReader) -> OriginInfo | None:
    """Tell what a stream was before, from the beginnings of its blocks.

    Damage is passed over: the beginnings have no checksum of their own.

    Parameters
    ----------
    reader : IndexedReader

    Returns
    -------
    OriginInfo or None
        None if no block holds granules; and of files behind URLs and objects of classes that are
        not Python's own, of which each block may take a request.
    """
    header = reader.header
    known = any(row.predictor_id == header.predictor_id for row in METHODS)
    fits = known and not header.is_float and MIN_BITS <= header.bits_per_sample <= MAX_BITS
    if not fits or not reader.is_near:
        return None
    parts: list[OriginPart] = []
    for index in range(reader.num_blocks):
        begin, end = reader.first_frame(index), reader.first_frame(index + 1)
        for length in (_BEGINNING, None):
            data = reader.payload_beginning(index, length)
            try:
                parts += _parts(data, header, begin, end - begin)
            except TruncatedStream:
                # a long head
                continue
            except CorruptStream:
                pass
            break
    return summarise(parts, header.sample_rate, reader.num_frames)


def _parts(data: bytes, header: StreamHeader, first_frame: int, frames: int) -> list[OriginPart]:
    """Parts of a block, of which there are the first bytes of its payload."""
    opened = open_payload(data, frames, header)
    mapped = opened.channels
    if mapped is None or not mapped.num_coded:
        return []
    at, channels = mapped.end, mapped.num_coded
    if data[at : at + 1] != bytes([ORIGIN]):
        return []
    kind, table, sections, num_words, _ = read_sections(
        data, at, opened.frames, channels, header.bits_per_sample
    )
    covered = sum(each.frames for each in sections if each.shift is not None)
    bits = [32 * num_words * each.frames / covered for each in sections if each.shift is not None]
    place = BlockPlace(first_frame, frames, opened.phases, opened.offset)
    return place_parts(kind, table, sections, bits, channels, place, header.sample_rate)
