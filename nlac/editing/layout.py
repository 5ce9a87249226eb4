"""Where metadata lie in a stream, and how new items fit into the room before its blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from nlac._errors import CorruptStream, UsageError
from nlac.bitstream import constants as c
from nlac.bitstream.metadata import MetadataItem, parse_item_header, write_item
from nlac.bitstream.reader import IndexedReader, read_up_to


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item with its bytes in the stream, which are kept as they are when others change.

    Attributes
    ----------
    item : MetadataItem
        The item.
    data : bytes
        Its bytes in the stream.
    """

    item: MetadataItem
    data: bytes

    @classmethod
    def written(cls, item: MetadataItem, stream_crc: int) -> StoredItem:
        """Write an item for a stream whose header has this CRC."""
        return cls(item, write_item(item, stream_crc))


@dataclass(frozen=True, slots=True)
class TrailingRange:
    """Place of an item after the blocks."""

    item_type: int
    start: int
    stop: int


def read_leading(file: BinaryIO, reader: IndexedReader) -> list[StoredItem]:
    """Items before the blocks with their bytes; the reader has verified them."""
    place, stop = reader.header.num_bytes, reader.trailer.first_block_offset
    file.seek(place)
    area = read_up_to(file, stop - place)
    stream_crc = reader.header.checksum
    stored, place = [], 0
    for item in reader.leading:
        header = parse_item_header(area[place : place + c.METADATA_HEADER_BYTES], stream_crc)
        data = area[place : place + header.num_bytes]
        stored.append(StoredItem(item, data))
        place += len(data)
    if place != len(area):
        raise CorruptStream("the items do not end where the blocks begin", path="metadata")
    return stored


def trailing_ranges(file: BinaryIO, reader: IndexedReader) -> Iterator[TrailingRange]:
    """Yield the places of the items after the blocks; their headers are verified.

    Raises
    ------
    CorruptStream
        A header is damaged, or an item exceeds the place of the items.
    """
    place = reader.trailer.end_of_blocks
    end = reader.num_bytes - reader.trailer.num_bytes
    while place < end:
        file.seek(place)
        try:
            header = parse_item_header(
                file.read(c.METADATA_HEADER_BYTES), reader.header.checksum
            )
        except CorruptStream as error:
            raise type(error)(error.message, offset_bytes=place, path=error.path) from error
        stop = place + header.num_bytes
        if stop > end:
            raise CorruptStream(
                "the item exceeds the metadata", offset_bytes=place, path="metadata"
            )
        yield TrailingRange(header.item_type, place, stop)
        place = stop


def fitted(items: list[StoredItem], room: int, stream_crc: int) -> bytes | None:
    """Bytes of items and of padding that fill the room exactly; None where none do.

    Parameters
    ----------
    items : list of StoredItem
        Items without padding.
    room : int
        Bytes between the header and the blocks.
    stream_crc : int
        CRC of the stream's header.

    Returns
    -------
    bytes or None
        None where the items are longer, or leave fewer bytes than an item has without content,
        which no padding can fill.
    """
    data = b"".join(each.data for each in items)
    left = room - len(data)
    if left == 0:
        return data
    content = left - c.METADATA_OVERHEAD_BYTES
    if not 0 <= content <= c.MAX_ITEM_BYTES:
        return None
    return data + write_item(MetadataItem(c.ITEM_PADDING, bytes(content)), stream_crc)


def check_limits(items: Iterable[MetadataItem]) -> None:
    """Refuse more metadata than a stream may have before its blocks (spec 6.1).

    Raises
    ------
    UsageError
        Items are too many or too long.
    """
    items = list(items)
    for item in items:
        if len(item.data) > c.MAX_ITEM_BYTES:
            raise UsageError(
                f"{item.name} of {len(item.data)} bytes: an item takes {c.MAX_ITEM_BYTES} at most"
            )
    total = sum(len(item.data) for item in items)
    if total > c.MAX_METADATA_BYTES or len(items) > c.MAX_METADATA_ITEMS:
        raise UsageError(
            f"{len(items)} items of {total} bytes: a stream takes {c.MAX_METADATA_ITEMS} items "
            f"and {c.MAX_METADATA_BYTES} bytes at most"
        )
