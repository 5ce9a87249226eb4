"""``nlac.encode``: any audio file to an nlac file, with the proof that it comes back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, Unpack

from nlac._errors import NotRestorable
from nlac._files import (
    ReadFile,
    Target,
    WriteFile,
    can_seek,
    check_distinct,
    open_input,
    open_target,
)
from nlac._names import refuse_foreign_name
from nlac._progress import Gauge
from nlac._typing import Samples
from nlac._urls import is_url
from nlac.api.given import PictureLike, TagMapping, metadata_items
from nlac.api.options import OptionFields, encode_options, spelled_out
from nlac.api.results.coding import EncodeResult
from nlac.audio.base import AudioSource, Keep
from nlac.audio.original.restoration import (
    RestorationProof,
    extension_items,
    read_block,
    recipe_items,
    tail_items,
)
from nlac.audio.packing import Packing
from nlac.audio.source import open_source
from nlac.bitstream import constants as c
from nlac.bitstream.metadata import MetadataItem, split_item
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.stream import StreamEncoder, make_header
from nlac.metadata.padding import checked_padding, default_padding, padding_items

if TYPE_CHECKING:
    from nlac.audio.raw import RawSpec
    from nlac.bitstream.header import StreamHeader

Progress: TypeAlias = Callable[[int, int | None], None]


@spelled_out
def encode(
    src: ReadFile,
    dst: WriteFile,
    *,
    tags: TagMapping | None = None,
    pictures: Sequence[PictureLike] = (),
    cuesheet: str | None = None,
    padding: int | None = None,
    strip_chunks: bool = False,
    audio_only: bool = False,
    exact: bool = True,
    embed_model: bool = False,
    raw: RawSpec | str | None = None,
    ignore_sizes: bool = False,
    protect: float | None = None,
    force: bool = False,
    progress: Progress | None = None,
    **options: Unpack[OptionFields],
) -> EncodeResult:
    """Encode an audio file.

    WAV, RF64, BW64, W64, AIFF, AIFF-C, raw and FLAC files are stored with everything that is
    in them: `decode` gives the same bytes back, and this is proved here by re-assembling the
    file and comparing MD5s. Of a FLAC file with damaged or odd frames the samples and all
    metadata blocks are kept, and a warning says why. The same input gives the same bytes
    whether files or pipes are at either end, for every number of threads. Only a file whose
    name has another extension than is usual (``.WAV``, ``.bwf``, none) adds an item that tells
    it.

    Parameters
    ----------
    src : path, URL, bytes-like or binary file object
        What to encode; a pipe does. A file object that can seek is read from where it
        stands.
    dst : path, URL or binary file object
        Where to; a pipe does. A path or URL appears only when everything went well.
    tags : mapping of str to str or sequence of str, or pairs of str, optional
        Vorbis comments.
    pictures : sequence of Picture, path or str
        Pictures; image files, or specifications of them as in `flac --picture`.
    cuesheet : str, optional
        Text of a cue sheet, which is checked and kept as it is.
    padding : int, optional
        Bytes of padding, in which tags can be edited in place; 0 for none. None: a part in 4096
        of the samples' bytes up to 4096, none below 64, and 1024 where the input does not tell its
        length before its end.
    strip_chunks : bool
        Keep the samples and nothing else of the file; `decode` then writes a fresh one.
    audio_only : bool
        Accept files whose bytes cannot come back (CAF, MP3 and others), for their samples.
    exact : bool
        Keep what FLAC files need to come back byte for byte; False keeps their samples and all
        metadata blocks, in somewhat fewer bytes.
    embed_model : bool
        Put the model of `cnn` or `gru` into the stream, for decoders that lack it.
    raw : RawSpec or str, optional
        The input has no header; this says what its samples are, for example
        ``"44100,s16le,2"``.
    protect : float, optional
        Add parity against damage, relative to the stream, 0.01 to 0.20 (see `nlac.protect`).
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
    block_seconds, profile, entry_seconds, origin, verify, threads, memory
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
    CueSheetError
        The cue sheet breaks a rule, or does not suit the audio.
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
    if protect is not None:
        from nlac.api.parity.protecting import check_amount

        check_amount(protect)
    job = _Encoding(
        encode_options(options),
        metadata_items(tags, pictures),
        cuesheet,
        None if padding is None else checked_padding(padding),
        strip_chunks,
        audio_only,
        embed_model,
        _file_name(src),
        protect,
        progress,
    )
    if isinstance(raw, str):
        from nlac.audio.raw import RawSpec

        raw = RawSpec.parse(raw)
    keep = Keep.NOTHING if strip_chunks else Keep.EVERYTHING if exact else Keep.METADATA
    with ExitStack() as stack:
        if isinstance(src, (bytes, bytearray, memoryview)) or is_url(src):
            src = stack.enter_context(open_input(src))
        start = src.tell() if not isinstance(src, (str, PathLike)) and can_seek(src) else None
        may_restart = isinstance(src, (str, PathLike)) or start is not None
        # the output is begun only when the input has proved to be audio
        source = stack.enter_context(
            open_source(src, raw=raw, ignore_sizes=ignore_sizes, keep=keep)
        )
        target = stack.enter_context(open_target(dst, force=force))
        try:
            return job.run(source, target)
        except NotRestorable:
            if not (isinstance(source.packing, Packing) and source.packing.shift):
                raise
            if not (may_restart and target.seekable):
                raise
        # samples use bits that the header declares unused: those count, then
        target.restart()
        if not isinstance(src, (str, PathLike)) and start is not None:
            src.seek(start)
        with open_source(src, raw=raw, ignore_sizes=ignore_sizes, full_depth=True) as deeper:
            return job.run(deeper, target)


class _Encoding:
    """One call of `encode`, which may be run again on a source read in another way."""

    def __init__(
        self,
        options: EncodeOptions,
        items: list[MetadataItem],
        cuesheet: str | None,
        padding: int | None,
        strip_chunks: bool,
        audio_only: bool,
        embed_model: bool,
        file_name: str | None,
        protect: float | None,
        progress: Progress | None,
    ) -> None:
        self._options = options
        self._items = items
        self._cuesheet = cuesheet
        self._padding = padding
        self._strip_chunks = strip_chunks
        self._audio_only = audio_only
        self._embed_model = embed_model
        self._file_name = file_name
        self._protect = protect
        self._progress = progress
        self._told = 0

    def run(self, source: AudioSource, target: Target) -> EncodeResult:
        if self._protect is None:
            return self._run(source, target.file, target)
        from nlac.api.parity.protecting import with_parity

        with with_parity(target, self._protect) as output:
            result = self._run(source, output.file, target)
        if not output.parity_bytes:
            return result
        bytes_out = result.bytes_out + output.parity_bytes
        ratio = bytes_out / result.bytes_in if result.bytes_in else 0.0
        return replace(result, bytes_out=bytes_out, ratio=ratio)

    def _run(self, source: AudioSource, file: BinaryIO, target: Target) -> EncodeResult:
        is_kept = source.restorable or source.kept_blocks
        if not is_kept and not (self._audio_only or self._strip_chunks):
            raise NotRestorable(
                f"the bytes of a {source.container} file could not be restored, only its "
                "samples; accept that with audio_only"
            )
        fmt = source.format
        # without the number of frames: a pipe could not tell, and a file shall give the same bytes
        header = make_header(fmt, self._options)
        encoder = StreamEncoder(header, self._options)
        items = list(self._items)
        if self._cuesheet is not None:
            from nlac.metadata.cue_sheet.stored import cue_sheet_item

            self._check_sheet(source, source.num_frames)
            items.append(cue_sheet_item(self._cuesheet))
        if self._embed_model:
            from nlac.codec.encoder.models import model_item

            items.append(model_item(header))
        proof = None
        if source.restorable and not self._strip_chunks:
            assert source.packing is not None
            proof = RestorationProof(source.head, source.packing)
            original = recipe_items(source)
            if self._file_name is not None:
                original += extension_items(self._file_name, source.container)
            items = original + items
        elif not self._strip_chunks:
            items = split_item(c.ITEM_FLAC_METADATA, source.kept_blocks) + items
        padding = self._padding
        if padding is None:
            announced = source.announced_frames
            padding = default_padding(announced and announced * header.frame_bytes)
        items += padding_items(padding)
        for data in encoder.begin(items):
            file.write(data)
        self._report(0, source)
        gauge = Gauge(lambda done: self._report(done, source))
        for data in encoder.encode(self._blocks(source, header, proof), gauge):
            file.write(data)
            target.flush()
            gauge.tick()
        if self._cuesheet is not None and source.num_frames is None:
            # now that the length is known
            self._check_sheet(source, encoder.writer.num_frames)
        original_md5 = None
        if proof is not None:
            proof.end_samples()
        if source.restorable:
            # also where it is not kept: whoever writes into our pipe wants it read
            for item in tail_items(source.tail()):
                if proof is not None:
                    file.write(encoder.item(item))
                    proof.tail(item.data)
        if proof is not None:
            original_md5 = proof.check(source.digest)
        file.write(encoder.end(original_md5, proof.num_bytes if proof else 0))
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

    def _check_sheet(self, source: AudioSource, num_frames: int | None) -> None:
        """Refuse a cue sheet that does not suit the audio."""
        from nlac.metadata.cue_sheet.parser import parse_cue_sheet

        assert self._cuesheet is not None
        parse_cue_sheet(self._cuesheet, source.format, num_frames)

    def _blocks(
        self, source: AudioSource, header: StreamHeader, proof: RestorationProof | None
    ) -> Iterator[Samples]:
        while len(samples := read_block(source, header, proof)):
            yield samples
            # not kept while the next block is read
            del samples

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
