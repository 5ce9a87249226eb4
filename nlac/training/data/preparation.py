"""Prepare a dataset: read recordings, convert them, write shards and a manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import FormatError, OutputExists, UnsupportedAudio, UsageError
from nlac._log import logger
from nlac._output import open_output_folder
from nlac._parallel import ordered_map
from nlac.codec.decoder.workers import available_cores
from nlac.training.data import levels
from nlac.training.data.conversion import Converted, convert
from nlac.training.data.layouts import Source
from nlac.training.data.levels import FloatSamples
from nlac.training.data.shards import (
    MANIFEST,
    SHARD_BYTES,
    Manifest,
    Recording,
    shard_writer,
)
from nlac.training.data.sources import find_sources
from nlac.training.data.splits import divide

UNKNOWN_LICENCE = "unclear"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PrepareSettings:
    """How recordings become a dataset.

    Attributes
    ----------
    rate : int
        Frames a second.
    channels : {1, 2}
        1 mixes all channels, 2 doubles mono.
    bits : int
        Bits of a sample, 2 to 24. Samples of up to so many bits, at the same rate and with the
        same channels, stay as they are; others are rounded.
    resample : bool
        False: recordings of other rates are bad.
    peak : float, optional
        Peak that each recording is brought to, in dB of full scale, 0 or below.
    loudness : float, optional
        Loudness that each recording is brought to, in LUFS; less where samples would clip. Not
        together with `peak`.
    trim : float, optional
        Cut what is before the first and after the last 20 ms that are louder than this many dB
        below the loudest 20 ms.
    min_seconds : float
        Recordings that are shorter, after trimming, are bad.
    valid, test : float
        Shares of the recordings whose layout tells no split.
    split_by : str
        Label whose values are not divided between splits, such as ``speaker``.
    own_splits : bool
        Whether recordings keep the splits of their layouts.
    seed : int
        Of the division.
    licence : str
        Licence of recordings whose layout tells none.
    bad : {"skip", "refuse"}
        What becomes of bad recordings: they are left out, named and counted, or the first one is
        an error.
    """

    rate: int
    channels: int = 2
    bits: int = 16
    resample: bool = True
    peak: float | None = None
    loudness: float | None = None
    trim: float | None = None
    min_seconds: float = 0.0
    valid: float = 0.1
    test: float = 0.1
    split_by: str = ""
    own_splits: bool = True
    seed: int = 0
    licence: str = ""
    bad: str = "skip"

    def __post_init__(self) -> None:
        for name, good, allowed in (
            ("rate", 1 <= self.rate < 2**32, "1 or more Hz"),
            ("channels", self.channels in (1, 2), "1 or 2"),
            ("bits", 2 <= self.bits <= 24, "2 to 24"),
            ("peak", self.peak is None or self.peak <= 0, "0 dB or below"),
            ("loudness", self.loudness is None or self.loudness <= 0, "0 LUFS or below"),
            ("trim", self.trim is None or self.trim > 0, "more than 0 dB"),
            ("min_seconds", self.min_seconds >= 0, "0 or more"),
            ("bad", self.bad in ("skip", "refuse"), "skip or refuse"),
        ):
            if not good:
                raise UsageError(f"{name}: {getattr(self, name)!r}; {allowed}")
        if self.peak is not None and self.loudness is not None:
            raise UsageError("peak and loudness: only one of them can be chosen")


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """What became of the recordings.

    Attributes
    ----------
    manifest : Manifest
        That of the dataset.
    num_clipped : int
        Samples that were beyond full scale.
    num_held_back : int
        Recordings that would have clipped at the wanted loudness.
    """

    manifest: Manifest
    num_clipped: int
    num_held_back: int


class _Bad(Exception):
    """Why a recording is left out."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A recording that can be written."""

    converted: Converted
    samples: FloatSamples
    begin: int
    gain: float
    held_back: bool


def prepare(
    recordings: Sequence[str | Path],
    out: str | Path,
    settings: PrepareSettings,
    *,
    force: bool = False,
    threads: int = 0,
    shard_bytes: int = SHARD_BYTES,
    progress: Progress | None = None,
) -> PrepareReport:
    """Make a dataset of recordings.

    The folder appears when it is complete; after an error there is none. The same recordings and
    settings give the same bytes, whatever the number of threads.

    Parameters
    ----------
    recordings : sequence of path
        Files and folders; see `nlac.training.data.sources.find_sources`.
    out : path
        Folder to write.
    settings : PrepareSettings
    force : bool
        Replace an existing dataset.
    threads : int
        Recordings converted at a time; 0 takes all cores.
    shard_bytes : int
        Length after which another shard is begun.
    progress : callable, optional
        Called with the number of recordings done, and of all.

    Returns
    -------
    PrepareReport

    Raises
    ------
    OutputExists
        `out` exists, and `force` is False, or it is no dataset.
    UsageError
        The recordings or settings make no dataset.
    UnsupportedAudio
        A recording is bad, and `settings` refuse those; or all of them are.
    MissingDependency
        soxr or ffmpeg is needed and missing.
    """
    out = Path(out)
    if out.exists() and not (force and (out / MANIFEST).is_file()):
        hint = "give force to replace it" if not force else f"it has no {MANIFEST}, so it stays"
        raise OutputExists(f"{out}: exists; {hint}")
    sources = find_sources(recordings)
    if not settings.own_splits:
        sources = [replace(source, split="") for source in sources]
    splits = divide(sources, settings.seed, settings.valid, settings.test, settings.split_by)
    with (
        open_output_folder(out, force=force) as folder,
        shard_writer(folder, settings.channels, settings.bits, shard_bytes) as writer,
    ):
        found: list[Recording] = []
        skipped: list[dict[str, str]] = []
        clipped = held_back = 0
        seen: dict[str, str] = {}
        work = ordered_map(
            lambda source: _try_convert(source, settings), sources, threads or available_cores()
        )
        for done, (source, split, ready) in enumerate(zip(sources, splits, work, strict=True)):
            if progress is not None:
                progress(done, len(sources))
            try:
                if isinstance(ready, _Bad):
                    raise ready
                key = f"{ready.converted.rate} {ready.converted.sha256}"
                first = seen.setdefault(key, source.name)
                if first != source.name:
                    raise _Bad(f"the same samples as {first}")
            except _Bad as reason:
                if settings.bad == "refuse" and isinstance(ready, _Bad):
                    raise UnsupportedAudio(f"{source.path}: {reason}") from reason
                logger.warning(f"{source.name} left out: {reason}")
                skipped.append({"name": source.name, "reason": str(reason)})
                continue
            held_back += ready.held_back
            quantised = _Quantised(ready.samples, ready.gain, settings.bits)
            shard, begin, frames, sha256 = writer.add(quantised)
            clipped += quantised.num_clipped
            found.append(
                Recording(
                    source.name, split, frames, source.labels,
                    source.licence or settings.licence or UNKNOWN_LICENCE, sha256, shard, begin,
                    _source_facts(ready),
                )
            )  # fmt: skip
        if not found:
            raise UnsupportedAudio(f"none of {len(sources)} recordings is good")
        manifest = Manifest(
            settings.rate, settings.channels, settings.bits, writer.close(), tuple(found),
            asdict(settings), tuple(skipped),
        )  # fmt: skip
        (folder / MANIFEST).write_bytes(manifest.to_bytes())
    if progress is not None:
        progress(len(sources), len(sources))
    return PrepareReport(manifest, clipped, held_back)


def _try_convert(source: Source, settings: PrepareSettings) -> _Ready | _Bad:
    try:
        return _convert(source, settings)
    except (UnsupportedAudio, FormatError, _Bad) as error:
        return _Bad(str(error))
    except OSError as error:
        return _Bad(error.strerror or str(error))


def _convert(source: Source, settings: PrepareSettings) -> _Ready:
    converted = convert(source.path, settings.rate, settings.channels, resample=settings.resample)
    if source.sha256 not in ("", converted.sha256):
        raise _Bad("the SHA-256 of its samples differs from its manifest's")
    samples, begin = converted.samples, 0
    if settings.trim is not None:
        begin, end = levels.sound_range(samples, settings.rate, settings.trim)
        samples = samples[begin:end]
        if not len(samples):
            raise _Bad("it holds nothing but silence")
    if len(samples) < max(1, settings.min_seconds * settings.rate):
        raise _Bad(
            f"too short: {len(samples) / settings.rate:.3f} s of at least {settings.min_seconds} s"
        )
    gain, held_back = _gain(samples, settings)
    return _Ready(converted, samples, begin, gain, held_back)


def _gain(samples: FloatSamples, settings: PrepareSettings) -> tuple[float, bool]:
    """Gain in dB, and whether the peak kept it below what was wanted; silence stays as it is."""
    if settings.peak is None and settings.loudness is None:
        return 0.0, False
    highest = levels.peak(samples)
    if highest == 0.0:
        return 0.0, False
    headroom = -20 * float(np.log10(highest))
    if settings.peak is not None:
        return headroom + settings.peak, False
    loudness = levels.loudness(samples, settings.rate)
    if loudness is None:
        return 0.0, False
    assert settings.loudness is not None
    wanted = settings.loudness - loudness
    return min(wanted, headroom), wanted > headroom


class _Quantised:
    """Samples as integers, a piece at a time; counts those beyond full scale."""

    def __init__(self, samples: FloatSamples, gain: float, bits: int) -> None:
        self._samples = samples
        self._top = 1 << (bits - 1)
        self._factor = self._top * 10 ** (gain / 20)
        self.num_clipped = 0

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        for piece in levels.pieces(self._samples):
            values = np.rint(piece * np.float64(self._factor))
            # 1.0 itself, one step beyond what integers hold, is no fault
            self.num_clipped += int(np.count_nonzero(np.abs(values) > self._top))
            yield np.clip(values, -self._top, self._top - 1).astype(np.int32)


def _source_facts(ready: _Ready) -> dict[str, Any]:
    converted = ready.converted
    facts: dict[str, Any] = {
        name: getattr(converted, name) for name in ("rate", "channels", "bits", "frames", "sha256")
    }
    return facts | {"begin": ready.begin, "gain": round(ready.gain, 3)}
