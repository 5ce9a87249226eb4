"""Decoding in pieces: bytes come and arrays go as they are ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from nlac._errors import FormatError, UsageError
from nlac.api.arrays import SampleFormat, from_samples, output_dtype
from nlac.bitstream.constants import ITEM_FOREIGN_TAIL
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.parser import CodedBlock, Element, parse_stream
from nlac.bitstream.trailer import Trailer
from nlac.codec.decoder.blocks import check_pcm, decode_blocks
from nlac.codec.decoder.workers import Workers
from nlac.codec.transforms.pcm import PcmDigest


class Decoder:
    """Decodes bytes that come one after the other.

    Call `feed` any number of times, then `finish`.

    Parameters
    ----------
    always_2d : bool
        Shape (frames, 1) for mono as well, instead of (frames,).
    threads : int
        Blocks decoded at a time; 0 takes all cores.
    memory : int, optional
        Bytes of memory to use at most for decoding: fewer threads run where more would be
        needed. None takes half of what is available.
    """

    def __init__(
        self, *, always_2d: bool = False, threads: int = 0, memory: int | None = None
    ) -> None:
        self._always_2d = always_2d
        self._workers = Workers(threads, memory)
        self._parser = parse_stream()
        self._request: int | Element | None = next(self._parser)
        self._bytes = bytearray()
        self._failure: FormatError | None = None
        self._header: StreamHeader | None = None
        self._items: list[MetadataItem] = []
        self._digest: PcmDigest | None = None

    @property
    def sample_rate(self) -> int:
        """Frames a second.

        Raises
        ------
        UsageError
            The header has not come yet.
        """
        return self._known_header().sample_rate

    @property
    def channels(self) -> int:
        """Samples of a frame, as `sample_rate`."""
        return self._known_header().channels

    @property
    def bits_per_sample(self) -> int:
        """Valid bits, as `sample_rate`."""
        return self._known_header().bits_per_sample

    @property
    def is_float(self) -> bool:
        """Whether the samples are float32, as `sample_rate`."""
        return self._known_header().is_float

    @property
    def tags(self) -> dict[str, list[str]]:
        """Tags, names in capitals, as far as what has come shows them.

        Those that the original file has after its samples are not among them.
        """
        from nlac.metadata.originals.reading import leading_tags

        if self._header is None:
            return {}
        return leading_tags(self._header, self._items).to_mapping()

    def feed(self, data: bytes) -> list[NDArray[Any]]:
        """Decode bytes.

        Returns
        -------
        list of ndarray
            Samples that are ready, as `nlac.read` gives them; often none, since blocks
            are long.

        Raises
        ------
        FormatError
            The stream is damaged.
        """
        return list(self.pieces(data))

    def pieces(self, data: bytes) -> Iterator[NDArray[Any]]:
        """Decode bytes as `feed` does, and give one array at a time.

        A few bytes can stand for hours of silence: `feed` returns them all, while here
        memory is bounded by the length of a block and the threads. Exhaust the iterator
        before the next call.

        Yields
        ------
        ndarray
            Samples that are ready, as `nlac.read` gives them.

        Raises
        ------
        FormatError
            The stream is damaged.
        """
        try:
            self._bytes += data
        except TypeError:
            raise UsageError(f"data of type {type(data).__name__}: bytes are needed") from None
        return self._decoded(at_end=False)

    def finish(self) -> list[NDArray[Any]]:
        """Say that no more bytes come.

        Raises
        ------
        TruncatedStream
            The stream is not complete.
        """
        return list(self._decoded(at_end=True))

    def _known_header(self) -> StreamHeader:
        if self._header is None:
            raise UsageError("the header of the stream has not come yet")
        return self._header

    def _decoded(self, at_end: bool) -> Iterator[NDArray[Any]]:
        if self._failure is not None:
            raise self._failure
        try:
            yield from self._decode_ready(at_end)
        except FormatError as error:
            self._failure = error
            raise

    def _decode_ready(self, at_end: bool) -> Iterator[NDArray[Any]]:
        blocks: list[CodedBlock] = []
        trailer = None
        for element in self._elements(at_end):
            if isinstance(element, CodedBlock):
                blocks.append(element)
            elif isinstance(element, StreamHeader):
                self._header = element
                self._digest = PcmDigest(element.bits_per_sample)
            elif isinstance(element, Trailer):
                trailer = element
            elif element.item_type != ITEM_FOREIGN_TAIL:
                self._items.append(element)
        if self._header is None or self._digest is None:
            return
        fmt = SampleFormat(self._header.bits_per_sample, self._header.is_float)
        dtype = output_dtype(fmt, None)
        for samples in decode_blocks(blocks, self._header, self._workers):
            self._digest.update(samples)
            yield from_samples(samples, fmt, dtype, self._always_2d)
        if trailer is not None:
            check_pcm(self._digest, trailer)

    def _elements(self, at_end: bool) -> Iterator[Element]:
        """Elements that are complete; the parser's next request waits in `_request`."""
        while self._request is not None:
            reply = None
            if isinstance(self._request, int):
                if len(self._bytes) < self._request and not at_end:
                    return
                reply = bytes(self._bytes[: self._request])
                del self._bytes[: self._request]
            else:
                yield self._request
            try:
                self._request = self._parser.send(reply)
            except StopIteration:
                self._request = None
