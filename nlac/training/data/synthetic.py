"""The built-in dataset, for first runs and for whoever has no recordings."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac.training.data.dataset import SYNTHETIC, Dataset
from nlac.training.data.shards import Recording
from nlac.training.data.sounds import KINDS

# a change of the sounds takes another number, as it gives other samples
_VERSION = 1
_COUNTS = {"train": 8, "valid": 2, "test": 2}  # of each kind


class SyntheticDataset(Dataset):
    """Sines, chords, sweeps, noises, FM, plucked strings and drum patterns.

    12 recordings of each kind, of which 8 are in ``train``, 2 in ``valid`` and 2 in ``test``; the
    label ``kind`` names the kind. Their licence is CC0-1.0. The same options give the same samples.

    Parameters
    ----------
    rate : int
        Frames a second, 1,000 or more.
    seconds : float
        Length of each recording.
    channels : {1, 2}
        2: each recording has a place between the channels, and a second sound, weaker, in the
        middle.
    seed : int
        Another seed gives other sounds.

    Raises
    ------
    UsageError
        An option is out of range.
    """

    def __init__(
        self, rate: int = 16000, seconds: float = 4.0, channels: int = 1, seed: int = 0
    ) -> None:
        for name, value, good, allowed in (
            ("rate", rate, 1000 <= rate < 2**32, "1,000 or more Hz"),
            ("seconds", seconds, 1 <= seconds * rate < 2**31, "a length of 1 frame or more"),
            ("channels", channels, channels in (1, 2), "1 or 2"),
        ):
            if not good:
                raise UsageError(f"{name}: {value!r}; {allowed}")
        self.name = SYNTHETIC
        self.rate, self.channels, self.bits = rate, channels, 16
        self._seed = seed
        self._frames = round(seconds * rate)
        options = {"version": _VERSION, "rate": rate, "frames": self._frames,
                   "channels": channels, "seed": seed}  # fmt: skip
        self.manifest_hash = hashlib.sha256(json.dumps(options).encode()).hexdigest()
        self.recordings = tuple(
            Recording(f"{kind}/{split}-{i}", split, self._frames, {"kind": kind}, "CC0-1.0", "")
            for kind in KINDS
            for split, count in _COUNTS.items()
            for i in range(count)
        )
        self._made: dict[int, NDArray[np.int16]] = {}

    def samples(self, index: int) -> NDArray[Any]:
        """All samples of a recording, made when they are first needed."""
        found = self._made.get(index)
        if found is None:
            found = self._made[index] = self._make(index)
            found.flags.writeable = False
        return found

    def _make(self, index: int) -> NDArray[np.int16]:
        rng = np.random.default_rng((self._seed, index))
        kind = str(self.recordings[index].labels["kind"])
        wave = KINDS[kind](rng, self._frames, self.rate)[:, None]
        if self.channels == 2:
            angle = rng.uniform(0, np.pi / 2)
            second = KINDS[kind](rng, self._frames, self.rate)[:, None]
            wave = wave * [[np.cos(angle), np.sin(angle)]] + 0.3 * second
        wave *= 10 ** (rng.uniform(-20, -1) / 20) / max(1.0, float(np.abs(wave).max()))
        # dither, as recordings have it: no sample is known beforehand
        dither = rng.uniform(-0.5, 0.5, wave.shape) + rng.uniform(-0.5, 0.5, wave.shape)
        return np.clip(np.rint(32767 * wave + dither), -32768, 32767).astype(np.int16)

    def __getstate__(self) -> dict[str, Any]:
        # another process makes what it needs
        return self.__dict__ | {"_made": {}}
