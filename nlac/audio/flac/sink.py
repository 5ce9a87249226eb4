"""FLAC output with what libsndfile does not write: metadata, and depths of any bits."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import BinaryIO

from nlac._typing import Samples
from nlac.audio.flac.encoders import ProgramSink, suits_program
from nlac.audio.flac.metadata import COMMENTS, LAST, MAGIC, read_blocks
from nlac.audio.format import AudioFormat
from nlac.audio.reader import PIECE_BYTES, ByteReader
from nlac.audio.sinks.base import Sink, write_all
from nlac.audio.sinks.other import SoundfileSink

# its length is a number of 24 bits
MAX_BLOCK_BYTES = (1 << 24) - 1


class FlacSink(Sink):
    """A FLAC file of the right depth, if the program ``flac`` is there, and with metadata.

    It is written to a temporary file first, which `finish` copies.

    Parameters
    ----------
    file : binary file object
        Where to.
    fmt : AudioFormat
        What the samples are.
    blocks : sequence of (int, bytes)
        Types and contents of metadata blocks (RFC 9639, section 8), each of at most
        `MAX_BLOCK_BYTES`.

    Raises
    ------
    UnsupportedAudio
        If FLAC cannot hold such samples exactly.
    """

    def __init__(
        self, file: BinaryIO, fmt: AudioFormat, blocks: Sequence[tuple[int, bytes]]
    ) -> None:
        self._out = file
        self._blocks = [
            bytes((kind,)) + len(data).to_bytes(3, "big") + data for kind, data in blocks
        ]
        self._has_comments = any(kind == COMMENTS for kind, _data in blocks)
        self._copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        try:
            self._inner: Sink = (
                ProgramSink(self._copy, fmt)
                if suits_program(fmt)
                else SoundfileSink(self._copy, fmt, "flac")
            )
        except BaseException:
            self._copy.close()
            raise
        self.bits_per_sample = self._inner.bits_per_sample

    def write(self, samples: Samples) -> None:
        """Append frames; see `Sink.write`."""
        self._inner.write(samples)

    def finish(self) -> None:
        """Copy the file with its metadata; see `Sink.finish`."""
        self._inner.finish()
        with self._copy:
            self._copy.seek(0)
            reader = ByteReader(self._copy)
            first, *others = read_blocks(reader.need)
            # there may be one block of comments only
            others = [
                block for block in others if not self._has_comments or block[0] & ~LAST != COMMENTS
            ]
            blocks = [first, *self._blocks, *others]
            write_all(self._out, MAGIC)
            for block in blocks[:-1]:
                write_all(self._out, bytes((block[0] & ~LAST,)) + block[1:])
            write_all(self._out, bytes((blocks[-1][0] | LAST,)) + blocks[-1][1:])
            while piece := reader.take(PIECE_BYTES):
                write_all(self._out, piece)

    def close(self) -> None:
        """Let go of the temporary file; see `Sink.close`."""
        self._inner.close()
        self._copy.close()
