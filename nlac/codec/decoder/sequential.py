"""Decode a stream from its first byte to its last without seeking; check everything."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from nlac._parallel import Flush
from nlac._progress import Gauge
from nlac._typing import Samples
from nlac.bitstream.constants import ITEM_FOREIGN_TAIL, ITEM_PARITY, TRAILING_ITEMS
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.parser import CodedBlock, Element
from nlac.bitstream.reader import read_elements
from nlac.bitstream.trailer import Trailer
from nlac.codec.decoder.blocks import check_pcm, decode_blocks
from nlac.codec.decoder.workers import Workers
from nlac.codec.transforms.pcm import PcmDigest


class SequentialDecoder:
    """Decoder of a whole stream. Exhaust `samples`, then `tail`; then `trailer` is set.

    Parameters
    ----------
    file : BinaryIO
        File or pipe, positioned at the beginning of the stream.
    workers : Workers
        Threads and memory to use.
    elements : iterator of Element, optional
        What is read from `file`, in another way than usual: `FLUSH` among them tells that the
        next may take long to come.

    Attributes
    ----------
    header : StreamHeader
        Header of the stream.
    leading : list of MetadataItem
        Items before the blocks.
    trailing : list of MetadataItem
        Items after the blocks, without foreign tail and parity.
    trailer : Trailer or None
        Set when `tail` is exhausted. By then every byte of the stream has been checked.

    Raises
    ------
    FormatError
        The stream is damaged before its first block.
    """

    def __init__(
        self,
        file: BinaryIO,
        workers: Workers,
        elements: Iterator[Element | Flush] | None = None,
    ) -> None:
        self._workers = workers
        self._elements = elements or read_elements(file)
        header = next(self._awaited())
        assert isinstance(header, StreamHeader)
        self.header = header
        self.leading: list[MetadataItem] = []
        self.trailing: list[MetadataItem] = []
        self.trailer: Trailer | None = None
        self._digest = PcmDigest(header.bits_per_sample)
        self._hashed = True
        # the first element that is not leading metadata, later the first after the blocks
        self._next: Element = header
        for element in self._awaited():
            if not isinstance(element, MetadataItem) or element.item_type in TRAILING_ITEMS:
                self._next = element
                break
            self.leading.append(element)

    def samples(self, *, hashed: bool = True, gauge: Gauge | None = None) -> Iterator[Samples]:
        """Yield the samples of each block in order, shape (frames, channels).

        Parameters
        ----------
        hashed : bool
            Compare the MD5 of the samples with the trailer. False saves time where the caller
            compares the MD5 of the restored file, which contains all samples.
        gauge : Gauge, optional
            Shows the progress.

        Raises
        ------
        CorruptStream
            At the first damage. The error has the position.
        """
        self._hashed = hashed
        pieces = decode_blocks(self._blocks(), self.header, self._workers, gauge)
        for samples in pieces:
            if hashed:
                self._digest.update(samples)
            yield samples
            # not kept while the next block is awaited
            del samples

    def tail(self) -> Iterator[bytes]:
        """Yield the foreign tail in pieces, then check the rest of the stream.

        Raises
        ------
        CorruptStream
            At the first damage. The error has the position.
        """
        for element in chain([self._next], self._awaited()):
            if isinstance(element, Trailer):
                self.trailer = element
                if self._hashed:
                    check_pcm(self._digest, element)
            elif isinstance(element, MetadataItem):
                if element.item_type == ITEM_FOREIGN_TAIL:
                    yield element.data
                elif element.item_type != ITEM_PARITY:
                    self.trailing.append(element)

    def _blocks(self) -> Iterator[CodedBlock | Flush]:
        for element in chain([self._next], self._elements):
            if not isinstance(element, (CodedBlock, Flush)):
                self._next = element
                return
            yield element

    def _awaited(self) -> Iterator[Element]:
        """Elements, however long they take."""
        for element in self._elements:
            if not isinstance(element, Flush):
                yield element
