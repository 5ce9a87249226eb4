"""Write a stream in order: header, items, blocks, items, trailer.

Every method returns the next bytes of the stream, so a pipe and a file get the same bytes.
"""

from __future__ import annotations

from nlac._errors import UnsupportedAudio
from nlac.bitstream.block import BlockHeader, write_block
from nlac.bitstream.constants import MAX_BLOCKS, TRAILING_ITEMS
from nlac.bitstream.header import StreamHeader, write_header
from nlac.bitstream.index import GrowingIndex
from nlac.bitstream.metadata import MetadataItem, write_item
from nlac.bitstream.trailer import Trailer, write_trailer


class StreamWriter:
    """Writer of one stream.

    Call `begin`, then `item` and `block` in the order of the stream, then `end`.
    """

    def __init__(self, header: StreamHeader) -> None:
        self.header = header
        self.num_frames = 0
        self.num_bytes = 0
        self._first_block_offset: int | None = None
        self._index = GrowingIndex()

    @property
    def num_blocks(self) -> int:
        """Blocks so far."""
        return len(self._index)

    def begin(self) -> bytes:
        """Return the stream header."""
        return self._counted(write_header(self.header))

    def item(self, item: MetadataItem) -> bytes:
        """Return a metadata item, before the first block or after the last."""
        # without blocks, the tail is where they would be
        if self._first_block_offset is None and item.item_type in TRAILING_ITEMS:
            self._first_block_offset = self.num_bytes
        return self._counted(write_item(item, self.header.checksum))

    def block(self, payload: bytes, num_frames: int) -> bytes:
        """Return the next block.

        Raises
        ------
        UnsupportedAudio
            The stream has `MAX_BLOCKS` blocks already.
        """
        if len(self._index) == MAX_BLOCKS:
            raise UnsupportedAudio(
                f"the stream needs more than {MAX_BLOCKS} blocks; make them longer (block_seconds)"
            )
        if self._first_block_offset is None:
            self._first_block_offset = self.num_bytes
        header = BlockHeader(len(self._index), self.num_frames, num_frames, len(payload))
        self._index.append(header.num_bytes, num_frames)
        self.num_frames += num_frames
        return self._counted(write_block(header, payload, self.header))

    def end(
        self, pcm_md5: bytes, original_md5: bytes | None = None, original_length: int = 0
    ) -> bytes:
        """Return the trailer."""
        if self._first_block_offset is None:
            self._first_block_offset = self.num_bytes
        trailer = Trailer(
            header=self.header,
            num_frames=self.num_frames,
            first_block_offset=self._first_block_offset,
            index=self._index.finished(),
            pcm_md5=pcm_md5,
            original_md5=original_md5,
            original_length=original_length,
        )
        return self._counted(write_trailer(trailer))

    def _counted(self, data: bytes) -> bytes:
        self.num_bytes += len(data)
        return data
