"""``nlac.split``: one file for each track of a recording."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Unpack

from nlac._errors import LimitExceeded, NotRestorable, OutputExists
from nlac._files import ReadFile, check_distinct, open_input, open_target
from nlac._progress import Gauge
from nlac._typing import Samples
from nlac.api.encoding import Progress
from nlac.api.options import OptionFields, encode_options, spelled_out
from nlac.api.render import Rendering, audio_format, default_container
from nlac.api.stream_encoder import Encoder
from nlac.api.tracks.naming import DEFAULT_TEMPLATE, NameTemplate, distinct
from nlac.api.tracks.results import SplitResult, TrackResult
from nlac.api.tracks.sheets import sheet_of
from nlac.audio.original.restoration import stored_original
from nlac.bitstream.items import Tags
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.access import FrameReader
from nlac.codec.decoder.blocks import check_pcm
from nlac.codec.decoder.workers import Workers
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.transforms.pcm import PcmDigest
from nlac.metadata.cue_sheet.model import CueSheet
from nlac.metadata.cue_sheet.ranges import PregapMode, TrackPart, track_parts
from nlac.metadata.cue_sheet.tags import track_tags
from nlac.metadata.originals.reading import shown_tags

# containers that take tags and pictures
_TAGGED = ("flac", "nlac")
_SUFFIXES = {"rf64": ".wav", "bw64": ".wav"}


@spelled_out
def split(
    src: ReadFile,
    folder: str | os.PathLike[str],
    *,
    container: str | None = None,
    name: str = DEFAULT_TEMPLATE,
    pregap: PregapMode = "previous",
    cuesheet: str | None = None,
    max_output: int | None = None,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    **options: Unpack[OptionFields],
) -> SplitResult:
    """Write one file for each track of a recording, by its cue sheet.

    The tracks one after the other are the samples of the recording, unless gaps are dropped; the
    MD5 of the recording is verified on the way. Files of the containers ``"flac"`` and
    ``"nlac"`` get the tags of their track, and the pictures and other tags of the recording or of
    its original file. A file appears when it is complete.

    Parameters
    ----------
    src : path, bytes-like or binary file object
        The recording, an nlac stream. A pipe is copied to a temporary file first.
    folder : path
        Where to; it is made.
    container : str, optional
        As for `decode`, or ``"nlac"``; by default the one that `decode` writes of a part.
    name : str
        Template of the names: ``track``, ``title``, ``artist``, ``album``, ``albumartist``,
        ``composer``, ``date``, ``genre`` and ``disc`` in braces. Characters that no file name
        should have become ``_``, and equal names get numbers.
    pregap : {"previous", "next", "drop"}
        What becomes of the gap before a track: it ends the track before, begins its own, or is
        left out. With "previous", audio before the first track (hidden track one) is a file of
        its own, number 0.
    cuesheet : str, optional
        Text of a cue sheet to use instead of that of the stream.
    max_output : int, optional
        The most bytes of samples to write, each in the fewest whole bytes.
    force : bool
        Replace existing files.
    dry_run : bool
        Write nothing; the result tells what would be written.
    progress : callable, optional
        ``progress(done, total)``, as in `encode`.

    Other Parameters
    ----------------
    preset, predictor, predictor_options, model, device, coder, long_term, effort, \
    block_seconds, verify, threads, memory
        As in `EncodeOptions`; all but the last two matter for ``container="nlac"`` only.

    Returns
    -------
    SplitResult

    Raises
    ------
    UsageError
        The recording has no cue sheet, or an argument is wrong.
    CueSheetError
        The cue sheet breaks a rule.
    FormatError
        The stream is damaged. Tracks before the damage are complete.
    LimitExceeded
        The tracks would be larger than `max_output`.
    OutputExists
        One of the files exists, and not `force`; nothing has been written.
    """
    template = NameTemplate(name)
    chosen = encode_options(options)
    with open_input(src, seekable=True) as file:
        reader = IndexedReader(file)
        job = _Splitting(reader, container, chosen)
        sheet = sheet_of(reader, cuesheet).sheet
        parts = track_parts(sheet, reader.num_frames, pregap)
        num_bytes = reader.num_frames * reader.header.frame_bytes
        if max_output is not None and num_bytes > max_output:
            raise LimitExceeded(
                f"the tracks take {num_bytes} bytes, more than max_output ({max_output})"
            )
        paths = job.paths(Path(folder), template, sheet, parts)
        for path in paths:
            check_distinct(src, path)
            if not force and path.exists():
                raise OutputExists(f"{path}: exists; give force to replace it")
        if not dry_run:
            os.makedirs(folder, exist_ok=True)
            job.write(sheet, parts, paths, progress)
        return job.result(sheet, parts, paths, pregap, dry_run)


class _Splitting:
    """One call of `split`."""

    def __init__(
        self, reader: IndexedReader, container: str | None, options: EncodeOptions
    ) -> None:
        self._reader = reader
        self._options = options
        self._format = audio_format(reader.header)
        if container == "original":
            raise NotRestorable("the original file comes back only as a whole")
        if container is None:
            original = stored_original(reader.leading, reader.header)
            container = (
                original.fresh_container
                if original is not None
                else default_container(reader.leading, reader.header)
            )
        self._container = container
        shown = shown_tags(reader)
        self._tags = shown.comments
        self._pictures = [picture.to_item() for picture in shown.pictures]
        # where tags are written, it matters that some could not be read
        notes = shown.notes if container in _TAGGED else ()
        self._warnings: dict[str, None] = dict.fromkeys(notes)
        self._written: list[tuple[int, str]] = []

    def paths(
        self, folder: Path, template: NameTemplate, sheet: CueSheet, parts: Sequence[TrackPart]
    ) -> list[Path]:
        """A path for each track."""
        suffix = _SUFFIXES.get(self._container, f".{self._container}")
        names = []
        for part in parts:
            tags = dict(reversed(track_tags(sheet, part.track, self._tags)))
            values = {field.lower(): value for field, value in tags.items()}
            values |= {"track": str(part.number), "disc": values.get("discnumber", "")}
            names.append(template.fill(values))
        return [folder / f"{name}{suffix}" for name in distinct(names)]

    def write(
        self,
        sheet: CueSheet,
        parts: Sequence[TrackPart],
        paths: Sequence[Path],
        progress: Progress | None,
    ) -> None:
        """Write the files, from one pass over the recording."""
        reader = self._reader
        total = reader.num_frames

        def report(done: int) -> None:
            if progress is not None:
                progress(min(done, total), total)

        report(0)
        gauge = Gauge(report)
        workers = Workers(self._options.threads, self._options.memory)
        pieces = FrameReader(reader, workers, 0).pieces(0, total, gauge)
        digest = PcmDigest(reader.header.bits_per_sample)
        with closing(_Cutter(pieces, digest)) as cutter:
            for part, path in zip(parts, paths, strict=True):
                tags = Tags(comments=tuple(track_tags(sheet, part.track, self._tags)))
                items = [tags.to_item(), *self._pictures]
                self._write_track(cutter, part, path, items)
                gauge.tick()
            cutter.finish()
        check_pcm(digest, reader.trailer)
        report(total)

    def _write_track(
        self, cutter: _Cutter, part: TrackPart, path: Path, items: list[MetadataItem]
    ) -> None:
        length = part.stop - part.start
        digest = PcmDigest(self._format.bits_per_sample)
        # whether an existing file may go has been settled
        with open_target(path, force=True) as target:
            if self._container == "nlac":
                encoder = Encoder.of_format(self._format, length, items, self._options)
                for samples in cutter.take(part.start, part.stop):
                    digest.update(samples)
                    target.file.write(encoder.push(samples))
                target.file.write(encoder.finish())
            else:
                output = Rendering(
                    target, self._reader.header, None, self._container, length,
                    items if self._container in _TAGGED else (),
                )  # fmt: skip
                for samples in cutter.take(part.start, part.stop):
                    digest.update(samples)
                    output.write(samples)
                output.finish(())
                self._warnings |= dict.fromkeys(output.warnings)
            num_bytes = target.num_bytes
        self._written.append((num_bytes, digest.digest().hex()))

    def result(
        self,
        sheet: CueSheet,
        parts: Sequence[TrackPart],
        paths: Sequence[Path],
        pregap: PregapMode,
        dry_run: bool,
    ) -> SplitResult:
        """What was done, or would be."""
        rate = self._format.sample_rate
        if parts[0].number == 0:
            self._warn(
                f"{parts[0].stop / rate:.3f} s of hidden audio before the first track are in "
                f"{paths[0].name}"
            )
        lost = self._reader.num_frames - sum(part.stop - part.start for part in parts)
        if lost:
            self._warn(f"{lost / rate:.3f} s of gaps before tracks are left out")
        if any(track.pregap or track.postgap for track in sheet.tracks):
            self._warn("PREGAP and POSTGAP tell of silence that the recording does not hold")
        if self._container not in _TAGGED:
            self._warn(f"tags of the tracks are not in {self._container} files, but in flac ones")
        written: list[tuple[int, str | None]] = [(0, None)] * len(parts)
        if not dry_run:
            written = list(self._written)
        return SplitResult(
            frames=self._reader.num_frames,
            sample_rate=rate,
            seconds=self._reader.num_frames / rate,
            bytes_out=sum(num_bytes for num_bytes, _md5 in written),
            md5=self._reader.trailer.pcm_md5.hex(),
            container=self._container,
            whole=not lost,
            tracks=tuple(
                TrackResult(
                    number=part.number,
                    title=part.track.title if part.track is not None else None,
                    path=str(path),
                    start=part.start,
                    stop=part.stop,
                    seconds=(part.stop - part.start) / rate,
                    bytes_out=num_bytes,
                    md5=md5,
                )
                for part, path, (num_bytes, md5) in zip(parts, paths, written, strict=True)
            ),
            warnings=tuple(self._warnings),
        )

    def _warn(self, text: str) -> None:
        self._warnings[text] = None


class _Cutter:
    """Gives ranges of what comes in pieces, in order."""

    def __init__(self, pieces: Iterator[Samples], digest: PcmDigest) -> None:
        self._pieces = pieces
        self._digest = digest
        # the piece at hand, and its first frame
        self._piece: Samples | None = None
        self._first = 0

    def take(self, start: int, stop: int) -> Iterator[Samples]:
        """Frames `start` to `stop`, which come after all that were taken before."""
        while start < stop:
            if self._piece is None and not self._advance():
                return
            assert self._piece is not None
            end = self._first + len(self._piece)
            part = self._piece[max(0, start - self._first) : stop - self._first]
            if start < end and len(part):
                yield part
                start += len(part)
            if end <= stop or start >= end:
                self._first, self._piece = end, None

    def finish(self) -> None:
        """Go through the rest, for its checksums."""
        while self._advance():
            pass

    def close(self) -> None:
        """End the threads that decode."""
        if isinstance(self._pieces, Iterator) and hasattr(self._pieces, "close"):
            self._pieces.close()

    def _advance(self) -> bool:
        if self._piece is not None:
            self._first += len(self._piece)
        self._piece = next(self._pieces, None)
        if self._piece is not None:
            self._digest.update(self._piece)
        return self._piece is not None
