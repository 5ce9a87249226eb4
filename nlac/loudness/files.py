"""Measure loudness of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nlac._files import ReadFile, open_input
from nlac._typing import Samples
from nlac.api.render import audio_format
from nlac.audio.format import AudioFormat
from nlac.audio.source import AudioSource, open_source
from nlac.bitstream.constants import MAGIC
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.access import FrameReader
from nlac.codec.decoder.blocks import check_pcm
from nlac.codec.decoder.workers import Workers
from nlac.codec.transforms.pcm import PcmDigest
from nlac.loudness.gating import Loudness
from nlac.loudness.meter import LoudnessMeter

_PIECE = 1 << 16


def measure(
    file: ReadFile,
    *,
    dual_mono: bool = False,
    threads: int = 0,
    memory: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Loudness:
    """Measure the loudness of an audio file.

    Parameters
    ----------
    file : path, bytes-like or binary file object
        An nlac stream, whose checksums are verified, or any audio file that `nlac.encode` reads.
    dual_mono : bool
        A single channel is played by two speakers, and so 3 LU louder.
    threads, memory
        As in `nlac.read`.
    progress : callable, optional
        ``progress(done, total)``, as in `nlac.encode`.

    Returns
    -------
    Loudness

    Raises
    ------
    FormatError
        The stream is damaged.
    UnsupportedAudio
        It is no audio that can be read, or cannot be measured.

    Examples
    --------
    >>> measure("take.wav").integrated          # doctest: +SKIP
    -17.3
    """
    with open_input(file, seekable=True) as opened:
        is_stream = opened.read(len(MAGIC)) == MAGIC
        opened.seek(0)
        if is_stream:
            reader = IndexedReader(opened)
            pieces = _of_stream(reader, Workers(threads, memory))
            fmt, total = audio_format(reader.header), reader.num_frames
            return _measured(pieces, fmt, total, dual_mono, progress)
        with open_source(opened) as source:
            expected = source.expected_frames
            return _measured(_of_source(source), source.format, expected, dual_mono, progress)


def _measured(
    pieces: Iterator[Samples],
    fmt: AudioFormat,
    total: int | None,
    dual_mono: bool,
    progress: Callable[[int, int | None], None] | None,
) -> Loudness:
    meter = LoudnessMeter(fmt.sample_rate, fmt.channels, fmt.channel_mask, dual_mono=dual_mono)
    scale = 1.0 if fmt.is_float else 2.0 ** (1 - fmt.bits_per_sample)
    done = 0
    for samples in pieces:
        meter.push(samples * scale)
        done += len(samples)
        if progress is not None:
            progress(done, total)
    return meter.result()


def _of_stream(reader: IndexedReader, workers: Workers) -> Iterator[Samples]:
    digest = PcmDigest(reader.header.bits_per_sample)
    for samples in FrameReader(reader, workers, 0).pieces(0, reader.num_frames):
        digest.update(samples)
        yield samples
    check_pcm(digest, reader.trailer)


def _of_source(source: AudioSource) -> Iterator[Samples]:
    while len(samples := source.read(_PIECE)):
        yield samples
