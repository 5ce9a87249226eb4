"""Padding (spec 6.8): room before the blocks, in which metadata can grow in place."""

from __future__ import annotations

from nlac._arguments import whole_number
from nlac._errors import UsageError
from nlac.bitstream import constants as c
from nlac.bitstream.metadata import MetadataItem

_MOST_BYTES = 4096
_UNKNOWN_LENGTH_BYTES = 1024
# one part in so many of the samples' bytes
_SHARE = 4096
# below, there is no room for a tag, and a rewrite takes no time
_LEAST_BYTES = 64


def default_padding(pcm_bytes: int | None) -> int:
    """Content bytes of the padding that a new file gets, where the user names none.

    Parameters
    ----------
    pcm_bytes : int or None
        Bytes of the samples; None if they are not known before the first block.
    """
    if pcm_bytes is None:
        return _UNKNOWN_LENGTH_BYTES
    size = min(_MOST_BYTES, pcm_bytes // _SHARE)
    return size if size >= _LEAST_BYTES else 0


def checked_padding(padding: object) -> int:
    """Return a size of padding that a user gave.

    Raises
    ------
    UsageError
        It is no number from 0 to `MAX_ITEM_BYTES`.
    """
    size = whole_number("padding", padding)
    if not 0 <= size <= c.MAX_ITEM_BYTES:
        raise UsageError(f"padding {size}: 0 to {c.MAX_ITEM_BYTES} bytes")
    return size


def padding_items(size: int) -> list[MetadataItem]:
    """Item of `size` zero bytes; none of 0."""
    return [MetadataItem(c.ITEM_PADDING, bytes(size))] if size else []
