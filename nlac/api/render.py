"""Where decoded samples go: the original file again, or a fresh one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from os import PathLike
from pathlib import PurePath

from nlac._errors import CorruptStream, NotRestorable, UsageError
from nlac._files import Target
from nlac._typing import Samples
from nlac.api.results import DecodeResult, LostRange
from nlac.audio.flac.blocks import Block, cue_sheet_of, tags_of
from nlac.audio.flac.encoders import suits_program
from nlac.audio.flac.kept import kept_blocks, output_blocks, without_replaced_pictures
from nlac.audio.flac.metadata import (
    APPLICATION,
    CUE_SHEET,
    PICTURE,
    STREAMINFO,
    STREAMINFO_BYTES,
    FlacInfo,
    describe,
)
from nlac.audio.format import AudioFormat
from nlac.audio.original.restoration import StoredOriginal
from nlac.audio.packing import Packing
from nlac.audio.sinks.choice import SUFFIXES, RestoreSink, Sink, container_for, open_sink
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import Picture, Tags, first_of
from nlac.bitstream.metadata import MetadataItem
from nlac.metadata.cue_sheet.stored import cue_sheet_for_flac

# containers that go under the same suffix
_FAMILIES = ({"wav", "rf64", "bw64"}, {"aiff", "aifc"})


def default_container(items: Iterable[MetadataItem], header: StreamHeader) -> str:
    """Container of a fresh file of which nothing else is told: that of the metadata, or WAV."""
    was_flac = any(item.item_type == c.ITEM_FLAC_METADATA for item in items)
    is_written = header.bits_per_sample <= 24 or suits_program(audio_format(header))
    return "flac" if was_flac and is_written and not header.is_float else "wav"


def choose_container(
    asked: str | None, dst: object, original: StoredOriginal | None, default: str = "wav"
) -> str | None:
    """Container of a fresh file, or None where the original is to be restored.

    Parameters
    ----------
    asked : str or None
        What the caller asked for; ``"original"`` insists on the original.
    dst : path or other
        Where to write; a suffix that belongs to another container than the original's asks
        for that one.
    original : StoredOriginal or None
        The original that could be restored.
    default : str
        What is written where nobody asks for anything, and there is no original.

    Raises
    ------
    NotRestorable
        The original was asked for, and there is none.
    UsageError
        `asked` is no name, or the suffix is none of a container that can be written, and raw
        samples, which may have any name, are not what is restored.
    """
    if asked is not None and not isinstance(asked, str):
        raise UsageError(f"container {asked!r}: a name is needed")
    if asked == "original":
        if original is None:
            raise NotRestorable("the stream does not carry the original file, only its samples")
        return None
    if asked is None and isinstance(dst, (str, PathLike)):
        asked = container_for(dst)
        # Ogg, which nothing here writes afresh, and raw samples under any name
        is_raw = original is not None and (
            original.container == "raw"
            or (original.container == "oga" and PurePath(dst).suffix == original.suffix)
        )
        if asked is None and not is_raw:
            _check_suffix(dst)
        if original is not None and asked is not None:
            names = {asked, original.container}
            # raw samples may have any name at all
            # .wav is usual for RF64 and BW64, too; .rf64 is not for WAV
            is_other = asked in ("rf64", "bw64")
            if original.container in (asked, "raw") or (
                not is_other and any(names <= f for f in _FAMILIES)
            ):
                asked = None
    if asked is None and original is None:
        return default
    return asked


def carried(
    items: Iterable[MetadataItem], container: str, fmt: AudioFormat, *, whole: bool = True
) -> tuple[list[Block], list[str]]:
    """Divide the metadata of a stream into what a fresh file takes, and what it cannot.

    Parameters
    ----------
    items : iterable of MetadataItem
        Metadata of the stream before the blocks.
    container : str
        Container of the file; only FLAC takes any.
    fmt : AudioFormat
        What its samples are.
    whole : bool
        All of the audio is written.

    Returns
    -------
    blocks : list of Block
        FLAC's metadata blocks, those of the original FLAC file among them.
    lost : list of str
        The rest, for messages.
    """
    good: list[MetadataItem] = []
    counts: Counter[str] = Counter()
    for item in items:
        if _is_good(item):
            good.append(item)
        else:
            counts[f"damaged item of type {item.name}"] += 1
    tags = first_of(good, c.ITEM_TAGS)
    counts["cue sheet"] = sum(item.item_type == c.ITEM_CUE_SHEET for item in good)
    kept: list[Block] = []
    try:
        kept = kept_blocks(good)
    except CorruptStream:
        counts["damaged item of type flac metadata"] += 1
    if container == "flac":
        blocks, lost = output_blocks(kept, good, fmt, whole=whole)
        return blocks, describe((), counts) + lost
    names = list(Tags.from_item(tags).to_mapping()) if tags is not None else []
    if tags is None and (kept_tags := tags_of(kept)) is not None:
        names = list(kept_tags.to_mapping())
    kept = without_replaced_pictures(kept, good)
    for kind, name in ((PICTURE, "picture"), (APPLICATION, "application")):
        item_type = c.ITEM_PICTURE if kind == PICTURE else c.ITEM_APPLICATION
        counts[name] += sum(item.item_type == item_type for item in good)
        counts[name] += sum(block.kind == kind for block in kept)
    counts["cue sheet"] += cue_sheet_of(kept) is not None
    return [], describe(names, counts)


def _is_good(item: MetadataItem) -> bool:
    try:
        if item.item_type == c.ITEM_TAGS:
            Tags.from_item(item)
        elif item.item_type == c.ITEM_PICTURE:
            Picture.from_item(item)
    except CorruptStream:
        return False
    return item.item_type != c.ITEM_APPLICATION or len(item.data) >= 4


def _check_suffix(name: str | PathLike[str]) -> None:
    """Refuse a name that promises something else than what would be written."""
    suffix = PurePath(name).suffix
    # devices and pipes promise nothing
    if suffix and (os.path.isfile(name) or not os.path.exists(name)):
        raise UsageError(
            f"{suffix} is no format that can be written, which are {' '.join(SUFFIXES)}; "
            "to write one of them under this name, name the format as well"
        )


def _flac_block_length(items: Iterable[MetadataItem]) -> int | None:
    """Samples of a FLAC frame of the original FLAC file; None if it was none."""
    try:
        kept = kept_blocks(items)
    except CorruptStream:
        return None
    for block in kept:
        if block.kind == STREAMINFO and len(block.data) == STREAMINFO_BYTES:
            return FlacInfo.parse(block.data).block_length
    return None


def audio_format(header: StreamHeader) -> AudioFormat:
    """What the samples of a stream are."""
    return AudioFormat(
        header.sample_rate,
        header.channels,
        header.bits_per_sample,
        header.is_float,
        header.channel_mask,
    )


class Rendering:
    """Writes one output. Call `write` any number of times, then `finish`.

    Parameters
    ----------
    target : Target
        Where to.
    header : StreamHeader
        What the samples are.
    original : StoredOriginal or None
        The original, needed where `container` is None.
    container : str or None
        Container of a fresh file; None restores the original.
    num_frames : int or None
        Frames to come, if known.
    items : iterable of MetadataItem
        Metadata of the stream, for a fresh file.
    max_output : int, optional
        The most bytes that a restored file with coded frames may have.
    exact : bool
        Samples that are not those of the original are an error where frames are coded with
        its parameters; otherwise such frames hold plain samples.
    whole : bool
        All of the audio is written, so that cue sheets and seek tables hold for it.

    Attributes
    ----------
    container : str
        Container of the output.
    frames : int
        Frames written so far.
    digest : bytes or None
        MD5 of the restored file after `finish`; None of a fresh one.
    num_bytes : int
        Its length.
    warnings : list of str
        What a fresh file lacks or has otherwise than the stream.
    gain_db : float or None
        Gain that was applied to the samples, in decibels, if any was.
    """

    def __init__(
        self,
        target: Target,
        header: StreamHeader,
        original: StoredOriginal | None,
        container: str | None,
        num_frames: int | None,
        items: Iterable[MetadataItem] = (),
        max_output: int | None = None,
        *,
        exact: bool = True,
        whole: bool = True,
    ) -> None:
        self.warnings: list[str] = []
        self.gain_db: float | None = None
        self.target = target
        self.frames = 0
        self.digest: bytes | None = None
        self.num_bytes = 0
        self._sink: Sink | RestoreSink
        if container is None:
            assert original is not None
            self.container = original.container
            packing = original.packing
            # coded frames take what their parameters say
            limit = None if isinstance(packing, Packing) else max_output
            packer = packing.packer(exact=exact)
            self._sink = RestoreSink(target.file, original.head, packer, limit)
        else:
            self.container = container
            fmt = audio_format(header)
            items = tuple(items)
            length = _flac_block_length(items)
            sheet: bytes | None = None
            if whole and container == "flac" and num_frames is not None:
                items, sheet = cue_sheet_for_flac(items, fmt, num_frames)
            blocks, lost = carried(items, container, fmt, whole=whole)
            if sheet is not None:
                blocks = [block for block in blocks if block.kind != CUE_SHEET]
                blocks.append(Block(CUE_SHEET, sheet))
            sink = open_sink(target.file, fmt, container, num_frames, blocks, length)
            if lost:
                self.warnings.append(f"not in the {container} file: {', '.join(lost)}")
            if sink.bits_per_sample != fmt.bits_per_sample:
                factor = 1 << (sink.bits_per_sample - fmt.bits_per_sample)
                self.warnings.append(
                    f"the {container} file has samples of {sink.bits_per_sample} bits, "
                    f"{factor} times those of {fmt.bits_per_sample} bits in the stream"
                )
            self._sink = sink

    def result(
        self,
        header: StreamHeader,
        *,
        md5: str | None = None,
        restored: bool = False,
        lost: tuple[LostRange, ...] = (),
        problems: tuple[str, ...] = (),
    ) -> DecodeResult:
        """What is told of the output after `finish`."""
        return DecodeResult(
            frames=self.frames,
            sample_rate=header.sample_rate,
            seconds=self.frames / header.sample_rate,
            bytes_out=self.target.num_bytes,
            md5=md5,
            container=self.container,
            restored=restored,
            lost=lost,
            problems=problems,
            warnings=tuple(self.warnings),
            gain_db=self.gain_db,
        )

    def write(self, samples: Samples) -> None:
        """Append samples, shape (frames, channels)."""
        self.frames += len(samples)
        self._sink.write(samples)

    def finish(self, tail: Iterable[bytes]) -> None:
        """Complete the output; `tail` is exhausted also where it is not wanted."""
        if isinstance(self._sink, RestoreSink):
            self._sink.finish(tail)
            self.digest = self._sink.digest
            self.num_bytes = self._sink.num_bytes
            return
        for _ in tail:
            pass
        self._sink.finish()
