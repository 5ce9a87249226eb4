"""Metadata blocks of FLAC (RFC 9639, section 8), and what the common ones say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nlac._errors import CorruptStream
from nlac.audio.flac.metadata import COMMENTS, CUE_SHEET, LAST, PICTURE, comment_pairs
from nlac.bitstream import constants as c
from nlac.bitstream.items import Picture, Tags
from nlac.bitstream.metadata import MetadataItem

# the speakers that FLAC means by its number of channels (RFC 9639, 9.1.3), as WAVE masks
DEFAULT_MASKS = {1: 0x4, 2: 0x3, 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F}
# the tag that tells of others (RFC 9639, 8.6.2)
MASK_TAG = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK"


@dataclass(frozen=True, slots=True)
class Block:
    """A metadata block.

    Attributes
    ----------
    kind : int
        Its type, 0 to 127.
    data : bytes
        What it holds, without the header.
    is_last : bool
        The frames follow it.
    """

    kind: int
    data: bytes
    is_last: bool = False

    @classmethod
    def parse(cls, data: bytes) -> Block:
        """Take the header of four bytes off."""
        return cls(data[0] & ~LAST, data[4:], bool(data[0] & LAST))

    def to_bytes(self) -> bytes:
        """The block with its header."""
        first = self.kind | LAST * self.is_last
        return bytes((first,)) + len(self.data).to_bytes(3, "big") + self.data


def parse_all(data: bytes) -> list[Block]:
    """Divide blocks that follow each other.

    Raises
    ------
    CorruptStream
        A length is wrong.
    """
    blocks, place = [], 0
    while place < len(data):
        end = place + 4 + int.from_bytes(data[place + 1 : place + 4], "big")
        if place + 4 > len(data) or end > len(data):
            raise CorruptStream("a block exceeds the metadata", path="metadata.flac metadata")
        blocks.append(Block.parse(data[place:end]))
        place = end
    return blocks


def tags_of(blocks: Iterable[Block]) -> Tags | None:
    """Vorbis comments, as far as they are valid; None if there is no such block."""
    for block in blocks:
        if block.kind == COMMENTS:
            vendor, pairs = comment_pairs(block.data)
            return Tags(vendor, tuple(pairs))
    return None


def pictures_of(blocks: Iterable[Block]) -> Iterator[Picture]:
    """Pictures, as far as they are valid."""
    for block in blocks:
        if block.kind == PICTURE:
            try:
                yield Picture.from_item(MetadataItem(c.ITEM_PICTURE, block.data))
            except CorruptStream:
                continue


def cue_sheet_of(blocks: Iterable[Block]) -> bytes | None:
    """Content of the cue-sheet block (RFC 9639, 8.7), or None."""
    return next((block.data for block in blocks if block.kind == CUE_SHEET), None)


def channel_mask(blocks: Iterable[Block], channels: int) -> int:
    """Speaker positions, as a tag or else the number of channels tells; 0 for mono and stereo."""
    tags = tags_of(blocks)
    for value in (tags.to_mapping() if tags else {}).get(MASK_TAG, []):
        try:
            mask = int(value, 16)
        except ValueError:
            continue
        if 0 <= mask < 1 << 32:
            return mask
    return DEFAULT_MASKS[channels] if channels > 2 else 0
