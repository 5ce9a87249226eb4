"""nlac measured in a process of its own: what runs there.

`run` starts one such process for each preset, so that peaks of memory do not
mix. The process is warm before anything is timed: `warm_up` codes a short
signal, and a timed run in which numba still had to compile or load a kernel is
thrown away and done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class NlacConfig:
    """One way to call nlac.

    Parameters
    ----------
    label : str
        Name in every table.
    options : tuple of (str, object)
        Keyword arguments of ``nlac.encode``.
    """

    label: str
    options: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """CPU seconds, seconds on the clock, and peak resident memory in bytes."""

    cpu_s: float
    wall_s: float
    rss: int | None


def parse_config(text: str) -> NlacConfig:
    """Read ``PRESET`` or ``PRESET:option=value,option=value``.

    Values ``yes``, ``no`` and numbers are taken as such, others as text.

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
    """Encode and decode short signals of the usual formats, to have all kernels ready."""
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
            # the same again: long-term prediction has something to find
            soundfile.write(source, np.concatenate((signal, signal)), 44100, subtype)
            _encode(source, coded, options)
            _decode(coded, back)
            coded.unlink()
            back.unlink()


def code_file(
    source: Path, coded: Path, back: Path, options: Mapping[str, object], repeat: int
) -> tuple[Timing, Timing]:
    """Encode and decode one file, timed; both outputs are left in place.

    Parameters
    ----------
    source, coded, back : Path
        WAV file, and what to write: the stream, and the file restored from it.
    options : mapping
        Keyword arguments of ``nlac.encode``.
    repeat : int
        How often to do it; the shortest times count.

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

    # no verification, unless asked for: the peers don't verify either
    settings: dict[str, Any] = {"threads": 1, "verify": False, **options}
    nlac.encode(source, target, **settings)


def _decode(source: Path, target: Path) -> None:
    import nlac

    nlac.decode(source, target, threads=1)


def time_action(action: Callable[[], object], repeat: int) -> Timing:
    """Run something until no kernel had to be compiled meanwhile, then `repeat` times.

    Parameters
    ----------
    action : callable
        Called without arguments, perhaps more often than `repeat`.
    repeat : int
        Runs that count.

    Returns
    -------
    Timing
        The shortest times and the highest peak of memory; None for the latter
        where the system (other than Linux) cannot forget an earlier one.
    """
    runs = [_timed_warm(action) for _ in range(max(repeat, 1))]
    rss = [run.rss for run in runs if run.rss is not None]
    return Timing(
        min(run.cpu_s for run in runs), min(run.wall_s for run in runs), max(rss, default=None)
    )


def _timed_warm(action: Callable[[], object]) -> Timing:
    from numba.core import event

    # numba takes this lock to compile a kernel and to load one from its cache;
    # both are start-up, which is measured elsewhere
    recorder: Any = event.install_recorder
    for _ in range(_ATTEMPTS):
        peak_known = _reset_peak()
        with recorder("numba:compiler_lock") as events:
            wall, cpu = time.perf_counter(), time.process_time()
            action()
            timing = Timing(
                round(time.process_time() - cpu, 6),
                round(time.perf_counter() - wall, 6),
                _read_peak() if peak_known else None,
            )
        if not events.buffer:
            break
    return timing


def _reset_peak() -> bool:
    """Let the kernel forget this process's peak of memory; False where it cannot (not Linux)."""
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
