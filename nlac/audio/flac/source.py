"""The audio of FLAC files, with proof that it is what the file's MD5 and headers tell of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from nlac._errors import UnsupportedAudio, UsageError
from nlac._typing import Samples
from nlac.audio.base import AudioSource, Keep
from nlac.audio.flac import metadata, ogg
from nlac.audio.flac.blocks import Block, channel_mask
from nlac.audio.flac.frames.pages import OggFrames, page_pieces
from nlac.audio.flac.frames.pieces import FlacFrames
from nlac.audio.flac.metadata import FlacInfo
from nlac.audio.flac.parts import FlacParts, open_ogg, open_plain
from nlac.audio.format import AudioFormat
from nlac.audio.original.dropped import (
    ID3_TAG,
    ID3V1_BYTES,
    ID3V1_TAG,
    audio_only_warnings,
    ends_with_id3v1,
)
from nlac.audio.packing import Packing, container_bytes
from nlac.audio.reader import PIECE_BYTES, ByteReader
from nlac.bitstream import constants as c

_HINT = "flac -d --decode-through-errors makes a WAV file of what is left"
# what else a stream holds needs room as well
_MAX_ORIGINAL_BYTES = c.MAX_METADATA_BYTES - (1 << 25)
_MAX_ORIGINAL_ITEMS = c.MAX_METADATA_ITEMS - 256


def open_flac(
    stream: BinaryIO, reader: ByteReader, begin: int, *, owned: bool, keep: Keep = Keep.NOTHING
) -> AudioSource:
    """Open a FLAC file.

    Parameters
    ----------
    stream : binary file object
        The input.
    reader : ByteReader
        A reader of `stream` that has taken nothing yet.
    begin : int
        Bytes of ID3v2 tags in front.
    owned : bool
        Whether the source closes `stream`.
    keep : Keep
        What shall come along with the samples. To keep everything, the frames are read
        once beforehand.

    Returns
    -------
    AudioSource
        Restorable if everything is to be kept, and can be.

    Raises
    ------
    UnsupportedAudio
        The file is damaged.
    """
    reader.need(begin, "the ID3v2 tag")
    in_ogg = reader.peek(4) == ogg.MAGIC
    if in_ogg:
        blocks, file = open_ogg(stream, reader)
    else:
        blocks = list(metadata.read_blocks(reader.need))
        file = open_plain(stream, reader)
    try:
        info, dropped = metadata.parse_blocks(blocks)
        return FlacSource(
            file, info, [Block.parse(block) for block in blocks], dropped,
            keep=keep, has_id3=bool(begin), closes=[stream] if owned else [],
        )  # fmt: skip
    except BaseException:
        file.close()
        raise


class FlacSource(AudioSource):
    """Audio of a FLAC file. The end is reached only if everything agrees.

    Parameters
    ----------
    file : FlacParts
        The parts of the file.
    info : FlacInfo
        What the file says of itself.
    blocks : list of Block
        Its metadata blocks.
    dropped : list of str
        What they hold that is not audio, for messages.
    keep : Keep
        What is wanted besides the samples.
    has_id3 : bool
        ID3v2 tags stand in front.
    closes : list of binary file objects
        What `close` closes.

    Attributes
    ----------
    kept_blocks : bytes
        The metadata blocks, if they are kept, and the file is not.
    """

    def __init__(
        self,
        file: FlacParts,
        info: FlacInfo,
        blocks: list[Block],
        dropped: list[str],
        *,
        keep: Keep,
        has_id3: bool,
        closes: list[BinaryIO],
    ) -> None:
        self.container = "oga" if file.in_ogg else "flac"
        self.format = AudioFormat(
            info.sample_rate,
            info.channels,
            info.bits_per_sample,
            channel_mask=channel_mask(blocks, info.channels),
        )
        self.expected_frames = self.num_frames = info.num_frames
        self.warnings: list[str] = []
        self.restorable = False
        self.packing: FlacFrames | OggFrames | None = None
        self.head = b""
        self.kept_blocks = b""
        self._file = file
        self._info = info
        self._closes = closes
        self._digest = b""
        self._tail_begin = 0
        # as FLAC's MD5 takes samples: right-justified in whole bytes
        self._packing = Packing(container_bytes(info.bits_per_sample))
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._frames_read = 0
        self._at_end = False
        self._waiting: Samples = np.empty((0, info.channels), np.int32)
        reason = self._prove() if keep is Keep.EVERYTHING else None
        if not self.restorable:
            lost = [ID3_TAG] * has_id3
            if not file.in_ogg:
                lost += [ID3V1_TAG] * ends_with_id3v1(file.file)
            if keep:
                self.kept_blocks = b"".join(block.to_bytes() for block in blocks)
                told = reason or "as asked"
                self.warnings.append(
                    f"audio only: the bytes of the FLAC frames are not kept ({told}); the samples "
                    "and all metadata blocks are"
                )
                self.warnings += [f"not kept: {', '.join(lost)}"] if lost else []
            else:
                # in the order of the file, as far as it is one
                dropped = lost[:has_id3] + dropped + lost[has_id3:]
                self.warnings += audio_only_warnings("FLAC", dropped)
        if info.md5 is None:
            self.warnings.append(
                "the FLAC file has no MD5 of its samples; only the checksums and numbers of its "
                "FLAC frames prove them"
            )
        self._reader = file.reader(info, keep=False)

    def _prove(self) -> str | None:
        """Read all frames beforehand; why they could not be restored, or None if they can."""
        file, info = self._file, self._info
        md5 = hashlib.md5(file.head, usedforsecurity=False)
        reader = file.reader(info, True, md5.update)
        while len(reader.samples()):
            pass
        if reader.oddity is not None:
            return reader.oddity
        pieces = reader.pieces
        bits, channels = info.bits_per_sample, info.channels
        if file.in_ogg:
            sizes = np.concatenate([np.empty((0, 2), np.int64), *reader.sizes])
            more = page_pieces(file.pages, sizes) if file.pages is not None else None
            if more is None:
                return "they do not lie in the pages of the Ogg file one by one"
            pieces = pieces + more
            first = file.pages[0] if file.pages else None
            packing: FlacFrames | OggFrames = OggFrames(
                pieces, bits, channels, first.serial if first else 0, first.number if first else 0
            )
        else:
            packing = FlacFrames(pieces, bits, channels)
        num_bytes = len(file.head) + sum(map(len, pieces))
        num_items = len(file.head) // c.FOREIGN_PIECE_BYTES + len(pieces)
        if num_bytes > _MAX_ORIGINAL_BYTES or num_items > _MAX_ORIGINAL_ITEMS:
            return "what is needed for it exceeds the limits of the format"
        self.restorable = True
        self.packing, self.head = packing, file.head
        self._digest = file.digest or md5.digest()
        self._tail_begin = reader.end
        self.num_frames = reader.num_samples
        return None

    def read(self, frames: int) -> Samples:
        """Return up to `frames` frames; see `AudioSource.read`.

        Raises
        ------
        UnsupportedAudio
            The file is damaged, or its samples are not those that its header tells of.
        """
        if frames < 0:
            raise UsageError(f"cannot read {frames} frames")
        parts = [self._waiting[:frames]]
        self._waiting = self._waiting[frames:]
        missing = frames - len(parts[0])
        while missing and not self._at_end:
            samples = self._reader.samples()
            self._frames_read += len(samples)
            self._md5.update(self._packing.pack(samples))
            if not len(samples):
                self._at_end = True
                self._check()
            parts.append(samples[:missing].copy())
            self._waiting = samples[missing:].copy()
            missing -= len(parts[-1])
        joined: Samples = np.concatenate(parts)  # type: ignore[assignment]
        return joined

    def _check(self) -> None:
        info, reader = self._info, self._reader
        why = f" ({reader.oddity})" if reader.oddity else ""
        differs = info.num_frames not in (None, self._frames_read)
        told = (
            f"the FLAC file decodes to {self._frames_read} frames, but by its header it has "
            f"{info.num_frames}"
        )
        if info.md5 is not None and info.md5 == self._md5.digest():
            self.warnings += [f"{told}; its MD5 proves the former"] if differs else []
        elif differs:
            raise UnsupportedAudio(f"{told}: damaged{why}; {_HINT}")
        elif info.md5 is not None:
            raise UnsupportedAudio(
                f"the samples do not match the MD5 in the FLAC file's header: damaged{why}; {_HINT}"
            )
        elif not reader.is_complete or (info.num_frames is None and self._has_rest()):
            raise UnsupportedAudio(
                f"the FLAC frames are damaged or incomplete{why}; {_HINT}"
            )
        if reader.first_sample and (info.md5 is None or info.num_frames is None):
            self.warnings.append(
                f"the FLAC file begins with frame {reader.first_sample}: what comes before is "
                "missing"
            )

    def _has_rest(self) -> bool:
        """Tell whether bytes follow the frames that are no ID3v1 tag."""
        size = self._file.frames.seek(0, os.SEEK_END) - self._file.start
        rest = size - self._reader.end
        return rest > 0 and not (rest == ID3V1_BYTES and ends_with_id3v1(self._file.frames))

    def tail(self) -> Iterator[bytes]:
        """Give every byte after the frames; see `AudioSource.tail`."""
        if not self._at_end and len(self.read(1)):
            raise UsageError("the tail of a file comes after all of its samples")
        if not self.restorable or self._file.in_ogg:
            return
        self._file.file.seek(self._file.start + self._tail_begin)
        while piece := self._file.file.read(PIECE_BYTES):
            yield piece

    @property
    def digest(self) -> bytes:
        """MD5 of the whole file, if it is restorable."""
        return self._digest

    def close(self) -> None:
        """Close the file if `open_source` opened it, and copies of it."""
        self._file.close()
        for file in self._closes:
            file.close()
