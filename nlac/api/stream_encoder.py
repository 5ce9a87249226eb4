"""Encoding in pieces: arrays come and bytes go as they are ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from nlac._arguments import whole_number
from nlac._errors import UsageError
from nlac._typing import Samples
from nlac.api.arrays import SampleFormat, audio_format, to_samples
from nlac.api.given import PictureLike, TagMapping, metadata_items
from nlac.api.options import OptionFields, encode_options, spelled_out
from nlac.audio.format import AudioFormat
from nlac.bitstream.metadata import MetadataItem
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.stream import StreamEncoder, make_header


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
    pictures : sequence of Picture, path or str
        Pictures, or image files, as in `encode`.

    Other Parameters
    ----------------
    preset, predictor, predictor_options, model, device, coder, long_term, effort, \
    block_seconds, profile, entry_seconds, origin, verify, threads, memory
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
        pictures: Sequence[PictureLike] = (),
        **options: Unpack[OptionFields],
    ) -> None:
        fmt = audio_format(sample_rate, channels, bits_per_sample, is_float, channel_mask)
        self._set_up(fmt, num_frames, metadata_items(tags, pictures), encode_options(options))

    @classmethod
    def of_format(
        cls,
        fmt: AudioFormat,
        num_frames: int | None,
        items: list[MetadataItem],
        options: EncodeOptions,
    ) -> Self:
        """Make an encoder of what has been checked already."""
        encoder = cls.__new__(cls)
        encoder._set_up(fmt, num_frames, items, options)
        return encoder

    def _set_up(
        self,
        fmt: AudioFormat,
        num_frames: int | None,
        items: list[MetadataItem],
        options: EncodeOptions,
    ) -> None:
        if num_frames is not None:
            num_frames = whole_number("num_frames", num_frames)
        self._encoder = StreamEncoder(make_header(fmt, options, num_frames), options)
        self._format = SampleFormat(fmt.bits_per_sample, fmt.is_float)
        self._items = items
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
