"""``nlac.decode``: an nlac file to the original file, or to a container of choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from nlac._arguments import span
from nlac._errors import ChecksumMismatch, CorruptStream, LimitExceeded, NotRestorable, UsageError
from nlac._files import ReadFile, WriteFile, check_distinct, open_input, open_target
from nlac._progress import Gauge
from nlac._typing import Samples
from nlac.api.render import Rendering, choose_container, default_container
from nlac.api.results.coding import DecodeResult
from nlac.audio.original.restoration import StoredOriginal, stored_original
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader, told_frames
from nlac.codec.decoder.sequential import SequentialDecoder
from nlac.codec.decoder.workers import Workers
from nlac.metadata.originals import fresh

if TYPE_CHECKING:
    from nlac.metadata.replay_gain import GainFilter

Progress: TypeAlias = Callable[[int, int | None], None]


def decode(
    src: ReadFile,
    dst: WriteFile | None,
    *,
    container: str | None = None,
    start: int = 0,
    stop: int | None = None,
    recover: bool = False,
    threads: int = 0,
    memory: int | None = None,
    max_output: int | None = None,
    apply_gain: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> DecodeResult:
    """Decode an nlac file; every checksum of what is decoded is verified.

    The original file comes back byte for byte where the stream carries it, all of it is
    decoded, and neither `container` nor the suffix of `dst` names a container of another
    kind. Otherwise a fresh file is written, in the container that `container` or the
    suffix names, or else the original's, or else WAV.

    Parameters
    ----------
    src : path, URL, bytes-like or binary file object
        What to decode; a pipe does, read strictly forward if it is decoded whole.
    dst : path, URL, binary file object or None
        Where to; a pipe does. A path or URL appears only when everything went well. None decodes
        and verifies everything, and writes nothing.
    container : str, optional
        ``"wav"``, ``"rf64"``, ``"bw64"``, ``"w64"``, ``"aiff"``, ``"aifc"``, ``"raw"``, a
        format of libsndfile such as ``"flac"``; or ``"original"``, which fails where the
        original cannot be restored.
    start, stop : int
        First frame, and the frame after the last; negative from the end, as in slices.
    recover : bool
        Decode whatever is intact of a damaged stream, with silence for what is lost; the
        result lists it.
    threads : int
        Blocks decoded at a time; 0 takes all cores.
    memory : int, optional
        Bytes of memory to use at most: fewer threads run where more would be needed. None
        takes half of what is available.
    max_output : int, optional
        The most bytes to write: of samples, each in the fewest whole bytes, and of what
        else the original file holds. Silence takes next to nothing in a stream, so give
        this for streams of strangers. None sets no limit to what the stream really holds;
        with `recover`, a gigabyte (or 64 times the size of the stream) to silence in gaps
        that no index confirms.
    apply_gain : {"track", "album"}, optional
        Apply the ReplayGain that the tags tell, and no more of it than the peak allows, to a
        fresh file without these tags.
    force : bool
        Replace an existing output.
    progress : callable, optional
        ``progress(done, total)``, as in `encode`.

    Returns
    -------
    DecodeResult

    Raises
    ------
    FormatError
        The stream is not one, or damaged; nothing is left behind.
    LimitExceeded
        The output would be larger than `max_output`, or a block takes more than `memory`.
    NotRestorable
        ``container="original"``, and the stream does not carry it.
    OutputExists
        There is such an output, and not `force`.

    Examples
    --------
    >>> nlac.decode("take.nlac", "take.wav").restored     # doctest: +SKIP
    True
    """
    check_distinct(src, dst)
    workers = Workers(threads, memory)
    if max_output is not None and (not isinstance(max_output, int) or max_output < 0):
        raise UsageError(f"max_output {max_output!r}: a number of bytes")
    whole = start == 0 and stop is None
    with open_input(src, seekable=recover or not whole) as file:
        job = Decoding(file, dst, container, workers, max_output, apply_gain, force, progress)
        if recover:
            return job.recovered(start, stop)
        if not whole:
            reader = IndexedReader(file)
            first, last = _range(start, stop, reader.num_frames)
            if (first, last) != (0, reader.num_frames):
                return job.part(reader, first, last)
            file.seek(0)
        return job.whole()


class Decoding:
    """One call of `decode`."""

    def __init__(
        self,
        file: BinaryIO,
        dst: WriteFile | None,
        container: str | None,
        workers: Workers,
        max_output: int | None,
        apply_gain: str | None,
        force: bool,
        progress: Progress | None,
    ) -> None:
        self._file = file
        self._dst = dst
        self._container = container
        self._workers = workers
        self._max_output = max_output
        self._apply_gain = apply_gain
        self._gain: GainFilter | None = None
        self._notes: tuple[str, ...] = ()
        self._force = force
        self._progress = progress

    def whole(self, following: SequentialDecoder | None = None) -> DecodeResult:
        """All of an intact stream, forward, or of one that is still being written."""
        told = None if following else told_frames(self._file)
        # what follows the blocks can be read before them
        is_complete = told is not None
        decoder = following or SequentialDecoder(self._file, self._workers)
        self._check_output(told, decoder.header)
        header = decoder.header
        told = header.num_frames if told is None else told
        original = stored_original(decoder.leading, header)
        container = self._any_container(original, default_container(decoder.leading, header))
        with open_target(self._dst, force=self._force) as target:
            leading, ahead = decoder.leading, None
            items: Sequence[MetadataItem] = ()
            # nothing is lost where nothing is written, or the original
            is_fresh = self._dst is not None and container is not None
            if is_fresh:
                ahead = fresh.tail_ahead(self._file) if is_complete else None
                items = self._fresh_items(header, leading, told or 0, ahead or b"")
            output = Rendering(target, header, original, container, told, items, self._max_output)
            # the MD5 of a restored file proves its samples as well; to test a stream is
            # to compare both
            hashed = container is not None or self._dst is None
            gauge = self._gauge(told)
            pieces = decoder.samples(hashed=hashed, gauge=gauge)
            self._write(output, header, pieces, gauge, told)
            tail = self._tail(output, header, decoder.tail())
            if is_fresh and ahead is None:
                from nlac.metadata.originals.reading import joined_tail

                late = joined_tail(tail)
                output.warnings += fresh.late_warnings(header, leading, output.frames, late)
            output.finish(tail)
            trailer = decoder.trailer
            assert trailer is not None
            if output.digest not in (None, trailer.original_md5):
                raise ChecksumMismatch(
                    "MD5 of the restored file does not match", path="trailer.original_md5"
                )
            if output.digest is not None and output.num_bytes != trailer.original_length:
                raise CorruptStream(
                    "length of the restored file does not match", path="trailer.original_length"
                )
            return output.result(
                header, md5=trailer.pcm_md5.hex(), restored=output.digest is not None
            )

    def part(self, reader: IndexedReader, start: int, stop: int) -> DecodeResult:
        """Some frames of an intact stream, by its index."""
        from nlac.codec.decoder.access import FrameReader
        from nlac.metadata.originals.reading import foreign_tail

        header = reader.header
        original = stored_original(reader.leading, header)
        default = default_container(reader.leading, header)
        container = self._fresh_container(original, default)
        self._check_output(stop - start, header)
        with open_target(self._dst, force=self._force) as target:
            tail = foreign_tail(reader)
            items = self._fresh_items(header, reader.leading, reader.num_frames, tail)
            output = Rendering(
                target, header, None, container, stop - start, items, whole=False
            )
            length = header.block_length
            covered = min(-(-stop // length) * length, reader.num_frames) - start // length * length
            gauge = self._gauge(stop - start, covered)
            pieces = FrameReader(reader, self._workers, 0).pieces(start, stop, gauge)
            self._write(output, header, pieces, gauge, stop - start)
            output.finish(())
            output.warnings += fresh.cut_warnings(reader)
            return output.result(header)

    def recovered(self, start: int, stop: int | None) -> DecodeResult:
        """What is left of a damaged stream."""
        from nlac.codec.decoder.blocks import clipped
        from nlac.codec.decoder.recovery import Recovery
        from nlac.metadata.originals.reading import joined_tail

        recovery = Recovery(self._file, self._workers, self._max_output)
        header, problems = recovery.header, recovery.problems
        total = recovery.scan.num_frames
        first, last = _range(start, stop, total)
        self._check_output(last - first, header)
        original = None
        try:
            original = stored_original(recovery.scan.items, header)
        except CorruptStream as error:
            problems.append(f"the original file cannot be restored: {error}")
        default = default_container(recovery.scan.items, header)
        whole = (first, last) == (0, total)
        choose = self._any_container if whole else self._fresh_container
        container = choose(original, default)
        with open_target(self._dst, force=self._force) as target:
            items: Sequence[MetadataItem] = ()
            if container is not None:
                found = joined_tail(recovery.tail())
                items = self._fresh_items(header, recovery.scan.items, total, found)
            output = Rendering(
                target, header, original, container, last - first, items, self._max_output,
                exact=False, whole=whole)  # fmt: skip
            gauge = self._gauge(last - first, total)
            pieces = clipped(recovery.samples(gauge), first, last)
            self._write(output, header, pieces, gauge, last - first)
            output.finish(self._tail(output, header, recovery.tail()))
            trailer = recovery.scan.trailer
            restored = trailer is not None and output.digest == trailer.original_md5 is not None
            if output.digest is not None and not restored and not (problems or recovery.lost):
                problems.append("MD5 of the restored file does not match")
            return output.result(
                header,
                # of the whole stream, so not of a part
                md5=recovery.md5.hex() if recovery.md5 and whole else None,
                restored=restored,
                lost=tuple(r for r in recovery.lost if r.start < last and first < r.stop),
                problems=tuple(problems),
            )

    def _any_container(self, original: StoredOriginal | None, default: str) -> str | None:
        """Container for all of the audio; None where the original is to be restored."""
        if self._apply_gain is not None:
            return self._fresh_container(original, default)
        return choose_container(self._container, self._dst, original, default)

    def _fresh_items(
        self, header: StreamHeader, leading: Sequence[MetadataItem], num_frames: int, tail: bytes
    ) -> Sequence[MetadataItem]:
        """Metadata for a fresh file; the gain is found in them, if one is wanted."""
        items, self._notes = fresh.fresh_metadata(header, leading, num_frames, tail)
        if self._apply_gain is None:
            return items
        from nlac.metadata.replay_gain import GainFilter, without_gain

        self._gain = GainFilter(items, header, self._apply_gain)
        return without_gain(items)

    def _fresh_container(self, original: StoredOriginal | None, default: str) -> str:
        """Container for samples for which the original does not serve."""
        if self._container == "original":
            raise NotRestorable("the original file comes back only as a whole, and as it was")
        container = choose_container(self._container, self._dst, original, default)
        if container is None:
            assert original is not None
            container = original.fresh_container
        return container

    def _check_output(self, num_frames: int | None, header: StreamHeader, others: int = 0) -> None:
        """Refuse more samples, and other bytes, than may be written."""
        num_bytes = (num_frames or 0) * header.frame_bytes + others
        if self._max_output is not None and num_bytes > self._max_output:
            raise LimitExceeded(
                f"the output takes {num_bytes} bytes, more than max_output ({self._max_output})"
            )

    def _tail(
        self, output: Rendering, header: StreamHeader, pieces: Iterator[bytes]
    ) -> Iterator[bytes]:
        """The foreign tail, as long as there is room for it."""
        num_bytes = 0
        for piece in pieces:
            num_bytes += len(piece)
            self._check_output(output.frames, header, num_bytes)
            yield piece

    def _write(
        self,
        output: Rendering,
        header: StreamHeader,
        pieces: Iterator[Samples],
        gauge: Gauge,
        total: int | None,
    ) -> None:
        self._report(0, total)
        output.warnings += self._notes
        for samples in pieces:
            self._check_output(output.frames + len(samples), header)
            output.write(samples if self._gain is None else self._gain.apply(samples))
            output.target.flush()
            gauge.tick()
        if self._gain is not None:
            output.warnings += self._gain.warnings()
            output.gain_db = self._gain.decibels
        self._report(output.frames, total)

    def _gauge(self, total: int | None, decoded: int | None = None) -> Gauge:
        """Gauge of an output of `total` frames, for which `decoded` frames are decoded."""

        def report(done: int) -> None:
            if total is not None:
                done = min(total, done * total // max(1, decoded or total))
            self._report(done, total)

        return Gauge(report)

    def _report(self, done: int, total: int | None) -> None:
        if self._progress is not None:
            self._progress(done, total)


def _range(start: int, stop: int | None, num_frames: int) -> tuple[int, int]:
    first, last = span(start, stop, num_frames)
    return first, max(first, last)
