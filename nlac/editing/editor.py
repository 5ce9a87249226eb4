"""Edit the metadata of a stream without touching its blocks.

Every item and block is chained to the stream header alone (spec 4), so they may move and stay
valid. Two ways lead to the new metadata:

- *In place*, where the new items and one item of padding fill the room before the blocks exactly.
  One write covers the bytes that differ, then ``fsync``. Blocks, trailer and index stay as they
  are. Items that come first in the stream, such as the recipe and the head of the original file,
  are not written again. A power cut within that write leaves an item whose CRC does not match,
  which every reader reports; the blocks are intact.
- By an *atomic rewrite* otherwise: header, items and fresh padding go to a temporary file in the
  same folder, blocks are copied as they are, a trailer with the new place of the first block
  follows. The file is on the disk (``fsync``) before it takes the name of the old one, and the
  folder is synced after that. So there is the old file or the new one at any moment, and never a
  part of one.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from nlac._errors import UsageError
from nlac._files import Closing
from nlac._leftovers import is_locked, lock
from nlac.bitstream import constants as c
from nlac.bitstream.header import write_header
from nlac.bitstream.items import Picture
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader
from nlac.bitstream.trailer import write_trailer
from nlac.editing.layout import (
    StoredItem,
    TrailingRange,
    check_limits,
    fitted,
    read_leading,
    trailing_ranges,
)
from nlac.editing.writing import rewrite, write_in_place
from nlac.metadata.originals.reading import shown_tags, tags_of_original
from nlac.metadata.padding import checked_padding, default_padding, padding_items
from nlac.metadata.pictures import check_pictures
from nlac.metadata.tags import TagEditor

_TAGS = (c.ITEM_TAGS, c.ITEM_PICTURE)
_ORIGINAL = (c.ITEM_RECIPE, c.ITEM_FOREIGN_HEAD, c.ITEM_FOREIGN_TAIL, c.ITEM_EXTENSION)
# padding that an edit in place may leave, and the share of the file from which on it may be more
_LEFT_BYTES = 1 << 16
_LEFT_SHARE = 100


@dataclass(frozen=True, slots=True)
class Edit:
    """What saving did.

    Attributes
    ----------
    changed : bool
        The file was written to.
    in_place : bool
        Within the room before the blocks.
    why : str
        Why the file was rewritten, as ``"padding was too small"``; else empty.
    bytes_before, bytes_after : int
        Length of the file.
    padding : int
        Bytes of content of its padding now.
    warnings : tuple of str
        What else has changed, as that parity was dropped.
    """

    changed: bool
    in_place: bool
    why: str
    bytes_before: int
    bytes_after: int
    padding: int
    warnings: tuple[str, ...] = ()


class MetadataEditor(Closing):
    """A stream opened to edit its metadata; call `save`, any number of times, then `close`.

    While it is open, no other editor opens the file, where the system has locks. Unknown items are
    kept as they are.

    Parameters
    ----------
    file : path
        A regular file.

    Attributes
    ----------
    tags : TagEditor
        Tags that the stream shows. Those of its original file become stored ones when tags or
        pictures are changed and saved.
    pictures : list of Picture
        Pictures in order.
    origin : str or None
        Where the tags came from: ``"tags"`` if they are stored as such.
    notes : tuple of str
        What could not be read of the original's tags.

    Raises
    ------
    UsageError
        The file is none that can be edited: a pipe, a device, a folder.
    FormatError
        No stream, or header, metadata or trailer are damaged.
    OSError
        It cannot be read and written, or another editor has it open.
    """

    def __init__(self, file: str | os.PathLike[str]) -> None:
        if not isinstance(file, (str, os.PathLike)):
            raise UsageError(f"{type(file).__name__}: only a file given by its path can be edited")
        # a link is followed, as its target is what a rewrite replaces
        self.path = Path(os.path.realpath(file))
        self._name = os.fspath(file)
        self._open()
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        status = os.stat(self._name)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError("only regular files can be edited, neither pipes nor devices")
        self._file = cast(BinaryIO, open(self._name, "r+b", buffering=0))  # noqa: SIM115
        if not lock(self._file.fileno()) and is_locked(self.path):
            self._file.close()
            raise BlockingIOError(errno.EAGAIN, "is being edited by another process", self._name)

    def _load(self) -> None:
        self._reader = IndexedReader(self._file)
        self._stored = read_leading(self._file, self._reader)
        self._trailing = list(trailing_ranges(self._file, self._reader))
        shown = shown_tags(self._reader)
        self.origin, self.notes = shown.origin, shown.notes
        self.tags = TagEditor(shown.comments, shown.vendor)
        self.pictures = list(shown.pictures)
        self._shown = (self.tags.to_tags(), tuple(self.pictures))
        self._replaced: dict[int, list[MetadataItem]] = {}
        self._drop_original = self._imported = False

    @property
    def reader(self) -> IndexedReader:
        """Reader of the stream as it was opened or saved last."""
        return self._reader

    @property
    def items(self) -> tuple[MetadataItem, ...]:
        """Items before the blocks, as they were opened or saved last."""
        return self._reader.leading

    def replace_items(self, item_type: int, items: Sequence[MetadataItem]) -> None:
        """Put items in the place of all those of a type before the blocks, when it is saved.

        For items other than tags, pictures, padding and what restores the original file.
        """
        self._replaced[item_type] = list(items)

    def import_original(self) -> bool:
        """Take the tags of the original file in place of the present ones; False if it has none.

        Saving stores them as tags.
        """
        found = tags_of_original(self._reader)
        if found is None or found.origin is None:
            self.notes = found.notes if found is not None else ()
            return False
        self.tags = TagEditor(found.comments)
        self.pictures = list(found.pictures)
        self.notes = found.notes
        self._imported = True
        return True

    def remove_original(self) -> None:
        """Drop what restores the original file: its chunks, and with them the recipe."""
        self._drop_original = True

    def save(self, *, padding: int | None = None, preserve_mtime: bool = False) -> Edit:
        """Write what was changed.

        Parameters
        ----------
        padding : int, optional
            Bytes of padding that the file shall have; it is rewritten if it has others. None: as
            there is after an edit in place, or as a new file would have.
        preserve_mtime : bool
            Keep the file's time of modification.

        Raises
        ------
        UsageError
            Tags, pictures or padding are not allowed; nothing is written.
        OSError
            Writing failed.
        """
        if padding is not None:
            padding = checked_padding(padding)
        differs = (self.tags.to_tags(), tuple(self.pictures)) != self._shown
        if differs or self._imported:
            self._store_tags()
        else:
            # of an attempt that failed
            self._replaced = {k: v for k, v in self._replaced.items() if k not in _TAGS}
        edit = self._saved(padding, preserve_mtime)
        if edit.changed:
            if not edit.in_place:
                self._open()
            self._load()
        return edit

    def close(self) -> None:
        """Close the file; what was not saved is lost."""
        self._file.close()

    def _store_tags(self) -> None:
        """Have tags and pictures written as items."""
        for picture in self.pictures:
            if not isinstance(picture, Picture):
                raise UsageError(
                    f"picture of type {type(picture).__name__}: nlac.Picture is needed"
                )
        check_pictures(self.pictures)
        # without any, an item without tags hides those of the original file
        needed = bool(self.tags) or tags_of_original(self._reader) is not None
        tags = [self.tags.to_tags().to_item()] if needed else []
        self._replaced[c.ITEM_TAGS] = tags
        self._replaced[c.ITEM_PICTURE] = [picture.to_item() for picture in self.pictures]

    def _saved(self, padding: int | None, preserve_mtime: bool) -> Edit:
        header, trailer, before = self._reader.header, self._reader.trailer, self._reader.num_bytes
        size = sum(len(i.data) for i in self.items if i.item_type == c.ITEM_PADDING)
        items, trailing = self._new_items(), self._kept_trailing()
        others = [each for each in self._stored if each.item.item_type != c.ITEM_PADDING]
        if items == others and trailing == self._trailing and padding in (None, size):
            return Edit(False, True, "", before, before, size)
        # parity of the bytes that were is of no use for those that shall be
        items = [each for each in items if each.item.item_type != c.ITEM_PARITY]
        trailing = [each for each in trailing if each.item_type != c.ITEM_PARITY]
        check_limits(each.item for each in items)
        warnings, status = self._warnings(), os.fstat(self._file.fileno())
        room = trailer.first_block_offset - header.num_bytes
        area = fitted(items, room, header.checksum)
        left = room - sum(len(each.data) for each in items) - c.METADATA_OVERHEAD_BYTES
        why = ""
        if self._drop_original and trailer.original_md5 is not None:
            why = "the trailer tells of the original file, too"
        elif trailing != self._trailing:
            why = "items after the blocks were dropped"
        elif padding is not None and max(left, 0) != padding:
            why = f"padding of {padding} bytes was asked for"
        elif area is None and left < 0:
            why = "padding was too small"
        elif area is None or left - size > max(_LEFT_BYTES, before // _LEFT_SHARE):
            why = f"{left - size} bytes were freed"
        if not why:
            assert area is not None
            old = b"".join(each.data for each in self._stored)
            write_in_place(self._file, header.num_bytes, old, area)
            after, size = before, max(left, 0)
        else:
            if padding is None:
                padding = default_padding(trailer.num_frames * header.frame_bytes)
            after, size = self._rewrite(items, trailing, padding), padding
        if preserve_mtime:
            os.utime(self.path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return Edit(True, not why, why, before, after, size, warnings)

    def _new_items(self) -> list[StoredItem]:
        """Items before the blocks as they shall be, without padding."""
        stream_crc = self._reader.header.checksum
        dropped = {c.ITEM_PADDING} | ({*_ORIGINAL} if self._drop_original else set())
        waiting = {
            kind: [self._as_stored(item, stream_crc) for item in items]
            for kind, items in self._replaced.items()
        }
        result: list[StoredItem] = []
        for stored in self._stored:
            kind = stored.item.item_type
            if kind in self._replaced:
                # where the first of them was
                result += waiting.pop(kind, [])
            elif kind not in dropped:
                result.append(stored)
        for items in waiting.values():
            result += items
        return result

    def _as_stored(self, item: MetadataItem, stream_crc: int) -> StoredItem:
        for stored in self._stored:
            if stored.item == item:
                return stored
        check_limits([item])
        return StoredItem.written(item, stream_crc)

    def _kept_trailing(self) -> list[TrailingRange]:
        dropped = _ORIGINAL if self._drop_original else ()
        return [each for each in self._trailing if each.item_type not in dropped]

    def _warnings(self) -> tuple[str, ...]:
        kinds = [each.item.item_type for each in self._stored]
        kinds += [each.item_type for each in self._trailing]
        warnings = []
        if c.ITEM_PARITY in kinds:
            warnings.append("parity of the file before was dropped: protect the file again")
        if self._drop_original and c.ITEM_RECIPE in kinds:
            warnings.append(
                "the original file no longer comes back; decoding writes a fresh one"
            )
        return tuple(warnings)

    def _rewrite(
        self, items: list[StoredItem], trailing: list[TrailingRange], padding: int
    ) -> int:
        """Write the stream anew under its name; returns its length."""
        header, trailer = self._reader.header, self._reader.trailer
        pads = [StoredItem.written(item, header.checksum) for item in padding_items(padding)]
        head = write_header(header) + b"".join(each.data for each in items + pads)
        first_block_offset = len(head)
        if not trailer.index and c.ITEM_FOREIGN_TAIL not in {each.item_type for each in trailing}:
            # nothing separates what came after the blocks from what came before them
            first_block_offset += sum(each.stop - each.start for each in trailing)
        new_trailer = replace(trailer, first_block_offset=first_block_offset)
        if self._drop_original:
            new_trailer = replace(new_trailer, original_md5=None, original_length=0)
        ranges = [(trailer.first_block_offset, trailer.end_of_blocks)]
        ranges += [(each.start, each.stop) for each in trailing]
        return rewrite(self.path, self._file, head, ranges, write_trailer(new_trailer))
