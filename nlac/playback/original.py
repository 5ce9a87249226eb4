"""The original file of a stream as something to read at any place, without writing it.

It is head, packed samples and tail (spec 6.3). Only the blocks that a request touches are decoded,
or only some of their slices where they have entry points.
"""

from __future__ import annotations

import io
import os
from collections.abc import Hashable
from contextlib import ExitStack
from pathlib import PurePath
from typing import TypeAlias

from nlac._arguments import whole_number
from nlac._errors import CorruptStream, UsageError
from nlac._files import Closing, ReadFile, open_input
from nlac._urls import is_url
from nlac.api.file import NlacFile, opened_stream
from nlac.api.render import audio_format
from nlac.audio.original.restoration import stored_original
from nlac.audio.packing import Packing
from nlac.audio.sinks.wav import WavSink
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.access import FrameReader, SpanCache, block_bytes
from nlac.codec.decoder.workers import Workers
from nlac.playback.damage import IntactFrames
from nlac.playback.tail import Tail

SharedCache: TypeAlias = SpanCache[tuple[Hashable, int]]


class OriginalFile(Closing):
    """The bytes of the file that a stream was made of. Several threads may share one.

    A stream without a stored head has no such file, and that of a FLAC file is known only as a
    whole: both are shown as a plain WAV file of the same samples.

    Parameters
    ----------
    source : path, URL, bytes-like, binary file object or NlacFile
        The stream. A path is opened here, and closed by `close`; an `NlacFile` stays open, and
        keeps what is decoded in its own cache.
    cache_bytes : int, optional
        Bytes of decoded samples to keep at most; None keeps 64 MiB, or one block if that is more.
    shared : SharedCache, optional
        Keeps the samples instead, beside those of other files, unless one block is more than it
        may hold.
    threads : int
        Blocks decoded at a time for one request; 0 takes all cores.

    Attributes
    ----------
    name : str
        Name of the file: that of the stream, with `suffix`.
    suffix : str
        Suffix that the original had, with its dot; empty if it had none.
    size : int
        Length in bytes. Nothing is decoded to know it.
    exact : bool
        This is byte for byte the file that was encoded.

    Raises
    ------
    FormatError
        No nlac stream, or its header, metadata or trailer are damaged.

    Examples
    --------
    >>> with OriginalFile("song.nlac") as song:     # doctest: +SKIP
    ...     song.name, song.read_at(0, 4)
    ('song.wav', b'RIFF')
    """

    def __init__(
        self,
        source: ReadFile | NlacFile,
        *,
        cache_bytes: int | None = None,
        shared: SharedCache | None = None,
        threads: int = 1,
    ) -> None:
        stem = "audio"
        if isinstance(source, (str, os.PathLike)) and not is_url(source):
            stem = PurePath(source).stem
        with ExitStack() as stack:
            if isinstance(source, NlacFile):
                reader, frames = opened_stream(source)
            else:
                reader = IndexedReader(stack.enter_context(open_input(source, seekable=True)))
                if shared is not None and block_bytes(reader) > shared.max_bytes:
                    shared = None
                # a name that no other file has, nor this one when it is opened again
                name = object()
                frames = FrameReader(reader, Workers(threads), cache_bytes, shared, name)
            self._set_up(reader, frames, stem, as_wav=False)
            self._stack = stack.pop_all()

    def _set_up(
        self, reader: IndexedReader, frames: FrameReader, stem: str, *, as_wav: bool
    ) -> None:
        self._reader, self._frames, self._stem = reader, frames, stem
        self._intact = IntactFrames(reader, frames)
        header, trailer = reader.header, reader.trailer
        original = None if as_wav else stored_original(reader.leading, header)
        self._tail: Tail | None = None
        self._padding = b""
        if (
            original is not None
            and isinstance(original.packing, Packing)
            and trailer.original_md5 is not None
        ):
            self.exact, self.suffix = True, original.suffix
            self._head, self._packing = original.head, original.packing
        else:
            sink = WavSink(io.BytesIO(), audio_format(header), "wav", reader.num_frames)
            self.exact, self.suffix = False, ".wav"
            self._head, self._padding = sink.around(reader.num_frames)
            self._packing = sink.packing
        self.name = stem + self.suffix
        self._frame_bytes = self._packing.bytes_per_sample * header.channels
        self._samples_end = len(self._head) + reader.num_frames * self._frame_bytes
        self.size = self._samples_end + len(self._padding)
        if self.exact:
            self.size = trailer.original_length
            if self.size < self._samples_end:
                raise CorruptStream(
                    f"{self.size} bytes are too few for the samples", path="trailer.original_length"
                )
            self._tail = Tail(reader, self.size - self._samples_end)

    @property
    def num_frames(self) -> int:
        """Length in frames."""
        return self._reader.num_frames

    def wav(self) -> OriginalFile:
        """The same samples as a plain WAV file (RF64 over 4 GiB), whatever the original is.

        Both share what they have opened: it is closed with this file.
        """
        view = object.__new__(OriginalFile)
        view._set_up(self._reader, self._frames, self._stem, as_wav=True)
        view._stack = ExitStack()
        return view

    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer at the end of the file.

        Raises
        ------
        CorruptStream
            What is touched of a block is damaged, or the tail. Slices are damaged alone where the
            block has entry points.
        UsageError
            `offset` or `count` is negative.
        """
        start = whole_number("offset", offset)
        count = whole_number("count", count)
        if start < 0 or count < 0:
            raise UsageError(f"offset {start}, count {count}: 0 or more")
        stop = min(start + count, self.size)
        if start >= stop:
            return b""
        pieces = [self._head[start:stop]]
        first, last = max(start, len(self._head)), min(stop, self._samples_end)
        if first < last:
            pieces += self._samples(first - len(self._head), last - len(self._head))
        if stop > self._samples_end:
            begin, end = max(0, start - self._samples_end), stop - self._samples_end
            pieces.append(
                self._padding[begin:end] if self._tail is None else self._tail.read(begin, end)
            )
        return b"".join(pieces)

    def next_block(self, offset: int) -> int | None:
        """Offset of the first sample of the block after that of `offset`; None if there is none."""
        reader = self._reader
        frame = max(0, offset - len(self._head)) // self._frame_bytes
        if frame >= reader.num_frames:
            return None
        following = reader.block_of_frame(frame) + 1
        if following == reader.num_blocks:
            return None
        return len(self._head) + reader.first_frame(following) * self._frame_bytes

    def _samples(self, start: int, stop: int) -> list[bytes]:
        """Bytes of the packed samples, counted from the first."""
        width = self._frame_bytes
        first, last = start // width, -(-stop // width)
        try:
            found = list(self._frames.pieces(first, last))
        except CorruptStream:
            found = list(self._intact.pieces(first, last))
        pieces = [self._packing.pack(part) for part in found]
        # of whole frames, cut at both ends
        if len(pieces) == 1:
            return [pieces[0][start - first * width : stop - first * width]]
        pieces[0] = pieces[0][start - first * width :]
        if over := last * width - stop:
            pieces[-1] = pieces[-1][:-over]
        return pieces

    def close(self) -> None:
        """Close what was opened here; harmless to repeat."""
        self._stack.close()

    def __repr__(self) -> str:
        return f"<OriginalFile: {self.name}, {self.size} bytes, exact: {self.exact}>"
