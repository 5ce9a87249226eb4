"""An nlac file opened for reading: any frames, in any order."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac._files import ReadFile, open_input
from nlac._typing import Samples
from nlac.api.arrays import DType, SampleFormat, from_samples, output_dtype
from nlac.api.results import StreamInfo
from nlac.api.stream_info import stream_info, stream_tags
from nlac.audio.original.chunks import Chunk, list_chunks
from nlac.audio.original.restoration import stored_original
from nlac.bitstream import constants as c
from nlac.bitstream.items import Picture
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.blocks import check_pcm, decode_blocks
from nlac.codec.decoder.workers import Workers, available_memory
from nlac.codec.transforms.pcm import PcmDigest


class NlacFile:
    """An nlac file to read from, as `nlac.open` gives it.

    Positions and lengths are in frames (one sample of every channel). What is damaged is
    noticed when it is read: every block has a checksum.

    Parameters
    ----------
    file : path, bytes-like or binary file object
        A pipe is copied to a temporary file first. A file object is not closed.
    threads : int
        Blocks decoded at a time; 0 takes all cores.
    memory : int, optional
        Bytes of memory to use at most for decoding: fewer threads run where more would be
        needed. None takes half of what is available.

    Raises
    ------
    FormatError
        No nlac stream, or its header, metadata or trailer are damaged.
    """

    def __init__(self, file: ReadFile, *, threads: int = 0, memory: int | None = None) -> None:
        self._workers = Workers(threads, memory)
        self._position = 0
        self._cached: tuple[int, Samples] | None = None
        with ExitStack() as stack:
            self._file = stack.enter_context(open_input(file, seekable=True))
            self._reader = IndexedReader(self._file)
            # opened well: what was entered stays open until `close`
            self._stack: ExitStack | None = stack.pop_all()
        header = self._reader.header
        self._format = SampleFormat(header.bits_per_sample, header.is_float)

    @property
    def sample_rate(self) -> int:
        """Frames a second."""
        return self._reader.header.sample_rate

    @property
    def channels(self) -> int:
        """Samples of a frame."""
        return self._reader.header.channels

    @property
    def bits_per_sample(self) -> int:
        """Valid bits, 1 to 32."""
        return self._reader.header.bits_per_sample

    @property
    def is_float(self) -> bool:
        """Whether the samples are float32."""
        return self._reader.header.is_float

    @property
    def channel_mask(self) -> int:
        """Speaker positions as in WAVE; 0 if not given."""
        return self._reader.header.channel_mask

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self._reader.num_frames

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._stack is None

    @property
    def info(self) -> StreamInfo:
        """All facts about the file."""
        return stream_info(self._file, self._open_reader())

    @property
    def tags(self) -> dict[str, list[str]]:
        """Vorbis comments, names in capitals."""
        return stream_tags(self._reader.leading)

    @property
    def pictures(self) -> list[Picture]:
        """Pictures."""
        return [
            Picture.from_item(item)
            for item in self._reader.leading
            if item.item_type == c.ITEM_PICTURE
        ]

    @property
    def chunks(self) -> list[Chunk]:
        """Chunks of the original file besides the samples, in order, as far as kept."""
        reader = self._open_reader()
        original = stored_original(reader.leading, reader.header)
        if original is None:
            return []
        tail = b"".join(
            item.data for item in reader.trailing() if item.item_type == c.ITEM_FOREIGN_TAIL
        )
        frame_bytes = original.packing.bytes_per_sample * self.channels
        return list_chunks(original.container, original.head, self.frames * frame_bytes, tail)

    def __len__(self) -> int:
        return self.frames

    def seek(self, frames: int, whence: int = io.SEEK_SET) -> int:
        """Go to a frame; `whence` as in `io`. Returns the new position.

        Raises
        ------
        UsageError
            The position is outside the file.
        """
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise UsageError(f"whence {whence!r}: SEEK_SET, SEEK_CUR or SEEK_END")
        self._open_reader()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.frames}[whence]
        if not 0 <= base + frames <= self.frames:
            raise UsageError(f"frame {base + frames} of a file of {self.frames} frames")
        self._position = base + frames
        return self._position

    def tell(self) -> int:
        """Frame that the next `read` begins with."""
        return self._position

    def read(
        self, frames: int = -1, *, dtype: DType | None = None, always_2d: bool = False
    ) -> NDArray[Any]:
        """Read from the present position on.

        Parameters
        ----------
        frames : int
            How many; negative for all that are left. Fewer come at the end of the file.
        dtype : {"int16", "int32", "float32", "float64"}, optional
            Type of the result; None gives the samples as they are stored (see `nlac.read`).
        always_2d : bool
            Shape (frames, 1) for mono as well, instead of (frames,).

        Returns
        -------
        ndarray, shape (frames, channels), or (frames,) for mono

        Raises
        ------
        CorruptStream
            One of the blocks is damaged, or (where all of the file is read at once) the
            MD5 of the samples does not match.
        """
        chosen = output_dtype(self._format, dtype)
        start = self._position
        stop = self.frames if frames < 0 else min(self.frames, start + frames)
        digest = None
        if start == 0 and stop == self.frames:
            digest = PcmDigest(self.bits_per_sample)
        # a system may promise memory that it does not have
        if (stop - start) * self.channels * chosen.itemsize > available_memory():
            raise UsageError(
                f"{stop - start} frames do not fit into memory; go through them by blocks"
            )
        result = np.empty((stop - start, self.channels), chosen)
        for samples in self._pieces(start, stop):
            if digest is not None:
                digest.update(samples)
            end = self._position + len(samples)
            result[self._position - start : end - start] = from_samples(
                samples, self._format, chosen, always_2d=True
            )
            self._position = end
        if digest is not None:
            check_pcm(digest, self._reader.trailer)
        return result if always_2d or self.channels != 1 else result[:, 0]

    def blocks(
        self,
        blocksize: int,
        overlap: int = 0,
        start: int = 0,
        stop: int | None = None,
        *,
        dtype: DType | None = None,
        always_2d: bool = False,
    ) -> Iterator[NDArray[Any]]:
        """Go through the file in pieces; memory does not depend on its length.

        Parameters
        ----------
        blocksize : int
            Frames of a piece; the last has what is left.
        overlap : int
            Frames that each piece has in common with the one before.
        start, stop : int
            First frame, and the frame after the last; negative from the end, as in slices.
        dtype, always_2d
            As in `read`.
        """
        if not 0 <= overlap < blocksize:
            raise UsageError(f"overlap {overlap}: 0 to blocksize - 1 ({blocksize - 1})")
        chosen = output_dtype(self._format, dtype)
        first, last, _step = slice(start, stop).indices(self.frames)
        return self._rechunked(first, last, blocksize, overlap, chosen, always_2d)

    def close(self) -> None:
        """Close what was opened here."""
        if self._stack is not None:
            self._stack.close()
            self._stack = None
            self._cached = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        depth = "float32" if self.is_float else f"{self.bits_per_sample} bits"
        return (
            f"<NlacFile: {self.frames} frames, {self.channels} channels, "
            f"{self.sample_rate} Hz, {depth}>"
        )

    def _open_reader(self) -> IndexedReader:
        if self._stack is None:
            raise UsageError("the file has been closed")
        return self._reader

    def _pieces(self, start: int, stop: int) -> Iterator[Samples]:
        """Frames `start` to `stop`; the block that was decoded last is kept."""
        reader = self._open_reader()
        if start >= stop:
            return
        first, last = reader.block_of_frame(start), reader.block_of_frame(stop - 1)
        if self._cached is not None and self._cached[0] == first:
            offset = reader.first_frame(first)
            yield self._cached[1][start - offset : stop - offset]
            first += 1
        blocks = (reader.block(index) for index in range(first, last + 1))
        for block, samples in decode_blocks(blocks, reader.header, self._workers):
            offset = block.header.first_frame
            self._cached = (block.header.block_index, samples)
            yield samples[max(0, start - offset) : stop - offset]

    def _rechunked(
        self,
        start: int,
        stop: int,
        blocksize: int,
        overlap: int,
        dtype: np.dtype[Any],
        always_2d: bool,
    ) -> Iterator[NDArray[Any]]:
        waiting = np.empty((0, self.channels), dtype)
        fresh = False
        for samples in self._pieces(start, stop):
            piece = from_samples(samples, self._format, dtype, always_2d=True)
            waiting = np.concatenate((waiting, piece)) if len(waiting) else piece
            fresh = True
            done = 0
            while len(waiting) - done >= blocksize:
                yield self._shaped(waiting[done : done + blocksize], always_2d)
                done += blocksize - overlap
                # what is left may be only what the last piece showed already
                fresh = len(waiting) - done > overlap
            waiting = waiting[done:]
        if fresh:
            yield self._shaped(waiting, always_2d)

    def _shaped(self, values: NDArray[Any], always_2d: bool) -> NDArray[Any]:
        # a copy: the caller may keep or change it
        return np.array(values if always_2d or self.channels != 1 else values[:, 0])
