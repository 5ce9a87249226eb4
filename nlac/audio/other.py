"""Formats read through libsndfile (CAF, AU, Ogg and more): their audio, not their bytes."""

from __future__ import annotations

import tempfile
from typing import Any, BinaryIO

import numpy as np

from nlac._errors import UnsupportedAudio, UsageError
from nlac._typing import Samples
from nlac.audio._libsndfile import GuardedFile, load_soundfile
from nlac.audio.base import AudioOnlySource, AudioSource
from nlac.audio.flac.metadata import describe
from nlac.audio.format import AudioFormat
from nlac.audio.original.dropped import audio_only_warnings, dropped_from
from nlac.audio.reader import PIECE_BYTES, ByteReader

_INTEGER_BITS = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_16": 16,
    "PCM_24": 24,
    "PCM_32": 32,
    "ALAC_16": 16,
    "ALAC_20": 20,
    "ALAC_24": 24,
    "ALAC_32": 32,
}
# their decoders give floats; those are kept exactly
_LOSSY = ("VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III")
# how such files begin; only they are copied from a pipe to a temporary file
_MAGICS = (b"caff", b".snd", b"dns.", b"OggS", b"ID3", b"NIST_1A", b"Creative Voice File")
# libsndfile says "very many" where a file does not know its length
_UNKNOWN_FRAMES = 2**62


def open_other(stream: BinaryIO, reader: ByteReader, *, owned: bool) -> AudioSource:
    """Open a file that none of the walkers knows.

    Parameters
    ----------
    stream : binary file object
        The input.
    reader : ByteReader
        A reader of `stream` that has taken nothing yet.
    owned : bool
        Whether the source closes `stream`.

    Returns
    -------
    AudioSource
        Not restorable.

    Raises
    ------
    UnsupportedAudio
        If libsndfile does not know the format either, or cannot read it exactly.
    MissingDependency
        If soundfile is not installed.
    """
    soundfile = load_soundfile()
    if reader.start == 0:
        stream.seek(0)
        return SoundfileSource(soundfile, stream, [stream] if owned else [])
    magic = reader.peek(32)
    if not magic.startswith(_MAGICS):
        raise UnsupportedAudio(
            f"unknown audio format (the input begins with {magic[:12]!r}); if these are samples "
            "without a header, tell their kind by raw= (rate, encoding, channels)"
        )
    copy = _copied(reader)
    try:
        return SoundfileSource(soundfile, copy, [copy, stream] if owned else [copy])
    except BaseException:
        copy.close()
        raise


class SoundfileSource(AudioOnlySource):
    """Audio from libsndfile.

    Parameters
    ----------
    soundfile : module
        The package.
    stream : binary file object
        Seekable, the audio file from place 0.
    closes : list of binary file objects
        What `close` closes.
    """

    def __init__(self, soundfile: Any, stream: BinaryIO, closes: list[BinaryIO]) -> None:
        dropped = dropped_from(stream)
        self._guard = GuardedFile(stream)
        self._closes = closes
        self._errors = (soundfile.SoundFileError, TypeError, ValueError)
        try:
            self._file = soundfile.SoundFile(self._guard)
        except self._errors as error:
            self._guard.check()
            raise UnsupportedAudio(
                f"unknown or damaged audio file: {_reason(error)}; if these are samples without "
                "a header, tell their kind by raw= (rate, encoding, channels)"
            ) from error
        self.container = str(self._file.format).lower()
        subtype = str(self._file.subtype)
        self.warnings = audio_only_warnings(self._file.format, dropped or self._strings())
        lossy = subtype in _LOSSY
        if lossy:
            self.warnings.append(
                f"{subtype} is a lossy coding: its decoded audio takes more room than the file"
            )
        is_float = lossy or subtype == "FLOAT"
        if not is_float and subtype not in _INTEGER_BITS:
            self._file.close()
            raise UnsupportedAudio(
                f"{self._file.format} files with {subtype} samples cannot be coded; convert the "
                "file to 16- or 24-bit PCM or 32-bit float first"
            )
        bits = 32 if is_float else _INTEGER_BITS[subtype]
        channels = int(self._file.channels)
        self.format = AudioFormat(int(self._file.samplerate), channels, bits, is_float=is_float)
        total = int(self._file.frames)
        self.expected_frames = total if 0 <= total < _UNKNOWN_FRAMES else None
        # lossy files only estimate their length
        self.num_frames = None if lossy else self.expected_frames
        self._frames_read = 0
        self._at_end = False

    def read(self, frames: int) -> Samples:
        """Return up to `frames` frames; see `AudioSource.read`."""
        if frames < 0:
            raise UsageError(f"cannot read {frames} frames")
        kind = "float32" if self.format.is_float else "int32"
        if self._at_end:
            frames = 0
        try:
            data = self._file.read(frames, dtype=kind, always_2d=True)
        except self._errors as error:
            self._guard.check()
            raise UnsupportedAudio(
                f"the file is damaged after frame {self._frames_read}: {_reason(error)}"
            ) from error
        self._guard.check()
        self._frames_read += len(data)
        if len(data) < frames:
            self._at_end = True
            if self.num_frames not in (None, self._frames_read):
                raise UnsupportedAudio(
                    f"the file announces {self.num_frames} frames but only {self._frames_read} "
                    "can be read: damaged or truncated"
                )
        if self.format.is_float:
            floats: Samples = np.asarray(data, dtype=np.float32)
            return floats
        samples = np.asarray(data, dtype=np.int32)
        # libsndfile gives integers left-justified
        unused = 32 - self.format.bits_per_sample
        if (
            unused
            and samples.size
            and np.bitwise_or.reduce(samples, axis=None) & ((1 << unused) - 1)
        ):
            raise UnsupportedAudio(
                f"the samples of this file have more than its {self.format.bits_per_sample} bits"
            )
        return samples >> np.int32(unused)

    def _strings(self) -> list[str]:
        """Name the texts that libsndfile finds in the file."""
        return describe(name.upper() for name in self._file.copy_metadata())

    def close(self) -> None:
        """Close libsndfile's handle, and the file if `open_source` opened it."""
        self._file.close()
        for stream in self._closes:
            stream.close()


def _copied(reader: ByteReader) -> BinaryIO:
    """Copy the rest of the input to a temporary file: libsndfile needs to seek."""
    reader.end_head()
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the source closes it
    try:
        while piece := reader.take(PIECE_BYTES):
            copy.write(piece)
        copy.seek(0)
    except BaseException:
        copy.close()
        raise
    return copy


def _reason(error: Exception) -> str:
    """Return what libsndfile says, without its talk of file objects."""
    return str(getattr(error, "error_string", error)).rstrip(". ")
