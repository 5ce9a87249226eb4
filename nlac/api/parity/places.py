"""What lies at byte offsets of a stream: header, metadata, blocks, index."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from nlac._errors import FormatError
from nlac.api.results.parity import DamagedRange
from nlac.bitstream.trailer import Trailer, parse_trailer
from nlac.parity.layout import ParityLayout
from nlac.parity.source import Source


class Places:
    """Parts of a stream by their offsets.

    Parameters
    ----------
    trailer : Trailer
        Trailer of the stream.
    layout : ParityLayout
        Sizes of its parity.
    """

    def __init__(self, trailer: Trailer, layout: ParityLayout) -> None:
        self._rate = trailer.header.sample_rate
        self._header_end = trailer.header.num_bytes
        self._trailer_offset = layout.offset
        self._blocks = list(
            accumulate((e.num_bytes for e in trailer.index), initial=trailer.first_block_offset)
        )
        self._frames = list(accumulate((e.num_frames for e in trailer.index), initial=0))

    @classmethod
    def of(cls, source: Source, layout: ParityLayout) -> Places | None:
        """Places in protected bytes, by the trailer among them; None if that is not intact."""
        data = source.read(layout.offset, layout.trailer_bytes).tobytes()
        try:
            return cls(parse_trailer(data), layout)
        except FormatError:
            return None

    def ranges(self, begin: int, end: int) -> list[DamagedRange]:
        """Cut a range of protected bytes at the bounds of parts, and name these."""
        bounds = [0, self._header_end, self._blocks[0], self._blocks[-1], self._trailer_offset]
        parts = ["header", "metadata", "blocks", "metadata", "trailer"]
        found = []
        for index, part in enumerate(parts):
            low = max(begin, bounds[index])
            high = min(end, bounds[index + 1]) if index + 1 < len(bounds) else end
            if low >= high:
                continue
            if part == "blocks":
                found.append(self._in_blocks(low, high))
            else:
                found.append(DamagedRange(low, high, part))
        return found

    def block_at(self, offset: int) -> tuple[int, int] | None:
        """Index and first frame of the block at an offset; None outside of the blocks."""
        if not self._blocks[0] <= offset < self._blocks[-1]:
            return None
        index = bisect_right(self._blocks, offset) - 1
        return index, self._frames[index]

    def _in_blocks(self, begin: int, end: int) -> DamagedRange:
        first = bisect_right(self._blocks, begin) - 1
        last = min(bisect_right(self._blocks, end - 1), len(self._blocks) - 1)
        name = f"block {first}" if last == first + 1 else f"blocks {first} to {last - 1}"
        times = self._frames[first] / self._rate, self._frames[last] / self._rate
        return DamagedRange(begin, end, name, *times)
