"""Find parity in a file that may be damaged anywhere, and where the stream lies (spec 6.11.4)."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from nlac._errors import CorruptStream, NotRepairable
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.reader import read_up_to
from nlac.parity.layout import DESCRIPTOR_BYTES, ParityLayout, parse_descriptor
from nlac.parity.source import Extent, Source, merged

_WINDOW_BYTES = 1 << 22
_MARK = re.compile(re.escape(c.PARITY_MARK))


@dataclass(slots=True)
class FoundParity:
    """Parity of a stream, as far as it is there.

    Attributes
    ----------
    layout : ParityLayout
        Sizes.
    shift : int
        Byte offset of the parity items in the file less that in the stream.
    records : set of int
        Indices of the records with an intact descriptor.
    pieces : set of int
        Indices of the records that are intact.
    """

    layout: ParityLayout
    shift: int
    records: set[int] = field(default_factory=set)
    pieces: set[int] = field(default_factory=set)

    def data(self, file: BinaryIO) -> Source:
        """Parity data, damaged pieces as they are."""
        layout = self.layout
        extents = []
        for index in range(layout.num_pieces):
            begin, end = layout.piece(index)
            offset = layout.item_offset(index) + self.shift
            offset += c.METADATA_HEADER_BYTES + DESCRIPTOR_BYTES
            extents.append(Extent(begin, end, offset))
        return Source(file, layout.data_bytes, extents)

    def damaged(self) -> list[tuple[int, int]]:
        """Ranges of the parity data whose pieces are damaged."""
        indices = range(self.layout.num_pieces)
        return merged(self.layout.piece(n) for n in indices if n not in self.pieces)

    def check_pieces(self, file: BinaryIO) -> None:
        """Find out which pieces are intact."""
        data = self.data(file)
        for index in sorted(self.records):
            begin, end = self.layout.piece(index)
            piece = data.read(begin, end - begin).tobytes()
            offset = self.layout.item_offset(index) + self.shift + c.METADATA_HEADER_BYTES
            file.seek(offset + DESCRIPTOR_BYTES + len(piece))
            if file.read(c.CRC_BYTES) == crc_bytes(crc32(piece)):
                self.pieces.add(index)


def find_parity(file: BinaryIO) -> FoundParity | None:
    """Find the parity with the most intact records in a seekable file.

    Raises
    ------
    NotRepairable
        More of the stream is missing than can be repaired.
    CorruptStream
        All that was found is of a kind that is not known here.
    """
    size = file.seek(0, io.SEEK_END)
    # it lies at the end, unless much follows or is missing
    near = max(0, size - size // 4 - _WINDOW_BYTES)
    found = _find(file, near, size) or (_find(file, 0, near + DESCRIPTOR_BYTES) if near else None)
    if found is not None:
        found.check_pieces(file)
    return found


def _find(file: BinaryIO, begin: int, end: int) -> FoundParity | None:
    groups: dict[tuple[ParityLayout, int], set[int]] = defaultdict(set)
    unknown: CorruptStream | None = None
    for offset, data in _candidates(file, begin, end):
        try:
            parsed = parse_descriptor(data)
        except CorruptStream as error:
            unknown = error
            continue
        if parsed is not None:
            layout, index = parsed
            place = layout.item_offset(index) + c.METADATA_HEADER_BYTES
            groups[layout, offset - place].add(index)
    # no code restores more bytes than there are; checked before anything is computed from lengths
    size = file.seek(0, io.SEEK_END)
    able = [group for group in groups if group[0].protected_bytes <= size]
    if able:
        layout, shift = max(able, key=lambda group: (len(groups[group]), -abs(group[1])))
        return FoundParity(layout, shift, groups[layout, shift])
    if groups:
        missing = min(layout.total_bytes for layout, _shift in groups) - size
        raise NotRepairable(
            f"{missing} bytes of the stream are missing, more than its parity repairs",
            offset_bytes=size,
        )
    if unknown is not None:
        raise unknown
    return None


def _candidates(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[int, memoryview]]:
    """Yield offset and bytes of all that could be descriptors between two offsets."""
    while begin < end:
        file.seek(begin)
        window = read_up_to(file, min(_WINDOW_BYTES, end - begin) + DESCRIPTOR_BYTES - 1)
        view = memoryview(window)
        for match in _MARK.finditer(window):
            data = view[match.start() : match.start() + DESCRIPTOR_BYTES]
            if len(data) == DESCRIPTOR_BYTES:
                yield begin + match.start(), data
        begin += _WINDOW_BYTES
