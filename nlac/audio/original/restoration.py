"""The original file in the stream, and the proof that it comes back (spec 6.3).

The recipe is: head, then the samples packed as they were, then the tail. The encoder
re-assembles the file from exactly what it stores and compares MD5s; the decoder does it
for real and compares again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from nlac._errors import CorruptStream, NotRestorable
from nlac._typing import Samples
from nlac.audio.base import AudioSource
from nlac.audio.packing import Packing
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import Recipe, first_of, joined
from nlac.bitstream.metadata import MetadataItem, split_item


def recipe_items(source: AudioSource) -> list[MetadataItem]:
    """Items that stand before the blocks: recipe, and the head in pieces."""
    assert source.packing is not None
    recipe = Recipe(source.container, source.packing.to_bytes(), len(source.head))
    return [recipe.to_item(), *split_item(c.ITEM_FOREIGN_HEAD, source.head)]


def tail_items(pieces: Iterable[bytes]) -> Iterator[MetadataItem]:
    """Items that stand after the blocks; however the pieces come, the items are the same."""
    step = c.FOREIGN_PIECE_BYTES
    waiting = b""
    for piece in pieces:
        waiting += piece
        while len(waiting) >= step:
            yield MetadataItem(c.ITEM_FOREIGN_TAIL, waiting[:step])
            waiting = waiting[step:]
    if waiting:
        yield MetadataItem(c.ITEM_FOREIGN_TAIL, waiting)


class RestorationProof:
    """MD5 and length of the file that the stream would give back."""

    def __init__(self, head: bytes, packing: Packing) -> None:
        self._packing = packing
        self._md5 = hashlib.md5(head, usedforsecurity=False)
        self.num_bytes = len(head)

    def samples(self, samples: Samples) -> None:
        """Add the samples that come next."""
        self.tail(self._packing.pack(samples))

    def tail(self, data: bytes) -> None:
        """Add bytes after the samples."""
        self._md5.update(data)
        self.num_bytes += len(data)

    def check(self, original_md5: bytes) -> bytes:
        """The MD5, if it is the original's.

        Raises
        ------
        NotRestorable
            The re-assembled file differs from the original.
        """
        if self._md5.digest() != original_md5:
            raise NotRestorable(
                "the re-assembled file differs from the original; encode it as audio only "
                "(audio_only) if the samples are enough"
            )
        return original_md5


class StoredOriginal:
    """What a stream tells about its original file before the blocks.

    Attributes
    ----------
    container : str
        Name of the original's container.
    packing : Packing
        How its samples lie.
    head : bytes
        Every byte before its first sample.
    """

    def __init__(self, recipe: Recipe, head: bytes) -> None:
        self.container = recipe.container
        self.packing = Packing.from_bytes(recipe.packing)
        self.head = head


def stored_original(items: Iterable[MetadataItem], header: StreamHeader) -> StoredOriginal | None:
    """The original's recipe among the leading items; None if there is none.

    Raises
    ------
    CorruptStream
        Parts of it are missing or contradict the header.
    """
    items = tuple(items)
    item = first_of(items, c.ITEM_RECIPE)
    if item is None:
        return None
    recipe = Recipe.from_item(item)
    head = joined(items, c.ITEM_FOREIGN_HEAD)
    if len(head) != recipe.head_length:
        raise CorruptStream(
            f"{len(head)} bytes of the file's head instead of {recipe.head_length}",
            path="metadata.recipe",
        )
    original = StoredOriginal(recipe, head)
    packing = original.packing
    if (packing.bits_per_sample, packing.is_float) != (header.bits_per_sample, header.is_float):
        raise CorruptStream("packing does not fit the sample format", path="metadata.recipe")
    return original
