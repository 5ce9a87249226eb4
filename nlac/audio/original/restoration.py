"""The original file in the stream, and the proof that it comes back (spec 6.3).

The recipe is: head, then the samples packed as they were, then the tail. Samples may be packed
plainly, or in FLAC frames (spec 6.10), whose parameters lie in items of their own. The encoder
re-assembles the file from exactly what it stores and compares MD5s; the decoder does it
for real and compares again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

import numpy as np

from nlac._errors import CorruptStream, NotRestorable
from nlac._samples import piece_frames, sample_type
from nlac._typing import Samples
from nlac.audio.base import AudioSource, FramePacking, LastBytes
from nlac.audio.packing import CODED, Packing
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import Recipe, first_of, joined
from nlac.bitstream.metadata import MetadataItem, split_item

# rf64 and bw64 files are called .wav as well
_USUAL = ("wav", "w64", "aiff", "aifc", "raw", "flac", "oga")
_USUAL_SUFFIXES = {name: f".{name}" for name in _USUAL}
# controls, the separators of folders, and what names may not hold on some systems
_FORBIDDEN = r"""[\x00-\x1f\x7f-\x9f./\\:*?"<>|]"""


def recipe_items(source: AudioSource) -> list[MetadataItem]:
    """Items that stand before the blocks: recipe, head and parameters of frames, in pieces."""
    packing = source.packing
    assert packing is not None
    recipe = Recipe(source.container, packing.to_bytes(), len(source.head))
    pieces = [] if isinstance(packing, Packing) else packing.pieces
    return [
        recipe.to_item(),
        *split_item(c.ITEM_FOREIGN_HEAD, source.head),
        *(MetadataItem(c.ITEM_FLAC_FRAMES, piece) for piece in pieces),
    ]


def extension_items(name: str, container: str) -> list[MetadataItem]:
    """The item that tells the extension of a file's name, if that is not the usual one.

    Parameters
    ----------
    name : str
        The file's name; folders in front of it do not matter.
    container : str
        Its container.
    """
    suffix = PurePath(name).suffix
    if suffix == usual_suffix(container) or not suffix_is_safe(suffix):
        return []
    return [MetadataItem(c.ITEM_EXTENSION, suffix[1:].encode())]


def stored_suffix(items: Iterable[MetadataItem], container: str) -> str:
    """Suffix of the original's name: as the stream tells it, or else the container's usual one.

    Whatever a stream holds, the suffix names no folder, and nothing but a file.
    """
    item = first_of(items, c.ITEM_EXTENSION)
    if item is not None:
        try:
            suffix = "." * bool(item.data) + item.data.decode()
        except UnicodeDecodeError:
            suffix = "?"
        if suffix_is_safe(suffix):
            return suffix
    return usual_suffix(container)


def usual_suffix(container: str) -> str:
    """Suffix that files of a container have as a rule, with its dot."""
    return _USUAL_SUFFIXES.get(container, ".wav")


def suffix_is_safe(suffix: str) -> bool:
    """Tell whether a suffix, with its dot or empty, may become part of a file's name (spec 6.7)."""
    text = suffix.removeprefix(".")
    try:
        short = len(text.encode()) <= c.MAX_EXTENSION_BYTES
    except UnicodeEncodeError:
        # bytes of a name that are no UTF-8
        return False
    return short and text == text.strip(" ") and not re.search(_FORBIDDEN, text)


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

    def __init__(self, head: bytes, packing: Packing | FramePacking) -> None:
        self._packer = packing.packer()
        self._md5 = hashlib.md5(head, usedforsecurity=False)
        self.num_bytes = len(head)

    def samples(self, samples: Samples, last: LastBytes | None) -> None:
        """Add the samples that come next.

        Parameters
        ----------
        samples : Samples
            The samples.
        last : LastBytes, optional
            Their bytes in the original. If they are what is packed here, and all before was equal
            too, the MD5 of the original is taken over, which takes less time than a second one.
        """
        pieces = list(self._packer.pack(samples))
        if (
            last is not None
            and pieces == [last.data]
            and self._md5.digest() == last.digest_before
        ):
            self._md5 = last.hash_after
            self.num_bytes += len(last.data)
            return
        for data in pieces:
            self.tail(data)

    def end_samples(self) -> None:
        """Add what is left of the samples, once all have come."""
        for data in self._packer.end():
            self.tail(data)

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
    packing : Packing or FramePacking
        How its samples lie.
    head : bytes
        Every byte before its first sample.
    suffix : str
        Suffix of its name, with the dot; empty if it had none.
    """

    def __init__(
        self, container: str, packing: Packing | FramePacking, head: bytes, suffix: str
    ) -> None:
        self.container = container
        self.packing = packing
        self.head = head
        self.suffix = suffix

    @property
    def fresh_container(self) -> str:
        """Container of a fresh file of the same kind, for a part of the audio."""
        return "flac" if self.container == "oga" else self.container


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
    suffix = stored_suffix(items, recipe.container)
    if recipe.packing[:1] == bytes((CODED,)):
        from nlac.audio.flac.frames.columns import MAX_FLAC_CHANNELS
        from nlac.audio.flac.frames.pages import parse_packing

        if header.is_float or header.channels > MAX_FLAC_CHANNELS:
            raise CorruptStream("no FLAC file has such samples", path="metadata.recipe")
        pieces = [item.data for item in items if item.item_type == c.ITEM_FLAC_FRAMES]
        frames = parse_packing(recipe.packing, pieces, header.bits_per_sample, header.channels)
        return StoredOriginal(recipe.container, frames, head, suffix)
    packing = Packing.from_bytes(recipe.packing)
    if (packing.bits_per_sample, packing.is_float) != (header.bits_per_sample, header.is_float):
        raise CorruptStream("packing does not fit the sample format", path="metadata.recipe")
    return StoredOriginal(recipe.container, packing, head, suffix)


def read_block(
    source: AudioSource, header: StreamHeader, proof: RestorationProof | None
) -> Samples:
    """Samples of the next block, read in pieces: only the block takes memory.

    Parameters
    ----------
    source : AudioSource
        Where they are read.
    header : StreamHeader
        Of the stream that they become.
    proof : RestorationProof or None
        What is told of them.

    Returns
    -------
    (frames, channels) array
        Fewer frames than those of a block, or none, at the end.
    """
    kind = sample_type(header.bits_per_sample, header.is_float)
    frames = min(header.block_length, source.num_frames or header.block_length)
    block: Samples = np.empty((frames, header.channels), kind)
    at = 0
    step = piece_frames(header.channels)
    while len(piece := source.read(min(step, len(block) - at))):
        if proof is not None:
            proof.samples(piece, source.last_bytes())
        block[at : at + len(piece)] = piece
        at += len(piece)
    return block[:at]
