"""Where head, frames and tail of a FLAC file are, plain or in Ogg, from files as from pipes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from nlac.audio.flac import metadata, ogg
from nlac.audio.flac.frames.stream import FrameReader
from nlac.audio.flac.metadata import FlacInfo
from nlac.audio.reader import PIECE_BYTES, ByteReader


@dataclass(slots=True)
class FlacParts:
    """Where the parts of a FLAC file are, all of it at hand.

    Attributes
    ----------
    file : binary file object
        The file; seekable.
    start : int
        Place in it at which the FLAC file begins.
    head : bytes
        Everything before the frames.
    frames : binary file object
        Its frames without pages; the file itself unless it is Ogg.
    begin : int
        Place in `frames` of the first frame.
    pages : list of Page or None
        The pages behind the head of an Ogg file; None where they cannot be told by few numbers.
    digest : bytes
        MD5 of an Ogg file.
    closes : list of binary file objects
        Copies of this module.
    """

    file: BinaryIO
    start: int
    head: bytes
    frames: BinaryIO
    begin: int
    in_ogg: bool = False
    pages: list[ogg.Page] | None = None
    digest: bytes = b""
    closes: list[BinaryIO] = field(default_factory=list)

    def reader(
        self, info: FlacInfo, keep: bool, note: Callable[[bytes], None] = lambda data: None
    ) -> FrameReader:
        """A reader of the frames, from the first one on."""
        self.frames.seek(self.begin)

        def read(count: int) -> bytes:
            pieces = []
            while count and (data := self.frames.read(count)):
                pieces.append(data)
                count -= len(data)
            whole = b"".join(pieces)
            note(whole)
            return whole

        return FrameReader(read, info, self.begin - self.start, keep=keep)

    def close(self) -> None:
        """Remove the copies."""
        for file in self.closes:
            file.close()


def open_plain(stream: BinaryIO, reader: ByteReader) -> FlacParts:
    """Find the parts of a plain FLAC file, whose head `reader` has taken; a pipe is copied."""
    head = reader.end_head()
    if reader.start is not None:
        return FlacParts(stream, reader.start, head, stream, reader.start + len(head))
    copy = _copied(iter(lambda: reader.take(PIECE_BYTES), b""), head)
    return FlacParts(copy, 0, head, copy, len(head), closes=[copy])


def open_ogg(stream: BinaryIO, reader: ByteReader) -> tuple[list[bytes], FlacParts]:
    """Read FLAC in Ogg; its metadata blocks, and its parts."""
    pages: list[ogg.Page] = []
    packets = ogg.ogg_packets(reader.take, pages.append)
    blocks = list(metadata.ogg_blocks(packets))
    in_head = len(pages)
    # frames begin on a page of their own, as they should, and no other stream lies beside
    segments = b"".join(page.segments for page in pages)
    is_clean = sum(size < 255 for size in segments) == len(blocks) and segments[-1] < 255
    head = reader.end_head()
    copy = _copied(packets)
    is_clean = is_clean and len({page.serial for page in pages}) == 1
    file = FlacParts(copy, 0, head, copy, 0, in_ogg=True, digest=reader.digest, closes=[copy])
    if is_clean:
        file.pages = pages[in_head:]
    return blocks, file


def _copied(pieces: Iterable[bytes], head: bytes = b"") -> BinaryIO:
    """Copy what comes from a pipe or from pages to a temporary file."""
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the source closes it
    try:
        copy.write(head)
        for piece in pieces:
            copy.write(piece)
        copy.flush()
    except BaseException:
        copy.close()
        raise
    return copy
