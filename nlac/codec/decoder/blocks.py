"""Decode the blocks of a stream: in parallel, in order, with the position of every fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nlac._errors import ChecksumMismatch, CorruptStream
from nlac._parallel import Flush, ordered_map
from nlac._progress import Gauge, silent_gauge
from nlac._typing import Samples
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.parser import CodedBlock
from nlac.bitstream.trailer import Trailer
from nlac.codec.decoder.workers import Workers
from nlac.codec.transforms.pcm import PcmDigest


@dataclass(frozen=True, slots=True)
class Span:
    """Decoded frames of one block.

    Attributes
    ----------
    start : int
        First frame, counted from the block's first, as all frames of spans are.
    samples : (frames, channels) int32 or float32
        The samples.
    """

    start: int
    samples: Samples

    def covers(self, start: int, stop: int) -> bool:
        """Whether all frames from `start` to `stop` are here."""
        return self.start <= start and stop <= self.start + len(self.samples)

    def cut(self, start: int, stop: int) -> Samples:
        """Return frames `start` to `stop`, which are here."""
        return self.samples[start - self.start : stop - self.start]


def decode_one(block: CodedBlock, stream: StreamHeader) -> Samples:
    """Decode one block; returns samples of shape (frames, channels).

    Raises
    ------
    CorruptStream
        The payload is invalid although its checksum matches. The error has the position.
    """
    from nlac.codec.decoder.payload import decode_block

    with placed(block, stream):
        return decode_block(block.payload, block.header.num_frames, stream)


@contextmanager
def placed(block: CodedBlock, stream: StreamHeader) -> Iterator[None]:
    """Tell the position of a block in what its payload raises."""
    try:
        yield
    except CorruptStream as error:
        header = block.header
        raise type(error)(
            error.message,
            offset_bytes=block.offset,
            block_index=header.block_index,
            first_frame=header.first_frame,
            sample_rate=stream.sample_rate,
            path=f"block[{header.block_index}]" + (f".{error.path}" if error.path else ""),
        ) from error


def decode_blocks(
    blocks: Iterable[CodedBlock | Flush],
    stream: StreamHeader,
    workers: Workers,
    gauge: Gauge | None = None,
) -> Iterator[Samples]:
    """Decode blocks on threads, in order; memory is bounded by block size and threads.

    A `gauge` shows the progress. `FLUSH` among the blocks has what is decoded given out.

    Raises
    ------
    LimitExceeded
        One block needs more memory than granted.
    """
    threads = workers.decoding(stream)
    gauge = gauge or silent_gauge()

    def work(block: CodedBlock) -> Samples:
        with gauge.block(block.header.num_frames):
            return decode_one(block, stream)

    return ordered_map(work, blocks, threads, gauge.tick)


def check_pcm(digest: PcmDigest, trailer: Trailer) -> None:
    """Compare the MD5 of the decoded samples with that in the trailer.

    Raises
    ------
    ChecksumMismatch
        They differ, although the checksums of all blocks match.
    """
    if digest.digest() != trailer.pcm_md5:
        raise ChecksumMismatch("MD5 of the samples does not match", path="trailer.pcm_md5")


def clipped(pieces: Iterable[Samples], first: int, last: int) -> Iterator[Samples]:
    """Yield frames `first` to `last` of samples that come in pieces."""
    done = 0
    for samples in pieces:
        part = samples[max(0, first - done) : max(0, last - done)]
        done += len(samples)
        if len(part):
            yield part
