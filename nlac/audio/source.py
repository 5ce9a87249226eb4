"""Open any audio file or pipe for reading."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from nlac._errors import UnsupportedAudio, UsageError
from nlac._typing import Samples
from nlac.audio.base import AudioSource, Keep, LastBytes
from nlac.audio.chunk_style import id3_length
from nlac.audio.layout import Layout, Walk
from nlac.audio.reader import HEAD_LIMIT_BYTES, PIECE_BYTES, ByteReader
from nlac.audio.riff import CONTAINERS, walk_riff
from nlac.bitstream.constants import MAGIC

if TYPE_CHECKING:
    from nlac.audio.raw import RawSpec

__all__ = ["AudioSource", "RestorableSource", "open_source"]


def open_source(
    file: str | os.PathLike[str] | BinaryIO,
    *,
    raw: RawSpec | None = None,
    ignore_sizes: bool = False,
    full_depth: bool = False,
    keep: Keep = Keep.NOTHING,
) -> AudioSource:
    """Open an audio file, or take over a binary file object, for reading.

    WAV, RF64, BW64, W64, AIFF, AIFF-C and raw samples are read by the walkers of this
    package and can be restored exactly, and so can FLAC; other formats go through libsndfile, as
    audio only.

    Parameters
    ----------
    file : path or binary file object
        A pipe does; restorable formats are then read strictly forward.  An object that was
        passed in is not closed.
    raw : RawSpec, optional
        The input has no header; this says what its samples are.
    ignore_sizes : bool
        Take everything after the header as samples, whatever sizes it declares.
    full_depth : bool
        Take all bits of the container as valid, whatever depth the header declares.
    keep : Keep
        What of a FLAC file shall come along with the samples; all of it takes another reading.

    Returns
    -------
    AudioSource

    Raises
    ------
    UnsupportedAudio
        If the format is unknown or damaged, or its samples cannot be coded.
    MissingDependency
        If the format needs libsndfile and that is not installed.
    OSError
        If the file cannot be opened or read.
    """
    if isinstance(file, (str, os.PathLike)):
        stream: BinaryIO = open(file, "rb")  # noqa: SIM115 - the source closes it
        owned = True
    else:
        stream, owned = file, False
    try:
        return _open_stream(
            stream, owned, raw=raw, ignore_sizes=ignore_sizes, full_depth=full_depth, keep=keep
        )
    except BaseException:
        if owned:
            stream.close()
        raise


def _open_stream(
    stream: BinaryIO,
    owned: bool,
    *,
    raw: RawSpec | None,
    ignore_sizes: bool,
    full_depth: bool,
    keep: Keep,
) -> AudioSource:
    reader = ByteReader(stream)
    walk = Walk(reader, ignore_sizes, [])
    if raw is not None:
        layout = raw.layout()
    else:
        walk.begin = id3_length(reader.peek, HEAD_LIMIT_BYTES)
        magic = reader.peek(16, walk.begin)
        if (walk_file := _walker(magic)) is not None:
            layout = _behind_tag(walk, walk_file)
        elif not reader.peek(1):
            raise UnsupportedAudio("the input is empty (0 bytes)")
        elif magic[:4] == MAGIC:
            raise UnsupportedAudio("is an nlac stream already; decode it to encode it anew")
        else:
            return _open_coded(stream, reader, walk.begin, owned, keep)
    if full_depth and layout.packing.shift:
        packing = replace(layout.packing, shift=0)
        fmt = replace(layout.format, bits_per_sample=packing.bits_per_sample)
        layout = replace(layout, format=fmt, packing=packing)
    return RestorableSource(stream, walk, layout, owned=owned)


def _walker(magic: bytes) -> Callable[[Walk], Layout] | None:
    """What walks over files that begin so, if they hold plain samples in chunks."""
    if magic[:4] in CONTAINERS and magic[8:12] == b"WAVE":
        return walk_riff
    if magic[:4] == b"riff":
        from nlac.audio.w64 import RIFF_GUID, walk_w64

        return walk_w64 if magic == RIFF_GUID else None
    if magic[:4] == b"FORM" and magic[8:12] in (b"AIFF", b"AIFC"):
        from nlac.audio.aiff import walk_aiff

        return walk_aiff
    return None


def _open_coded(
    stream: BinaryIO, reader: ByteReader, begin: int, owned: bool, keep: Keep
) -> AudioSource:
    """Open FLAC, or what libsndfile can read."""
    from nlac.audio.flac.metadata import is_flac

    if is_flac(reader, begin):
        from nlac.audio.flac.source import open_flac

        return open_flac(stream, reader, begin, owned=owned, keep=keep)
    from nlac.audio.other import open_other

    return open_other(stream, reader, owned=owned)


def _behind_tag(walk: Walk, walk_file: Callable[[Walk], Layout]) -> Layout:
    """Walk over a file that may have ID3v2 tags in front; they become part of the head."""
    if walk.begin:
        walk.reader.need(walk.begin, "the ID3v2 tag")
        walk.warn(f"an ID3v2 tag of {walk.begin} bytes stands in front of the file's own header")
    return walk_file(walk)


class RestorableSource(AudioSource):
    """A source whose file can be restored: head, samples, tail.

    Parameters
    ----------
    stream : binary file object
        What is read.
    walk : Walk
        The walk that found `layout`; its reader stands at the first sample.
    layout : Layout
        Where the samples lie.
    owned : bool
        Whether `close` closes `stream`.
    """

    def __init__(self, stream: BinaryIO, walk: Walk, layout: Layout, *, owned: bool) -> None:
        self.container = layout.container
        self.format = layout.format
        self.packing = layout.packing
        self.restorable = True
        self.warnings = walk.warnings
        self.head = walk.reader.end_head()
        self._stream = stream
        self._owned = owned
        self._reader = walk.reader
        self._packing = layout.packing
        self._frame_bytes = layout.packing.bytes_per_sample * layout.format.channels
        self._frames_read = 0
        self._left_over = b""
        self._last: LastBytes | None = None
        self._at_end = False
        self._tail_given = False
        remaining = walk.reader.remaining
        declared = layout.data_bytes
        # bytes of samples to come; None: until the input ends
        self._data_left = declared
        if remaining is not None:
            self._data_left = remaining if declared is None else min(declared, remaining)
        self._announced = None if declared is None else declared // self._frame_bytes
        expected = self._data_left
        self.expected_frames = None if expected is None else expected // self._frame_bytes
        self.num_frames = None if remaining is None else self.expected_frames

    @property
    def announced_frames(self) -> int | None:
        """Frames that the header announces; None where it does not know, or there is none."""
        return self._announced

    def read(self, frames: int) -> Samples:
        """Return up to `frames` frames; see `AudioSource.read`."""
        if frames < 0:
            raise UsageError(f"cannot read {frames} frames")
        count = frames * self._frame_bytes
        if self._data_left is not None:
            count = min(count, self._data_left // self._frame_bytes * self._frame_bytes)
        if self._at_end:
            count = 0
        before = self._reader.digest
        data = self._reader.take(count)
        whole = len(data) // self._frame_bytes * self._frame_bytes
        if len(data) < count:
            self._end_early(data[whole:])
            data = data[:whole]
        elif self._data_left is not None:
            self._data_left -= whole
            self._at_end = self._data_left < self._frame_bytes
        first = self._frames_read
        self._frames_read += whole // self._frame_bytes
        self._last = None
        if not self._left_over:
            self._last = LastBytes(data, before, self._reader.hash_so_far())
        return self._packing.unpack(data, self.format.channels, first_frame=first)

    def last_bytes(self) -> LastBytes | None:
        """Give the bytes of the last samples; see `AudioSource.last_bytes`."""
        last, self._last = self._last, None
        return last

    def tail(self) -> Iterator[bytes]:
        """Give every byte after the last frame; see `AudioSource.tail`."""
        if not self._at_end:
            # no read has met the end yet: none was needed, or its place is not known
            left = self._data_left
            self._at_end = not self._reader.peek(1) if left is None else left < self._frame_bytes
        if not self._at_end:
            raise UsageError("the tail of a file comes after all of its samples")
        if self._tail_given:
            raise UsageError("the tail of a file is given once")
        self._tail_given = True
        return self._tail_pieces()

    @property
    def digest(self) -> bytes:
        """MD5 of the whole file, 16 bytes, once `tail` has ended."""
        return self._reader.digest

    def close(self) -> None:
        """Close the file if `open_source` opened it."""
        if self._owned:
            self._stream.close()

    def _end_early(self, left_over: bytes) -> None:
        """Note that the input ended in or before the last announced frame."""
        self._at_end = True
        self._left_over = left_over
        if self.num_frames is not None:
            raise UnsupportedAudio(
                f"the file ends at byte {self._reader.position}, before its end when it was "
                "opened: did another program change it?"
            )
        if self._data_left is not None:
            self.warnings.append(
                f"the header announces {self.expected_frames} frames but the input ends at byte "
                f"{self._reader.position}: truncated, or written to a pipe"
            )
            self._data_left = None

    def _tail_pieces(self) -> Iterator[bytes]:
        partial = len(self._left_over) or self._data_left or 0
        if partial:
            self.warnings.append(
                f"the samples end with an incomplete frame of {partial} bytes, kept as it is"
            )
        if self._left_over:
            yield self._left_over
        while piece := self._reader.take(PIECE_BYTES):
            yield piece
