"""The options of encoding."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from nlac._arguments import is_real, whole_number
from nlac._errors import UsageError
from nlac.bitstream.constants import MAX_BLOCK_SAMPLES
from nlac.codec.decoder.workers import Workers, available_cores
from nlac.codec.encoder.presets import PRESETS

PresetName = Literal["fast", "standard", "high", "max", "neural"]
Coder = Literal["auto", "range", "rice"]
Device = Literal["auto", "cpu", "cuda"]

# under this length the fixed bytes of a block would show
_MIN_PRESET_BLOCK_LENGTH = 4096
# more channels, or a higher rate, than these get shorter blocks, as many samples as these have
_USUAL_CHANNELS, _USUAL_RATE, _HIGH_RATE = 8, 48_000, 96_000
MAX_EFFORT = 3


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How to encode. No option changes the samples that come back.

    Attributes
    ----------
    preset : {"fast", "standard", "high", "max", "neural"}
        From quick to small; gives the defaults of the other options.
    predictor : str or None
        Name of the predictor; None takes the preset's.
    predictor_options : mapping of str to object
        Options that the predictor knows.
    model : str, path or None
        Model of `cnn` or `gru`: a file, or the name of one that is shipped or in the folder
        that ``NLAC_MODELS`` names; None takes the preset's, or that of a chosen predictor. With a
        model, a predictor of None is the model's.
    device : {"auto", "cpu", "cuda"}
        Where the network of `cnn` or `gru` runs. The bytes do not depend on it. ``"auto"`` is
        the GPU if PyTorch finds one and the network is not recurrent, else the CPU.
    coder : {"auto", "range", "rice"}
        Coder of the residual; ``"auto"`` takes the smaller, block by block.
    long_term : bool
        Look for repetition far back.
    effort : int
        How hard to search, block by block, for numbers of `cascade` (and of the one before `cnn`
        and `gru`) that suit the block: 0 takes the preset's, 1 tries others on a quarter of the
        block, 2 on all of it, 3 again and in finer steps. Decoding takes the same time.
        Other predictors have 0 only.
    block_seconds : float or None
        Length of a block in seconds; None takes the preset's.
    verify : bool
        Decode every block again while encoding, and compare.
    threads : int
        Blocks coded at a time; 0 takes all cores. With more than one, what stands before a
        network runs ahead of it on one more thread for each. The bytes do not depend on it.
    memory : int or None
        Bytes of memory to use at most: fewer threads run where more would be needed. None
        takes half of what is available. The bytes of the stream do not depend on it.
    """

    preset: PresetName = "standard"
    predictor: str | None = None
    predictor_options: Mapping[str, object] = field(default_factory=dict)
    model: str | os.PathLike[str] | None = None
    device: Device = "auto"
    coder: Coder = "auto"
    long_term: bool = True
    effort: int = 0
    block_seconds: float | None = None
    verify: bool = True
    threads: int = 0
    memory: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.preset, str) or self.preset not in PRESETS:
            raise UsageError(f"preset {self.preset!r}: one of {', '.join(PRESETS)}")
        if self.coder not in get_args(Coder):
            raise UsageError(f"coder {self.coder!r}: one of {', '.join(get_args(Coder))}")
        if self.device not in get_args(Device):
            raise UsageError(f"device {self.device!r}: one of {', '.join(get_args(Device))}")
        for name in ("predictor", "model"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, (str, os.PathLike)):
                raise UsageError(f"{name} {value!r}: a name is needed")
        if not isinstance(self.predictor_options, Mapping):
            raise UsageError(f"predictor_options {self.predictor_options!r}: a mapping is needed")
        if not 0 <= whole_number("effort", self.effort) <= MAX_EFFORT:
            raise UsageError(f"effort {self.effort}: 0 to {MAX_EFFORT}")
        seconds = self.block_seconds
        if seconds is not None and not (is_real(seconds) and 0 < seconds < math.inf):
            raise UsageError(f"block_seconds {self.block_seconds!r}: a positive number")
        _ = self.workers

    @property
    def predictor_name(self) -> str:
        """Name of the predictor, chosen or the preset's; a chosen model may mean another one."""
        return self.predictor or PRESETS[self.preset].predictor

    @property
    def model_name(self) -> str | os.PathLike[str]:
        """Model of `cnn` or `gru`, chosen, the preset's, or the predictor's own, behind `rls`."""
        if self.predictor is None and self.model is None:
            return PRESETS[self.preset].model
        return self.model or f"{self.predictor_name}-rls"

    @property
    def workers(self) -> Workers:
        """Threads and memory to use on this machine."""
        return Workers(self.threads, self.memory)

    @property
    def num_threads(self) -> int:
        """Threads to use on this machine."""
        return self.threads or available_cores()

    def block_length(self, sample_rate: int, channels: int) -> int:
        """Frames of a block.

        The preset's length gives way where a block would be tiny (very low rates), or take
        much memory (more than 8 channels, or more than 96 kHz), and every length where it
        would exceed what the format allows.
        """
        if self.block_seconds is None:
            seconds = PRESETS[self.preset].block_seconds
            frames = max(round(seconds * sample_rate), _MIN_PRESET_BLOCK_LENGTH)
            if channels > _USUAL_CHANNELS or sample_rate > _HIGH_RATE:
                most = round(seconds * _USUAL_CHANNELS * _USUAL_RATE) // channels
                frames = min(frames, max(most, _MIN_PRESET_BLOCK_LENGTH))
        else:
            frames = max(1, round(min(self.block_seconds * sample_rate, MAX_BLOCK_SAMPLES)))
        return min(frames, MAX_BLOCK_SAMPLES // channels)


