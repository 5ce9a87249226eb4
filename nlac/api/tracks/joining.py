"""``nlac.join``: several streams one after the other as one, without encoding them again."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Unpack, cast

import numpy as np

from nlac._errors import BadMagic, ChecksumMismatch, CorruptStream, UnsupportedAudio, UsageError
from nlac._files import ReadFile, WriteFile, check_distinct, open_input, open_target
from nlac._names import refuse_foreign_name
from nlac._progress import Gauge
from nlac._typing import Samples
from nlac.api.encoding import Progress
from nlac.api.given import TagMapping
from nlac.api.options import OptionFields, encode_options, spelled_out
from nlac.api.render import audio_format
from nlac.api.tracks.joint_metadata import TagsFrom, joint_items, joint_sheet
from nlac.api.tracks.results import JoinResult
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.parser import CodedBlock
from nlac.bitstream.reader import IndexedReader
from nlac.bitstream.writer import StreamWriter
from nlac.codec.decoder.blocks import decode_blocks
from nlac.codec.decoder.workers import Workers
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.stream import StreamEncoder, make_header
from nlac.codec.transforms.pcm import PcmDigest
from nlac.metadata.originals.reading import ShownTags, shown_tags
from nlac.predictors.methods import names

# fields that must agree in any case, and those that must where blocks are kept
_AUDIO = {
    "sample_rate": "Hz",
    "channels": "channels",
    "is_float": "float",
    "bits_per_sample": "bits",
}
_CODING = ("predictor_id", "predictor_parameters", "model_hash")


@dataclass(frozen=True, slots=True)
class JoinInput:
    """A stream to be joined: its name for messages, its reader, and the tags that it shows."""

    name: str
    reader: IndexedReader
    shown: ShownTags


@spelled_out
def join(
    sources: Sequence[ReadFile],
    dst: WriteFile,
    *,
    tags: TagMapping | None = None,
    tags_from: TagsFrom = "first",
    cuesheet: bool = True,
    reencode: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    **options: Unpack[OptionFields],
) -> JoinResult:
    """Join nlac files, without a gap.

    Blocks are taken as they are: only their headers and checksums are written anew. All of them
    are decoded on the way, as blocks of the new stream, and compared with the MD5 of each input.
    The original files of the inputs cannot come back from the result, which has a cue sheet with
    a track for each input.

    Parameters
    ----------
    sources : sequence of path, bytes-like or binary file object
        The streams in order, of the same rate, channels and depth; for blocks to be taken as
        they are, also of the same predictor and model.
    dst : path or binary file object
        Where to; a pipe does. A path appears only when everything went well.
    tags : mapping of str to str or sequence of str, or pairs of str, optional
        Vorbis comments, in place of those of the same name.
    tags_from : {"first", "common", "none"}
        Which tags the result has besides: the first input's, those that all inputs have alike,
        or none; those of the original file count where a stream stores none. Tags of single
        tracks (title, number, ISRC, gain) are in the cue sheet, if anywhere. Pictures are the first
        input's, unless it is "none".
    cuesheet : bool
        Make a cue sheet with a track for each input.
    reencode : bool
        Encode all samples anew, with the options below.
    force : bool
        Replace an existing output.
    progress : callable, optional
        ``progress(done, total)``, as in `encode`.

    Other Parameters
    ----------------
    preset, predictor, predictor_options, model, device, coder, long_term, effort, \
    block_seconds, verify, threads, memory
        As in `EncodeOptions`; all but the last two matter with `reencode` only.

    Returns
    -------
    JoinResult

    Raises
    ------
    UnsupportedAudio
        The inputs do not fit each other.
    FormatError
        An input is damaged, or no stream.
    OutputExists
        There is such an output, and not `force`.
    """
    if isinstance(sources, (str, os.PathLike, bytes)) or not sources:
        raise UsageError("join needs a sequence of inputs")
    chosen = encode_options(options)
    refuse_foreign_name(dst)
    for source in sources:
        check_distinct(source, dst)
    with ExitStack() as stack:
        inputs = []
        warnings: list[str] = []
        for number, source in enumerate(sources, 1):
            name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else str(number)
            file = stack.enter_context(open_input(source, seekable=True))
            with _named(name):
                reader = IndexedReader(file)
                inputs.append(JoinInput(name, reader, shown_tags(reader)))
            warnings += [f"{name}: {note}" for note in inputs[-1].shown.notes]
        header = common_header(inputs, warnings, coding=not reencode)
        if reencode:
            made = make_header(audio_format(header), chosen, header.num_frames)
            header = replace(made, channel_mask=header.channel_mask)
        readers, shown = [each.reader for each in inputs], [each.shown for each in inputs]
        items = joint_items(readers, shown, tags, tags_from, warnings)
        if cuesheet:
            names_ = [PurePath(each.name).stem for each in inputs]
            items += joint_sheet(readers, shown, names_, items, warnings)
        job = _Joining(inputs, header, chosen, progress)
        with open_target(dst, force=force) as target:
            writer = StreamEncoder(header, chosen) if reencode else StreamWriter(header)
            if isinstance(writer, StreamEncoder):
                for data in writer.begin(items):
                    target.file.write(data)
                for data in writer.encode(job.encoder_blocks(), job.gauge(2)):
                    target.file.write(data)
                target.file.write(writer.end())
                writer = writer.writer
            else:
                target.file.write(writer.begin())
                for item in items:
                    target.file.write(writer.item(item))
                for data in job.copied(writer):
                    target.file.write(data)
                target.file.write(writer.end(job.digest.digest()))
        return JoinResult(
            frames=writer.num_frames,
            sample_rate=header.sample_rate,
            seconds=writer.num_frames / header.sample_rate,
            bytes_in=sum(each.reader.num_bytes for each in inputs),
            bytes_out=writer.num_bytes,
            md5=job.digest.digest().hex(),
            num_blocks=writer.num_blocks,
            encoded=reencode,
            warnings=tuple(warnings),
        )


def common_header(
    inputs: Sequence[JoinInput], warnings: list[str], *, coding: bool
) -> StreamHeader:
    """Header of the joint stream.

    Parameters
    ----------
    inputs : sequence of JoinInput
        The streams.
    warnings : list of str
        Gets what is odd.
    coding : bool
        Whether blocks shall be taken as they are, so that predictors must agree.

    Raises
    ------
    UnsupportedAudio
        Headers differ; the first input that differs, and how, is told.
    """
    first = inputs[0].reader.header
    for each in inputs[1:]:
        header = each.reader.header
        for field, unit in _AUDIO.items():
            if getattr(header, field) != getattr(first, field):
                raise UnsupportedAudio(
                    f"{each.name}: {_value(header, field, unit)}, but {inputs[0].name} has "
                    f"{_value(first, field, unit)}; these can't be joined"
                )
        if coding and any(getattr(header, field) != getattr(first, field) for field in _CODING):
            raise UnsupportedAudio(
                f"{each.name}: coded by {_coding(header)}, {inputs[0].name} by {_coding(first)}; "
                "reencode encodes all of them anew"
            )
    headers = [each.reader.header for each in inputs]
    masks = {header.channel_mask for header in headers} - {0}
    if len(masks) > 1:
        raise UnsupportedAudio(
            f"the channels of the inputs differ (masks {', '.join(f'{m:#x}' for m in masks)})"
        )
    if masks and any(not header.channel_mask for header in headers):
        warnings.append(f"not all inputs tell their channels; mask {max(masks):#x} is taken")
    coders = {header.coder_id for header in headers}
    return replace(
        first,
        channel_mask=max(masks, default=0),
        num_frames=sum(each.reader.num_frames for each in inputs),
        block_length=max(header.block_length for header in headers),
        # blocks tell which one they use, where the stream leaves that open
        coder_id=coders.pop() if len(coders) == 1 else c.CODER_AUTO,
    )


class _Joining:
    """Goes through the blocks of all inputs, and checks each of them."""

    def __init__(
        self,
        inputs: Sequence[JoinInput],
        header: StreamHeader,
        options: EncodeOptions,
        progress: Progress | None,
    ) -> None:
        self._inputs = inputs
        self._header = header
        self._workers = Workers(options.threads, options.memory)
        self._progress = progress
        self._total = header.num_frames or 0
        self.digest = PcmDigest(header.bits_per_sample)

    def gauge(self, passes: int) -> Gauge:
        """A gauge of this many passes over the samples, which tells of the last as well."""

        def report(done: int) -> None:
            if self._progress is not None:
                self._progress(min(self._total, done), self._total)

        report(0)
        return Gauge(report)

    def copied(self, writer: StreamWriter) -> Iterator[bytes]:
        """The blocks of all inputs, as blocks of the new stream."""
        gauge = self.gauge(1)
        for each in self._inputs:
            with self._checked(each) as check:
                # those that are being decoded; they come out in order
                waiting: deque[CodedBlock] = deque()
                blocks = map(each.reader.block, range(each.reader.num_blocks))
                # as the new header has them decoded: that they are the same is the proof
                for samples in decode_blocks(
                    _noted(blocks, waiting), self._header, self._workers, gauge
                ):
                    check(samples)
                    yield writer.block(waiting.popleft().payload, len(samples))
                    gauge.tick()

    def encoder_blocks(self) -> Iterator[Samples]:
        """The samples of all inputs, in blocks of the new stream."""
        length = self._header.block_length
        waiting: list[Samples] = []
        count = 0
        for each in self._inputs:
            with self._checked(each) as check:
                reader = each.reader
                blocks = (reader.block(i) for i in range(reader.num_blocks))
                for samples in decode_blocks(blocks, reader.header, self._workers):
                    check(samples)
                    waiting.append(samples)
                    count += len(samples)
                    while count >= length:
                        joined = cast(Samples, np.concatenate(waiting))
                        yield joined[:length]
                        waiting = [joined[length:]]
                        count -= length
        if count:
            yield cast(Samples, np.concatenate(waiting))

    @contextmanager
    def _checked(self, each: JoinInput) -> Iterator[Callable[[Samples], None]]:
        """Compare what an input is decoded to with its MD5."""
        digest = PcmDigest(self._header.bits_per_sample)

        def check(samples: Samples) -> None:
            digest.update(samples)
            self.digest.update(samples)

        with _named(each.name):
            yield check
            if digest.digest() != each.reader.trailer.pcm_md5:
                raise ChecksumMismatch(
                    "MD5 of the samples does not match", path="trailer.pcm_md5"
                )


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Tell the input in errors about its bytes."""
    try:
        yield
    except CorruptStream as error:
        raise type(error)(
            f"{name}: {error.message}",
            offset_bytes=error.offset_bytes,
            block_index=error.block_index,
            first_frame=error.first_frame,
            sample_rate=error.sample_rate,
            path=error.path,
        ) from error
    except BadMagic as error:
        raise BadMagic(f"{name}: {error}") from error


def _value(header: StreamHeader, field: str, unit: str) -> str:
    value = getattr(header, field)
    if unit == "float":
        return "float samples" if value else "integer samples"
    return f"{value} {unit}"


def _coding(header: StreamHeader) -> str:
    name = names().get(header.predictor_id, f"number {header.predictor_id}")
    if header.model_hash:
        name += f" (model {header.model_hash.hex()[:12]})"
    return name + (" with parameters of its own" if header.predictor_parameters else "")


def _noted(blocks: Iterable[CodedBlock], notes: deque[CodedBlock]) -> Iterator[CodedBlock]:
    for block in blocks:
        notes.append(block)
        yield block
