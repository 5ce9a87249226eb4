"""FLAC output with what libsndfile does not write: metadata, and depths of any bits."""

from __future__ import annotations

import hashlib
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from nlac._errors import UnsupportedAudio
from nlac._typing import I64, Samples
from nlac.audio.flac.blocks import Block
from nlac.audio.flac.encoders import ProgramSink, find_program, suits_program
from nlac.audio.flac.frames.stream import FrameReader
from nlac.audio.flac.metadata import COMMENTS, MAGIC, SEEK_TABLE, STREAMINFO, FlacInfo, read_blocks
from nlac.audio.format import AudioFormat
from nlac.audio.reader import PIECE_BYTES, ByteReader
from nlac.audio.sinks.base import Sink, write_all
from nlac.audio.sinks.other import SoundfileSink

# samples of a FLAC frame as libsndfile writes it
_USUAL_LENGTH = 4096
_MIN_LENGTH = 16
_POINT = struct.Struct(">QQH")
_PLACEHOLDER = (1 << 64) - 1


class FlacSink(Sink):
    """A FLAC file of the right depth, if the program ``flac`` is there, and with metadata.

    It is written to a temporary file first, which `finish` copies.

    Parameters
    ----------
    file : binary file object
        Where to.
    fmt : AudioFormat
        What the samples are.
    blocks : sequence of Block
        Metadata blocks besides STREAMINFO. A seek table among them gets new offsets.
    block_length : int, optional
        Samples of a FLAC frame of the file that the samples come from: so many are chosen
        again, if the program is there, and no other metadata blocks than `blocks` are written.
        None if they come from elsewhere.

    Raises
    ------
    UnsupportedAudio
        If FLAC cannot hold such samples exactly.
    """

    def __init__(
        self,
        file: BinaryIO,
        fmt: AudioFormat,
        blocks: Sequence[Block],
        block_length: int | None = None,
    ) -> None:
        self._out = file
        self._fmt = fmt
        self._num_frames = 0
        self._blocks = list(blocks)
        self._replaces_all = block_length is not None
        self._copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        length = block_length or _USUAL_LENGTH
        wants_length = length != _USUAL_LENGTH and length >= _MIN_LENGTH and not fmt.is_float
        try:
            self._inner: Sink = (
                ProgramSink(self._copy, fmt, length)
                if suits_program(fmt) or (wants_length and find_program() is not None)
                else SoundfileSink(self._copy, fmt, "flac")
            )
        except BaseException:
            self._copy.close()
            raise
        self.bits_per_sample = self._inner.bits_per_sample

    def write(self, samples: Samples) -> None:
        """Append frames; see `Sink.write`."""
        self._inner.write(samples)
        self._num_frames += len(samples)

    def finish(self) -> None:
        """Copy the file with its metadata; see `Sink.finish`."""
        if self._num_frames:
            self._inner.finish()
        else:
            # libsndfile would write nothing, and the program refuses
            self._inner.close()
        with self._copy:
            if not self._num_frames:
                self._copy.seek(self._copy.truncate(0))
                self._copy.write(_without_frames(self._fmt, self.bits_per_sample))
            self._copy.seek(0)
            reader = ByteReader(self._copy)
            first, *others = [Block.parse(block) for block in read_blocks(reader.need)]
            begin = reader.position
            blocks = list(self._blocks)
            if any(block.kind == SEEK_TABLE for block in blocks):
                frames = self._frames(FlacInfo.parse(first.data), begin)
                blocks = [
                    replace(block, data=seek_table(block.data, frames))
                    if block.kind == SEEK_TABLE
                    else block
                    for block in blocks
                ]
            if not self._replaces_all:
                # there may be one block of comments only
                has_comments = any(block.kind == COMMENTS for block in blocks)
                blocks += [b for b in others if not has_comments or b.kind != COMMENTS]
            blocks = [replace(block, is_last=False) for block in (first, *blocks)]
            blocks[-1] = replace(blocks[-1], is_last=True)
            write_all(self._out, MAGIC + b"".join(block.to_bytes() for block in blocks))
            self._copy.seek(begin)
            while piece := self._copy.read(PIECE_BYTES):
                write_all(self._out, piece)

    def _frames(self, info: FlacInfo, begin: int) -> I64:
        """Bytes and samples of every frame that was written."""
        self._copy.seek(begin)
        reader = FrameReader(self._copy.read, info, begin, keep=True)
        while len(reader.samples()):
            pass
        return np.concatenate([np.empty((0, 2), np.int64), *reader.sizes])

    def close(self) -> None:
        """Let go of the temporary file; see `Sink.close`."""
        self._inner.close()
        self._copy.close()


def _without_frames(fmt: AudioFormat, bits_per_sample: int) -> bytes:
    """A FLAC file of no samples: STREAMINFO (RFC 9639, section 8.2) with the MD5 of nothing."""
    if fmt.channels > 8 or fmt.sample_rate >= 1 << 20 or fmt.is_float:
        raise UnsupportedAudio(
            "FLAC cannot hold this (more than 8 channels, floats, or 1,048,576 Hz or more); choose "
            "another container"
        )
    packed = fmt.sample_rate << 44 | (fmt.channels - 1) << 41 | (bits_per_sample - 1) << 36
    sizes = struct.pack(">HH", _USUAL_LENGTH, _USUAL_LENGTH) + bytes(6)
    md5 = hashlib.md5(usedforsecurity=False).digest()
    info = Block(STREAMINFO, sizes + packed.to_bytes(8, "big") + md5, is_last=True)
    return MAGIC + info.to_bytes()


def seek_table(data: bytes, frames: I64) -> bytes:
    """A seek table (RFC 9639, 8.5) of as many points, for other frames of the same samples.

    Parameters
    ----------
    data : bytes
        Content of the block.
    frames : ndarray, shape (count, 2)
        Bytes and samples of every frame.
    """
    ends = np.cumsum(frames, axis=0)
    total = int(ends[-1, 1]) if len(ends) else 0
    size = len(data) // _POINT.size * _POINT.size
    found = {
        int(np.searchsorted(ends[:, 1], sample, side="right"))
        for sample, _offset, _length in _POINT.iter_unpack(data[:size])
        if sample < total
    }
    points = b"".join(
        _POINT.pack(int(end - length), int(stop - nbytes), int(length))
        for (nbytes, length), (stop, end) in ((frames[i], ends[i]) for i in sorted(found))
    )
    # what is left has no target: points must differ
    missing = (size - len(points)) // _POINT.size
    return points + _POINT.pack(_PLACEHOLDER, 0, 0) * missing + data[size:]
