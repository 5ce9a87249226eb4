"""The audio of FLAC files, with proof that it is what the file's MD5 and headers tell of."""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import tempfile
from collections.abc import Iterable
from typing import Any, BinaryIO, Protocol

import numpy as np

from nlac._errors import UnsupportedAudio, UsageError
from nlac._typing import Samples
from nlac.audio._libsndfile import load_soundfile
from nlac.audio.base import AudioOnlySource, AudioSource
from nlac.audio.flac import metadata, ogg
from nlac.audio.flac.decoders import ProgramDecoder
from nlac.audio.flac.frames import count_samples
from nlac.audio.flac.metadata import HEADER_BYTES, FlacInfo
from nlac.audio.format import AudioFormat
from nlac.audio.original.dropped import (
    ID3_TAG,
    ID3V1_BYTES,
    ID3V1_TAG,
    audio_only_warnings,
    ends_with_id3v1,
)
from nlac.audio.other import SoundfileSource
from nlac.audio.packing import Packing, container_bytes
from nlac.audio.reader import PIECE_BYTES, ByteReader

# what libsndfile reads; other depths it refuses, an unknown length it takes for damage
_LIBSNDFILE_BITS = (8, 16, 24)
# the speakers that FLAC means by its number of channels (RFC 9639, 9.1.3), as WAVE masks
_MASKS = {3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F}
_HINT = "flac -d --decode-through-errors makes a WAV file of what is left"


class _Decoder(Protocol):
    def read(self, frames: int) -> Samples: ...

    def close(self) -> None: ...


class _NoFrames:
    """The decoder of a file without any frames."""

    def __init__(self, channels: int) -> None:
        self._channels = channels

    def read(self, frames: int) -> Samples:
        return np.empty((0, self._channels), np.int32)

    def close(self) -> None:
        pass


def open_flac(stream: BinaryIO, reader: ByteReader, begin: int, *, owned: bool) -> AudioSource:
    """Open a FLAC file.

    Parameters
    ----------
    stream : binary file object
        The input.
    reader : ByteReader
        A reader of `stream` that has taken nothing yet.
    begin : int
        Bytes of ID3v2 tags in front.
    owned : bool
        Whether the source closes `stream`.

    Returns
    -------
    AudioSource
        Not restorable.

    Raises
    ------
    UnsupportedAudio
        The file is damaged.
    MissingDependency
        Nothing here can decode it.
    """
    reader.need(begin, "the ID3v2 tag")
    in_ogg = reader.peek(4) == ogg.MAGIC
    packets = ogg.ogg_packets(reader.take) if in_ogg else iter(())
    blocks = metadata.ogg_blocks(packets) if in_ogg else metadata.read_blocks(reader.need)
    info, dropped = metadata.parse_blocks(blocks)
    if begin:
        dropped.insert(0, ID3_TAG)
    reader.end_head()
    fmt = AudioFormat(
        info.sample_rate,
        info.channels,
        info.bits_per_sample,
        channel_mask=_MASKS.get(info.channels, 0),
    )
    closes = [stream] if owned else []
    # libsndfile passes over wrong checksums, so that only the MD5 proves what it gives
    by_libsndfile = info.bits_per_sample in _LIBSNDFILE_BITS and info.md5 is not None
    if by_libsndfile and info.num_frames and not in_ogg and reader.start is not None:
        dropped += [ID3V1_TAG] * ends_with_id3v1(stream)
        warnings = audio_only_warnings("FLAC", dropped)
        spliced = _Spliced(info.header(info.num_frames), stream, reader.start + reader.position)
        decoder: _Decoder = _libsndfile(io.BufferedReader(spliced))
        return FlacSource(info, fmt, warnings, decoder, closes)
    pieces = packets if in_ogg else iter(lambda: reader.take(PIECE_BYTES), b"")
    # the program writes plain samples only where it knows no length
    copy = _copied(info.header(0), pieces)
    try:
        if ends_with_id3v1(copy):
            dropped.append(ID3V1_TAG)
            copy.truncate(copy.seek(-ID3V1_BYTES, os.SEEK_END))
        warnings = audio_only_warnings("FLAC", dropped)
        counted = None if info.num_frames and info.md5 else _counted(copy, info, warnings)
        decoder = _decoder(copy, info, info.num_frames or counted or 0, by_libsndfile)
        return FlacSource(info, fmt, warnings, decoder, [copy, *closes], counted=counted)
    except BaseException:
        copy.close()
        raise


def _decoder(copy: BinaryIO, info: FlacInfo, num_frames: int, by_libsndfile: bool) -> _Decoder:
    """Choose the decoder of a file without metadata: libsndfile must be told its length."""
    any_frames = copy.seek(0, os.SEEK_END) > HEADER_BYTES
    copy.seek(0)
    if not any_frames:
        return _NoFrames(info.channels)
    if not by_libsndfile:
        return ProgramDecoder(copy, info)
    copy.write(info.header(num_frames))
    copy.seek(0)
    return _libsndfile(copy)


class FlacSource(AudioOnlySource):
    """Audio of a FLAC file. The end is reached only if everything agrees.

    Parameters
    ----------
    info : FlacInfo
        What the file says of itself.
    fmt : AudioFormat
        The same of its samples.
    warnings : list of str
        What is odd about it.
    decoder : object with `read` and `close`
        Gives its samples.
    closes : list of binary file objects
        What `close` closes.
    counted : int, optional
        Length by the headers of the FLAC frames, where there is no MD5.
    """

    def __init__(
        self,
        info: FlacInfo,
        fmt: AudioFormat,
        warnings: list[str],
        decoder: _Decoder,
        closes: list[BinaryIO],
        *,
        counted: int | None = None,
    ) -> None:
        self.container = "flac"
        self.format = fmt
        self.expected_frames = self.num_frames = info.num_frames
        self.warnings = warnings
        self._info = info
        self._decoder = decoder
        self._closes = closes
        self._counted = counted
        # as FLAC's MD5 takes samples: right-justified in whole bytes
        self._packing = Packing(container_bytes(info.bits_per_sample))
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._frames_read = 0
        self._at_end = False

    def read(self, frames: int) -> Samples:
        """Return up to `frames` frames; see `AudioSource.read`.

        Raises
        ------
        UnsupportedAudio
            The file is damaged, or its samples are not those that its header tells of.
        """
        if frames < 0:
            raise UsageError(f"cannot read {frames} frames")
        samples = self._decoder.read(0 if self._at_end else frames)
        self._frames_read += len(samples)
        self._md5.update(self._packing.pack(samples))
        if len(samples) < frames and not self._at_end:
            self._at_end = True
            self._check()
        return samples

    def _check(self) -> None:
        for told, by in ((self._info.num_frames, "header"), (self._counted, "frames")):
            if told not in (None, self._frames_read):
                raise UnsupportedAudio(
                    f"the FLAC file decodes to {self._frames_read} frames, but by its {by} it has "
                    f"{told}: damaged; {_HINT}"
                )
        if self._info.md5 not in (None, self._md5.digest()):
            raise UnsupportedAudio(
                "the samples do not match the MD5 in the FLAC file's header: damaged; " + _HINT
            )

    def close(self) -> None:
        """Let go of the decoder, and close the file if `open_source` opened it."""
        self._decoder.close()
        for file in self._closes:
            file.close()


def _libsndfile(file: BinaryIO) -> SoundfileSource:
    return SoundfileSource(load_soundfile(), file, [])


class _Spliced(io.RawIOBase):
    """A file with another beginning: libsndfile stumbles over some metadata.

    Parameters
    ----------
    header : bytes
        What it begins with.
    file : binary file object
        Seekable; the rest comes from it.
    begin : int
        Place in `file` at which the rest begins.
    """

    def __init__(self, header: bytes, file: BinaryIO, begin: int) -> None:
        super().__init__()
        self._header = header
        self._file = file
        self._begin = begin
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_CUR:
            offset += self._place
        elif whence == os.SEEK_END:
            offset += self._file.seek(0, os.SEEK_END) - self._begin + len(self._header)
        if offset < 0:
            raise ValueError(f"negative place {offset}")
        self._place = offset
        return offset

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        data = self._header[self._place : self._place + len(buffer)]
        if not data:
            self._file.seek(self._begin + self._place - len(self._header))
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _copied(header: bytes, pieces: Iterable[bytes]) -> BinaryIO:
    """Copy the frames of a FLAC file to a temporary file with another header."""
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the source closes it
    try:
        copy.write(header)
        for piece in pieces:
            copy.write(piece)
        copy.flush()
        copy.seek(0)
    except BaseException:
        copy.close()
        raise
    return copy


def _counted(file: BinaryIO, info: FlacInfo, warnings: list[str]) -> int:
    """Count the samples of a channel by the headers of the FLAC frames."""
    if info.md5 is None:
        warnings.append(
            "the FLAC file has no MD5 of its samples; only the checksums and numbers of its FLAC "
            "frames prove them"
        )
    if file.seek(0, os.SEEK_END) == HEADER_BYTES:
        return 0
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        first, count = count_samples(view, HEADER_BYTES, info)
    if first:
        warnings.append(f"the FLAC file begins with frame {first}: what comes before is missing")
    return count
