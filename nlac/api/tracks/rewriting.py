"""Change the metadata of a stream; its blocks stay as they are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace

from nlac._output import open_output
from nlac.bitstream.header import write_header
from nlac.bitstream.metadata import MetadataItem, write_item
from nlac.bitstream.reader import IndexedReader
from nlac.bitstream.trailer import write_trailer

_COPY_BYTES = 1 << 20


def replace_items(
    path: str | os.PathLike[str],
    change: Callable[[Sequence[MetadataItem]], Sequence[MetadataItem]],
) -> None:
    """Write a stream anew with other items before its blocks, and put it in its place.

    Checksums continue that of the header, which does not change: blocks are copied byte for byte.

    Parameters
    ----------
    path : path
        The stream. It stays as it is if anything fails.
    change : callable
        Makes the new items of the present ones.

    Raises
    ------
    FormatError
        The stream is damaged before its blocks, or in its trailer.
    """
    with open(path, "rb") as source:
        reader = IndexedReader(source)
        items = change(reader.leading)
        crc = reader.header.checksum
        head = write_header(reader.header) + b"".join(write_item(item, crc) for item in items)
        source.seek(reader.trailer.first_block_offset)
        rest = reader.num_bytes - reader.trailer.num_bytes - reader.trailer.first_block_offset
        with open_output(path, force=True) as target:
            target.write(head)
            while rest:
                data = source.read(min(rest, _COPY_BYTES))
                target.write(data)
                rest -= len(data)
            target.write(write_trailer(replace(reader.trailer, first_block_offset=len(head))))
            shutil.copymode(path, target.name)
