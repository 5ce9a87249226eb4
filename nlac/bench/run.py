"""Run a benchmark: every file through every codec, measured and checked.

Peers and nlac run in one run, file by file, so that whatever slows down the machine affects all
alike. Times are CPU times (user and system) of one thread. The times of a peer include the start of
its process, which is measured separately on a file of 32 frames. The times of nlac include neither
the start of Python nor the compilation of kernels.
"""

from __future__ import annotations

import datetime
import hashlib
import multiprocessing
import shlex
import struct
import tempfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from nlac._errors import NlacError, UsageError
from nlac.bench import host, worker
from nlac.bench.corpus import Item, find_items, make_wav
from nlac.bench.peers import DEFAULT_PEERS, Peer, fill, find_peers
from nlac.bench.process import Usage, run_measured
from nlac.bench.results import CodecInfo, Results, Row
from nlac.bench.wav import WavInfo, pcm_digest, read_wav_info, write_plain_wav
from nlac.bench.worker import NlacConfig, parse_config

DEFAULT_PRESETS = ("fast", "standard")
# longer than any file takes, and short enough not to lose a night to a decoder that hangs
DEFAULT_TIMEOUT_S = 1800.0
# the file that measures the start of a peer: 16-bit mono at 44.1 kHz
_START_FMT = struct.pack("<HHIIHH", 1, 1, 44100, 88200, 2, 16)
_START_FRAMES = 32
_START_RUNS = 5

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of the corpus as plain WAV, with its digest and an empty row."""

    wav: Path
    info: WavInfo
    digest: str
    row: Row


def run_bench(
    folder: str | Path,
    *,
    split: str | None = None,
    categories: Collection[str] = (),
    limit: int | None = None,
    presets: Sequence[str] = DEFAULT_PRESETS,
    peers: Sequence[Peer] = DEFAULT_PEERS,
    repeat: int = 1,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    progress: Progress | None = None,
) -> Results:
    """Measure presets and peers on the audio files of a folder.

    Parameters
    ----------
    folder : str or Path
        Folder of audio; see `nlac.bench.corpus.find_items`.
    split : str, optional
        Only files of this split of the manifest.
    categories : collection of str
        Only files of these categories; all if empty.
    limit : int, optional
        Number of files, from the first on.
    presets : sequence of str
        Configurations of nlac, for `nlac.bench.worker.parse_config`.
    peers : sequence of Peer
        Other codecs. Those whose programs are not on PATH are left out, with a note in the
        results.
    repeat : int
        Runs of every codec on every file; the shortest times count.
    timeout_s : float
        Limit on the wall time of a peer's command, in seconds.
    progress : callable, optional
        Called as ``progress(done, total, file)`` after each file.

    Returns
    -------
    Results

    Raises
    ------
    UsageError
        There is no codec to run, or no file to run it on.
    NlacError
        nlac does not run with these presets. If a codec fails on a single file, the row of the
        file has the error instead.
    """
    items = find_items(folder, split=split, categories=categories)[:limit]
    configs = [parse_config(preset) for preset in presets]
    found, notes = find_peers(peers)
    labels = [config.label for config in configs] + [peer.label for peer in found]
    if not labels:
        raise UsageError("nothing to run: no preset is given, and no peer is on PATH")
    if len(set(labels)) < len(labels):
        raise UsageError("two codecs have the same label")
    rows: list[Row] = []
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker(config)) for config in configs]
        for number, item in enumerate(items):
            with tempfile.TemporaryDirectory(prefix="nlac-bench-") as work:
                try:
                    source = _prepare(item, Path(work))
                except NlacError as error:
                    notes.append(f"{item.name} left out: {error}")
                    continue
                for one in workers:
                    rows.append(_run_nlac(one, source, repeat))
                for peer in found:
                    rows.append(_run_peer(peer, source, repeat, timeout_s))
            if progress is not None:
                progress(number + 1, len(items), item.name)
    if not rows:
        raise UsageError("no file could be read: " + "; ".join(notes))
    return Results(
        date=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        corpus=Path(folder).resolve().name,
        split=split or "",
        commit=host.source_commit(),
        repeat=repeat,
        host=host.describe_host(),
        codecs=(*map(_describe_nlac, configs), *map(_describe_peer, found)),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _describe_nlac(config: NlacConfig) -> CodecInfo:
    import nlac

    call = ", ".join(f"{name}={value!r}" for name, value in config.options)
    return CodecInfo(config.label, "nlac", f"nlac {nlac.__version__}", f"nlac.encode({call})")


def _describe_peer(peer: Peer) -> CodecInfo:
    with tempfile.TemporaryDirectory(prefix="nlac-bench-") as work:
        path = Path(work, "source.wav")
        write_plain_wav(path, fmt=_START_FMT, data=[bytes(2 * _START_FRAMES)])
        row = _run_peer(peer, _read_source(path, Row("", "", "", 0, 0.0)), _START_RUNS, 60.0)
    return CodecInfo(
        peer.label,
        "peer",
        peer.read_version(),
        shlex.join(peer.encode),
        row.enc_s or 0.0,
        row.dec_s or 0.0,
    )


def _prepare(item: Item, folder: Path) -> _Source:
    wav = make_wav(item, folder)
    return _read_source(wav, Row(item.name, item.category, "", 0, 0.0))


def _read_source(wav: Path, row: Row) -> _Source:
    info = read_wav_info(wav)
    row = replace(row, pcm_bytes=info.data_bytes, audio_s=round(info.seconds, 6))
    return _Source(wav, info, pcm_digest(wav), row)


class _Worker:
    """A child process that runs one configuration of nlac, with all kernels compiled."""

    def __init__(self, config: NlacConfig) -> None:
        self.config = config
        self.options = dict(config.options)
        # spawned, not forked, so that all of its memory is its own
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(max_workers=1, mp_context=context)

    def __enter__(self) -> _Worker:
        try:
            self._pool.submit(worker.warm_up, self.options).result()
        except TypeError as error:
            # an option that nlac.encode does not have
            self._pool.shutdown()
            raise UsageError(f"{self.config.label}: {error}") from error
        except BaseException:
            self._pool.shutdown(wait=False, cancel_futures=True)
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def code(
        self, source: Path, coded: Path, back: Path, repeat: int
    ) -> tuple[worker.Timing, worker.Timing]:
        """Run `nlac.bench.worker.code_file` in the child."""
        task = self._pool.submit(worker.code_file, source, coded, back, self.options, repeat)
        return task.result()


def _run_nlac(one: _Worker, source: _Source, repeat: int) -> Row:
    row = replace(source.row, codec=one.config.label)
    coded = source.wav.with_name("coded.nlac")
    back = source.wav.with_name("back.wav")
    try:
        enc, dec = one.code(source.wav, coded, back, repeat)
    except (NlacError, OSError, ValueError, ArithmeticError, LookupError) as error:
        return replace(row, note=f"{type(error).__name__}: {error}")
    same = _file_digest(source.wav) == _file_digest(back)
    row = replace(
        row,
        bytes=coded.stat().st_size,
        enc_s=enc.cpu_s,
        dec_s=dec.cpu_s,
        enc_wall_s=enc.wall_s,
        dec_wall_s=dec.wall_s,
        enc_rss=enc.rss,
        dec_rss=dec.rss,
        ok=same,
        note="" if same else "the restored file differs",
    )
    coded.unlink()
    back.unlink()
    return row


def _file_digest(path: Path) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _run_peer(peer: Peer, source: _Source, repeat: int, timeout_s: float) -> Row:
    row = replace(source.row, codec=peer.label)
    info = source.info
    refusal = peer.refusal(info.bits, info.is_float, info.channels)
    if refusal:
        return replace(row, note=refusal)
    coded = source.wav.with_name("coded" + peer.suffix)
    back = source.wav.with_name("back.wav")
    row = _measure_peer(peer, source, row, (coded, back), repeat, timeout_s)
    coded.unlink(missing_ok=True)
    back.unlink(missing_ok=True)
    return row


def _measure_peer(
    peer: Peer, source: _Source, row: Row, files: tuple[Path, Path], repeat: int, timeout_s: float
) -> Row:
    coded, back = files
    pcm = source.info.pcm_name
    encode = fill(peer.encode, input=str(source.wav), output=str(coded), pcm=pcm)
    decode = fill(peer.decode, input=str(coded), output=str(back), pcm=pcm)
    enc = _best(encode, coded, repeat, timeout_s)
    if enc.error:
        return replace(row, note=f"encoding: {enc.error}")
    row = replace(
        row,
        bytes=coded.stat().st_size,
        enc_s=enc.cpu_s,
        enc_wall_s=enc.wall_s,
        enc_rss=enc.maxrss,
    )
    dec = _best(decode, back, repeat, timeout_s)
    if dec.error:
        return replace(row, note=f"decoding: {dec.error}")
    try:
        same = pcm_digest(back) == source.digest
    except NlacError as error:
        return replace(row, note=f"decoding: {error}")
    return replace(
        row,
        dec_s=dec.cpu_s,
        dec_wall_s=dec.wall_s,
        dec_rss=dec.maxrss,
        ok=same,
        note="" if same else "the decoded samples differ",
    )


def _best(command: Sequence[str], output: Path, repeat: int, timeout_s: float) -> Usage:
    """Run a command `repeat` times; return the shortest times and the largest peak."""
    runs = []
    for _ in range(max(repeat, 1)):
        output.unlink(missing_ok=True)
        usage = run_measured(command, timeout_s=timeout_s)
        if not usage.error and not output.is_file():
            usage = replace(usage, error="wrote no file")
        if usage.error:
            return usage
        runs.append(usage)
    return replace(
        runs[0],
        cpu_s=min(run.cpu_s for run in runs),
        wall_s=min(run.wall_s for run in runs),
        maxrss=max(run.maxrss for run in runs),
    )
