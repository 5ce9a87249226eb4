"""Encoding and decoding in pieces: bytes and arrays come and go as they are ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlac._arguments import whole_number
from nlac._errors import FormatError, UsageError
from nlac._typing import Samples
from nlac.api.arrays import SampleFormat, from_samples, output_dtype, to_samples
from nlac.api.encoding import TagMapping, metadata_items
from nlac.api.options import OptionFields, encode_options, spelled_out
from nlac.api.stream_info import stream_tags
from nlac.audio.format import AudioFormat
from nlac.bitstream.constants import ITEM_FOREIGN_TAIL
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import Picture
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.parser import CodedBlock, Element, parse_stream
from nlac.bitstream.trailer import Trailer
from nlac.codec.decoder.blocks import check_pcm, decode_blocks
from nlac.codec.decoder.workers import Workers
from nlac.codec.encoder.stream import StreamEncoder, make_header
from nlac.codec.transforms.pcm import PcmDigest


class Encoder:
    """Encodes arrays that come one after the other.

    Call `push` any number of times, then `finish`; all the bytes together are an nlac
    file. They do not depend on how the samples are divided among the calls.

    Parameters
    ----------
    sample_rate : int
        Frames a second.
    channels : int
        1 to 255.
    bits_per_sample : int
        Valid bits of integers, 1 to 32; 32 for float.
    is_float : bool
        The samples are float32.
    channel_mask : int
        Speaker positions as in WAVE; 0 if not given.
    num_frames : int, optional
        Frames in all, if known now.
    tags : mapping of str to str or sequence of str, or pairs of str, optional
        Vorbis comments.
    pictures : sequence of Picture
        Pictures.

    Other Parameters
    ----------------
    preset, predictor, predictor_options, model, device, coder, long_term, effort, \
    block_seconds, verify, threads, memory
        As in `EncodeOptions`.

    Examples
    --------
    >>> encoder = nlac.Encoder(48_000, 2, 24)          # doctest: +SKIP
    >>> data = encoder.push(first) + encoder.push(second) + encoder.finish()  # doctest: +SKIP
    """

    @spelled_out
    def __init__(
        self,
        sample_rate: int,
        channels: int,
        bits_per_sample: int,
        *,
        is_float: bool = False,
        channel_mask: int = 0,
        num_frames: int | None = None,
        tags: TagMapping | None = None,
        pictures: Sequence[Picture] = (),
        **options: Unpack[OptionFields],
    ) -> None:
        sample_rate = whole_number("sample_rate", sample_rate)
        channels = whole_number("channels", channels)
        bits_per_sample = whole_number("bits_per_sample", bits_per_sample)
        channel_mask = whole_number("channel_mask", channel_mask)
        if num_frames is not None:
            num_frames = whole_number("num_frames", num_frames)
        # checks the values, with words for people
        fmt = AudioFormat(sample_rate, channels, bits_per_sample, is_float, channel_mask)
        chosen = encode_options(options)
        header = make_header(fmt, chosen, num_frames)
        self._encoder = StreamEncoder(header, chosen)
        self._format = SampleFormat(bits_per_sample, is_float)
        self._items = metadata_items(tags, pictures)
        self._waiting: list[Samples] = []
        self._num_waiting = 0
        self._begun = self._finished = False

    @property
    def num_frames(self) -> int:
        """Frames that have come so far."""
        return self._encoder.writer.num_frames + self._num_waiting

    def push(self, array: ArrayLike) -> bytes:
        """Encode samples.

        Parameters
        ----------
        array : array_like
            Shape (frames, channels), or (frames,) for mono; any number of frames.
            Integers are right-justified.

        Returns
        -------
        bytes
            What is ready; often nothing, since blocks are long.

        Raises
        ------
        UsageError
            The array does not fit the stream, or it has been finished.
        """
        self._check_unfinished()
        samples = to_samples(array, self._encoder.header.channels, self._format)
        self._waiting.append(samples)
        self._num_waiting += len(samples)
        return b"".join((*self._begin(), *self._encoder.encode(self._full_blocks())))

    def finish(self) -> bytes:
        """The rest of the stream.

        Raises
        ------
        UsageError
            It has been finished, or has another number of frames than announced.
        """
        self._check_unfinished()
        self._finished = True
        last = [self._take(self._num_waiting)] if self._num_waiting else []
        data = [*self._begin(), *self._encoder.encode(last)]
        announced, done = self._encoder.header.num_frames, self._encoder.writer.num_frames
        if announced not in (None, done):
            raise UsageError(f"{announced} frames were announced, but {done} came")
        return b"".join((*data, self._encoder.end()))

    def _check_unfinished(self) -> None:
        if self._finished:
            raise UsageError("the stream has been finished")

    def _begin(self) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            yield from self._encoder.begin(self._items)

    def _full_blocks(self) -> Iterator[Samples]:
        while self._num_waiting >= self._encoder.header.block_length:
            yield self._take(self._encoder.header.block_length)

    def _take(self, frames: int) -> Samples:
        """The next `frames` frames of those that wait."""
        self._num_waiting -= frames
        parts: list[Samples] = []
        while frames:
            first = self._waiting[0]
            parts.append(first[:frames])
            if len(first) > frames:
                self._waiting[0] = first[frames:]
            else:
                del self._waiting[0]
            frames -= len(parts[-1])
        if len(parts) == 1:
            return parts[0]
        joined: Samples = np.concatenate(parts)  # type: ignore[assignment]
        return joined


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
        """Vorbis comments that have come, names in capitals."""
        return stream_tags(tuple(self._items))

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
        self._bytes += data
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
        for _block, samples in decode_blocks(blocks, self._header, self._workers):
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
