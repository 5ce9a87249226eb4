"""Sequenced music for benchmarks: one-shots on a grid, the same for the same seed.

    python benchmarks/sequencer.py OUT [--seconds 30] [--samples FOLDER] [--voice FILE]

writes a WAV file of every kind in `KINDS`: 44.1 kHz, 16 bits, stereo.  Drums are generated, or
the beginnings of the recordings in FOLDER; the voice is a generated one that never repeats,
or FILE.  A bar has sixteen steps; four bars of chords come again and again.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from nlac.bench.corpus import MANIFEST, find_items

Wave = NDArray[np.float64]
RATE = 44100
STEP, ODD_STEP = 5400.0, 5402.37  # frames
HITS = ("x...x...x...x.x.", "....x.......x..x", "x.x.x.xxx.x.x.x.", "......x......x..")
PANS = (0.5, 0.45, 0.7, 0.3)
LEVELS = (0.5, 0.35, 0.15, 0.2)
ROOTS = (45, 41, 48, 43)  # MIDI notes of four bars
BASS = "x..x..x.x..x..xx"
CEILING = 0.9
_HOP = 64  # frames in which a limiter decides


@dataclass(frozen=True, slots=True)
class Kind:
    """How a clip is made.

    Attributes
    ----------
    step : float
        Frames between two steps of the grid.
    between : bool
        Sounds begin between samples, where the grid has them; otherwise on the nearest one.
    dither : bool
        Triangular noise before rounding.
    voice : bool
        Something on top that does not repeat.
    limiter : bool
        A limiter, driven by 9 dB.
    """

    step: float = STEP
    between: bool = False
    dither: bool = False
    voice: bool = False
    limiter: bool = False


KINDS = {
    "whole": Kind(),
    "rounded": Kind(ODD_STEP),
    "between": Kind(ODD_STEP, between=True),
    "dither": Kind(dither=True),
    "limiter": Kind(limiter=True),
    "voice": Kind(voice=True),
    "voice-limiter": Kind(voice=True, limiter=True),
    "between-voice-limiter": Kind(ODD_STEP, between=True, voice=True, limiter=True),
}


def drums(rng: np.random.Generator) -> list[Wave]:
    """Generate a kick, a snare, a hat and a tom."""
    t = np.arange(RATE // 2) / RATE
    noise = rng.normal(0, 0.5, (2, len(t)))
    kick = np.sin(2 * np.pi * (45 * t - 12 * np.exp(-t * 30))) * np.exp(-t * 9)
    snare = (np.sin(2 * np.pi * 190 * t) + noise[0]) * np.exp(-t * 18)
    hat = np.diff(noise[1], prepend=0) * np.exp(-t * 60)
    tom = np.sin(2 * np.pi * (110 * t - 4 * np.exp(-t * 20))) * np.exp(-t * 8)
    return [kick, snare, hat, tom]


def beginnings(folder: Path) -> list[Wave]:
    """Half a second of short recordings; with a manifest, notes of its split `train`."""
    choice = {"split": "train", "categories": ["note"]} if (folder / MANIFEST).is_file() else {}
    found = []
    for item in find_items(folder, **choice)[: len(HITS)]:
        sound = soundfile.read(item.path, frames=RATE // 2, always_2d=True)[0].mean(axis=1)
        sound[-2000:] *= np.linspace(1, 0, len(sound[-2000:]))
        found.append(sound / max(np.abs(sound).max(), 1e-9))
    return found


def note(pitch: int, frames: int, brightness: float) -> Wave:
    """A synthesiser's note: harmonics that die the sooner the higher they are."""
    t = np.arange(frames) / RATE
    base = 440 * 2 ** ((pitch - 69) / 12)
    harmonics = range(1, min(24, int(18_000 / base)))
    parts = (np.sin(2 * np.pi * base * k * t) / k * np.exp(-t * k / brightness) for k in harmonics)
    return np.sum(list(parts), axis=0) * np.minimum(1, (frames - np.arange(frames)) / 500)


def late(sound: Wave, delay: float) -> Wave:
    """Delay by a part of a sample."""
    size = len(sound) + 512
    turns = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * delay)
    return np.fft.irfft(np.fft.rfft(sound, size) * turns, size)


def place(mix: Wave, sound: Wave, at: float, pan: float, between: bool) -> None:
    """Add a sound at a time in frames."""
    begin = int(at) if between else round(at)
    if between:
        sound = late(sound, at - begin)
    sound = sound[: max(0, len(mix) - begin)]
    mix[begin : begin + len(sound)] += sound[:, None] * (1 - pan, pan)


def sung(frames: int, rng: np.random.Generator) -> Wave:
    """A voice with a pitch that wanders, and breath."""
    slow = np.repeat(np.cumsum(rng.normal(0, 0.4, frames // 2000 + 1)) % 12, 2000)[:frames]
    slow = np.convolve(slow, np.full(3000, 1 / 3000), "same")
    phase = 2 * np.pi * np.cumsum(180 * 2 ** (slow / 12)) / RATE
    wave = sum(np.sin(k * phase) * np.exp(-((k - 4) ** 2) / 18) for k in range(1, 16))
    loud = np.abs(np.sin(np.pi * np.arange(frames) / RATE / 1.7))
    return (wave + rng.normal(0, 0.15, frames)) * loud


def recorded(path: Path, frames: int) -> Wave:
    """A recording, from its beginning again where it is too short."""
    return np.resize(soundfile.read(path, always_2d=True)[0].mean(axis=1), frames)


def limit(mix: Wave) -> Wave:
    """Keep below the ceiling, with a gain that falls at once and comes back slowly."""
    count = -(-len(mix) // _HOP)
    peaks = np.zeros(count * _HOP)
    peaks[: len(mix)] = np.abs(mix).max(axis=1)
    wanted = np.minimum(1, CEILING / np.maximum(peaks.reshape(-1, _HOP).max(axis=1), 1e-9))
    gains = np.ones(count + 1)
    for i in range(count):
        ahead = wanted[i : i + 3].min()
        gains[i + 1] = min(ahead, gains[i] + 0.01 * (1 - gains[i]))
    gain = np.interp(np.arange(len(mix)) / _HOP, np.arange(count + 1), gains)
    return np.clip(mix * gain[:, None], -CEILING, CEILING)


def make(
    kind: Kind,
    seconds: float,
    seed: int = 1,
    samples: Path | None = None,
    voice: Path | None = None,
) -> NDArray[np.int16]:
    """Make a clip, (frames, 2).

    Parameters
    ----------
    kind : Kind
    seconds : float
    seed : int
        Of all noise.
    samples : Path, optional
        Folder of recordings to use as drums.
    voice : Path, optional
        Recording to use as the voice.
    """
    rng = np.random.default_rng(seed)
    frames = round(seconds * RATE)
    mix = np.zeros((frames, 2))
    kit = drums(rng) if samples is None else beginnings(samples)
    bass = {root: note(root - 12, int(2.5 * STEP), 0.5) for root in ROOTS}
    chords = {
        root: sum(note(root + up, int(15 * STEP), 2.0) for up in (12, 16, 19, 24)) for root in ROOTS
    }
    for step in range(int(frames / kind.step)):
        at, sixteenth, bar = step * kind.step, step % 16, step // 16
        for sound, hits, pan, level in zip(kit, HITS, PANS, LEVELS, strict=False):
            if hits[sixteenth] == "x":
                place(mix, level * sound, at, pan, kind.between)
        root = ROOTS[bar % 4]
        if BASS[sixteenth] == "x":
            place(mix, 0.12 * bass[root], at, 0.5, kind.between)
        if sixteenth == 0 and bar % 8 >= 2:  # the chords come in later
            place(mix, 0.04 * chords[root], at, 0.4, kind.between)
    mix *= 0.8 / np.abs(mix).max()
    if kind.voice:
        sound = sung(frames, rng) if voice is None else recorded(voice, frames)
        mix += (0.7 * np.std(mix) / np.std(sound) * sound)[:, None]
    if kind.limiter:
        mix = limit(2.8 * mix)
    else:
        mix *= 0.8 / np.abs(mix).max()
    noise = rng.random((2, frames, 2)).sum(axis=0) - 1 if kind.dither else 0
    return np.rint(32767 * mix + noise).astype(np.int16)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what `make` may be told."""
    parser.add_argument("--seconds", type=float, default=30.0, help="length of a clip")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=Path, metavar="FOLDER", help="recordings for the drums")
    parser.add_argument("--voice", type=Path, metavar="FILE", help="recording for the voice")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the WAV files")
    add_options(parser)
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    for name, kind in KINDS.items():
        clip = make(kind, a.seconds, a.seed, a.samples, a.voice)
        soundfile.write(a.out / f"{name}.wav", clip, RATE, "PCM_16")


if __name__ == "__main__":
    main()
