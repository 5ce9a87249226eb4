"""Measure nlac in a child process: what runs there.

`run` starts one process for each preset, so that peaks of memory do not mix. `warm_up` codes short
signals before anything is timed. A timed run in which numba still compiles or loads a kernel is
discarded and repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class NlacConfig:
    """One configuration of nlac.

    Parameters
    ----------
    label : str
        Name in tables.
    options : tuple of (str, object)
        Keyword arguments of ``nlac.encode``.
    """

    label: str
    options: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """CPU seconds, wall seconds, and peak resident memory in bytes."""

    cpu_s: float
    wall_s: float
    rss: int | None


def parse_config(text: str) -> NlacConfig:
    """Read ``PRESET`` or ``PRESET:option=value,option=value``.

    The values ``yes``, ``no`` and numbers are converted, others are text.

    Examples
    --------
    >>> parse_config("fast:coder=rice,long_term=no")
    NlacConfig(label='nlac fast coder=rice long_term=no', \
options=(('preset', 'fast'), ('coder', 'rice'), ('long_term', False)))
    """
    preset, _, rest = text.partition(":")
    options: list[tuple[str, object]] = [("preset", preset)]
    words = [word for word in rest.split(",") if word]
    for word in words:
        name, _, value = word.partition("=")
        options.append((name.strip().replace("-", "_"), _value(value.strip())))
    return NlacConfig(" ".join(["nlac", preset, *words]), tuple(options))


def _value(text: str) -> object:
    if text in ("yes", "true", "no", "false", ""):
        return text in ("yes", "true", "")
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def warm_up(options: Mapping[str, object]) -> None:
    """Encode and decode short signals of the usual formats, so that all kernels are compiled."""
    import tempfile

    import numpy as np
    import soundfile

    rng = np.random.default_rng(1)
    seconds = np.arange(22050)[:, None] / 44100
    tone = np.sin(2 * np.pi * 440 * seconds) * 0.3
    with tempfile.TemporaryDirectory(prefix="nlac-bench-") as folder:
        source, coded, back = (Path(folder, name) for name in ("in.wav", "a.nlac", "out.wav"))
        for channels, subtype in ((1, "PCM_16"), (2, "PCM_16"), (2, "PCM_24"), (2, "FLOAT")):
            signal = tone + rng.normal(0, 0.01, (len(tone), channels))
            # twice, so that there are LTP matches
            soundfile.write(source, np.concatenate((signal, signal)), 44100, subtype)
            _encode(source, coded, options)
            _decode(coded, back)
            coded.unlink()
            back.unlink()


def code_file(
    source: Path, coded: Path, back: Path, options: Mapping[str, object], repeat: int
) -> tuple[Timing, Timing]:
    """Encode and decode one file, and time both. The outputs are kept.

    Parameters
    ----------
    source, coded, back : Path
        WAV file to read; stream and restored file to write.
    options : mapping
        Keyword arguments of ``nlac.encode``.
    repeat : int
        Number of runs; the shortest times count.

    Returns
    -------
    encode, decode : Timing
    """

    def encode() -> None:
        coded.unlink(missing_ok=True)
        _encode(source, coded, options)

    def decode() -> None:
        back.unlink(missing_ok=True)
        _decode(coded, back)

    return time_action(encode, repeat), time_action(decode, repeat)


def _encode(source: Path, target: Path, options: Mapping[str, object]) -> None:
    import nlac

    # like the peers, do not verify unless asked to; what is compared is the size of the audio
    settings: dict[str, Any] = {"threads": 1, "verify": False, "padding": 0, **options}
    nlac.encode(source, target, **settings)


def _decode(source: Path, target: Path) -> None:
    import nlac

    nlac.decode(source, target, threads=1)


def time_action(action: Callable[[], object], repeat: int) -> Timing:
    """Time an action in `repeat` runs in which no kernel was compiled.

    Parameters
    ----------
    action : callable
        Called without arguments, possibly more than `repeat` times.
    repeat : int
        Number of runs that count.

    Returns
    -------
    Timing
        The shortest times and the largest peak of memory. The peak is None on systems other than
        Linux, which cannot reset it.
    """
    runs = [_timed_warm(action) for _ in range(max(repeat, 1))]
    rss = [run.rss for run in runs if run.rss is not None]
    return Timing(
        min(run.cpu_s for run in runs), min(run.wall_s for run in runs), max(rss, default=None)
    )


def _timed_warm(action: Callable[[], object]) -> Timing:
    for _ in range(_ATTEMPTS):
        peak_known = _reset_peak()
        with _start_up() as events:
            wall, cpu = time.perf_counter(), time.process_time()
            action()
            timing = Timing(
                round(time.process_time() - cpu, 6),
                round(time.perf_counter() - wall, 6),
                _read_peak() if peak_known else None,
            )
        if not events:
            break
    return timing


@contextmanager
def _start_up() -> Iterator[list[object]]:
    """Collect what belongs to the start, not to the work: kernels that numba compiles or loads."""
    from nlac.kernels.mode import MODE, Mode

    events: list[object] = []
    if MODE is not Mode.JIT:
        yield events
        return
    from numba.core import event

    # numba takes this lock to compile a kernel and to load one from its cache
    recorder: Any = event.install_recorder
    with recorder("numba:compiler_lock") as found:
        yield events
        events += found.buffer


def _reset_peak() -> bool:
    """Reset the peak of memory of this process; False if the system is not Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _read_peak() -> int | None:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
