"""Tags of the original file on their way into a fresh one, and what does not find its way there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from nlac._errors import CorruptStream, FormatError
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import Tags
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader

if TYPE_CHECKING:
    from nlac.metadata.originals.reading import ShownTags

# chunks that tell of samples, sizes or nothing
_AUDIO_CHUNKS = {"fmt", "fact", "data", "ds64", "junk", "pad", "fllr", "comm", "fver", "ssnd"}


def fresh_metadata(
    header: StreamHeader, leading: Sequence[MetadataItem], num_frames: int, tail: bytes
) -> tuple[list[MetadataItem], tuple[str, ...]]:
    """Metadata for a fresh file: those before the blocks, and tags of a WAV or AIFF original.

    Where tags are stored as such, they stand for those of the original. The tags of a FLAC file are
    in its metadata blocks, which a fresh file gets as they are.

    Parameters
    ----------
    header, leading, num_frames, tail
        As for `original_tags`.

    Returns
    -------
    items : list of MetadataItem
        What there is for the file.
    notes : tuple of str
        Which tags could not be read, and what would help.
    """
    shown = _chunk_tags(header, leading, num_frames, tail)
    tags = [Tags(comments=shown.comments).to_item()] if shown.comments else []
    pictures = [picture.to_item() for picture in shown.pictures]
    return [*leading, *tags, *pictures], shown.notes


def _chunk_tags(
    header: StreamHeader, leading: Sequence[MetadataItem], num_frames: int, tail: bytes
) -> ShownTags:
    from nlac.metadata.originals.reading import ShownTags, of_chunks, stored_tags

    nothing = ShownTags(None)
    try:
        if stored_tags(leading) is not None:
            return nothing
    except CorruptStream:
        # told by whoever writes the file
        return nothing
    return of_chunks(header, leading, num_frames, tail) or nothing


def tail_ahead(file: BinaryIO) -> bytes | None:
    """The original file behind its samples, before these are read; None where it is damaged.

    Parameters
    ----------
    file : BinaryIO
        A seekable stream, which stays where it is.
    """
    from nlac.metadata.originals.reading import foreign_tail

    place = file.tell()
    try:
        return foreign_tail(IndexedReader(file))
    except FormatError:
        # the damage is met again, and placed better, on the way through the stream
        return None
    finally:
        file.seek(place)


def late_warnings(
    header: StreamHeader, leading: Sequence[MetadataItem], num_frames: int, tail: bytes
) -> list[str]:
    """Tags and pictures in a tail that came when the fresh file had been begun.

    Parameters
    ----------
    header, leading, num_frames, tail
        As for `original_tags`.
    """
    from nlac.audio.flac.metadata import describe

    known = _chunk_tags(header, leading, num_frames, b"")
    found = _chunk_tags(header, leading, num_frames, tail)
    late = (each for each in found.comments if each not in known.comments)
    pictures = sum(each not in known.pictures for each in found.pictures)
    told = describe(Tags(comments=tuple(late)).to_mapping(), Counter(picture=pictures))
    notes = [note for note in found.notes if note not in known.notes]
    return [f"not in the file: {', '.join(told)}, which came after the audio"] * bool(told) + notes


def cut_warnings(reader: IndexedReader) -> list[str]:
    """Chunks of the original file that a part of its audio lacks."""
    from nlac.audio.original.stored import stored_chunks

    chunks = [
        name
        for name in dict.fromkeys(chunk.name.strip() for chunk in stored_chunks(reader))
        if name.lower() not in _AUDIO_CHUNKS
    ]
    return [f"not in a part of the file: chunks ({', '.join(chunks)})"] * bool(chunks)
