"""An nlac file opened for reading: any frames, in any order."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._arguments import whole_number
from nlac._errors import UsageError
from nlac._files import Closing, ReadFile, open_input
from nlac._typing import Samples
from nlac._urls import is_url
from nlac.api.arrays import DType, SampleFormat, fill, from_samples, output_array, output_dtype
from nlac.api.frames import FrameAccess
from nlac.api.results.stream import StreamInfo
from nlac.api.stream_info import stream_info
from nlac.audio.original.chunks import Chunk
from nlac.audio.original.stored import stored_chunks
from nlac.bitstream.items import Picture
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.access import FrameReader
from nlac.codec.decoder.blocks import check_pcm
from nlac.codec.decoder.workers import Workers
from nlac.codec.transforms.pcm import PcmDigest
from nlac.metadata.originals.reading import shown_tags


class NlacFile(Closing, FrameAccess):
    """An nlac file to read from, as `nlac.open` gives it.

    Positions and lengths are in frames (one sample of every channel). What is damaged is
    noticed when it is read: every block has a checksum.

    It can be used like an array, too: ``file[1000:2000]``, ``file.shape``, ``len(file)``,
    ``numpy.asarray(file)``; iteration gives frames. Several threads may share it, of which
    each call of `read` takes frames of its own. It can be pickled if it was opened by its
    path, or as bytes: it is opened anew, at the same position.

    Parameters
    ----------
    file : path, URL, bytes-like or binary file object
        A pipe is copied to a temporary file first. A file object is not closed. Of a URL only
        what is needed is fetched.
    threads : int
        Blocks decoded at a time; 0 takes all cores.
    memory : int, optional
        Bytes of memory to use at most for decoding: fewer threads run where more would be
        needed. None takes half of what is available.
    cache_bytes : int, optional
        Bytes of decoded samples to keep at most, for reads near former ones; 0 keeps nothing.
        None keeps 64 MiB, or one block if that is more.

    Raises
    ------
    FormatError
        No nlac stream, or its header, metadata or trailer are damaged.
    """

    def __init__(
        self,
        file: ReadFile,
        *,
        threads: int = 0,
        memory: int | None = None,
        cache_bytes: int | None = None,
    ) -> None:
        self._workers = Workers(threads, memory)
        if cache_bytes is not None and whole_number("cache_bytes", cache_bytes) < 0:
            raise UsageError(f"cache_bytes {cache_bytes}: 0 or more")
        self._cache_bytes = cache_bytes
        # of the position only: threads decode at the same time
        self._lock = threading.Lock()
        self._source = file
        if isinstance(file, (str, os.PathLike)) and not is_url(file):
            # the process that it is pickled for may be in another folder
            self._source = os.path.abspath(file)
        self._position = 0
        with ExitStack() as stack:
            self._file = stack.enter_context(open_input(file, seekable=True))
            self._reader = IndexedReader(self._file)
            self._frames = FrameReader(self._reader, self._workers, cache_bytes)
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
        return stream_info(self._open_reader())

    @property
    def tags(self) -> Mapping[str, Sequence[str]]:
        """Tags, names in capitals: those stored as such, or those of the original file.

        To change them, open the file with mode ``"r+"``.
        """
        return shown_tags(self._open_reader()).to_mapping()

    @property
    def tags_origin(self) -> str | None:
        """Where the tags are: ``"tags"``, or parts of the original file; None without any."""
        return shown_tags(self._open_reader()).origin

    @property
    def pictures(self) -> Sequence[Picture]:
        """Pictures: those stored as such, or (without stored tags) those of the original file."""
        return list(shown_tags(self._open_reader()).pictures)

    @property
    def chunks(self) -> list[Chunk]:
        """Chunks of the original file besides the samples, in order, as far as kept."""
        return stored_chunks(self._open_reader())

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
        frames = whole_number("frames", frames)
        with self._lock:
            return self._seek(frames, whence)

    def _seek(self, frames: int, whence: int) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.frames}[whence]
        if not 0 <= base + frames <= self.frames:
            raise UsageError(f"frame {base + frames} of a file of {self.frames} frames")
        self._position = base + frames
        return self._position

    def tell(self) -> int:
        """Frame that the next `read` begins with."""
        return self._position

    def read(
        self,
        frames: int = -1,
        *,
        dtype: DType | None = None,
        always_2d: bool = False,
        fill_value: float | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Read from the present position on.

        Parameters
        ----------
        frames : int
            How many; negative for all that are left, or as many as `out` holds. Fewer
            come at the end of the file.
        dtype : {"int16", "int32", "float32", "float64"}, optional
            Type of the result, as a name or a type of NumPy; None gives the samples as they
            are stored (see `nlac.read`).
        always_2d : bool
            Shape (frames, 1) for mono as well, instead of (frames,).
        fill_value : number, optional
            What follows the end of the file, so that exactly `frames` frames come.
        out : ndarray, optional
            Where to put the samples; its type counts instead of `dtype`. What is returned
            is the part of it that holds samples.

        Returns
        -------
        ndarray, shape (frames, channels), or (frames,) for mono

        Raises
        ------
        CorruptStream
            One of the blocks is damaged, or (where all of the file is read at once) the
            MD5 of the samples does not match.
        """
        frames = whole_number("frames", frames)
        if out is not None and not isinstance(out, np.ndarray):
            raise UsageError(f"out of type {type(out).__name__}: an array is needed")
        chosen = output_dtype(self._format, dtype if out is None else out.dtype)
        with self._lock:
            start = self._position
            if frames < 0:
                frames = self.frames - start if out is None else len(out)
            stop = min(self.frames, start + frames)
            wanted = stop - start if fill_value is None else frames
            result = output_array(out, wanted, self.channels, chosen)
            self._position = stop
        try:
            self._read_into(result, start, stop)
        except BaseException:
            with self._lock:
                # what was not read comes again, unless others have gone on by now
                if self._position == stop:
                    self._position = start
            raise
        if fill_value is not None:
            fill(result[stop - start :], fill_value)
        if out is not None:
            return out[: len(result)]
        return result if always_2d or self.channels != 1 else result[:, 0]

    def _collect(self, start: int, stop: int) -> NDArray[Any]:
        result = output_array(None, stop - start, self.channels, self.dtype)
        self._read_into(result, start, stop)
        return result

    def _read_into(self, result: NDArray[Any], start: int, stop: int) -> None:
        """Frames `start` to `stop`; of a whole file the MD5 is compared."""
        digest = None
        if start == 0 and stop == self.frames:
            digest = PcmDigest(self.bits_per_sample)
        done = 0
        for samples in self._pieces(start, stop):
            if digest is not None:
                digest.update(samples)
            result[done : done + len(samples)] = from_samples(
                samples, self._format, result.dtype, always_2d=True
            )
            done += len(samples)
        if digest is not None:
            check_pcm(digest, self._open_reader().trailer)

    def close(self) -> None:
        """Close what was opened here."""
        if self._stack is not None:
            self._stack.close()
            self._stack = None
            # gives the cache free
            self._frames = FrameReader(self._reader, self._workers, 0)

    def __reduce__(self) -> tuple[Any, ...]:
        self._open_reader()
        if not isinstance(self._source, (str, bytes, bytearray)):
            raise TypeError("only files that were opened by path, or as bytes, can be pickled")
        return _reopened, (self._source, self._workers, self._cache_bytes, self._position)

    def __repr__(self) -> str:
        depth = "float32" if self.is_float else f"{self.bits_per_sample} bits"
        return (
            f"<NlacFile: {self.frames} frames, {self.channels} channels, "
            f"{self.sample_rate} Hz, {depth}>"
        )

    def _repr_html_(self) -> str:
        """What notebooks show: player, waveform and facts; of a closed file the short form."""
        import html

        import nlac

        text: str = html.escape(repr(self)) if self.closed else nlac.html_of(self)
        return text

    def _open_reader(self) -> IndexedReader:
        if self._stack is None:
            raise UsageError("the file has been closed")
        return self._reader

    def _pieces(self, start: int, stop: int) -> Iterator[Samples]:
        self._open_reader()
        return self._frames.pieces(start, stop)


def _reopened(
    source: ReadFile, workers: Workers, cache_bytes: int | None, position: int
) -> NlacFile:
    """A file as it was when it was pickled."""
    file = NlacFile(
        source, threads=workers.threads, memory=workers.memory, cache_bytes=cache_bytes
    )
    file.seek(position)
    return file


def opened_stream(file: NlacFile) -> tuple[IndexedReader, FrameReader]:
    """What an opened file reads its stream with; it is closed with the file."""
    return file._open_reader(), file._frames
