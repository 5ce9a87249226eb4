"""Encode samples to a stream: blocks in parallel, each verified, bytes in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from typing import NamedTuple

import numpy as np

from nlac._errors import VerifyMismatch
from nlac._parallel import Later, ordered_map
from nlac._progress import Gauge, silent_gauge
from nlac._typing import Samples
from nlac.audio.format import AudioFormat
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.writer import StreamWriter
from nlac.codec.encoder.choice import choose_predictor
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.transforms.pcm import PcmDigest


def make_header(
    fmt: AudioFormat, options: EncodeOptions, num_frames: int | None = None
) -> StreamHeader:
    """Header of a stream to be encoded with `options`.

    Parameters
    ----------
    fmt : AudioFormat
        Format of the samples.
    options : EncodeOptions
        How to encode.
    num_frames : int, optional
        Length of the stream in frames, if known.

    Raises
    ------
    UsageError
        An option does not suit the predictor, or the model does not exist.
    UnknownPredictor, MissingDependency, ModelMismatch
        The predictor, its device or its model is not available.
    """
    choice = choose_predictor(options)
    return StreamHeader(
        **asdict(fmt),
        **asdict(choice),
        num_frames=num_frames,
        block_length=options.block_length(fmt.sample_rate, fmt.channels),
    )


# passes over the samples that an effort takes, about
_PASSES = (1, 7, 18, 30)


# frames around a block that are looked at too: a lossy stream's units reach over its ends
_AROUND = 8192


class Surrounded(NamedTuple):
    """A block, and frames before and after it; None where these are of no use."""

    samples: Samples
    around: tuple[Samples, Samples] | None


def surrounded(blocks: Iterable[Samples], frames: int) -> Iterator[Surrounded]:
    """Yield blocks with so many frames around them, as far as there are; one block is held back.

    Parameters
    ----------
    blocks : iterable of Samples, each of shape (frames, channels)
    frames : int
        On either side; with 0 blocks are not held back.
    """
    if frames == 0:
        yield from (Surrounded(samples, None) for samples in blocks)
        return
    before, samples = None, None
    for after in blocks:
        if samples is not None:
            nothing = samples[:0]
            both = nothing if before is None else before, after[:frames].copy()
            yield Surrounded(samples, both)
            before = samples[-frames:].copy()
        samples = after
    if samples is not None:
        around = None if before is None else (before, samples[:0])
        yield Surrounded(samples, around)


class StreamEncoder:
    """Encodes one stream. Call `begin`, `encode` (any number of times), `end`.

    Parameters
    ----------
    header : StreamHeader
        Header of the stream, from `make_header`.
    options : EncodeOptions
        How to encode.

    Raises
    ------
    LimitExceeded
        The options grant less memory than a block takes.
    """

    def __init__(self, header: StreamHeader, options: EncodeOptions) -> None:
        self.header = header
        self.options = options
        self._threads = options.workers.encoding(header)
        self.writer = StreamWriter(header)
        self.digest = PcmDigest(header.bits_per_sample)

    def begin(self, items: Iterable[MetadataItem] = ()) -> Iterator[bytes]:
        """Yield the header and the metadata items before the blocks."""
        yield self.writer.begin()
        for item in items:
            yield self.writer.item(item)

    def encode(self, blocks: Iterable[Samples], gauge: Gauge | None = None) -> Iterator[bytes]:
        """Encode blocks on threads, in order; memory is bounded by block size and threads.

        Parameters
        ----------
        blocks : iterable of Samples, each of shape (frames, channels)
            Each has `header.block_length` frames; only the last of the stream may be shorter.
        gauge : Gauge, optional
            Shows the progress, verification included.

        Yields
        ------
        bytes
            A block of the stream.

        Raises
        ------
        VerifyMismatch
            A block does not decode to the samples that were encoded.
        """
        from nlac.codec.decoder.payload import decode_block
        from nlac.codec.encoder.payload import encode_block

        gauge = gauge or silent_gauge()
        passes = _PASSES[self.options.effort]
        encoded = passes / (passes + self.options.verify)
        waiting = self._verified_late()

        def work(block: tuple[int, Surrounded]) -> Later[tuple[bytes, int]]:
            first_frame, (samples, around) = block
            with gauge.block(len(samples), passes, encoded):
                payload = encode_block(samples, self.header, self.options, around)
            rest = partial(check, payload, first_frame, samples)
            return Later(rest, first_frame in waiting)

        def check(payload: bytes, first_frame: int, samples: Samples) -> tuple[bytes, int]:
            if not self.options.verify:
                return payload, len(samples)
            with gauge.block(len(samples), share=1.0 - encoded):
                again = decode_block(payload, len(samples), self.header)
                if not same_samples(again, samples):
                    raise VerifyMismatch(
                        f"encoder fault: the block from frame {first_frame} does not decode to "
                        "the same samples; please report it"
                    )
            return payload, len(samples)

        def hashed() -> Iterator[Samples]:
            for samples in blocks:
                self.digest.update(samples)
                yield samples

        def placed() -> Iterator[tuple[int, Surrounded]]:
            first_frame = self.writer.num_frames
            looks = self.options.looks_for_origin and not self.header.is_float
            for each in surrounded(hashed(), _AROUND if looks else 0):
                yield first_frame, each
                first_frame += len(each.samples)

        for payload, num_frames in ordered_map(work, placed(), self._threads, gauge.tick):
            yield self.writer.block(payload, num_frames)

    def _verified_late(self) -> range:
        """First frames of blocks whose verification waits for those that have no thread yet.

        Where the last round has fewer blocks than threads, its idle threads verify the round
        before. In other rounds that would only delay the blocks to come.
        """
        length, frames = self.header.block_length, self.header.num_frames or 0
        last = -(-frames // length) % self._threads
        end = (-(-frames // length) - last) * length
        return range(end - self._threads * length, end, length) if last else range(0)

    def item(self, item: MetadataItem) -> bytes:
        """Return the bytes of a metadata item after the blocks."""
        return self.writer.item(item)

    def end(self, original_md5: bytes | None = None, original_length: int = 0) -> bytes:
        """Return the bytes of the trailer.

        Parameters
        ----------
        original_md5 : bytes, optional
            MD5 of the original file, if the stream restores it.
        original_length : int
            Its length in bytes.
        """
        return self.writer.end(self.digest.digest(), original_md5, original_length)


def same_samples(first: Samples, second: Samples) -> bool:
    """Whether two arrays agree in shape and every sample, floats in every bit (also of NaNs)."""
    if first.shape != second.shape or first.dtype.kind != second.dtype.kind:
        return False
    if first.dtype.kind == "f":
        # as bits: -0.0 is not 0.0, and a NaN is itself
        first, second = (np.ascontiguousarray(x).view(np.int32) for x in (first, second))
    return np.array_equal(first, second)
