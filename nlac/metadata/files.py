"""Tags and pictures of audio files of any kind, for copying them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from nlac._errors import CorruptStream, UnsupportedAudio
from nlac._files import ReadFile, open_input
from nlac.bitstream import constants as c
from nlac.bitstream.items import Picture, Tags
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader
from nlac.metadata.originals.reading import ShownTags, chunk_tags, shown_tags

if TYPE_CHECKING:
    from nlac.audio.reader import ByteReader

_CHUNKED = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM")
_MAX_TAIL_BYTES = 1 << 26


def read_file_tags(file: ReadFile) -> ShownTags:
    """Tags and pictures of an nlac, FLAC, WAV, W64 or AIFF file, or of one that mutagen reads.

    Parameters
    ----------
    file : path, bytes-like or binary file object
        A pipe is copied to a temporary file first.

    Raises
    ------
    UnsupportedAudio
        Of no kind whose tags can be read, or damaged.
    MissingDependency
        Its tags need mutagen.
    FormatError
        A damaged nlac file.
    OSError
        It cannot be read.
    """
    with open_input(file, seekable=True) as opened:
        if _peek(opened, 4, 0) == c.MAGIC:
            return shown_tags(IndexedReader(opened))
        return _of_other(opened)


def _of_other(opened: BinaryIO) -> ShownTags:
    """Tags of a file that is no stream; what reads other kinds takes a while to import."""
    from nlac.audio.chunk_style import id3_length
    from nlac.audio.flac.metadata import is_flac
    from nlac.audio.reader import HEAD_LIMIT_BYTES, ByteReader
    from nlac.metadata.mutagen_tags import read_tags

    begin = id3_length(lambda count, offset: _peek(opened, count, offset), HEAD_LIMIT_BYTES)
    magic = _peek(opened, 16, begin)
    opened.seek(0)
    if magic[:4] in _CHUNKED:
        return _of_chunks(opened)
    reader = ByteReader(opened)
    if is_flac(reader, begin):
        reader.need(begin, "the ID3v2 tag")
        return _of_flac(reader)
    opened.seek(0)
    comments, pictures = read_tags(opened)
    return ShownTags("mutagen", tuple(comments), tuple(pictures))


def _peek(file: BinaryIO, count: int, offset: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def _of_chunks(file: BinaryIO) -> ShownTags:
    from nlac.audio.packing import Packing
    from nlac.audio.source import open_source

    with open_source(file) as source:
        packing, frames = source.packing, source.num_frames
        assert isinstance(packing, Packing)
        sound_bytes = (frames or 0) * packing.bytes_per_sample * source.format.channels
        file.seek(len(source.head) + sound_bytes, io.SEEK_SET)
        tail = file.read(_MAX_TAIL_BYTES)
        return chunk_tags(source.container, source.head, sound_bytes, tail) or ShownTags(None)


def _of_flac(reader: ByteReader) -> ShownTags:
    """Tags and pictures in the metadata blocks of a FLAC file, plain or in Ogg."""
    from nlac.audio.flac import metadata as flac
    from nlac.audio.flac import ogg

    if reader.peek(4) == ogg.MAGIC:
        blocks = flac.ogg_blocks(ogg.ogg_packets(reader.take))
    else:
        blocks = flac.read_blocks(reader.need)
    tags, pictures = Tags(), []
    try:
        for block in blocks:
            kind, data = block[0] & ~flac.LAST, block[4:]
            if kind == flac.COMMENTS:
                tags = Tags.from_item(MetadataItem(c.ITEM_TAGS, data))
            elif kind == flac.PICTURE:
                pictures.append(Picture.from_item(MetadataItem(c.ITEM_PICTURE, data)))
    except CorruptStream as error:
        raise UnsupportedAudio(f"its metadata are damaged: {error.message}") from error
    return ShownTags("FLAC", tags.comments, tuple(pictures), tags.vendor)
