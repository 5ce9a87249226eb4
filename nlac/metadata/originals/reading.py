"""Which tags a stream shows: those stored as tags, else those inside its original file.

`READERS` is the place for another kind of original file: a function that looks for tags in what a
stream keeps of it. What reads original files is imported where it is needed: an edit of stored tags
takes less time than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from nlac._errors import CorruptStream
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import VENDOR, Picture, Tags, first_of
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader
from nlac.metadata.originals import STORED

# more of a tail than this holds no tags
_MAX_TAIL_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class ShownTags:
    """Tags and pictures that a file shows.

    Attributes
    ----------
    origin : str or None
        ``"tags"`` where they are stored as such; else the parts of the original file that they are
        read from, as ``"LIST/INFO, bext"``; None where there are none.
    comments : tuple of (str, str)
        Names and values in order.
    pictures : tuple of Picture
        Pictures in order.
    vendor : str
        Text of the vendor.
    notes : tuple of str
        What could not be read, and what would help.
    """

    origin: str | None
    comments: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()
    vendor: str = VENDOR
    notes: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, list[str]]:
        """Values keyed by name in capitals, in order of first occurrence."""
        return Tags(self.vendor, self.comments).to_mapping()


@dataclass(slots=True)
class _Found:
    """Collects tags of several sources; a name counts in the first that has it."""

    origins: list[str] = field(default_factory=list)
    comments: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self, origin: str, comments: Sequence[tuple[str, str]], pictures: Sequence[Picture] = ()
    ) -> None:
        known = {name.upper() for name, _ in self.comments}
        self.comments += [each for each in comments if each[0].upper() not in known]
        self.pictures += [each for each in pictures if each not in self.pictures]
        if (comments or pictures) and origin not in self.origins:
            self.origins.append(origin)

    def add_id3(self, data: bytes) -> None:
        from nlac.metadata import mutagen_tags

        if mutagen_tags.is_installed():
            self.add("ID3", *mutagen_tags.read_id3(data))
        else:
            note = f"an ID3 tag is not read: {mutagen_tags.EXTRA}"
            self.notes += [note] * (note not in self.notes)

    def shown(self) -> ShownTags | None:
        if not (self.origins or self.notes):
            return None
        return ShownTags(
            ", ".join(self.origins) or None,
            tuple(self.comments),
            tuple(self.pictures),
            notes=tuple(self.notes),
        )


def chunk_tags(container: str, head: bytes, sound_bytes: int, tail: bytes) -> ShownTags | None:
    """Tags in the chunks of a WAV, W64 or AIFF file, and in ID3v2 tags in front of it.

    Parameters
    ----------
    container : str
        Name of the container.
    head, tail : bytes
        Every byte before the first sample and after the last.
    sound_bytes : int
        Bytes between them.

    Returns
    -------
    ShownTags or None
        None if there is none. A name that several have counts in the first of: ID3 chunk,
        LIST/INFO or text chunks, bext, iXML, ID3 in front of the file.
    """
    from nlac.audio.chunk_style import id3_length
    from nlac.audio.original.chunks import list_chunks
    from nlac.metadata.originals.chunks import READERS as CHUNK_READERS

    found = _Found()
    chunks = list_chunks(container, head, sound_bytes, tail)
    begin = id3_length(lambda count, offset: head[offset : offset + count], len(head))
    big_endian = head[begin : begin + 4] in (b"RIFX", b"FORM")
    for chunk in chunks:
        if chunk.name.upper() == "ID3 ":
            found.add_id3(chunk.data)
    for origin, read in CHUNK_READERS.items():
        # several chunks of a kind, as ANNO, are one source
        found.add(origin, [each for chunk in chunks for each in read(chunk, big_endian)])
    if begin:
        found.add_id3(head)
    return found.shown()


def _of_flac(
    header: StreamHeader, leading: Sequence[MetadataItem], num_frames: int, tail: bytes
) -> ShownTags | None:
    from nlac.audio.flac.blocks import pictures_of, tags_of
    from nlac.audio.flac.kept import kept_blocks

    try:
        blocks = kept_blocks(leading)
    except CorruptStream:
        return None
    tags, pictures = tags_of(blocks), tuple(pictures_of(blocks))
    if tags is None and not pictures:
        return None
    tags = tags or Tags()
    return ShownTags("FLAC", tags.comments, pictures, tags.vendor)


def of_chunks(
    header: StreamHeader, leading: Sequence[MetadataItem], num_frames: int, tail: bytes
) -> ShownTags | None:
    """Tags of an original WAV or AIFF file; None without any. See `original_tags`."""
    from nlac.audio.original.restoration import stored_original
    from nlac.audio.packing import Packing

    try:
        original = stored_original(leading, header)
    except CorruptStream:
        # told by whoever restores it
        return None
    if original is None or not isinstance(original.packing, Packing):
        return None
    frame_bytes = original.packing.bytes_per_sample * header.channels
    return chunk_tags(original.container, original.head, num_frames * frame_bytes, tail)


Reader = Callable[[StreamHeader, Sequence[MetadataItem], int, bytes], ShownTags | None]
# asked in this order; the first that finds something counts. Each gets the header, the items
# before the blocks, the number of frames, and the foreign tail.
READERS: tuple[Reader, ...] = (_of_flac, of_chunks)


def original_tags(
    header: StreamHeader, leading: Sequence[MetadataItem], num_frames: int, tail: bytes
) -> ShownTags | None:
    """Tags inside of the original file that a stream keeps; None if there are none.

    Parameters
    ----------
    header : StreamHeader
        Header of the stream.
    leading : sequence of MetadataItem
        Items before the blocks.
    num_frames : int
        Length of the stream.
    tail : bytes
        Content of the foreign tail.
    """
    for reader in READERS:
        if (shown := reader(header, leading, num_frames, tail)) is not None:
            return shown
    return None


def stored_tags(leading: Iterable[MetadataItem]) -> ShownTags | None:
    """Tags and pictures that are stored as such; None if a stream has neither.

    Raises
    ------
    CorruptStream
        The content of an item is invalid.
    """
    leading = tuple(leading)
    item = first_of(leading, c.ITEM_TAGS)
    pictures = tuple(
        Picture.from_item(each) for each in leading if each.item_type == c.ITEM_PICTURE
    )
    if item is None and not pictures:
        return None
    tags = Tags.from_item(item) if item is not None else Tags()
    return ShownTags(STORED, tags.comments, pictures, tags.vendor)


def shown_tags(reader: IndexedReader) -> ShownTags:
    """Tags of a stream: those stored as tags or pictures, else those of its original file.

    Raises
    ------
    CorruptStream
        Metadata are damaged.
    """
    return stored_tags(reader.leading) or tags_of_original(reader) or ShownTags(None)


def leading_tags(header: StreamHeader, leading: Sequence[MetadataItem]) -> ShownTags:
    """Tags that a stream shows by what comes before its blocks, as `shown_tags` else.

    Those that its original file has after the samples are not among them.

    Raises
    ------
    CorruptStream
        Metadata are damaged.
    """
    return stored_tags(leading) or original_tags(header, leading, 0, b"") or ShownTags(None)


def tags_of_original(reader: IndexedReader) -> ShownTags | None:
    """Tags of a stream's original file, whatever it stores as tags; None without any.

    Raises
    ------
    CorruptStream
        Metadata are damaged.
    """
    return original_tags(reader.header, reader.leading, reader.num_frames, foreign_tail(reader))


def foreign_tail(reader: IndexedReader) -> bytes:
    """The original file behind its samples, as much of it as may hold tags."""
    if first_of(reader.leading, c.ITEM_RECIPE) is None:
        return b""
    items = reader.trailing()
    return joined_tail(item.data for item in items if item.item_type == c.ITEM_FOREIGN_TAIL)


def joined_tail(pieces: Iterable[bytes]) -> bytes:
    """Pieces of a foreign tail, as many as may hold tags; all of them are taken."""
    tail = bytearray()
    for piece in pieces:
        if len(tail) < _MAX_TAIL_BYTES:
            tail += piece
    return bytes(tail)
