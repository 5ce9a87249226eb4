"""Strict parser of a stream without a file: it requests bytes and yields elements.

`parse_stream` is a generator. It yields either a number of bytes (send that many, or fewer at the
end of the stream) or an element (send None). So one parser serves files and pipes
(`nlac.bitstream.reader`) and bytes that arrive in pieces (`nlac.Decoder`). It checks all rules of
the format on the order and agreement of elements. Damage ends it with an error that has the
position. It registers an embedded model before it yields the first block.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from nlac._errors import BadMagic, ChecksumMismatch, CorruptStream, TruncatedStream
from nlac.bitstream import constants as c
from nlac.bitstream.block import BlockHeader, parse_block_header, payload_is_intact
from nlac.bitstream.header import StreamHeader, header_num_bytes, parse_header
from nlac.bitstream.index import GrowingIndex
from nlac.bitstream.items import accept_embedded
from nlac.bitstream.metadata import (
    MetadataHeader,
    MetadataItem,
    parse_item,
    parse_item_header,
)
from nlac.bitstream.trailer import Trailer, parse_trailer, trailer_num_bytes


@dataclass(frozen=True, slots=True)
class CodedBlock:
    """A block of a stream, its checksums verified.

    Attributes
    ----------
    header : BlockHeader
        Header of the block.
    payload : bytes
        Payload, for `nlac.codec.decoder.payload` to decode.
    offset : int
        Byte offset of the block in the stream.
    """

    header: BlockHeader
    payload: bytes
    offset: int


Element: TypeAlias = StreamHeader | MetadataItem | CodedBlock | Trailer
T = TypeVar("T")
# a generator of the same protocol that returns a T
SubParser: TypeAlias = Generator[int | Element, bytes | None, T]
Parser: TypeAlias = SubParser[None]

_TAG_BYTES = 4


def parse_stream() -> Parser:
    """Parse one whole stream. The docstring of the module has the protocol.

    Raises
    ------
    BadMagic, UnsupportedVersion, CorruptStream
        The bytes are not a valid stream. The generator raises it.
    """
    parse = _StreamParse()
    header = yield from parse.header()
    yield header
    models: list[MetadataItem] = []
    leading = True
    while True:
        element = yield from parse.element()
        if isinstance(element, MetadataItem) and element.item_type not in c.TRAILING_ITEMS:
            if leading and element.item_type == c.ITEM_MODEL:
                models.append(element)
        elif leading:
            leading = False
            accept_embedded(header, models)
        yield element
        if isinstance(element, Trailer):
            break
    if (yield from parse.take(1, exact=False)):
        raise CorruptStream("bytes follow the trailer", offset_bytes=parse.offset - 1)


class _StreamParse:
    """State of the parser: position, and which elements may follow."""

    def __init__(self) -> None:
        self.offset = 0
        self._stream: StreamHeader | None = None
        self._stream_crc = 0
        self._num_frames = 0
        self._index = GrowingIndex()
        self._first_block_offset: int | None = None
        self._after_blocks = False
        self._restores = False
        self._metadata_bytes = 0
        self._metadata_items = 0
        self._parity_offset: int | None = None

    def take(self, length: int, *, exact: bool = True) -> SubParser[bytes]:
        """The next `length` bytes."""
        data = (yield length) or b""
        self.offset += len(data)
        if exact and len(data) < length:
            raise self._placed(TruncatedStream("stream ends early"), self.offset)
        return data

    def header(self) -> SubParser[StreamHeader]:
        fixed = yield from self.take(c.HEADER_FIXED_BYTES, exact=False)
        if not fixed:
            raise BadMagic("not an nlac stream, but empty")
        rest = yield from self.take(header_num_bytes(fixed) - len(fixed), exact=False)
        self._stream = parse_header(fixed + rest)
        self._stream_crc = self._stream.checksum
        return self._stream

    def element(
        self,
    ) -> SubParser[MetadataItem | CodedBlock | Trailer]:
        start = self.offset
        tag = yield from self.take(_TAG_BYTES, exact=False)
        if len(tag) < _TAG_BYTES:
            # between two elements: all blocks so far are whole
            raise self._placed(
                TruncatedStream("stream ends without its trailer"), self.offset - len(tag)
            )
        try:
            if tag == c.BLOCK_SYNC:
                return (yield from self._block(tag))
            if tag == c.METADATA_TAG:
                return (yield from self._item(tag))
            if tag == c.TRAILER_TAG:
                return (yield from self._trailer(tag))
        except CorruptStream as error:
            raise self._placed(error, start) from error
        raise self._placed(CorruptStream("no block, metadata item or trailer begins here"), start)

    def _block(self, tag: bytes) -> SubParser[CodedBlock]:
        assert self._stream is not None
        start = self.offset - _TAG_BYTES
        head = tag + (yield from self.take(c.BLOCK_HEADER_BYTES - _TAG_BYTES))
        header = parse_block_header(head, self._stream, self._stream_crc)
        if self._after_blocks:
            raise CorruptStream("a block follows the items after the blocks")
        if header.block_index != len(self._index):
            raise CorruptStream(f"the block has index {header.block_index}, not {len(self._index)}")
        if header.first_frame != self._num_frames:
            raise CorruptStream(
                f"the block begins with frame {header.first_frame}, not {self._num_frames}"
            )
        payload = yield from self.take(header.payload_length)
        crc = yield from self.take(c.CRC_BYTES)
        if not payload_is_intact(head, payload, crc):
            raise ChecksumMismatch("payload CRC does not match")
        if self._first_block_offset is None:
            self._first_block_offset = start
            self._metadata_bytes = self._metadata_items = 0
        self._index.append(header.num_bytes, header.num_frames)
        self._num_frames += header.num_frames
        return CodedBlock(header, payload, start)

    def _item(self, tag: bytes) -> SubParser[MetadataItem]:
        start = self.offset - _TAG_BYTES
        head = tag + (yield from self.take(c.METADATA_HEADER_BYTES - _TAG_BYTES))
        header = parse_item_header(head, self._stream_crc)
        if self._parity_offset is not None and header.item_type != c.ITEM_PARITY:
            raise CorruptStream("an item follows the parity")
        if header.item_type == c.ITEM_PARITY:
            self._begin_parity(start, header)
        elif header.item_type == c.ITEM_FOREIGN_TAIL:
            if self._first_block_offset is None:
                # a stream without blocks: the tail separates leading and trailing items
                self._first_block_offset = start
                self._metadata_bytes = self._metadata_items = 0
            self._after_blocks = True
        else:
            # all items but the tail are kept in memory
            self._metadata_bytes += header.length
            self._metadata_items += 1
            if (
                self._metadata_bytes > c.MAX_METADATA_BYTES
                or self._metadata_items > c.MAX_METADATA_ITEMS
            ):
                raise CorruptStream("more metadata than the format allows")
            self._after_blocks = self._after_blocks or len(self._index) > 0
            if header.item_type in (c.ITEM_RECIPE, c.ITEM_FOREIGN_HEAD) and self._after_blocks:
                raise CorruptStream(f"{c.ITEM_NAMES[header.item_type]} follows the blocks")
            self._restores = self._restores or header.item_type == c.ITEM_RECIPE
        stored = yield from self.take(header.stored_length)
        crc = yield from self.take(c.CRC_BYTES)
        return parse_item(header, head, stored, crc)

    def _begin_parity(self, start: int, header: MetadataHeader) -> None:
        """Check the place and the size of a parity item."""
        if self._first_block_offset is None:
            # a stream without blocks
            self._first_block_offset = start
        if self._parity_offset is None:
            self._parity_offset = start
        self._after_blocks = True
        if header.deflated:
            raise CorruptStream("parity is deflated")
        most = self._parity_offset // c.PARITY_SHARE + c.PARITY_SPARE_BYTES
        if start + header.num_bytes - self._parity_offset > most:
            raise CorruptStream("more parity than the format allows")

    def _trailer(self, tag: bytes) -> SubParser[Trailer]:
        start = self.offset - _TAG_BYTES
        fixed = tag + (yield from self.take(c.TRAILER_FIXED_BYTES - _TAG_BYTES))
        rest = yield from self.take(trailer_num_bytes(fixed) - len(fixed))
        trailer = parse_trailer(fixed + rest)
        first_block = start if self._first_block_offset is None else self._first_block_offset
        if self._restores != (trailer.original_md5 is not None):
            raise CorruptStream(
                "original MD5 without a recipe, or a recipe without one", path="trailer"
            )
        if trailer.header != self._stream:
            raise CorruptStream("the copy of the header differs from the header", path="trailer")
        if trailer.first_block_offset != first_block or trailer.index != self._index.finished():
            raise CorruptStream("the index does not match the blocks", path="trailer.index")
        return trailer

    def _placed(self, error: CorruptStream, offset: int) -> CorruptStream:
        """The same error with offset, block and frame."""
        if error.offset_bytes is not None:
            return error
        in_blocks = not self._after_blocks and self._stream is not None
        return type(error)(
            error.message,
            offset_bytes=offset,
            block_index=len(self._index) if in_blocks else None,
            first_frame=self._num_frames if in_blocks else None,
            sample_rate=self._stream.sample_rate if self._stream else None,
            path=error.path,
        )
