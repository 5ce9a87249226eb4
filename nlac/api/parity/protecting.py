"""``nlac.protect``: add parity to a stream, or take it away."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from nlac._errors import CorruptStream, UsageError
from nlac._files import ReadFile, Target, WriteFile, check_distinct, open_input, open_target
from nlac._output import open_output
from nlac.api.results.parity import ProtectResult
from nlac.api.stream_info import parity_info
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.parser import parse_stream
from nlac.bitstream.reader import last_trailer, read_header
from nlac.bitstream.trailer import Trailer
from nlac.parity.finding import find_parity
from nlac.parity.layout import ParityLayout
from nlac.parity.source import Extent, Source

if TYPE_CHECKING:
    from nlac.parity.protecting import Parity

Progress = Callable[[int, int | None], None]
DEFAULT_AMOUNT = 0.02
_COPY_BYTES = 1 << 20


class StreamParts(NamedTuple):
    """Where an intact stream can take parity.

    Attributes
    ----------
    stream_crc : int
        CRC of the header.
    end : int
        Byte offset of the first parity item, or of the trailer if there is none.
    trailer_offset, num_bytes : int
        Byte offset of the trailer, and of the end.
    """

    stream_crc: int
    end: int
    trailer_offset: int
    num_bytes: int

    def source(self, file: BinaryIO, start: int = 0) -> Source:
        """Protected bytes of the stream that begins at `start` of a file."""
        size = self.end + self.num_bytes - self.trailer_offset
        extents = [Extent(0, self.end, start), Extent(self.end, size, start + self.trailer_offset)]
        return Source(file, size, extents)


def protect(
    src: ReadFile,
    dst: WriteFile | None = None,
    *,
    amount: float | None = None,
    remove: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> ProtectResult:
    """Add parity to an nlac file, by which `repair` can restore damaged bytes.

    Audio and metadata stay as they are; decoders that know no parity skip it. Parity that is
    there already is replaced, unless it is intact, no `amount` is given, and it is as much as
    would be added. All checksums of the stream are verified first, so that no damage
    is protected.

    Parameters
    ----------
    src : path, bytes-like or binary file object
        The stream; a pipe is copied to a temporary file first.
    dst : path or binary file object, optional
        Where to write the stream with its parity. None replaces `src`, a path then, when the new
        file is complete.
    amount : float, optional
        Parity relative to the stream, 0.01 to 0.20; by default 0.02, or what the stream has if
        that is more. Streams of less than a megabyte take more. A burst of three quarters of it
        is repaired, wherever it lies.
    remove : bool
        Take the parity away instead.
    force : bool
        Replace an existing `dst`. Without `dst`, make parity anew even if the stream has this
        amount of it, or more, already.
    progress : callable, optional
        ``progress(done, total)`` in bytes, called on this thread.

    Returns
    -------
    ProtectResult

    Raises
    ------
    FormatError
        The stream is not one, or damaged.
    UsageError
        The amount is out of bounds, or `src` is no path and `dst` is missing.
    OutputExists
        `dst` exists, and not `force`.

    Examples
    --------
    >>> nlac.protect("take.nlac", amount=0.05)      # doctest: +SKIP
    """
    if dst is None and not isinstance(src, (str, os.PathLike)):
        raise UsageError("what is not a path cannot be replaced: give dst")
    check_distinct(src, dst)
    # wrong amounts are refused before anything is read
    wanted = DEFAULT_AMOUNT if amount is None else amount
    check_amount(wanted)
    with open_input(src, seekable=True) as file:
        parts = find_parts(file, progress)
        keep = None if remove else _kept_parity(file, parts, wanted, or_more=amount is None)
        is_as_wanted = parts.end == parts.trailer_offset if remove else keep is not None
        if is_as_wanted and dst is None and not force:
            info = parity_info(keep) if keep is not None else None
            return ProtectResult(parts.num_bytes, parts.num_bytes, info, changed=False)
        if keep is not None and dst is not None:
            with _output(src, file, dst, force) as out:
                _copy(file, out, 0, parts.num_bytes)
            return ProtectResult(parts.num_bytes, parts.num_bytes, parity_info(keep), changed=False)
        with _output(src, file, dst, force) as out:
            _copy(file, out, 0, parts.end)
            layout = None
            if not remove:
                parity = _parity(file, 0, parts, wanted, progress)
                layout = parity.layout
                for item in parity.items(parts.stream_crc):
                    out.write(item)
            _copy(file, out, parts.trailer_offset, parts.num_bytes)
        after = parts.end + parts.num_bytes - parts.trailer_offset
        if layout is None:
            return ProtectResult(parts.num_bytes, after, None)
        return ProtectResult(parts.num_bytes, after + layout.num_bytes, parity_info(layout))


def _kept_parity(
    file: BinaryIO, parts: StreamParts, amount: float, *, or_more: bool
) -> ParityLayout | None:
    """Parity that an intact stream has already in this amount, or more of it; None otherwise."""
    if parts.end == parts.trailer_offset:
        return None
    source = parts.source(file)
    wanted = ParityLayout.choose(parts.end, source.num_bytes - parts.end, amount)
    found = find_parity(file)
    if found is None or found.layout.total_bytes != parts.num_bytes:
        return None
    layout = replace(found.layout, digest=wanted.digest)
    if layout != wanted and not (or_more and layout.is_as_strong_as(wanted)):
        return None
    return found.layout if source.digest() == found.layout.digest else None


def find_parts(file: BinaryIO, progress: Progress | None = None) -> StreamParts:
    """Verify all checksums of a stream, and find out where its parity is or would be.

    Raises
    ------
    FormatError
        The stream is not one, or damaged.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    parser = parse_stream()
    request, end, begin, crc = next(parser), None, 0, 0
    try:
        while True:
            if isinstance(request, int):
                # no more than there is, whatever a length claims
                data = file.read(min(request, max(0, size - file.tell())))
                request = parser.send(data)
                continue
            position = file.tell()
            if isinstance(request, StreamHeader):
                crc = request.checksum
            elif isinstance(request, MetadataItem) and request.item_type == c.ITEM_PARITY:
                end = begin if end is None else end
            elif isinstance(request, Trailer):
                begin = position - request.num_bytes
                end = begin if end is None else end
            if not isinstance(request, Trailer):
                begin = position
            if progress is not None:
                progress(position, 2 * size)
            request = next(parser)
    except StopIteration:
        assert end is not None
        return StreamParts(crc, end, begin, size)


def append_parity(file: BinaryIO, start: int, amount: float) -> ParityLayout:
    """Add parity to a complete stream at the end of a file that can be read and written.

    The stream was written by the caller just now; its checksums are not verified again.

    Parameters
    ----------
    start : int
        Byte offset in the file at which the stream begins.
    """
    size = file.seek(0, io.SEEK_END)
    trailer = last_trailer(file).num_bytes
    file.seek(start)
    crc = read_header(file).checksum
    parts = StreamParts(crc, size - start - trailer, size - start - trailer, size - start)
    file.seek(size - trailer)
    tail = file.read(trailer)
    parity = _parity(file, start, parts, amount, None)
    file.seek(size - trailer)
    for item in parity.items(crc):
        file.write(item)
    file.write(tail)
    return parity.layout


def _parity(
    file: BinaryIO, start: int, parts: StreamParts, amount: float, progress: Progress | None
) -> Parity:
    """Compute the parity of a stream."""
    from nlac.parity.protecting import Parity

    source = parts.source(file, start)
    layout = ParityLayout.choose(parts.end, source.num_bytes - parts.end, amount)

    def tick(done: int) -> None:
        if progress is not None:
            share = min(1.0, done / source.num_bytes)
            progress(int(parts.num_bytes * (1 + share)), 2 * parts.num_bytes)

    return Parity(source, layout, tick)


@dataclass(slots=True)
class GrowingOutput:
    """A file that a stream is written to.

    Attributes
    ----------
    file : BinaryIO
        The file.
    parity_bytes : int
        Bytes of parity that were added, once the stream is complete.
    """

    file: BinaryIO
    parity_bytes: int = 0


@contextmanager
def with_parity(target: Target, amount: float) -> Iterator[GrowingOutput]:
    """Give a file to write a stream to; it gets parity when the context ends without an error.

    What cannot be read back is written to a temporary file first.
    """
    if target.seekable and target.file.readable():
        output, start = GrowingOutput(target.file), target.file.tell()
        yield output
        output.parity_bytes = append_parity(target.file, start, amount).num_bytes
    else:
        with tempfile.TemporaryFile() as copy:
            output = GrowingOutput(cast(BinaryIO, copy))
            yield output
            output.parity_bytes = append_parity(output.file, 0, amount).num_bytes
            copy.seek(0)
            shutil.copyfileobj(copy, target.file, _COPY_BYTES)


def check_amount(amount: float) -> None:
    """Refuse an amount that is out of bounds.

    Raises
    ------
    UsageError
        It is.
    """
    ParityLayout.choose(c.HEADER_FIXED_BYTES, c.TRAILER_FIXED_BYTES, amount)


@contextmanager
def _output(
    src: ReadFile, file: BinaryIO, dst: WriteFile | None, force: bool
) -> Iterator[BinaryIO]:
    """Open `dst`, or a file that takes the place of `src`, with its permissions."""
    if dst is not None:
        with open_target(dst, force=force) as target:
            yield target.file
        return
    assert isinstance(src, (str, os.PathLike))
    with open_output(src, force=True) as opened:
        keep_mode(file, opened)
        yield opened


def keep_mode(source: BinaryIO, target: BinaryIO) -> None:
    """Give an output the permissions of the file that it replaces."""
    if hasattr(os, "fchmod"):
        os.fchmod(target.fileno(), stat.S_IMODE(os.fstat(source.fileno()).st_mode))


def _copy(source: BinaryIO, target: BinaryIO, begin: int, end: int) -> None:
    source.seek(begin)
    while begin < end:
        data = source.read(min(_COPY_BYTES, end - begin))
        if not data:
            raise CorruptStream("the file became shorter while it was read", offset_bytes=begin)
        target.write(data)
        begin += len(data)
