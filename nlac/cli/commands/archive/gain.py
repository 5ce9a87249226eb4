"""``nlac gain``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import click

from nlac._log import logger
from nlac._names import AUDIO_SUFFIXES
from nlac._urls import is_url, url_name
from nlac.cli import _console, _files
from nlac.cli._batch import tell_failure
from nlac.cli._kinds import check_editable
from nlac.cli.options.bundles import json_option
from nlac.cli.options.search import search_options
from nlac.cli.options.sizes import memory_option

if TYPE_CHECKING:
    from nlac.loudness import Loudness


@dataclass(slots=True)
class _Measured:
    """A file that was measured."""

    source: _files.Input
    loudness: Loudness
    is_stream: bool


@click.command("gain")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--album", is_flag=True, help="All files together are an album: tags for it, too.")
@click.option("--r128", is_flag=True, help="Write R128_TRACK_GAIN (and _ALBUM_) as well.")
@click.option(
    "--dual-mono", is_flag=True, help="Mono is played by two speakers, and so 3 LU louder."
)
@click.option("-n", "--dry-run", is_flag=True, help="Measure only; write no tags.")
@search_options
@click.option(
    "-j", "--threads", metavar="N", type=click.IntRange(0), default=0, help="Threads; 0: all cores."
)
@memory_option
@_files.model_option
@json_option
@_console.verbosity_options
def command(
    files: tuple[str, ...],
    album: bool,
    r128: bool,
    dual_mono: bool,
    dry_run: bool,
    recursive: bool,
    include: tuple[str, ...],
    threads: int,
    memory: int | None,
    as_json: bool,
) -> int:
    """Measure loudness (EBU R 128), and write ReplayGain 2.0 tags to nlac files.

    Any audio file is measured that nlac encode reads; tags are written to nlac files
    only. Samples are never changed: nlac decode --apply-gain is what applies a gain.

    \b
    Examples:
      nlac gain song.nlac
      nlac gain --album album/*.nlac
      nlac gain --json -n master.wav | jq .loudness_lufs
      nlac gain -r archive --r128
    """
    inputs = _files.find_inputs(
        files, recursive=recursive, include=include, suffixes=AUDIO_SUFFIXES | {".nlac"}
    )
    _console.before_coding()
    run = _Run(dual_mono, threads, memory, r128, dry_run, as_json)
    measured: list[_Measured] = []
    code = 0
    for source in inputs:
        try:
            each = run.measure(source)
            measured.append(each)
            if not album:
                run.finish(each, None)
        except Exception as error:
            if _console.ends_the_run(error):
                raise
            code = _console.gravest(code, run.fail(source, error))
    if not album:
        return code
    if code:
        # an album without one of its tracks has another loudness
        logger.error("not all files of the album could be measured, so no tags are written")
        run.dry_run = True
    return run.finish_album(measured, code)


class _Run:
    """What was asked for, and how it is told."""

    def __init__(
        self,
        dual_mono: bool,
        threads: int,
        memory: int | None,
        r128: bool,
        dry_run: bool,
        as_json: bool,
    ) -> None:
        self._dual_mono = dual_mono
        self._limits: dict[str, Any] = {"threads": threads, "memory": memory}
        self._r128 = r128
        self._as_json = as_json
        self.dry_run = dry_run

    def measure(self, source: _files.Input) -> _Measured:
        from nlac.loudness import measure

        if not self.dry_run and _may_be_stream(source.path):
            check_editable(source.path, "; -n measures only")
        is_stream = not source.is_pipe and _files.is_stream(source.path)
        with _console.progress_bar(str(source)) as progress:
            loudness = measure(
                source.file(), dual_mono=self._dual_mono, progress=progress, **self._limits
            )
        return _Measured(source, loudness, is_stream)

    def finish(self, each: _Measured, album: Loudness | None) -> None:
        """Write the tags of a file, and tell what was measured."""
        written = self._write(each, album)
        if self._as_json:
            facts = _facts(each.loudness)
            if album is not None:
                facts["album"] = _facts(album)
            click.echo(json.dumps({"file": each.source.path, "ok": True, **facts, **written}))
            return
        _console.say(f"{each.source}: {_text(each.loudness)}{_WORDS[written['tags']]}")

    def finish_album(self, measured: list[_Measured], code: int) -> int:
        """The same of all files of an album, and tell of the album."""
        from nlac.loudness.gating import album_loudness

        album = album_loudness([each.loudness for each in measured])
        for each in measured:
            try:
                self.finish(each, album)
            except Exception as error:
                if _console.ends_the_run(error):
                    raise
                code = _console.gravest(code, self.fail(each.source, error))
        if not self._as_json and measured:
            _console.say(f"album of {len(measured)}: {_text(album)}")
        return code

    def fail(self, source: _files.Input, error: Exception) -> int:
        """Tell of an error; returns its exit code."""
        return tell_failure(source, error, as_json=self._as_json)

    def _write(self, each: _Measured, album: Loudness | None) -> dict[str, str]:
        from nlac.editing.editor import MetadataEditor
        from nlac.metadata.replay_gain import gain_tags

        if not each.is_stream:
            return {"tags": "not an nlac file"}
        tags: dict[str, str] = {}
        if each.loudness.integrated is not None:
            peak = each.loudness.true_peak
            tags |= gain_tags("track", each.loudness.integrated, peak, r128=self._r128)
        if album is not None and album.integrated is not None:
            tags |= gain_tags("album", album.integrated, album.true_peak, r128=self._r128)
        if not tags:
            return {"tags": "silence"}
        if self.dry_run:
            return {"tags": "dry run"}
        with MetadataEditor(each.source.path) as editor:
            for name, value in tags.items():
                editor.tags[name] = value
            for warning in editor.save().warnings:
                logger.warning(f"{each.source}: {warning}")
        return {"tags": "written"}


_WORDS = {
    "written": "",
    "dry run": "; no tags were written",
    "silence": "; silence, or too short, so without tags",
    "not an nlac file": "; tags are written to nlac files only",
}


def _may_be_stream(url: str) -> bool:
    """Whether there may be a stream at a URL; what is called otherwise is only measured."""
    return is_url(url) and PurePath(url_name(url)).suffix.lower() not in AUDIO_SUFFIXES


def _facts(loudness: Loudness) -> dict[str, Any]:
    from nlac.loudness.gating import decibels
    from nlac.metadata.replay_gain import REFERENCE_LUFS

    integrated = loudness.integrated
    return {
        "loudness_lufs": _rounded(integrated),
        "range_lu": _rounded(loudness.loudness_range),
        "max_momentary_lufs": _rounded(loudness.max_momentary),
        "max_short_term_lufs": _rounded(loudness.max_short_term),
        "true_peak_dbtp": _rounded(decibels(loudness.true_peak)),
        "sample_peak_dbfs": _rounded(decibels(loudness.sample_peak)),
        "true_peak": round(loudness.true_peak, 6),
        "sample_peak": round(loudness.sample_peak, 6),
        "gain_db": None if integrated is None else _rounded(REFERENCE_LUFS - integrated),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _text(loudness: Loudness) -> str:
    facts = _facts(loudness)
    if facts["loudness_lufs"] is None:
        return "no loudness"
    parts = [f"{facts['loudness_lufs']:.2f} LUFS"]
    if facts["range_lu"] is not None:
        parts.append(f"range {facts['range_lu']:.2f} LU")
    parts.append(f"true peak {facts['true_peak_dbtp']:.2f} dBTP")
    parts.append(f"gain {facts['gain_db']:+.2f} dB")
    return ", ".join(parts)
