"""``nlac.repair``: restore a damaged stream by its parity, and prove it."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from nlac._errors import CorruptStream, FormatError, NotRepairable, OutputExists, UsageError
from nlac._files import ReadFile, WriteFile, check_distinct, open_input, open_target
from nlac._output import open_output
from nlac.api.parity.places import Places
from nlac.api.parity.protecting import Progress, find_parts, keep_mode
from nlac.api.results.parity import DamagedRange, RepairResult
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader, parse_header
from nlac.bitstream.metadata import parse_item, parse_item_header
from nlac.parity.finding import FoundParity, find_parity
from nlac.parity.layout import OVERHEAD_BYTES, write_descriptor
from nlac.parity.protecting import Parity
from nlac.parity.repairing import Repair

_COPY_BYTES = 1 << 22
_SUFFIX = ".damaged"


def repair(
    src: ReadFile,
    dst: WriteFile | None = None,
    *,
    write: bool = True,
    keep: bool = True,
    partial: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> RepairResult:
    """Restore a damaged nlac file by the parity that `protect` added to it.

    Header, index and parity itself may be damaged, other bytes may lie in front of the stream or
    behind it, and its beginning or end may be missing. What is written is the stream as it was
    protected, byte for byte, which its SHA-256 proves. Otherwise nothing is written.

    Parameters
    ----------
    src : path, bytes-like or binary file object
        The damaged file; a pipe is copied to a temporary file first.
    dst : path or binary file object, optional
        Where to write the repaired stream. None gives it the name of `src`, a path then.
    write : bool
        False tells only what is damaged, and whether it could be repaired.
    keep : bool
        Where `src` is replaced, keep the damaged file under its name with ``.damaged`` added.
    partial : bool
        Write the stream even if some of the damage is left, for `decode` to recover.
    force : bool
        Replace an existing output, and an existing file of the name with ``.damaged``.
    progress : callable, optional
        ``progress(done, total)`` in bytes, called on this thread.

    Returns
    -------
    RepairResult
        An intact stream is written to `dst` as it is, and left alone without `dst`.

    Raises
    ------
    NotRepairable
        There is no parity, or not enough of it is left. With `write` False only where there is
        none.
    OutputExists
        An output exists, and not `force`.

    Examples
    --------
    >>> nlac.repair("take.nlac").state          # doctest: +SKIP
    'repaired'
    """
    in_place = write and dst is None
    if in_place and not isinstance(src, (str, os.PathLike)):
        raise UsageError("what is not a path cannot be replaced: give dst, or write=False")
    check_distinct(src, dst)
    with open_input(src, seekable=True) as file:
        parity = find_parity(file)
        if parity is None:
            result = _without_parity(file)
            if write and dst is not None:
                file.seek(0)
                with open_target(dst, force=force) as target:
                    shutil.copyfileobj(file, target.file, _COPY_BYTES)
            return result
        job = _Repairing(file, parity, progress)
        result = job.result()
        if not write:
            return result
        if result.state == "partial" and not partial:
            raise job.error(result)
        if in_place:
            if result.state == "intact":
                return result
            path = os.fspath(src)  # type: ignore[arg-type]
            if os.path.islink(path):
                path = os.path.realpath(path)
            return job.replace_file(path, keep, force)
        assert dst is not None
        with open_target(dst, force=force) as target:
            job.write(target.file)
        named = isinstance(dst, (str, os.PathLike))
        return replace(result, output=os.fspath(dst) if named else None)  # type: ignore[arg-type]


def parity_state(file: BinaryIO, progress: Progress | None = None) -> str | None:
    """State of a seekable stream by its parity.

    Returns
    -------
    str or None
        None without parity; ``"intact"``, ``"repairable"``, or ``"not repairable"``.
    """
    try:
        parity = find_parity(file)
        if parity is None:
            return None
        state = _Repairing(file, parity, progress).result().state
    except FormatError:
        # of a kind that is not known here
        return "not repairable"
    finally:
        file.seek(0)
    return {"intact": "intact", "repaired": "repairable"}.get(state, "not repairable")


class _Repairing:
    """One call of `repair`."""

    def __init__(self, file: BinaryIO, parity: FoundParity, progress: Progress | None) -> None:
        self._file = file
        self._parity = parity
        self._size = file.seek(0, io.SEEK_END)
        layout = parity.layout
        total = 4 * layout.protected_bytes

        def tick(done: int) -> None:
            if progress is not None:
                progress(min(done, total), total)

        self._tick = tick
        self._repair = Repair(file, parity, tick)
        self._repair.run()
        self.header = self._header()
        self._parity_damaged = not (self._repair.proved and self._items_are_intact())

    def _header(self) -> StreamHeader | None:
        start = self._repair.source.read(0, c.HEADER_FIXED_BYTES + c.MAX_PARAMETERS_BYTES + 64)
        try:
            return parse_header(start.tobytes())
        except FormatError:
            return None

    def _items_are_intact(self) -> bool:
        """Whether every byte of the parity items is as it was."""
        layout, crc = self._parity.layout, self.header.checksum if self.header else 0
        if len(self._parity.pieces) <= layout.num_pieces:
            return False
        for index in range(layout.num_pieces + 1):
            begin, end = layout.piece(index)
            self._file.seek(layout.item_offset(index) + self._parity.shift)
            data = self._file.read(OVERHEAD_BYTES + end - begin)
            head = data[: c.METADATA_HEADER_BYTES]
            try:
                header = parse_item_header(head, crc)
                stored = data[c.METADATA_HEADER_BYTES : -c.CRC_BYTES]
                item = parse_item(header, head, stored, data[-c.CRC_BYTES :])
            except FormatError:
                return False
            if item.item_type != c.ITEM_PARITY or len(item.data) != len(stored):
                return False
            if not item.data.startswith(write_descriptor(layout, index)):
                return False
        return True

    def result(self) -> RepairResult:
        """What was found."""
        fix, layout, shift = self._repair, self._parity.layout, self._parity.shift
        places = Places.of(fix.source, layout)
        changed = 0
        damaged = []
        for begin, end in fix.damaged:
            first, last, count = self._difference(begin, end)
            changed += count
            damaged += _placed(places, *((first, last) if fix.proved else (begin, end)))
        moved = self._size - layout.total_bytes
        whole = not damaged and not moved and not shift and not self._parity_damaged
        state = "intact" if whole else "repaired" if fix.proved else "partial"
        left = [each for begin, end in fix.left for each in _placed(places, begin, end)]
        return RepairResult(
            state=state,
            damaged=tuple(damaged),
            left=tuple(left),
            repaired_bytes=changed,
            parity_damaged=self._parity_damaged,
            shifted_bytes=moved,
            bytes_in=self._size,
            bytes_out=layout.total_bytes,
        )

    def _difference(self, begin: int, end: int) -> tuple[int, int, int]:
        """First and last byte that a repair changed in a range, and how many."""
        source = self._repair.source
        first, last, count = end, begin, 0
        for at in range(begin, end, _COPY_BYTES):
            length = min(_COPY_BYTES, end - at)
            repaired = source.read(at, length)
            patches, source.patches = source.patches, []
            raw = source.read(at, length)
            source.patches = patches
            places = np.flatnonzero(repaired != raw)
            if len(places):
                first = min(first, at + int(places[0]))
                last = at + int(places[-1]) + 1
                count += len(places)
        return (first, last, count) if count else (begin, end, 0)

    def error(self, result: RepairResult) -> NotRepairable:
        """Error for damage that is left, at its first place."""
        count = sum(each.stop - each.start for each in result.left)
        number = len(result.left)
        ranges = f"{number} ranges" if number != 1 else "a range"
        begin = result.left[0].start if result.left else None
        places = Places.of(self._repair.source, self._parity.layout)
        block = places.block_at(begin) if places is not None and begin is not None else None
        return NotRepairable(
            f"more damage than the parity repairs: {count} bytes are left, in {ranges}",
            offset_bytes=begin,
            block_index=block[0] if block else None,
            first_frame=block[1] if block else None,
            sample_rate=self.header.sample_rate if self.header else None,
        )

    def write(self, out: BinaryIO) -> None:
        """Write the stream, its parity made anew if the repair is proved."""
        source, layout = self._repair.source, self._parity.layout
        for data in self._pieces(0, layout.offset):
            out.write(data)
        if self._repair.proved:
            assert self.header is not None
            parity = Parity(source, layout, lambda done: None)
            if parity.layout != layout:
                raise NotRepairable("the file changed while it was read")
            for item in parity.items(self.header.checksum):
                out.write(item)
        for data in self._pieces(layout.offset, layout.protected_bytes):
            out.write(data)

    def _pieces(self, begin: int, end: int) -> Iterator[bytes]:
        for at in range(begin, end, _COPY_BYTES):
            yield self._repair.source.read(at, min(_COPY_BYTES, end - at)).tobytes()

    def replace_file(self, path: str, keep: bool, force: bool) -> RepairResult:
        """Write the stream in the place of the damaged file."""
        kept = path + _SUFFIX if keep else None
        if kept is not None and os.path.lexists(kept) and not force:
            raise OutputExists(f"{kept}: exists; give force to replace it")
        with ExitStack() as stack:
            out = stack.enter_context(open_output(path, force=True))
            keep_mode(self._file, out)
            self.write(out)
            if kept is not None:
                # a second name for the damaged file, which loses its first when the new one comes
                _link(path, kept)
        return replace(self.result(), output=path, kept=kept)


def _link(path: str, name: str) -> None:
    if os.path.lexists(name):
        os.unlink(name)
    try:
        os.link(path, name)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        # a file system without links
        shutil.copy2(path, name)


def _placed(places: Places | None, begin: int, end: int) -> list[DamagedRange]:
    return places.ranges(begin, end) if places else [DamagedRange(begin, end, "unknown")]


def _without_parity(file: BinaryIO) -> RepairResult:
    """What there is to tell of a stream without parity.

    Raises
    ------
    NotRepairable
        It is damaged.
    FormatError
        It is no stream, or of an unknown version.
    """
    try:
        size = find_parts(file).num_bytes
    except CorruptStream as error:
        raise NotRepairable(
            f"{error.message}; no parity was found to repair it",
            offset_bytes=error.offset_bytes,
            block_index=error.block_index,
            first_frame=error.first_frame,
            sample_rate=error.sample_rate,
            path=error.path,
        ) from error
    return RepairResult(
        state="intact",
        damaged=(),
        left=(),
        repaired_bytes=0,
        parity_damaged=False,
        shifted_bytes=0,
        bytes_in=size,
        bytes_out=size,
    )
