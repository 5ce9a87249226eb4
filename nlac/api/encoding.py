"""``nlac.encode``: any audio file to an nlac file, with the proof that it comes back."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, TypeAlias, Unpack

from nlac._errors import NotRestorable, UsageError
from nlac._files import ReadFile, Target, WriteFile, can_seek, check_distinct, open_target
from nlac._names import refuse_foreign_name
from nlac._progress import Gauge
from nlac._typing import Samples
from nlac.api.options import OptionFields, encode_options, spelled_out
from nlac.api.results import EncodeResult
from nlac.audio.base import AudioSource
from nlac.audio.original.restoration import (
    RestorationProof,
    extension_items,
    recipe_items,
    tail_items,
)
from nlac.audio.raw import RawSpec
from nlac.audio.source import open_source
from nlac.bitstream.items import Picture, Tags
from nlac.bitstream.metadata import MetadataItem
from nlac.codec.encoder.models import model_item
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.stream import StreamEncoder, make_header

if TYPE_CHECKING:
    from nlac.bitstream.header import StreamHeader

TagMapping: TypeAlias = Mapping[str, str | Sequence[str]] | Sequence[tuple[str, str]]
Progress: TypeAlias = Callable[[int, int | None], None]


@spelled_out
def encode(
    src: ReadFile,
    dst: WriteFile,
    *,
    tags: TagMapping | None = None,
    pictures: Sequence[Picture] = (),
    strip_chunks: bool = False,
    audio_only: bool = False,
    embed_model: bool = False,
    raw: RawSpec | str | None = None,
    ignore_sizes: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    **options: Unpack[OptionFields],
) -> EncodeResult:
    """Encode an audio file.

    WAV, RF64, BW64, W64, AIFF, AIFF-C and raw files are stored with everything that is in
    them: `decode` gives the same bytes back, and this is proved here by re-assembling the
    file and comparing MD5s. The same input gives the same bytes whether files or pipes
    are at either end, for every number of threads. Only a file whose name has another
    extension than is usual (``.WAV``, ``.bwf``, none) adds an item that tells it.

    Parameters
    ----------
    src : path, bytes-like or binary file object
        What to encode; a pipe does. A file object that can seek is read from where it
        stands.
    dst : path or binary file object
        Where to; a pipe does. A path appears only when everything went well.
    tags : mapping of str to str or sequence of str, or pairs of str, optional
        Vorbis comments.
    pictures : sequence of Picture
        Pictures.
    strip_chunks : bool
        Keep the samples and nothing else of the file; `decode` then writes a fresh one.
    audio_only : bool
        Accept files whose bytes cannot come back (FLAC, CAF and others), for their samples.
    embed_model : bool
        Put the model of `cnn` or `gru` into the stream, for decoders that lack it.
    raw : RawSpec or str, optional
        The input has no header; this says what its samples are, for example
        ``"44100,s16le,2"``.
    force : bool
        Replace an existing output.
    progress : callable, optional
        ``progress(done, total)``, called on this thread several times a second, also inside long
        blocks, with the frames done and the frames in all (None if not known). `done` is the sum
        over all blocks being coded, verification included; it never becomes less.

    Other Parameters
    ----------------
    ignore_sizes : bool
        Take everything after the header as samples, whatever sizes it declares.
    preset, predictor, predictor_options, model, device, coder, long_term, effort, \
    block_seconds, entry_seconds, verify, threads, memory
        As in `EncodeOptions`.

    Returns
    -------
    EncodeResult

    Raises
    ------
    UnsupportedAudio
        The input is no audio that can be coded.
    NotRestorable
        Its bytes could not be restored (see `audio_only`).
    OutputExists
        There is such an output, and not `force`.
    VerifyMismatch
        A fault of the encoder, caught in time; nothing is left behind.

    Examples
    --------
    >>> nlac.encode("take.wav", "take.nlac", preset="max")     # doctest: +SKIP
    """
    check_distinct(src, dst)
    refuse_foreign_name(dst)
    if isinstance(src, (bytes, bytearray, memoryview)):
        src = io.BytesIO(src)
    job = _Encoding(
        encode_options(options),
        metadata_items(tags, pictures),
        strip_chunks,
        audio_only,
        embed_model,
        _file_name(src),
        progress,
    )
    spec = RawSpec.parse(raw) if isinstance(raw, str) else raw
    start = src.tell() if not isinstance(src, (str, PathLike)) and can_seek(src) else None
    may_restart = isinstance(src, (str, PathLike)) or start is not None
    # the output is begun only when the input has proved to be audio
    with (
        open_source(src, raw=spec, ignore_sizes=ignore_sizes) as source,
        open_target(dst, force=force) as target,
    ):
        try:
            return job.run(source, target)
        except NotRestorable:
            shift = source.packing.shift if source.packing is not None else 0
            if not (shift and may_restart and target.seekable):
                raise
        # samples use bits that the header declares unused: those count, then
        target.restart()
        if not isinstance(src, (str, PathLike)) and start is not None:
            src.seek(start)
        with open_source(src, raw=spec, ignore_sizes=ignore_sizes, full_depth=True) as deeper:
            return job.run(deeper, target)


class _Encoding:
    """One call of `encode`, which may be run again on a source read in another way."""

    def __init__(
        self,
        options: EncodeOptions,
        items: list[MetadataItem],
        strip_chunks: bool,
        audio_only: bool,
        embed_model: bool,
        file_name: str | None,
        progress: Progress | None,
    ) -> None:
        self._options = options
        self._items = items
        self._strip_chunks = strip_chunks
        self._audio_only = audio_only
        self._embed_model = embed_model
        self._file_name = file_name
        self._progress = progress
        self._told = 0

    def run(self, source: AudioSource, target: Target) -> EncodeResult:
        if not source.restorable and not (self._audio_only or self._strip_chunks):
            raise NotRestorable(
                f"the bytes of a {source.container} file could not be restored, only its "
                "samples; accept that with audio_only"
            )
        fmt = source.format
        # without the number of frames: a pipe could not tell, and a file shall give the same bytes
        header = make_header(fmt, self._options)
        encoder = StreamEncoder(header, self._options)
        items = list(self._items)
        if self._embed_model:
            items.append(model_item(header))
        proof = None
        if source.restorable and not self._strip_chunks:
            assert source.packing is not None
            proof = RestorationProof(source.head, source.packing)
            original = recipe_items(source)
            if self._file_name is not None:
                original += extension_items(self._file_name, source.container)
            items = original + items
        for data in encoder.begin(items):
            target.file.write(data)
        self._report(0, source)
        gauge = Gauge(lambda done: self._report(done, source))
        for data in encoder.encode(self._blocks(source, header, proof), gauge):
            target.file.write(data)
            gauge.tick()
        original_md5 = None
        if source.restorable:
            # also where it is not kept: whoever writes into our pipe wants it read
            for item in tail_items(source.tail()):
                if proof is not None:
                    target.file.write(encoder.item(item))
                    proof.tail(item.data)
        if proof is not None:
            original_md5 = proof.check(source.digest)
        target.file.write(encoder.end(original_md5, proof.num_bytes if proof else 0))
        frames = encoder.writer.num_frames
        bytes_in = proof.num_bytes if proof else frames * header.frame_bytes
        bytes_out = encoder.writer.num_bytes
        return EncodeResult(
            frames=frames,
            sample_rate=fmt.sample_rate,
            channels=fmt.channels,
            seconds=frames / fmt.sample_rate,
            bytes_in=bytes_in,
            bytes_out=bytes_out,
            ratio=bytes_out / bytes_in if bytes_in else 0.0,
            md5=encoder.digest.digest().hex(),
            container=source.container,
            restorable=proof is not None,
            verified=self._options.verify,
            warnings=tuple(source.warnings),
        )

    def _blocks(
        self, source: AudioSource, header: StreamHeader, proof: RestorationProof | None
    ) -> Iterator[Samples]:
        while len(samples := source.read(header.block_length)):
            if proof is not None:
                proof.samples(samples)
            yield samples

    def _report(self, done: int, source: AudioSource) -> None:
        # a second run begins anew; what was told does not become less
        self._told = max(self._told, done)
        if self._progress is not None:
            self._progress(self._told, source.expected_frames)


def _file_name(src: ReadFile) -> str | None:
    """Name of a file that is read, opened or not; a pipe has none, whatever it is called."""
    path = src if isinstance(src, (str, PathLike)) else getattr(src, "name", None)
    if isinstance(path, (str, PathLike)) and os.path.isfile(path):
        return os.path.basename(path)
    return None


def metadata_items(tags: TagMapping | None, pictures: Sequence[Picture]) -> list[MetadataItem]:
    """Items of what a caller gives along with the samples.

    Raises
    ------
    UsageError
        Something else was given than texts and pictures.
    """
    items = [Tags.from_mapping(tags).to_item()] if tags else []
    if isinstance(pictures, Picture):
        pictures = [pictures]
    for picture in pictures:
        if not isinstance(picture, Picture):
            raise UsageError(f"picture of type {type(picture).__name__}: nlac.Picture is needed")
        items.append(picture.to_item())
    return items
