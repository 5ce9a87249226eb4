"""Decode what a scan found intact, with silence for lost blocks (spec 10.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from nlac._errors import CorruptStream
from nlac._parallel import ordered_map
from nlac._progress import Gauge, silent_gauge
from nlac._typing import Samples
from nlac.bitstream.block import BlockHeader
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.parser import CodedBlock
from nlac.bitstream.scan import Scan, read_payload, read_tail_piece, scan_stream
from nlac.codec.decoder.blocks import Span, decode_one
from nlac.codec.decoder.workers import Workers
from nlac.codec.transforms.pcm import PcmDigest

_SILENCE_SAMPLES = 1 << 18


@dataclass(frozen=True, slots=True)
class LostRange:
    """Frames that could not be decoded; they are silent in the output.

    Attributes
    ----------
    start, stop : int
        First frame, and the frame after the last.
    sample_rate : int
        Frames a second.
    """

    start: int
    stop: int
    sample_rate: int

    @property
    def start_seconds(self) -> float:
        """Time of the first lost frame."""
        return self.start / self.sample_rate

    @property
    def stop_seconds(self) -> float:
        """Time after the last lost frame."""
        return self.stop / self.sample_rate

    def to_dict(self) -> dict[str, int | float]:
        """Plain values that `json.dumps` takes."""
        return {
            "start": self.start,
            "stop": self.stop,
            "start_seconds": self.start_seconds,
            "stop_seconds": self.stop_seconds,
        }


class Recovery:
    """Decoder of a damaged stream. `lost` is complete once `samples` is exhausted.

    Parameters
    ----------
    file : BinaryIO
        Seekable.
    workers : Workers
        Threads and memory to use.
    max_silence : int or None
        Upper bound on the bytes of silence for gaps without an index. If None, a gigabyte or 64
        times the size of the file, whichever is more.

    Attributes
    ----------
    scan : Scan
        Intact elements of the stream.
    lost : list of LostRange
        Lost frames, in order.
    problems : list of str
        Descriptions of the damage.
    md5 : bytes or None
        MD5 of the samples, if nothing was lost and it is that of the trailer.

    Raises
    ------
    FormatError
        No header is intact, so nothing can be decoded.
    LimitExceeded
        One block needs more memory than granted.
    """

    def __init__(
        self, file: BinaryIO, workers: Workers, max_silence: int | None = None
    ) -> None:
        self._file = file
        self.scan: Scan = scan_stream(file, max_silence)
        self.header: StreamHeader = self.scan.header
        self.lost: list[LostRange] = []
        self.problems = self.scan.problems
        self._wounded = {header.block_index for _, header in self.scan.wounded}
        self._threads = workers.decoding(self.header)
        self.md5: bytes | None = None

    def samples(self, gauge: Gauge | None = None) -> Iterator[Samples]:
        """Yield all frames in order, in pieces of shape (frames, channels).

        A `gauge` shows the progress in frames of intact blocks.
        """
        gauge = gauge or silent_gauge()

        def work(block: CodedBlock) -> tuple[BlockHeader, list[Span]]:
            with gauge.block(block.header.num_frames):
                return block.header, self._decode(block)

        digest = PcmDigest(self.header.bits_per_sample)
        done = 0
        for header, spans in ordered_map(
            work, self._payloads(), self._threads, gauge.tick
        ):
            for span in spans:
                start = header.first_frame + span.start
                for piece in (*self._silence(done, start), span.samples):
                    digest.update(piece)
                    yield piece
                done = start + len(span.samples)
        for piece in self._silence(done, self.scan.num_frames):
            digest.update(piece)
            yield piece
        trailer = self.scan.trailer
        if trailer is not None and not self.lost:
            if digest.digest() == trailer.pcm_md5:
                self.md5 = trailer.pcm_md5
            else:
                self.problems.append("MD5 of the samples does not match")

    def tail(self) -> Iterator[bytes]:
        """Yield the intact pieces of the foreign tail."""
        for offset in self.scan.tail:
            yield read_tail_piece(self._file, offset, self.header)

    def _payloads(self) -> Iterator[CodedBlock]:
        found = (*self.scan.blocks, *self.scan.wounded)
        for offset, header in sorted(found, key=lambda each: each[1].block_index):
            yield CodedBlock(header, read_payload(self._file, offset, header), offset)

    def _decode(self, block: CodedBlock) -> list[Span]:
        """What can be decoded of a block, in order."""
        header = block.header
        if header.block_index in self._wounded:
            from nlac.codec.decoder.parts import decode_intact

            spans = decode_intact(
                block.payload, header.num_frames, self.header, header.payload_length
            )
            if spans:
                kept = sum(len(span.samples) for span in spans)
                self.problems.append(
                    f"block {header.block_index}: {kept} of {header.num_frames} frames "
                    "lie in intact slices"
                )
            return spans
        try:
            return [Span(0, decode_one(block, self.header))]
        except CorruptStream as error:
            self.problems.append(str(error))
            return []

    def _silence(self, start: int, stop: int) -> Iterator[Samples]:
        if start < stop:
            self.lost.append(LostRange(start, stop, self.header.sample_rate))
        channels = self.header.channels
        step = max(1, _SILENCE_SAMPLES // channels)
        for first in range(start, stop, step):
            shape = (min(step, stop - first), channels)
            if self.header.is_float:
                yield np.zeros(shape, np.float32)
            else:
                yield np.zeros(shape, np.int32)
