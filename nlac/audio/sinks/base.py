"""What every audio sink has in common, and the common form of the own containers."""

from __future__ import annotations

from abc import abstractmethod
from typing import BinaryIO

from nlac._errors import UnsupportedAudio, UsageError
from nlac._files import Closing
from nlac._samples import in_pieces
from nlac._typing import Samples
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write all of `data`, also to raw files that take only a part at a time."""
    written = file.write(data)
    if written is None or written == len(data):
        return
    view = memoryview(data)[written:]
    while view:
        count = file.write(view)
        view = view[count if count is not None else len(view) :]


def check_shape(samples: Samples, fmt: AudioFormat) -> None:
    """Raise `UnsupportedAudio` unless `samples` has shape (frames, channels)."""
    if samples.ndim != 2 or samples.shape[1] != fmt.channels:
        raise UnsupportedAudio(
            f"samples of shape {samples.shape} do not fit (frames, {fmt.channels})"
        )


class Sink(Closing):
    """An audio file that is being written.

    The file object belongs to the caller, who closes it after `finish`.  As a context
    manager the sink closes itself, but does not finish: a file is only complete if `finish`
    was called.

    Attributes
    ----------
    bits_per_sample : int
        Depth of the samples as a reader of the file sees it: that of the samples, or more.
    """

    bits_per_sample: int

    @abstractmethod
    def write(self, samples: Samples) -> None:
        """Append frames.

        Parameters
        ----------
        samples : ndarray
            Shape (frames, channels): integers, signed and right-justified, or float32.

        Raises
        ------
        UnsupportedAudio
            If the samples do not fit the format.
        OSError
            If writing fails.
        """

    @abstractmethod
    def finish(self) -> None:
        """Write what follows the samples and correct the header where that is possible.

        Raises
        ------
        UsageError
            If another number of frames was announced, and the header is out of reach.
        """

    def close(self) -> None:
        """Let go of what the sink holds, finished or not; harmless to repeat."""


class PackedSink(Sink):
    """A sink whose file is a header, packed samples, and perhaps padding.

    The header is written at once.  If the number of frames turns out to be another one than
    announced, or was not announced, the header is rewritten in place; on a pipe it stays as
    it is, with the values that stand for "unknown" if nothing was announced.

    Parameters
    ----------
    file : binary file object
        Where to; a pipe does.
    fmt : AudioFormat
        What the samples are.
    packing : Packing
        How they will lie in the file.
    num_frames : int or None
        Frames to come, if known.
    """

    def __init__(
        self, file: BinaryIO, fmt: AudioFormat, packing: Packing, num_frames: int | None
    ) -> None:
        self.format = fmt
        self.bits_per_sample = fmt.bits_per_sample
        self.packing = packing
        self._file = file
        self._announced = num_frames
        self._frames = 0
        self._start = file.tell() if file.seekable() else None
        self._header_bytes = 0
        if num_frames is not None and num_frames * self.frame_bytes >= 2**63:
            raise UnsupportedAudio("no file holds so many frames")
        header = self._header(num_frames)
        self._header_bytes = len(header)
        write_all(file, header)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame in the file."""
        return self.packing.bytes_per_sample * self.format.channels

    @property
    def can_rewrite(self) -> bool:
        """Whether the header can be corrected at the end."""
        return self._start is not None

    def around(self, num_frames: int) -> tuple[bytes, bytes]:
        """Header and padding of a file of so many frames."""
        return self._header(num_frames), self._padding(num_frames * self.frame_bytes)

    def write(self, samples: Samples) -> None:
        """Append frames; see `Sink.write`."""
        check_shape(samples, self.format)
        self._check_room(self._frames + len(samples))
        for piece in in_pieces(samples):
            write_all(self._file, self.packing.pack(piece))
        self._frames += len(samples)

    def finish(self) -> None:
        """Pad, and correct the header; see `Sink.finish`."""
        if self._announced is not None or self._start is not None:
            # after samples of unknown length padding would be taken for samples
            write_all(self._file, self._padding(self._frames * self.frame_bytes))
        if self._announced == self._frames:
            return
        if self._start is not None:
            header = self._header(self._frames)
            end = self._file.tell()
            self._file.seek(self._start)
            write_all(self._file, header)
            self._file.seek(end)
        elif self._announced is not None:
            raise UsageError(
                f"{self._announced} frames were announced but {self._frames} written, and the "
                "header cannot be corrected on a pipe"
            )

    @abstractmethod
    def _header(self, num_frames: int | None) -> bytes:
        """Return the header; always of the same length for one sink."""

    @abstractmethod
    def _padding(self, data_bytes: int) -> bytes:
        """Return the bytes that follow so many bytes of samples."""

    def _check_room(self, num_frames: int) -> None:
        """Raise if the container cannot hold so many frames."""
