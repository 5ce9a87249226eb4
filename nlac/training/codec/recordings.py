"""Find recordings, split them for training and validation, read and augment crops."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac.bench.corpus import MANIFEST, Item, find_items

_VALID_SHARE = 0.1  # of recordings, without a manifest


class Sound(NamedTuple):
    """A piece of a recording: (channels, frames) int32, and frames a second."""

    samples: NDArray[np.int32]
    rate: int


def find_recordings(
    folder: str, categories: Sequence[str], avoid: Sequence[str] = ()
) -> tuple[list[Item], list[Item]]:
    """List the recordings for training and those for validation.

    The manifest has the splits ``train`` and ``valid``. Without a manifest, a hash of the name
    decides, so that a recording keeps its split when others are added. Recordings whose licence in
    the manifest has one of the words in `avoid` are left out.

    Raises
    ------
    UsageError
        A split has no recording.
    """
    items = [
        item
        for item in find_items(folder, categories=categories)
        if not set(avoid) & set(re.findall(r"\w+", item.licence))
    ]
    if (Path(folder) / MANIFEST).is_file():
        splits = [[item for item in items if item.split == s] for s in ("train", "valid")]
    else:
        share = [zlib.crc32(item.name.encode()) / 2**32 < _VALID_SHARE for item in items]
        splits = [[i for i, v in zip(items, share, strict=True) if v == held] for held in (0, 1)]
    for split, purpose in zip(splits, ("train on", "validate with"), strict=True):
        if not split:
            raise UsageError(f"{folder} has no recordings to {purpose} among those chosen")
    return splits[0], splits[1]


def read_crop(item: Item, seconds: float, rng: np.random.Generator) -> Sound:
    """Read a random piece of a recording: some seconds, one or two neighbouring channels."""
    import soundfile

    with soundfile.SoundFile(item.path) as file:
        wanted = min(int(seconds * file.samplerate), file.frames)
        file.seek(int(rng.integers(file.frames - wanted + 1)))
        samples = file.read(wanted, dtype="int32", always_2d=True)
        bits = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24}.get(file.subtype, 32)
        rate = file.samplerate
    first = int(rng.integers(max(samples.shape[1] - 1, 1)))
    return Sound(np.ascontiguousarray((samples >> (32 - bits))[:, first : first + 2].T), rate)


def augment(sound: Sound, rng: np.random.Generator) -> Sound:
    """Vary a sound at random: swap channels, invert, change gain and sample rate."""
    samples, rate = sound
    if rng.random() < 0.5:
        samples = samples[::-1]
    if rng.random() < 0.5:
        samples = -samples
    changed = samples.astype(np.float64)
    resampled, louder = rng.random() < 0.25, rng.random() < 0.6
    if resampled:
        frames = int(changed.shape[1] / rng.uniform(1.0, 1.5))
        rate = rate * frames // changed.shape[1]
        changed = _resample(changed, frames)
    if louder:
        changed *= 2.0 ** rng.uniform(-3.0, 0.5)
    if resampled or louder:
        most = max(int(np.abs(samples).max(initial=0)), 1)
        samples = np.clip(np.rint(changed), -most - 1, most).astype(np.int32)
    return Sound(np.ascontiguousarray(samples), rate)


def mix(sound: Sound, other: Sound) -> Sound:
    """Mean of two recordings; channels and sample rate are those of the first."""
    samples, others = sound.samples, other.samples
    frames = min(samples.shape[1], others.shape[1])
    both = samples[:, :frames].astype(np.int64) + others[: len(samples), :frames]
    return Sound(((both + 1) >> 1).astype(np.int32), sound.rate)


def _resample(samples: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Resample to fewer frames by FFT, band-limited to half the new sample rate."""
    spectrum = np.fft.rfft(samples, axis=1)[:, : frames // 2 + 1]
    resampled: NDArray[np.float64] = np.fft.irfft(spectrum, frames, axis=1)
    resampled *= frames / samples.shape[1]
    return resampled
