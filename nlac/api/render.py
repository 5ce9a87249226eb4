"""Where decoded samples go: the original file again, or a fresh one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from os import PathLike
from pathlib import PurePath
from typing import TYPE_CHECKING

from nlac._errors import NotRestorable, UsageError
from nlac._files import Target
from nlac._typing import Samples
from nlac.api.results.coding import DecodeResult
from nlac.audio.format import AudioFormat
from nlac.audio.original.restoration import StoredOriginal
from nlac.audio.packing import Packing
from nlac.audio.sinks.base import Sink
from nlac.audio.sinks.original import RestoreSink
from nlac.audio.sinks.suffixes import SUFFIXES, container_for
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem

if TYPE_CHECKING:
    from nlac.codec.decoder.recovery import LostRange

# containers that go under the same suffix
_FAMILIES = ({"wav", "rf64", "bw64"}, {"aiff", "aifc"})


def default_container(items: Iterable[MetadataItem], header: StreamHeader) -> str:
    """Container of a fresh file of which nothing else is told: that of the metadata, or WAV."""
    was_flac = any(item.item_type == c.ITEM_FLAC_METADATA for item in items)
    if not was_flac or header.is_float:
        return "wav"
    if header.bits_per_sample <= 24:
        return "flac"
    from nlac.audio.flac.encoders import suits_program

    return "flac" if suits_program(audio_format(header)) else "wav"


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


def _check_suffix(name: str | PathLike[str]) -> None:
    """Refuse a name that promises something else than what would be written."""
    suffix = PurePath(name).suffix
    # devices and pipes promise nothing
    if suffix and (os.path.isfile(name) or not os.path.exists(name)):
        raise UsageError(
            f"{suffix} is no format that can be written, which are {' '.join(SUFFIXES)}; "
            "to write one of them under this name, name the format as well"
        )


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
            from nlac.api.fresh import open_fresh

            fmt = audio_format(header)
            self._sink, warnings = open_fresh(
                target.file, fmt, container, num_frames, tuple(items), whole=whole
            )
            self.warnings += warnings

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
